"""From the configuration to the SIP endpoint's and the distributor's own words."""

import socket
import time
from collections.abc import Collection
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from acd.model import AgentId, AgentSpec, QueueId, QueueSpec, SiteId
from ivr.over_sip.agent_leg import Target
from rtp.aio.engine import MediaSettings
from rtp.rtpengine.aio.engine import RtpengineSettings
from sip.aio.resolver import NameServers, Resolver
from sip.aio.sockets import reachable as reachable
from sip.config import Address, CoreConfig, Digest, Limits, SessionTimers, StreamLimits
from sip.message.uri import SipUri
from sip.resolution import Ways, needs_question
from svar import trunks
from svar.config import Agent, Config, ConfigError
from svar.passwords import Passwords

_TIMERS: dict[str, Literal["off", "accept", "require"]] = {"off": "off", "accept": "accept", "require": "require"}
FIXED_REST_S = 30
LAST_PORT = 65_535
ANY = "0.0.0.0"


def node_name(config: Config) -> str:
    """The configured name, or the host's."""
    return config.node.name or socket.gethostname()


def core_config(
    config: Config, passwords: Passwords, release: str, registering: Collection[str] | None = None
) -> CoreConfig:
    """What the SIP core has to be told. Raises ConfigError for a network that is none.

    `registering`: the agents whose phones may register, who may change; None: those of the configuration.
    """
    limits = config.limits
    known = registering_of(config) if registering is None else registering
    return CoreConfig(
        domains=frozenset(config.sip.domains),
        trunks=trunks.trunks(config),
        digest=Digest(
            realm=config.sip.realm,
            credentials=lambda user: passwords.hashed(user) if user in known else None,
            secret=passwords.secret,
            wall_offset_s=time.time() - time.monotonic(),
        ),
        user_agent=f"svar/{release}",
        methods=frozenset({"REFER"}),
        advertised=config.sip.advertised,
        session_timers=SessionTimers(_TIMERS[config.sip.session_timers], config.sip.session_expires_s),
        limits=Limits(
            sessions=2 * limits.calls,
            transactions=20 * limits.calls,
            calls_per_s=float(limits.calls_per_s),
            stranger_requests_per_s=float(limits.stranger_requests_per_s),
        ),
        streams=StreamLimits(
            connections=limits.connections,
            strangers=max(1, limits.connections // 4),
            per_stranger=limits.stranger_connections,
            ping_s=float(config.sip.keep_alive_s),
        ),
    )


def listening(config: Config) -> list[Address]:
    """Where SIP is listened to; TLS only where there is a certificate."""
    sip, hosts = config.sip, [host for host in (config.sip.host, config.sip.host6) if host]
    places = [Address(host, sip.port) for host in hosts]
    if sip.tcp:
        places += [Address(host, sip.port, "TCP") for host in hosts]
    if config.tls.certificate:
        places += [Address(host, config.tls.port, "TLS") for host in hosts]
    return places


def resolver(config: Config) -> Resolver | None:
    """Who looks up names. None where the system names no servers and the configuration has no names. Raises ConfigError
    for servers that are none.
    """
    try:
        return Resolver(NameServers(tuple(config.sip.nameservers)), Ways())
    except ValueError as error:
        raise ConfigError(f"[sip] nameservers: {error}; expected one such as 192.0.2.53 or 192.0.2.53:5353") from None
    except OSError as error:
        if names(config):
            raise ConfigError(f"[sip] nameservers: {error}") from None
        return None


def names(config: Config) -> list[str]:
    """The URIs of the configuration whose host is a name."""
    uris = [one.address for one in config.trunk if one.address]
    uris += [one.uri for one in config.destination if not one.trunk]
    uris += [one.contact for one in agents(config).values() if one.contact]
    return [uri for uri in uris if needs_question(SipUri.parse(uri))]


def media_settings(config: Config) -> MediaSettings:
    """Bound to any address, media names the one that leads out: 0.0.0.0 in an SDP would mean hold (RFC 3264 §8.4)."""
    media = config.media
    host = media.host or config.sip.host
    advertised = media.advertised or config.sip.advertised
    if not advertised:
        advertised = reachable(Address(host, 0))[0][0] if host == ANY else host
    ports = (media.first_port, media.last_port)
    return MediaSettings(host, advertised, first_port=ports[0], last_port=ports[1], rtcp=media.rtcp)


def rtpengine_settings(config: Config) -> RtpengineSettings | None:
    """None where media is our own. Raises ConfigError."""
    media = config.media
    if media.engine == "own":
        return None
    if media.engine != "rtpengine":
        raise ConfigError(f"[media] engine = {media.engine!r}: expected 'own' or 'rtpengine'")
    servers = tuple([_place("rtpengine", text) for text in media.rtpengine])
    if not servers:
        raise ConfigError('[media] rtpengine: expected at least one address, such as ["127.0.0.1:2223"]')
    keys = _place("rtpengine_keys", media.rtpengine_keys)
    return RtpengineSettings(servers, keys, Path(config.node.state) / "rtpengine")


def _place(name: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        address = str(ip_address(host.strip("[]")))
    except ValueError:
        address = ""
    if not address or not port.isdecimal() or not 0 < int(port) <= LAST_PORT:
        raise ConfigError(f"[media] {name} = {text!r}: expected an IP address and a port, such as 127.0.0.1:2223")
    return address, int(port)


def most_calls(config: Config) -> int:
    """How many callers are taken: one more may not have the port that an agent's phone needs to talk to the others."""
    if config.media.engine != "own":
        return config.limits.calls
    return min(config.limits.calls, media_ports(config) - len(agents(config)))


def media_ports(config: Config) -> int:
    """How many legs have a port: the even ones are RTP's."""
    first, last = config.media.first_port, config.media.last_port
    return len(range(first + first % 2, last + 1, 2))


def agents(config: Config) -> dict[str, Agent]:
    """Every agent by name, those of `count` one by one. Raises ConfigError for a name that two have."""
    found: dict[str, Agent] = {}
    for row in config.agent:
        for n in range(row.first, row.first + row.count):
            name, contact = row.name.replace("{n}", str(n)), row.contact.replace("{n}", str(n))
            if name in found:
                raise ConfigError(f"agent {name!r} stands twice in the configuration; use {{n}} in the name with count")
            found[name] = replace(row, name=name, contact=contact, count=1)
    return found


def registering_of(config: Config) -> set[str]:
    """The agents whose phones register."""
    return {name for name, agent in agents(config).items() if not agent.contact}


def fixed_phones(config: Config) -> dict[str, Target]:
    """The phones that never register, by agent."""
    return {name: trunks.target(agent.contact) for name, agent in agents(config).items() if agent.contact}


def titles(config: Config) -> dict[str, str]:
    """The queues' names for people."""
    return {queue.name: queue.title or queue.name for queue in config.queue}


def queue_specs(config: Config) -> list[QueueSpec]:
    return [
        QueueSpec(
            queue=QueueId(queue.name),
            skill=queue.skill,
            level=queue.level,
            priority_s=queue.priority_s,
            offer_s=queue.offer_s,
            wrap_up_s=queue.wrap_up_s,
            target_s=queue.target_s,
            short_s=queue.short_s,
            max_waiting=queue.max_waiting,
            rostered=queue.rostered,
        )
        for queue in config.queue
    ]


def _rest_s(agent: Agent) -> int:
    """A phone that never registers can't say that its agent is ready again, so that comes by itself."""
    return agent.rest_s or (FIXED_REST_S if agent.contact else 0)


def agent_specs(config: Config) -> list[AgentSpec]:
    return [
        AgentSpec(agent=AgentId(name), site=SiteId(agent.site), skills=dict(agent.skills), rest_s=_rest_s(agent))
        for name, agent in agents(config).items()
    ]
