"""What a configuration's values have to mean before anything is started: every mistake at once."""

import difflib
import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

from acd.connection import check as check_redis_url
from ivr.language.problems import did_you_mean
from ivr.language.routing import NO_ROUTING, Routing, skills_asked
from metrics.broker import Broker, BrokerUrlError
from rtp.engine import Srtp
from sip.aio.resolver import name_server
from sip.errors import SipError
from sip.message.uri import SipUri
from sip.resolution import is_name
from svar import (
    certificates,
    console_in_service,
    endpoint,
    nodes_in_service,
    outbound,
    records_in_service,
    talking,
    trunks,
    web,
)
from svar import media as media_engine
from svar.config import Config, ConfigError, Trunk

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FLOW_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_MOST_MESSAGES = 10_000
_NUMBER = re.compile(r"\+?[0-9*#]{1,32}|[A-Za-z0-9._-]{1,64}")
_LAST_PORT = 65535
_LONGEST_REGISTRATION_S = 86_400
_SHORTEST_SESSION_S = 90


def check(config: Config) -> None:
    """Raises ConfigError, one line a mistake."""
    mistakes = [
        *_node(config),
        *_network(config),
        *_peers(config),
        *web.mistakes(config),
        *talking.mistakes(config),
        *outbound.mistakes(config),
        *nodes_in_service.mistakes(config),
        *records_in_service.mistakes(config),
        *console_in_service.mistakes(config),
    ]
    if mistakes:
        raise ConfigError("\n".join(mistakes))


def files(config: Config, environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the certificates and passwords that the configuration names; they are read as at the start."""
    try:
        certificates.tls(config)
    except ConfigError as error:
        yield str(error)
    for trunk in config.trunk:
        if trunk.account.user:
            try:
                trunks.password(trunk, Path(config.node.state), environment)
            except ConfigError as error:
                yield str(error)
    yield from web.files(config, environment)
    yield from records_in_service.files(config, environment)


def doubts(config: Config, routing: Routing = NO_ROUTING) -> Iterator[str]:
    """What may be meant, but seldom is: queues that nobody serves, and skills that no queue asks for.

    `routing` is that of the flows' folder, whose agents and queues are there beside the configuration's.
    """
    yield from media_engine.doubts(config)
    if routing.sites and config.node.site not in routing.sites:
        hint = did_you_mean(config.node.site, routing.sites)
        yield f"[node] site = {config.node.site!r}: the flows' folder has no such site{hint}"
    asked = {queue.skill or queue.name for queue in config.queue}
    asked |= {skill for queue in routing.queues.values() for skill in skills_asked(queue.spec)}
    staff = [agent.skills for agent in config.agent] + [agent.spec.skills for agent in routing.agents.values()]
    for queue in config.queue:
        skill = queue.skill or queue.name
        if not any(skills.get(skill, 0) >= queue.level for skills in staff):
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
    yield from _seen_from_outside(config)
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
    yield from certificates.mistakes(config)
    try:
        endpoint.rtpengine_settings(config)
    except ConfigError as error:
        yield str(error)
    if media.first_port >= media.last_port:
        yield f"[media] first_port = {media.first_port}: expected less than last_port, which is {media.last_port}"
    elif (room := endpoint.media_ports(config)) <= (agents := sum(agent.count for agent in config.agent)):
        yield f"[media] first_port to last_port: {room} calls at most, {agents} agents' phones among them; widen it"
    if config.redis.url:
        try:
            check_redis_url(config.redis.url)
        except ValueError as error:
            yield f"[redis] url: {error}"
    if config.mqtt.url not in ("", "off"):
        try:
            Broker.from_url(config.mqtt.url)
        except BrokerUrlError as error:
            yield f"[mqtt] url: {error}"


def _seen_from_outside(config: Config) -> Iterator[str]:
    sip = config.sip
    for section, advertised in (("sip", sip.advertised), ("media", config.media.advertised)):
        if advertised and not _is_address(advertised):
            yield f"[{section}] advertised = {advertised!r}: expected an IP address such as 192.0.2.7"
    if sip.session_timers not in ("accept", "require", "off"):
        yield f"[sip] session_timers = {sip.session_timers!r}: expected accept, require or off"
    if sip.session_expires_s < _SHORTEST_SESSION_S:
        yield f"[sip] session_expires_s = {sip.session_expires_s}: expected at least {_SHORTEST_SESSION_S} (RFC 4028)"
    for server in sip.nameservers:
        try:
            name_server(server)
        except ValueError as error:
            yield f"[sip] nameservers: {error}; expected one such as 192.0.2.53 or 192.0.2.53:5353"


def _peers(config: Config) -> Iterator[str]:
    known = {trunk.name: trunk for trunk in config.trunk}
    for trunk in config.trunk:
        yield from _trunk(trunk, config)
    for agent in config.agent:
        if agent.contact:
            yield from _uri(f"agent {agent.name!r}: contact", agent.contact.replace("{n}", "1"))
        yield from _protection(f"agent {agent.name!r}", agent.srtp, config)
    for place in config.destination:
        yield from _uri(f"destination {place.name!r}: uri", place.uri)
        if place.trunk and place.trunk not in known:
            hint = did_you_mean(place.trunk, known)
            yield f"destination {place.name!r}: trunk = {place.trunk!r}: there is no such [[trunk]]{hint}"
        elif place.trunk and not known[place.trunk].address:
            yield f"destination {place.name!r}: trunk {place.trunk!r} has no address, so no calls go out by it"
    yield from _mailboxes(config)
    for queue in config.queue:
        if queue.offer_s < 1:
            yield f"queue {queue.name!r}: offer_s = {queue.offer_s}: a phone has to ring for a second at least"


def _mailboxes(config: Config) -> Iterator[str]:
    for mailbox in config.mailbox:
        if not _FLOW_NAME.fullmatch(mailbox.name):
            yield f"mailbox {mailbox.name!r}: name: expected a-z, digits and '_', as flows name it: it is a folder too"
        if not 1 <= mailbox.most_messages <= _MOST_MESSAGES:
            yield f"mailbox {mailbox.name!r}: most_messages = {mailbox.most_messages}: expected 1 to {_MOST_MESSAGES}"
        if mailbox.most_mb < 1:
            yield f"mailbox {mailbox.name!r}: most_mb = {mailbox.most_mb}: expected at least 1"


def _trunk(trunk: Trunk, config: Config) -> Iterator[str]:
    name, account = f"trunk {trunk.name!r}", trunk.account
    if not _NAME.fullmatch(trunk.name):
        yield f"{name}: name: expected letters a-z, digits, '.', '_' and '-': it goes into names of files"
    if not trunk.networks and not trunk.certificate and not trunk.address:
        yield f"{name}: expected networks that it calls from, the name in its certificate, or an address to call"
    if trunk.trusted and not trunk.networks and not trunk.certificate:
        yield f"{name}: trusted: there are neither networks nor a certificate by which its calls could be known"
    if trunk.certificate and not (config.tls.certificate and config.tls.ca):
        yield f"{name}: a certificate is only asked for with [tls] certificate and ca"
    yield from _networks(name, trunk.networks)
    yield from _protection(f"{name}: media", trunk.media.srtp, config)
    if trunk.media.tones and config.media.engine != "own":
        yield f"{name}: media: tones: [media] engine = {config.media.engine!r} does not hear them"
    if trunk.address:
        yield from _uri(f"{name}: address", trunk.address)
        if not account.user and (account.register or (account.asserts and not account.number)):
            yield f"{name}: account.user: expected whom it knows us by, since account.register or asserts is set"
        if account.register and not 60 <= account.expires_s <= _LONGEST_REGISTRATION_S:
            yield f"{name}: account.expires_s = {account.expires_s}: expected 60 to {_LONGEST_REGISTRATION_S} seconds"
    elif account.register or trunk.ping_s or trunk.redirects.hosts or trunk.redirects.prefixes:
        yield f"{name}: address: expected where it is, since account.register, ping_s or redirects is set"
    if account.password_env and account.password_file:
        yield f"{name}: account.password_env and account.password_file: expected one of them"
    if account.number and not _NUMBER.fullmatch(account.number):
        yield f"{name}: account.number = {account.number!r}: expected a number such as +4755553333"
    for prefix in trunk.redirects.prefixes:
        if not _NUMBER.fullmatch(prefix):
            yield f"{name}: redirects.prefixes: {prefix!r}: expected the beginning of a number such as +4780"


def _networks(what: str, networks: list[str]) -> Iterator[str]:
    for network in networks:
        try:
            ip_network(network)
        except ValueError as error:
            hint = "expected an address such as 192.0.2.7, or the first of a network such as 192.0.2.0/24"
            yield f"{what}: networks: {error}; {hint}"


def _protection(what: str, srtp: str, config: Config) -> Iterator[str]:
    if srtp not in tuple(Srtp):
        yield f"{what}: srtp = {srtp!r}: expected one of {', '.join(Srtp)}"
    elif srtp != Srtp.REFUSED and config.media.engine != "own":
        yield f"{what}: srtp = {srtp!r}: [media] engine = {config.media.engine!r} does not encrypt media for svar"


def _uri(what: str, uri: str) -> Iterator[str]:
    try:
        parsed = SipUri.parse(uri)
    except (SipError, ValueError) as error:
        yield f"{what} = {uri!r}: {error}; expected one such as sip:100@192.0.2.7:5060"
        return
    host, transport = parsed.host, parsed.param("transport")
    if transport is not None and transport.lower() not in ("udp", "tcp", "tls"):
        yield f"{what} = {uri!r}: transport={transport}: expected udp, tcp or tls"
    if not _is_address(host) and not is_name(host):
        yield f"{what} = {uri!r}: {host!r} is neither an IP address nor a name that can be looked up"


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
