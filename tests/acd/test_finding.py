"""The distributor on Sentinel and on a cluster, with servers that are killed: what was promised is kept."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from redis.crc import key_slot
from redis.exceptions import RedisError

from acd.connection import blocking_client, check, command_client
from acd.distributor import Unavailable
from acd.finding import FollowingConnection
from acd.model import AgentId, AgentSpec, Enqueue, NodeId, QueueId, QueueSpec, SiteId
from acd.relay import Batch, Relay
from acd.store import RedisDistributor
from acd.worker import Listener
from tests.acd.redis_group import Group, cluster, sentinels

TENANT = "nav"
SLOT = key_slot(b"{nav}")
QUEUE = QueueId("work")
BACK_S = 15.0
"""Until writes have to be taken again; what it took is a few seconds."""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    with sentinels(tmp_path_factory.mktemp("sentinels")) as made:
        yield made


@pytest.fixture(scope="module")
def spread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    with cluster(tmp_path_factory.mktemp("cluster"), TENANT) as made:
        yield made


class Node:
    """One node's distributor, reader of messages and reader of events."""

    def __init__(self, url: str, name: str, replicas: int) -> None:
        self.clients = [command_client(url, tenant=TENANT), *(blocking_client(url, tenant=TENANT) for _ in range(2))]
        self.distributor = RedisDistributor(self.clients[0], TENANT, NodeId(name), replicas=replicas)
        self.heard: list[object] = []
        self.events: list[str] = []
        self.distributor.listen(NodeId(name), self.heard.append)
        self._listener = Listener(self.clients[1], TENANT, NodeId(name), self.distributor.post)
        self._relay = Relay(self.clients[2], TENANT)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Node":
        async def count(batch: Batch) -> None:
            self.events += [event.kind for _, event in batch]

        self._relay.add("count", count, after="0-0")
        self._tasks = [asyncio.create_task(self._listener.run()), asyncio.create_task(self._relay.run())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self.clients:
            await client.aclose()


async def configured(node: Node) -> None:
    await node.distributor.configure([QueueSpec(QUEUE)], [AgentSpec(AgentId("anna"), SiteId("s"), {"work": 5})])


async def until(condition: object, what: str, within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, f"in {within_s} s there was no {what}"
        await asyncio.sleep(0.02)


async def enqueue(node: Node, contact: str, within_s: float = BACK_S) -> float:
    """Repeated as a flow does, until it is acknowledged; gives how long that took."""
    began = time.monotonic()
    while True:
        try:
            await node.distributor.enqueue(Enqueue(contact, QUEUE, node.distributor.node))
            return time.monotonic() - began
        except Unavailable:
            assert time.monotonic() - began < within_s, f"no write was taken for {within_s} s"
            await asyncio.sleep(0.05)


async def commands_and_readers(url: str, replicas: int) -> None:
    async with Node(url, "n1", replicas) as here, Node(url, "n2", replicas) as there:
        await configured(here)
        await asyncio.sleep(0.2)
        assert await enqueue(there, "c1") < 2
        await here.distributor.log_in(AgentId("anna"))
        await until(lambda: bool(there.heard), "the offer by the other node's stream")
        await there.distributor.leave("c1", "caller_hung_up")
        await until(lambda: "contact_left_queue" in here.events, "the events in order")
        await here.distributor.log_out(AgentId("anna"), "unregistered")


async def acknowledged_is_kept(group: Group, url: str, slot: int) -> None:
    """A hundred callers while the master is killed by -9: whoever got an answer has a place afterwards."""
    async with Node(url, "n1", 1) as node:
        await configured(node)
        for n in range(50):
            await enqueue(node, f"before{n}")
        master = await asyncio.to_thread(group.master, slot)
        master.kill()
        took_s = await enqueue(node, "first")
        await group.master_within(BACK_S, slot, other_than=master)
        for n in range(50):
            await enqueue(node, f"after{n}")
        [numbers] = [one for one in await node.distributor.queues() if one.queue == QUEUE]
        assert numbers.waiting == 101, f"{numbers} after {took_s:.1f} s without Redis"
        await until(lambda: node.events.count("contact_queued") >= 101, "every caller in the stream")
        for name in [f"before{n}" for n in range(50)] + ["first"] + [f"after{n}" for n in range(50)]:
            await node.distributor.leave(name, "caller_hung_up")
        master.start()


async def test_all_of_the_distributor_works_under_sentinel(watched: Group) -> None:
    await commands_and_readers(watched.url, 1)


async def test_nothing_acknowledged_is_lost_when_the_master_under_sentinel_is_killed(watched: Group) -> None:
    await acknowledged_is_kept(watched, watched.url, -1)


async def test_all_of_the_distributor_works_on_a_cluster(spread: Group) -> None:
    await commands_and_readers(spread.url, 1)


async def test_a_slot_that_moves_is_followed(spread: Group) -> None:
    async with Node(spread.url, "n1", 0) as node:
        await configured(node)
        await enqueue(node, "c1")
        master = await asyncio.to_thread(spread.master, SLOT)
        replica = next(one for one in spread.servers if (one.ask("ROLE") or [""])[0] == "slave")
        replica.ask("CLUSTER", "FAILOVER")
        assert await spread.master_within(BACK_S, SLOT, other_than=master) is replica
        await enqueue(node, "c2")
        assert (await node.distributor.place("c2")).position == 2
        for name in ("c1", "c2"):
            await node.distributor.leave(name, "caller_hung_up")
        await until(lambda: node.events.count("contact_left_queue") >= 2, "the events of the new master")


async def test_a_cluster_node_that_is_killed_is_followed_by_its_replica(spread: Group) -> None:
    async with Node(spread.url, "n1", 0) as node:
        await configured(node)
        await enqueue(node, "c3")
        master = await asyncio.to_thread(spread.master, SLOT)
        await until(lambda: int((master.ask("WAIT", "1", "500")) or 0) == 1, "a replica that has it all")
        master.kill()
        await enqueue(node, "c4")
        assert (await node.distributor.place("c4")).position == 2
        master.start()


async def test_without_anybody_who_knows_the_store_is_unavailable() -> None:
    for url in ("sentinel://127.0.0.1:1/svar", "cluster://127.0.0.1:1,127.0.0.1:2"):
        client = command_client(url, tenant=TENANT)
        with pytest.raises(Unavailable, match="knows where"):
            await RedisDistributor(client, TENANT, NodeId("n1")).beat(NodeId("n1"), 0)
        await client.aclose()


async def test_a_replica_is_no_place_to_write_to(watched: Group) -> None:
    replica = next(one for one in watched.servers if (one.ask("ROLE") or [""])[0] == "slave")

    class Wrong:
        async def find(self) -> tuple[str, int]:
            return "127.0.0.1", replica.port

        def moved(self, place: tuple[str, int]) -> None:
            raise AssertionError(place)

    connection = FollowingConnection(finder=Wrong())
    with pytest.raises(RedisError, match="no master"):
        await connection.connect_check_health(retry_socket_connect=False)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://h", "expected redis://"),
        ("sentinel://h:26379", "expected the master's name"),
        ("sentinel://h:x/svar", "is no host:port"),
        ("sentinel://h,/svar", "is no host:port"),
        ("cluster://h:7000/3", "has one database"),
    ],
)
def test_a_url_that_is_none_is_refused(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check(url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://h:6379/0",
        "unix:///run/r.sock",
        "sentinel://user:secret@h1,h2:26380/svar",
        "sentinels://h1,[2001:db8::1]:26379/svar?ssl_cert_reqs=required",
        "clusters://:secret@h1:7000,h2:7000",
    ],
)
def test_a_url_may_be(url: str) -> None:
    check(url)


def test_a_cluster_has_to_know_whose_keys_are_asked_for() -> None:
    with pytest.raises(ValueError, match="tenant"):
        command_client("cluster://h:7000")
