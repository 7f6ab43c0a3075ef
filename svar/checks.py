"""What a configuration's values have to mean before anything is started: every mistake at once."""

import difflib
import re
from collections.abc import Iterator
from ipaddress import ip_address
from zoneinfo import ZoneInfo

from metrics.mqtt import Broker, BrokerUrlError
from sip.errors import SipError
from sip.message.uri import SipUri
from svar import endpoint
from svar import media as media_engine
from svar.config import Config, ConfigError

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REDIS = re.compile(r"(redis|rediss|unix)://\S+")
_LAST_PORT = 65535


def check(config: Config) -> None:
    """Raises ConfigError, one line a mistake."""
    mistakes = [*_node(config), *_network(config), *_peers(config)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def doubts(config: Config) -> Iterator[str]:
    """What may be meant, but seldom is: queues that nobody serves, and skills that no queue asks for."""
    yield from media_engine.doubts(config)
    asked = {queue.skill or queue.name for queue in config.queue}
    for queue in config.queue:
        skill = queue.skill or queue.name
        if not any(agent.skills.get(skill, 0) >= queue.level for agent in config.agent):
            yield f"queue {queue.name!r}: no agent has the skill {skill!r} at level {queue.level} or more"
    for agent in config.agent:
        for skill in agent.skills:
            if skill not in asked:
                close = difflib.get_close_matches(skill, asked, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                yield f"agent {agent.name!r}: no queue asks for the skill {skill!r}{hint}"


def _node(config: Config) -> Iterator[str]:
    node = config.node
    for what, name in (("tenant", node.tenant), ("name", node.name or "host")):
        if not _NAME.fullmatch(name):
            yield f"[node] {what} = {name!r}: expected letters a-z, digits, '.', '_' and '-': it goes into keys"
    try:
        ZoneInfo(node.zone)
    except (OSError, ValueError, LookupError):
        yield f"[node] zone = {node.zone!r}: there is no such time zone; expected one such as Europe/Oslo"


def _network(config: Config) -> Iterator[str]:
    for section, host in (("sip", config.sip.host), ("media", config.media.host or config.sip.host)):
        if not _is_address(host):
            yield f"[{section}] host = {host!r}: expected an IP address such as 127.0.0.1; names are not looked up"
    media = config.media
    if (media.host or config.sip.host) == "::":
        yield "[media] host = '::': expected one address, which callers are told to send their voices to"
    if config.sip.host6 and ":" not in config.sip.host6:
        yield f"[sip] host6 = {config.sip.host6!r}: expected an IPv6 address such as ::1"
    elif config.sip.host6 and ":" in config.sip.host:
        yield f"[sip] host6 = {config.sip.host6!r}: host = {config.sip.host!r} is of IPv6 already"
    ports = {
        "sip port": config.sip.port,
        "tls port": config.tls.port,
        "http port": config.http.port,
        "media last_port": media.last_port,
    }
    for what, port in ports.items():
        if port > _LAST_PORT:
            section, name = what.split()
            yield f"[{section}] {name} = {port}: expected at most {_LAST_PORT}"
    yield from media_engine.mistakes(config)
    try:
        endpoint.rtpengine_settings(config)
    except ConfigError as error:
        yield str(error)
    if media.first_port >= media.last_port:
        yield f"[media] first_port = {media.first_port}: expected less than last_port, which is {media.last_port}"
    elif (room := endpoint.media_ports(config)) <= (agents := sum(agent.count for agent in config.agent)):
        yield f"[media] first_port to last_port: {room} calls at most, {agents} agents' phones among them; widen it"
    if config.redis.url and not _REDIS.fullmatch(config.redis.url):
        yield "[redis] url: expected redis://host:port, rediss://host:port or unix:///path"
    if config.mqtt.url not in ("", "off"):
        try:
            Broker.from_url(config.mqtt.url)
        except BrokerUrlError as error:
            yield f"[mqtt] url: {error}"


def _peers(config: Config) -> Iterator[str]:
    for trunk in config.trunk:
        if not trunk.networks and not trunk.certificate:
            yield f"trunk {trunk.name!r}: expected networks that it calls from, or the name in its certificate"
        if trunk.certificate and not (config.tls.certificate and config.tls.ca):
            yield f"trunk {trunk.name!r}: a certificate is only asked for with [tls] certificate and ca"
    for agent in config.agent:
        if agent.contact:
            yield from _reachable(f"agent {agent.name!r}: contact", agent.contact.replace("{n}", "1"))
    for destination in config.destination:
        yield from _reachable(f"destination {destination.name!r}: uri", destination.uri)
    for queue in config.queue:
        if queue.offer_s < 1:
            yield f"queue {queue.name!r}: offer_s = {queue.offer_s}: a phone has to ring for a second at least"


def _reachable(what: str, uri: str) -> Iterator[str]:
    try:
        host = SipUri.parse(uri).host
    except (SipError, ValueError) as error:
        yield f"{what} = {uri!r}: {error}; expected one such as sip:100@192.0.2.7:5060"
        return
    if not _is_address(host):
        yield f"{what} = {uri!r}: expected an IP address in place of {host!r}, since names are not looked up"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
