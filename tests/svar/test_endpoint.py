"""From the configuration to what the SIP core and the distributor are told."""

import re
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from ivr.over_sip.agent_leg import Target
from sip.config import Address
from sip.message.auth import HashedPassword
from sip.message.uri import SipUri
from svar import endpoint, trunks
from svar.checks import check
from svar.config import Agent, Config, ConfigError, Limits, Media, Node, Queue, Sip, Tls, Trunk
from tests.svar.credentials import passwords


def test_agents_of_a_count_are_told_apart() -> None:
    config = Config(agent=[Agent(name="a{n}", skills={"q": 1}, count=3, first=7, contact="sip:a{n}@127.0.0.1:6900")])
    assert list(endpoint.agents(config)) == ["a7", "a8", "a9"]
    assert endpoint.fixed_phones(config)["a8"] == Target(SipUri("a8", "127.0.0.1", 6900), Address("127.0.0.1", 6900))
    assert [spec.agent for spec in endpoint.agent_specs(config)] == ["a7", "a8", "a9"]


def test_a_phone_without_a_port_is_at_the_standard_one() -> None:
    assert trunks.target("sip:x@192.0.2.1").destination == Address("192.0.2.1", 5060)


def test_two_agents_of_one_name_are_a_mistake() -> None:
    config = Config(agent=[Agent(name="anna", skills={}), Agent(name="anna", skills={})])
    with pytest.raises(ConfigError, match="agent 'anna' stands twice"):
        endpoint.agents(config)


def test_an_agent_who_registers_has_no_fixed_phone() -> None:
    assert endpoint.fixed_phones(Config(agent=[Agent(name="anna", skills={})])) == {}


def test_trunks_are_known_by_network(tmp_path: Path) -> None:
    config = Config(node=Node(state=str(tmp_path)), trunk=[Trunk(name="op", networks=["192.0.2.0/24", "2001:db8::1"])])
    core = endpoint.core_config(config, passwords(tmp_path), "1")
    assert core.trunks[0].networks == (ip_network("192.0.2.0/24"), ip_network("2001:db8::1/128"))


def test_a_network_that_is_none_is_named(tmp_path: Path) -> None:
    config = Config(node=Node(state=str(tmp_path)), trunk=[Trunk(name="op", networks=["192.0.2.300"])])
    with pytest.raises(ConfigError, match=r"trunk 'op': '192\.0\.2\.300' does not appear"):
        endpoint.core_config(config, passwords(tmp_path), "1")


def test_a_queue_keeps_its_settings() -> None:
    [spec] = endpoint.queue_specs(Config(queue=[Queue(name="q", wrap_up_s=30, priority_s=60, level=3)]))
    assert (spec.queue, spec.wrap_up_s, spec.priority_s, spec.level) == ("q", 30, 60, 3)


def test_a_node_without_a_name_has_the_hosts() -> None:
    assert endpoint.node_name(Config(node=Node(name="oslo-1"))) == "oslo-1"
    assert endpoint.node_name(Config()) != ""


async def test_an_agent_who_was_taken_out_of_the_configuration_has_no_password_any_more(tmp_path: Path) -> None:
    ours = passwords(tmp_path)
    await ours.ensure(["anna", "bjorn"])
    config = Config(node=Node(state=str(tmp_path)), agent=[Agent(name="anna", skills={})])
    digest = endpoint.core_config(config, ours, "1").digest
    assert digest is not None
    assert digest.credentials("anna") == HashedPassword.of("anna", "svar", ours.get("anna") or "")
    assert digest.credentials("bjorn") is None


def test_a_trunk_s_rate_reaches_the_core(tmp_path: Path) -> None:
    config = Config(node=Node(state=str(tmp_path)), trunk=[Trunk(name="op", networks=["192.0.2.7"], calls_per_s=5)])
    assert endpoint.core_config(config, passwords(tmp_path), "1").trunks[0].calls_per_s == 5.0


def test_media_bound_to_any_address_names_one_that_leads_out() -> None:
    settings = endpoint.media_settings(Config(sip=Sip(host="0.0.0.0")))
    assert settings.address == "0.0.0.0"
    assert settings.advertised not in ("", "0.0.0.0")
    ip_address(settings.advertised)


def test_media_is_where_sip_is_unless_it_has_an_address_of_its_own() -> None:
    assert endpoint.media_settings(Config(sip=Sip(host="::1"))).advertised == "::1"
    assert (
        endpoint.media_settings(Config(media=Media(host="192.0.2.7", first_port=4, last_port=9))).address == "192.0.2.7"
    )


def test_a_phone_that_never_registers_is_offered_calls_again_after_a_miss() -> None:
    fixed = Agent(name="a", skills={}, contact="sip:a@127.0.0.1")
    own = Agent(name="b", skills={}, contact="sip:b@127.0.0.1", rest_s=5)
    config = Config(agent=[fixed, own, Agent(name="c", skills={})])
    assert [spec.rest_s for spec in endpoint.agent_specs(config)] == [30, 5, 0]


def test_callers_leave_a_media_port_for_every_agent() -> None:
    config = Config(
        media=Media(first_port=20001, last_port=20040), agent=[Agent(name="a{n}", skills={}, count=5)], limits=Limits()
    )
    assert endpoint.media_ports(config) == 20
    assert endpoint.most_calls(config) == 15
    assert endpoint.most_calls(replace(config, limits=Limits(calls=7))) == 7


def test_media_is_our_own_unless_rtpengine_is_named() -> None:
    assert endpoint.rtpengine_settings(Config()) is None
    media = Media(engine="rtpengine", rtpengine=["192.0.2.1:2223", "[::1]:2224"], rtpengine_keys="192.0.2.9:2225")
    found = endpoint.rtpengine_settings(Config(node=Node(state="there"), media=media))
    assert found is not None
    assert (found.servers, found.keys) == ((("192.0.2.1", 2223), ("::1", 2224)), ("192.0.2.9", 2225))
    assert found.folder == Path("there/rtpengine")
    assert endpoint.most_calls(Config(media=media)) == Limits().calls


@pytest.mark.parametrize(
    ("media", "mistake"),
    [
        (Media(engine="other"), "engine = 'other': expected 'own' or 'rtpengine'"),
        (Media(engine="rtpengine"), "expected at least one address"),
        (Media(engine="rtpengine", rtpengine=["localhost:2223"]), "rtpengine = 'localhost:2223': expected an IP"),
        (Media(engine="rtpengine", rtpengine=["192.0.2.1"]), "rtpengine = '192.0.2.1': expected an IP"),
        (Media(engine="rtpengine", rtpengine=["::1:0"]), "rtpengine = '::1:0': expected an IP"),
        (Media(engine="rtpengine", rtpengine=["::1:1"], rtpengine_keys="x"), "rtpengine_keys = 'x': expected"),
    ],
)
def test_an_rtpengine_that_cannot_be_found_is_a_mistake(media: Media, mistake: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(mistake)):
        endpoint.rtpengine_settings(Config(media=media))
    with pytest.raises(ConfigError, match=re.escape(mistake)):
        check(Config(media=media))


def test_udp_and_tcp_are_listened_to_and_tls_with_a_certificate() -> None:
    plain = Config(sip=Sip(host="127.0.0.1", host6="::1", port=5070))
    four, six = [Address("127.0.0.1", 5070), Address("::1", 5070)]
    assert endpoint.listening(plain) == [four, six, four._replace(transport="TCP"), six._replace(transport="TCP")]
    secure = Config(sip=Sip(tcp=False), tls=Tls(certificate="x.pem", port=5071))
    assert endpoint.listening(secure) == [Address("127.0.0.1", 5060), Address("127.0.0.1", 5071, "TLS")]


def test_trunk_is_named_by_its_certificate(tmp_path: Path) -> None:
    trunk = Trunk(name="op", certificate="sip.op.example", ca="op.pem", verify=False)
    config = Config(node=Node(state=str(tmp_path)), trunk=[trunk], sip=Sip(keep_alive_s=30))
    core = endpoint.core_config(config, passwords(tmp_path), "1")
    (op,) = core.trunks
    assert (op.networks, op.certificate, op.ca, op.verify) == ((), "sip.op.example", "op.pem", False)
    assert (core.streams.ping_s, core.streams.connections, core.streams.strangers) == (30.0, 4000, 1000)


@pytest.mark.parametrize(
    ("uri", "destination"),
    [
        ("sip:x@192.0.2.1;transport=tcp", Address("192.0.2.1", 5060, "TCP")),
        ("sips:x@192.0.2.1", Address("192.0.2.1", 5061, "TLS")),
    ],
)
def test_uri_says_how_to_get_there(uri: str, destination: Address) -> None:
    assert trunks.target(uri).destination == destination
