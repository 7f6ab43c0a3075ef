import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ivr.over_sip.agent_leg import MediaTerms, Target
from rtp.engine import Srtp
from sip.config import Account, Address, Outwards
from sip.events import Origin
from sip.message.uri import SipUri
from svar import endpoint, trunks
from svar.checks import check
from svar.config import (
    Agent,
    Config,
    ConfigError,
    Destination,
    Media,
    Node,
    Redirects,
    Sip,
    Trunk,
    TrunkAccount,
    TrunkMedia,
    load,
)
from tests.svar.credentials import passwords

CARRIER = Trunk(
    name="carrier",
    networks=["192.0.2.0/24"],
    address="sip:carrier.example;transport=tcp",
    trusted=True,
    account=TrunkAccount(user="nav", register=True, expires_s=300, number="+4755553333", asserts=True),
    redirects=Redirects(hosts=["Other.example"], prefixes=["+4780"]),
    ping_s=30,
    media=TrunkMedia(srtp="preferred", tones=True),
)
ABROAD = Destination(name="partner", uri="sip:+4790000001@carrier.example", trunk="carrier", ring_s=20)


def installed(tmp_path: Path, *rows: Trunk, **others: Any) -> Config:
    return Config(node=Node(state=str(tmp_path)), trunk=list(rows), **others)


def secret(path: Path, text: str = "pa55", mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_configured_trunk_is_the_cores(tmp_path: Path) -> None:
    secret(tmp_path / "trunk-carrier.password", "pa55\n")
    config = installed(tmp_path, CARRIER, destination=[ABROAD])
    check(config)
    (trunk,) = endpoint.core_config(config, passwords(tmp_path), "1").trunks
    assert trunk.address == SipUri.parse("sip:carrier.example;transport=tcp")
    assert trunk.account == Account("carrier.example", "nav", "pa55")
    assert trunk.outwards == Outwards(300, 30.0, frozenset(("other.example",)), ("+4780",))
    assert trunk.trusted
    assert "pa55" not in repr(trunk) + repr(config)


def test_call_by_a_trunk_says_the_number_that_is_configured() -> None:
    config = Config(trunk=[CARRIER], destination=[ABROAD])
    target, ring_s = trunks.destinations(config)["partner"]
    assert (target.destination, target.trunk, ring_s) == (None, "carrier", 20)
    assert str(target.local) == "<sip:+4755553333@carrier.example>"
    assert target.headers == (("P-Asserted-Identity", "<sip:+4755553333@carrier.example>"),)


def test_call_by_a_trunk_without_a_number_leaves_from_to_whoever_calls() -> None:
    bare = replace(CARRIER, account=TrunkAccount())
    target, _ = trunks.destinations(Config(trunk=[bare], destination=[ABROAD]))["partner"]
    assert (target.local, target.headers) == (None, ())
    user = replace(CARRIER, account=TrunkAccount(user="nav"))
    target, _ = trunks.destinations(Config(trunk=[user], destination=[ABROAD]))["partner"]
    assert (str(target.local), target.headers) == ("<sip:nav@carrier.example>", ())


def test_call_without_a_trunk_goes_to_where_its_uri_leads() -> None:
    straight = replace(ABROAD, trunk="")
    assert trunks.destinations(Config(destination=[straight]))["partner"][0] == Target(SipUri.parse(ABROAD.uri), None)
    address = trunks.target("sip:1@192.0.2.1;transport=tls")
    assert address.destination == Address("192.0.2.1", 5061, "TLS")


def test_password_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    by_env = replace(CARRIER, account=TrunkAccount(user="nav", password_env="CARRIER_PASSWORD"))
    assert trunks.password(by_env, tmp_path, {"CARRIER_PASSWORD": "from env"}) == "from env"
    path = secret(tmp_path / "elsewhere", "from file\r\n")
    by_file = replace(CARRIER, account=TrunkAccount(user="nav", password_file=str(path)))
    assert trunks.password(by_file, tmp_path, {}) == "from file"


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_password_that_others_may_read_is_refused(tmp_path: Path) -> None:
    secret(tmp_path / "trunk-carrier.password", mode=0o640)
    with pytest.raises(ConfigError, match=r"trunk 'carrier': others than its owner may read .*chmod 600"):
        trunks.password(CARRIER, tmp_path, {})


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_missing_password_says_where_it_is_expected(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "trunk-carrier.password"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"trunk 'carrier': .*trunk-carrier\.password"):
        trunks.password(CARRIER, tmp_path, {})
    by_env = replace(CARRIER, account=TrunkAccount(user="nav", password_env="CARRIER_PASSWORD"))
    with pytest.raises(ConfigError, match="CARRIER_PASSWORD is not set"):
        trunks.password(by_env, tmp_path, {})


def test_media_goes_as_each_trunk_and_agent_wants() -> None:
    found = trunks.media_terms(Config(trunk=[CARRIER]), {"anna": "required"})
    assert found == {
        Origin("trunk", "carrier"): MediaTerms(Srtp.PREFERRED, tones=True),
        Origin("agent", "anna"): MediaTerms(Srtp.REQUIRED),
        Origin("node"): MediaTerms(),
    }


INWARDS = Trunk(name="carrier", networks=["192.0.2.0/24"])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ({"trunk": [Trunk(name="a b", networks=["192.0.2.1"])]}, "name: expected letters"),
        ({"trunk": [Trunk(name="x")]}, "expected networks"),
        ({"trunk": [replace(CARRIER, networks=[])]}, "trusted: there are neither networks nor a certificate"),
        ({"trunk": [replace(INWARDS, account=TrunkAccount(register=True))]}, "address: expected where it is"),
        ({"trunk": [replace(INWARDS, ping_s=5)]}, "address: expected where it is"),
        ({"trunk": [replace(INWARDS, redirects=Redirects(hosts=["a"]))]}, "address: expected where it is"),
        ({"trunk": [replace(CARRIER, account=TrunkAccount(register=True))]}, "account.user: expected"),
        ({"trunk": [replace(CARRIER, account=TrunkAccount(asserts=True))]}, "account.user: expected"),
        (
            {"trunk": [replace(CARRIER, account=TrunkAccount(user="a", register=True, expires_s=5))]},
            "account.expires_s",
        ),
        (
            {"trunk": [replace(CARRIER, account=TrunkAccount(password_env="A", password_file="b"))]},
            "expected one of them",
        ),
        ({"trunk": [replace(CARRIER, account=TrunkAccount(number="+47 55"))]}, "account.number"),
        ({"trunk": [replace(CARRIER, redirects=Redirects(prefixes=[""]))]}, "redirects.prefixes"),
        ({"trunk": [replace(CARRIER, address="sip:")]}, "address = 'sip:'"),
        ({"trunk": [replace(CARRIER, address="sip:no-name.123")]}, "neither an IP address nor a name"),
        ({"trunk": [replace(CARRIER, media=TrunkMedia(srtp="always"))]}, "media: srtp = 'always': expected one of"),
        (
            {
                "trunk": [replace(CARRIER, media=TrunkMedia(tones=True))],
                "media": Media(engine="rtpengine", rtpengine=["127.0.0.1:1"]),
            },
            r"media: tones: \[media\] engine = 'rtpengine'",
        ),
        ({"agent": [Agent(name="anna", skills={}, srtp="yes")]}, "agent 'anna': srtp = 'yes'"),
        ({"trunk": [CARRIER], "media": Media(engine="rtpengine", rtpengine=["127.0.0.1:1"])}, "does not encrypt"),
        ({"destination": [ABROAD], "trunk": [replace(CARRIER, name="carier")]}, "did you mean 'carier'?"),
        ({"destination": [ABROAD], "trunk": [INWARDS]}, "trunk 'carrier' has no address"),
        ({"sip": Sip(advertised="nav.example")}, r"\[sip\] advertised"),
        ({"media": Media(advertised="nav.example")}, r"\[media\] advertised"),
        ({"sip": Sip(session_timers="on")}, r"\[sip\] session_timers = 'on'"),
        ({"sip": Sip(session_expires_s=60)}, r"\[sip\] session_expires_s = 60"),
        ({"sip": Sip(nameservers=["ns.example"])}, r"\[sip\] nameservers"),
    ],
)
def test_combination_that_means_nothing_is_told_with_its_field(tmp_path: Path, rows: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        check(Config(node=Node(state=str(tmp_path)), **rows))


def test_trunk_is_read_from_the_file_with_its_tables(tmp_path: Path) -> None:
    file = tmp_path / "svar.toml"
    file.write_text(
        '[[trunk]]\nname = "carrier"\naddress = "sip:carrier.example"\n'
        'account = { user = "nav", register = true, password_file = "carrier.password" }\n'
        '[[destination]]\nname = "partner"\nuri = "sip:+47@carrier.example"\ntrunk = "carrier"\n'
    )
    config = load(file, {})
    check(config)
    (trunk,) = config.trunk
    assert trunk.account.password_file == str(tmp_path / "carrier.password")
    assert config.destination[0].trunk == "carrier"


def test_name_servers_are_only_needed_where_there_are_names(tmp_path: Path) -> None:
    assert endpoint.names(Config()) == []
    named = Config(
        trunk=[CARRIER, INWARDS],
        destination=[ABROAD, replace(ABROAD, trunk="", uri="sip:1@b.example")],
        agent=[Agent(name="a", skills={}, contact="sip:a@c.example"), Agent(name="b", skills={})],
    )
    assert endpoint.names(named) == [CARRIER.address, "sip:1@b.example", "sip:a@c.example"]


async def test_resolver_asks_the_configured_servers() -> None:
    assert endpoint.resolver(Config(sip=Sip(nameservers=["127.0.0.1:5353"]))) is not None
    with pytest.raises(ConfigError, match="nameservers"):
        endpoint.resolver(Config(sip=Sip(nameservers=["ns.example"])))


def test_advertised_address_stands_in_sip_and_media(tmp_path: Path) -> None:
    config = installed(tmp_path, sip=Sip(advertised="203.0.113.5", session_timers="require", session_expires_s=600))
    core = endpoint.core_config(config, passwords(tmp_path), "1")
    assert (core.advertised, core.session_timers.mode, core.session_timers.expires_s) == ("203.0.113.5", "require", 600)
    assert endpoint.media_settings(config).advertised == "203.0.113.5"
    other = replace(config, media=Media(advertised="203.0.113.6", rtcp=False))
    assert endpoint.media_settings(other).advertised == "203.0.113.6"
    assert not endpoint.media_settings(other).rtcp
