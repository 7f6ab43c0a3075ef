"""From the configured trunks and destinations to the SIP core's words."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

from ivr.over_sip.line import NODE, MediaTerms, Target
from rtp.engine import Srtp
from sip.config import Account, Address, Outwards, Trunk, default_port
from sip.dialog import transport_of
from sip.events import Origin
from sip.message.address import NameAddr
from sip.message.uri import SipUri, escape_user
from sip.resolution import needs_question
from svar.config import Config, ConfigError, Destination
from svar.config import Trunk as ConfiguredTrunk

_MOST_PASSWORD_BYTES = 1024


def trunks(config: Config, environment: Mapping[str, str] = os.environ) -> tuple[Trunk, ...]:
    """Raises ConfigError for a network that is none, and for a password that is not where it should be."""
    return tuple(_trunk(one, Path(config.node.state), environment) for one in config.trunk)


def destinations(config: Config) -> dict[str, tuple[Target, int]]:
    """The numbers outside, and how long each may ring."""
    known = {one.name: one for one in config.trunk}
    return {place.name: (_place(place, known.get(place.trunk)), place.ring_s) for place in config.destination}


def target(uri: str) -> Target:
    """Where a SIP URI leads; a name is looked up when it is rung."""
    parsed = SipUri.parse(uri)
    if needs_question(parsed):
        return Target(parsed, None)
    transport = transport_of(parsed) or "UDP"
    return Target(parsed, Address(parsed.host, parsed.port or default_port(transport), transport))


def media_terms(config: Config, agents: Mapping[str, str]) -> dict[Origin, MediaTerms]:
    """How media goes with each trunk and agent, and with other nodes. `agents`: their `srtp` by name."""
    found = {Origin("trunk", one.name): MediaTerms(Srtp(one.media.srtp), one.media.tones) for one in config.trunk}
    found[NODE] = MediaTerms(Srtp(config.nodes.srtp))
    return found | {Origin("agent", name): MediaTerms(Srtp(srtp)) for name, srtp in agents.items()}


def password(trunk: ConfiguredTrunk, state: Path, environment: Mapping[str, str]) -> str:
    """From the environment variable, the file, or the state folder. Raises ConfigError where there is none, or where
    others than its owner may read it.
    """
    account = trunk.account
    if account.password_env:
        value = environment.get(account.password_env, "")
        if not value:
            raise ConfigError(f"trunk {trunk.name!r}: the environment variable {account.password_env} is not set")
        return value
    path = Path(account.password_file) if account.password_file else state / f"trunk-{trunk.name}.password"
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"trunk {trunk.name!r}: others than its owner may read {path}; chmod 600 {path}")
        value = path.read_bytes()[:_MOST_PASSWORD_BYTES].decode().strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        hint = f"`install -m 600 /dev/stdin {path}` takes it from the keyboard, up to Ctrl-D"
        raise ConfigError(f"trunk {trunk.name!r}: its password is expected in {path}: {why}; {hint}") from None
    if not value:
        raise ConfigError(f"trunk {trunk.name!r}: {path} is empty")
    return value


def _trunk(trunk: ConfiguredTrunk, state: Path, environment: Mapping[str, str]) -> Trunk:
    try:
        networks = tuple(ip_network(network) for network in trunk.networks)
    except ValueError as error:
        raise ConfigError(
            f"trunk {trunk.name!r}: {error}; expected an address such as 192.0.2.7 or 192.0.2.0/24"
        ) from None
    address = SipUri.parse(trunk.address) if trunk.address else None
    return Trunk(
        trunk.name,
        networks,
        float(trunk.calls_per_s),
        account=_account(trunk, address, state, environment),
        certificate=trunk.certificate,
        ca=trunk.ca,
        verify=trunk.verify,
        address=address,
        trusted=trunk.trusted,
        outwards=Outwards(
            register_s=trunk.account.expires_s if trunk.account.register else 0,
            ping_s=float(trunk.ping_s),
            redirects=frozenset(host.lower() for host in trunk.redirects.hosts),
            redirect_prefixes=tuple(trunk.redirects.prefixes),
        ),
    )


def _account(
    trunk: ConfiguredTrunk, address: SipUri | None, state: Path, environment: Mapping[str, str]
) -> Account | None:
    if not trunk.account.user:
        return None
    realm = trunk.account.realm or (address.host if address is not None else "")
    return Account(realm, trunk.account.user, password(trunk, state, environment))


def outward(uri: SipUri, trunk: ConfiguredTrunk) -> Target:
    """The way to a number by a trunk, with who calls as the trunk knows us."""
    account, host = trunk.account, SipUri.parse(trunk.address).host
    number = account.number or account.user
    local = NameAddr(SipUri(escape_user(number), host)) if number else None
    asserted = (("P-Asserted-Identity", str(local)),) if account.asserts and local is not None else ()
    return Target(uri, None, trunk.name, local, asserted)


def _place(place: Destination, trunk: ConfiguredTrunk | None) -> Target:
    return target(place.uri) if trunk is None else outward(SipUri.parse(place.uri), trunk)
