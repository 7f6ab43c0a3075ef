"""The demo serves the given configuration, on loopback and apart from everything else."""

import socket
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from svar.config import Destination, Lookup, Mqtt, Redis, Sms, Trunk, WebHeaders, load
from svar.demo.staffing import Scale, demo_agents, served, usable
from svar.demo.traffic import WAYS
from svar.endpoint import agents, core_config
from tests.svar.credentials import passwords

EXAMPLE = Path(__file__).parent.parent.parent.parent / "deploy" / "example.toml"
CONFIG = load(EXAMPLE, {})


@given(st.integers(1, 100))
def test_every_queue_has_somebody_who_serves_it(count: int) -> None:
    config = served(CONFIG, "state", Scale(60, count))
    ours = [agent for name, agent in agents(config).items() if name in demo_agents(count)]
    assert len(ours) == count
    for queue in config.queue:
        assert any(agent.skills.get(queue.skill or queue.name, 0) >= queue.level for agent in ours)


def test_limits_are_scaled_to_at_least_a_second_and_the_real_ones_are_kept_apart() -> None:
    queue = served(CONFIG, "state", Scale(15, 4)).queue[0]
    assert (queue.target_s, queue.short_s) == (3, 1)
    assert CONFIG.queue[0].target_s == 45


def test_nothing_outside_is_touched(tmp_path: Path) -> None:
    config = replace(
        CONFIG,
        sip=replace(CONFIG.sip, host="0.0.0.0"),
        redis=Redis(url="redis://store.example"),
        mqtt=Mqtt(url="mqtt://broker.example"),
        trunk=[Trunk(name="operator", networks=["192.0.2.0/24"])],
        destination=[Destination(name="partner", uri="sip:1@192.0.2.7")],
        lookup=[Lookup(name="cases", url="https://cases.example", headers=WebHeaders(files={"X-Key": "cases.token"}))],
        sms=Sms(url="https://sms.example", headers=WebHeaders(env={"X-Key": "SMS_KEY"})),
    )
    ours = served(config, str(tmp_path), Scale(60, 4))
    assert (ours.sip.host, ours.http.host, ours.media.host) == ("127.0.0.1", "127.0.0.1", "")
    assert (ours.redis.url, ours.mqtt.url, ours.node.state) == ("", "", str(tmp_path))
    assert [place.uri for place in ours.destination] == ["sip:partner@127.0.0.1:9"]
    (lookup,), sms = ours.lookup, ours.sms
    assert lookup.url == sms.url == "http://127.0.0.1:9"
    assert lookup.headers == sms.headers == WebHeaders()
    (trunk,) = core_config(ours, passwords(tmp_path), "0").trunks
    assert [str(network) for network in trunk.networks] == ["127.0.0.0/8"]


def test_ports_that_another_has_are_left_to_it() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other, socket.create_server(("127.0.0.1", 0)) as page:
        other.bind(("127.0.0.1", 0))
        sip, http = replace(CONFIG.sip, port=other.getsockname()[1]), replace(CONFIG.http, port=page.getsockname()[1])
        ours = served(replace(CONFIG, sip=sip, http=http), "state", Scale(60, 4))
    assert (ours.sip.port, ours.http.port) == (0, 0)


def test_a_broker_that_is_off_stays_off() -> None:
    assert served(replace(CONFIG, mqtt=Mqtt(url="off")), "state", Scale(60, 4)).mqtt.url == "off"


def test_callers_only_ring_what_is_served() -> None:
    some = replace(CONFIG, queue=[queue for queue in CONFIG.queue if queue.name != "family"])
    found = usable(WAYS, {"5000"}, some)
    assert {way.queue for way in found} == {"social", "work_health", "disability", "other"}
    assert usable(WAYS, set(), some) == []
