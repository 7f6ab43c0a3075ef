"""Values that cannot mean anything are told before anything is started, all at once."""

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.files.load import read_folder
from svar.checks import check, doubts
from svar.commands.serve import EXAMPLE
from svar.config import (
    Agent,
    Config,
    ConfigError,
    Destination,
    Http,
    Mailbox,
    Media,
    Mqtt,
    Node,
    Queue,
    Redis,
    Sip,
    Tls,
    Trunk,
    load,
)
from tests.ivr.files.routing_folders import write


def told(config: Config) -> str:
    with pytest.raises(ConfigError) as caught:
        check(config)
    return str(caught.value)


def test_the_defaults_and_the_example_are_right() -> None:
    check(Config())
    check(load(Path(EXAMPLE), {}))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (Config(node=Node(zone="Europe/Olso")), "[node] zone = 'Europe/Olso': there is no such time zone"),
        (Config(node=Node(tenant="a/b#")), "[node] tenant = 'a/b#': expected letters"),
        (Config(node=Node(name="{n}")), "[node] name = '{n}': expected letters"),
        (Config(sip=Sip(host="localhost")), "[sip] host = 'localhost': expected an IP address"),
        (Config(media=Media(host="rtp.example")), "[media] host = 'rtp.example': expected an IP address"),
        (Config(sip=Sip(host="::")), "[media] host = '::': expected one address"),
        (Config(sip=Sip(port=70000)), "[sip] port = 70000: expected at most 65535"),
        (Config(sip=Sip(host6="127.0.0.1")), "[sip] host6 = '127.0.0.1': expected an IPv6 address"),
        (Config(sip=Sip(host="::1", host6="::1")), "[sip] host6 = '::1': host = '::1' is of IPv6 already"),
        (Config(mailbox=[Mailbox(name="../x")]), "mailbox '../x': name: expected a-z, digits and '_'"),
        (Config(mailbox=[Mailbox(name="m", most_messages=0)]), "mailbox 'm': most_messages = 0: expected 1 to 10000"),
        (Config(mailbox=[Mailbox(name="m", most_mb=0)]), "mailbox 'm': most_mb = 0: expected at least 1"),
        (Config(tls=Tls(port=70000)), "[tls] port = 70000: expected at most 65535"),
        (Config(trunk=[Trunk(name="t")]), "trunk 't': expected networks that it calls from"),
        (
            Config(trunk=[Trunk(name="t", certificate="t.example")]),
            "trunk 't': a certificate is only asked for with [tls] certificate and ca",
        ),
        (
            Config(trunk=[Trunk(name="t", networks=["192.0.2.1/24"])]),
            "trunk 't': networks: 192.0.2.1/24 has host bits set; expected an address such as",
        ),
        (
            Config(trunk=[Trunk(name="t", address="sip:192.0.2.1;transport=sctp")]),
            "trunk 't': address = 'sip:192.0.2.1;transport=sctp': transport=sctp: expected udp, tcp or tls",
        ),
        (Config(http=Http(port=70000)), "[http] port = 70000: expected at most 65535"),
        (Config(media=Media(first_port=30000, last_port=20000)), "[media] first_port = 30000: expected less"),
        (
            Config(media=Media(first_port=20000, last_port=20003), agent=[Agent(name="a{n}", skills={}, count=2)]),
            "[media] first_port to last_port: 2 calls at most, 2 agents' phones",
        ),
        (Config(redis=Redis(url="localhost:6379")), "[redis] url: expected redis://"),
        (Config(mqtt=Mqtt(url="http://broker")), "[mqtt] url: the MQTT broker's address is not of the form"),
        (Config(agent=[Agent(name="a", skills={}, contact="a@b")]), "agent 'a': contact = 'a@b': 'a@b' is no SIP URI"),
        (Config(destination=[Destination(name="d", uri="sip:1@pbx.123")]), "'pbx.123' is neither an IP address"),
        (Config(queue=[Queue(name="q", offer_s=0)]), "queue 'q': offer_s = 0: a phone has to ring"),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(config: Config, expected: str) -> None:
    assert expected in told(config)


def test_all_mistakes_are_told_at_once() -> None:
    config = replace(Config(), sip=Sip(host="x", port=70000), redis=Redis(url="x"))
    assert len(told(config).splitlines()) == 4


def test_a_password_in_a_wrong_url_is_not_shown() -> None:
    assert "hemmelig" not in told(Config(redis=Redis(url="redis:hemmelig@h"), mqtt=Mqtt(url="mqtt:hemmelig@h")))


def test_a_queue_that_nobody_serves_and_a_skill_that_nobody_asks_for_are_doubted() -> None:
    queues = [Queue(name="social"), Queue(name="hard", skill="social", level=7)]
    config = Config(queue=queues, agent=[Agent(name="anna", skills={"social": 5, "socal": 1})])
    assert list(doubts(config)) == [
        "queue 'hard': no agent has the skill 'social' at level 7 or more",
        "agent 'anna': no queue asks for the skill 'socal'; did you mean 'social'?",
    ]


def test_agents_and_queues_of_the_flows_folder_serve_beside_the_configurations(tmp_path: Path) -> None:
    routing = read_folder(write(tmp_path)).routing.made()
    parts = [Queue(name="hard", skill="generalist"), Queue(name="lonely")]
    config = Config(queue=parts, agent=[Agent(name="anna", skills={"sami": 5})], node=Node(site="olso"))
    assert list(doubts(config, routing)) == [
        "[node] site = 'olso': the flows' folder has no such site; did you mean 'oslo'?",
        "queue 'lonely': no agent has the skill 'lonely' at level 1 or more",
    ]
