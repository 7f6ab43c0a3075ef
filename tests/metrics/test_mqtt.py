import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from events.catalogue import Scalar
from metrics.broker import Broker, BrokerUrlError, topic_level
from metrics.mqtt import MqttFeed, masked
from metrics.pipeline import Folds
from metrics.wallboard import Board
from svar.embedded.broker import EmbeddedBroker
from svar.embedded.child import Child
from tests.metrics.told import answered, became, queued, started, stream

WITHIN_S = 20.0


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not true():  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.01)


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """amqtt, as `make run` brings it along."""
    embedded = await EmbeddedBroker.start(tmp_path)
    yield Broker.from_url(embedded.url)
    await embedded.stop()


@contextlib.asynccontextmanager
async def listening(broker: Broker, topic: str = "svar/#") -> AsyncIterator[dict[str, list[dict[str, object]]]]:
    """What arrives, by topic."""
    heard: dict[str, list[dict[str, object]]] = {}
    async with aiomqtt.Client(broker.host, broker.port) as client:
        await client.subscribe(topic, qos=1)

        async def listen() -> None:
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                heard.setdefault(str(message.topic), []).append(json.loads(message.payload))

        task = asyncio.create_task(listen())
        yield heard
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def feed_of(folds: Folds, broker: Broker, **options: Any) -> MqttFeed:
    return MqttFeed(broker, tenant="nav", node="n1", board=lambda: folds.board(0), **options)


@contextlib.asynccontextmanager
async def running(feed: MqttFeed) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(feed.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("mqtt://h", Broker("h", 1883)),
        ("mqtt://u:p%40ss@h:7", Broker("h", 7, tls=False, username="u", password="p@ss")),
        ("mqtts://h", Broker("h", 8883, tls=True)),
        ("mqtt://[::1]:9", Broker("::1", 9)),
    ],
)
def test_a_brokers_address_is_read(url: str, broker: Broker) -> None:
    assert Broker.from_url(url) == broker


@pytest.mark.parametrize("url", ["", "h:1883", "http://h", "mqtt://", "mqtt://h:port", "mqtt://h:0", "mqtt://h:99999"])
def test_what_is_no_brokers_address_is_refused(url: str) -> None:
    with pytest.raises(BrokerUrlError, match="mqtt://"):
        Broker.from_url(url)


def test_personal_data_is_masked() -> None:
    assert masked(started("c1"))["pii_caller"] == "***"
    assert masked(started("c1", caller=""))["pii_caller"] == ""
    assert masked(started("c1", pseudonym="5eed"))["pseudonym"] == "***"
    assert masked(started("c1"))["kind"] == "contact_started"


@pytest.mark.parametrize(("name", "level"), [("pensjon", "pensjon"), ("a/b+c#d\x00", "a_b_c_d_"), ("", "_")])
def test_a_name_is_one_level_of_a_topic(name: str, level: str) -> None:
    assert topic_level(name) == level


async def test_events_and_states_reach_those_who_listen(broker: Broker) -> None:
    folds = Folds("nav")
    feed = feed_of(folds, broker)
    folds.apply(stream([queued("c1"), became("kari", "ready")]))
    async with listening(broker) as heard, running(feed):
        await until(lambda: "svar/nav/queue/pensjon" in heard and "svar/nav/agents" in heard)
        feed.tell(started("c1"))
        folds.apply(stream([answered("c1", 5_000)], first=10))
        await until(lambda: len(heard["svar/nav/queue/pensjon"]) == 2 and "svar/nav/event/contact_started" in heard)
        assert await feed.check() == f"connected to 127.0.0.1:{broker.port}"
    waiting, served = heard["svar/nav/queue/pensjon"]
    assert (waiting["waiting"], waiting["svargrad"], served["waiting"], served["svargrad"]) == (1, None, 0, 1.0)
    assert heard["svar/nav/agents"][0]["ready"] == 1
    (event,) = heard["svar/nav/event/contact_started"]
    assert (event["contact"], event["pii_caller"]) == ("c1", "***")
    assert feed.figures()["events_published_total"] == 1


async def test_a_state_that_does_not_change_is_published_once_and_kept_for_latecomers(broker: Broker) -> None:
    folds = Folds("nav")
    folds.apply(stream([queued("c1")]))
    looks: list[Board] = []

    def board() -> Board:
        looks.append(folds.board(0))
        return looks[-1]

    feed = MqttFeed(broker, tenant="nav", node="n1", board=board)
    async with listening(broker) as heard, running(feed):
        await until(lambda: "svar/nav/queue/pensjon" in heard)
        async with listening(broker) as late:
            await until(lambda: "svar/nav/queue/pensjon" in late)
        await until(lambda: len(looks) == 2)
        feed.tell(started("c2"))
        await until(lambda: "svar/nav/event/contact_started" in heard)
        assert len(heard["svar/nav/queue/pensjon"]) == 1


async def test_further_states_stand_under_their_topics(broker: Broker) -> None:
    def further() -> dict[str, dict[str, Scalar | None]]:
        return {"crisis": {"on": 1, "crisis": "flood"}, "duty/desk+1": {"agents": 2}}

    feed = MqttFeed(broker, tenant="nav", node="n1", board=lambda: Board((), {}, 0), further=further)
    async with listening(broker) as heard, running(feed):
        await until(lambda: "svar/nav/crisis" in heard and "svar/nav/duty/desk_1" in heard)
    assert heard["svar/nav/crisis"] == [{"on": 1, "crisis": "flood"}]
    assert heard["svar/nav/duty/desk_1"] == [{"agents": 2}]


async def test_agents_are_told_by_site_and_state(broker: Broker) -> None:
    folds = Folds("nav")
    folds.apply(stream([became("kari", "ready", site="hamar"), became("ola", "talking", site="alta")]))
    board = Board((), {}, 0)
    feed = MqttFeed(broker, tenant="nav", node="n1", board=lambda: board, sites=folds.wallboard.by_site)
    async with listening(broker) as heard, running(feed):
        await until(lambda: "svar/nav/site/hamar" in heard and "svar/nav/site/alta" in heard)
        folds.apply(stream([became("kari", "talking", site="hamar")], first=10))
        await until(lambda: len(heard["svar/nav/site/hamar"]) == 2)
    was, now = heard["svar/nav/site/hamar"]
    assert (was["site"], was["ready"], was["talking"]) == ("hamar", 1, 0)
    assert (now["ready"], now["talking"], now["logged_out"]) == (0, 1, 0)
    assert len(heard["svar/nav/site/alta"]) == 1


async def test_of_several_nodes_each_publishes_what_is_its_own(broker: Broker) -> None:
    nothing = Board((), {}, 0)
    feeds = [MqttFeed(broker, tenant="nav", node=me, board=lambda: nothing, ours=me.__eq__) for me in ("n1", "n2")]
    async with listening(broker) as heard, running(feeds[0]), running(feeds[1]):
        await until(lambda: "svar/nav/node/n1" in heard and "svar/nav/node/n2" in heard)
        for node in ("n1", "n2"):
            for feed in feeds:
                feed.tell(replace(started(node), node=node))
        await until(lambda: len(heard.get("svar/nav/event/contact_started", [])) == 2)
        for feed in feeds:
            feed.tell(replace(started("last"), node="n1"))
        await until(lambda: len(heard.get("svar/nav/event/contact_started", [])) == 3)
    told = {str(event["contact"]) for event in heard["svar/nav/event/contact_started"]}
    assert sorted(told) == ["last", "n1", "n2"]


async def test_a_node_says_when_it_comes_and_when_it_goes(broker: Broker) -> None:
    async with listening(broker, "svar/nav/node/#") as heard:
        feed = MqttFeed(broker, tenant="nav", node="n1", board=lambda: Board((), {}, 0), about={"site": "hamar"})
        async with running(feed):
            await until(lambda: "svar/nav/node/n1" in heard)
        await until(lambda: len(heard["svar/nav/node/n1"]) == 2)
    came, went = heard["svar/nav/node/n1"]
    assert (came, went) == ({"state": "online", "site": "hamar"}, {"state": "offline", "cause": "stopped"})


async def test_when_the_broker_is_away_the_newest_events_wait_and_go_out_when_it_is_back(tmp_path: Path) -> None:
    first = await EmbeddedBroker.start(tmp_path)
    broker = Broker.from_url(first.url)
    folds = Folds("nav")
    folds.apply(stream([queued("c1")]))
    feed = feed_of(folds, broker, most_waiting=3)
    async with running(feed):
        await until(lambda: feed.figures()["connected"] == 1)
        await first.stop()
        await until(lambda: feed.figures()["connected"] == 0)
        with pytest.raises(ConnectionError, match="no connection"):
            await feed.check()
        for n in range(5):
            feed.tell(started(f"c{n}"))
        assert feed.figures()["events_dropped_total"] == 2
        second = await EmbeddedBroker.start(tmp_path, port=broker.port)
        async with listening(broker) as heard:
            await until(lambda: len(heard.get("svar/nav/event/contact_started", [])) == 3)
            await until(lambda: "svar/nav/queue/pensjon" in heard)
        assert [event["contact"] for event in heard["svar/nav/event/contact_started"]] == ["c2", "c3", "c4"]
        assert feed.figures()["connections_total"] == 2
    await second.stop()


async def test_a_broker_that_hangs_is_left_and_does_not_hold_up_the_end(tmp_path: Path) -> None:
    embedded = await EmbeddedBroker.start(tmp_path)
    assert embedded.pid is not None
    folds = Folds("nav")
    feed = MqttFeed(Broker.from_url(embedded.url), tenant="nav", node="n1", board=lambda: folds.board(0), timeout_s=0.3)
    async with running(feed):
        await until(lambda: feed.figures()["connected"] == 1)
        os.kill(embedded.pid, signal.SIGSTOP)
        folds.apply(stream([queued("c1")]))
        await until(lambda: feed.figures()["connected"] == 0)
        os.kill(embedded.pid, signal.SIGCONT)
        await until(lambda: feed.figures()["connections_total"] == 2)
        os.kill(embedded.pid, signal.SIGSTOP)
    os.kill(embedded.pid, signal.SIGCONT)
    await embedded.stop()


async def test_telling_never_waits_though_there_never_was_a_broker() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        feed = feed_of(Folds("nav"), Broker("127.0.0.1", closed.getsockname()[1]), most_waiting=10)
        async with running(feed):
            for n in range(100):
                feed.tell(started(f"c{n}"))
            await asyncio.sleep(0)
            figures = feed.figures()
    assert (figures["connected"], figures["events_waiting"], figures["events_dropped_total"]) == (0, 10, 90)


LOST_NODE = """
import asyncio, sys
from metrics.mqtt import Broker, MqttFeed
from metrics.wallboard import Board

asyncio.run(MqttFeed(Broker.from_url(sys.argv[1]), tenant="nav", node="n2", board=lambda: Board((), {}, 0)).run())
"""


def answers(broker: Broker) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex((broker.host, broker.port)) == 0


@contextlib.asynccontextmanager
async def mosquitto(tmp_path: Path) -> AsyncIterator[Broker]:
    program = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        assert "CI" not in os.environ, "mosquitto is missing: apt install mosquitto"
        pytest.skip("mosquitto is missing: apt install mosquitto")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        broker = Broker("127.0.0.1", free.getsockname()[1])
    config, log = tmp_path / "mosquitto.conf", tmp_path / "mosquitto.log"
    config.write_text(f"listener {broker.port} 127.0.0.1\nallow_anonymous true\n")
    child = await Child.start("mosquitto", [program, "-c", str(config)], log)
    try:
        await until(lambda: answers(broker))
        yield broker
    finally:
        await child.stop()


@pytest.mark.interop
async def test_mosquitto_takes_events_and_keeps_states(tmp_path: Path) -> None:
    folds = Folds("nav")
    folds.apply(stream([queued("c1", "pensjon/øst")]))
    async with mosquitto(tmp_path) as broker:
        feed = feed_of(folds, broker)
        async with running(feed):
            await until(lambda: feed.figures()["connected"] == 1)
            async with listening(broker) as heard:
                feed.tell(started("c1"))
                wanted = {"svar/nav/queue/pensjon_øst", "svar/nav/node/n1", "svar/nav/event/contact_started"}
                await until(lambda: wanted <= set(heard))
        async with listening(broker) as after:
            await until(lambda: {"svar/nav/queue/pensjon_øst", "svar/nav/node/n1"} <= set(after))
    assert heard["svar/nav/event/contact_started"][0]["pii_caller"] == "***"
    assert after["svar/nav/node/n1"] == [{"state": "offline", "cause": "stopped"}]
    assert "svar/nav/event/contact_started" not in after, "events are not kept"


@pytest.mark.interop
async def test_mosquitto_tells_when_a_node_is_lost(tmp_path: Path) -> None:
    async with mosquitto(tmp_path) as broker, listening(broker, "svar/nav/node/n2") as heard:
        command = [sys.executable, "-c", LOST_NODE, f"mqtt://{broker.host}:{broker.port}"]
        node = await asyncio.create_subprocess_exec(*command, cwd=Path(__file__).parent.parent.parent)
        await until(lambda: bool(heard))
        node.kill()
        await node.wait()
        await until(lambda: len(heard["svar/nav/node/n2"]) == 2)
    assert heard["svar/nav/node/n2"] == [{"state": "online"}, {"state": "offline", "cause": "lost"}]
