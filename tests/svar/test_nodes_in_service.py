"""Nodes that share a Redis: whom each believes, who looks after a lost one, and what is told of sites."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.model import NODE_LEASE_MS, NodeId, SiteId
from acd.nodes import NodeRecord, Nodes
from acd.store import RedisDistributor
from events.catalogue import NodeLost
from events.sink import MemorySink
from ivr.over_sip.telephony import Identity
from sip.config import Address, CoreConfig
from svar.config import Config
from svar.config import Node as NodeSection
from svar.config import Nodes as NodesSection
from svar.nodes_in_service import NodesInService, mistakes, record
from svar.registrations import Inherited


class Clock:
    """The distributor's clock."""

    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Told:
    """What the distributor is told of sites."""

    said: list[tuple[str, str]] = field(default_factory=list)

    async def site_lost(self, site: SiteId, cause: str) -> None:
        self.said.append((site, cause))

    async def site_back(self, site: SiteId) -> None:
        self.said.append((site, "back"))


@dataclass
class Site:
    """One node at a site of its own."""

    name: str
    client: Redis
    clock: Clock
    sites: Told
    sink: MemorySink = field(default_factory=MemorySink)
    lost: list[str] = field(default_factory=list)
    inherited: list[str] = field(default_factory=list)
    down: bool = False

    def __post_init__(self) -> None:
        identity = Identity("t", self.name, self.clock)
        self.distributor = RedisDistributor(self.client, "t", NodeId(self.name), now_ms=self.clock)
        self.nodes = NodesInService(Nodes(self.client, "t"), identity, self.sites, self.sink)
        self.nodes.lost.append(self.lost.append)
        self.nodes.inherit = self._inherit
        self.nodes.cut_off = lambda: self.down
        self.record = NodeRecord(self.name, f"site-{self.name}", f"sip:192.0.2.{self.name[1]}:5060", ("h",), "1", 1)

    async def _inherit(self, node: str) -> Inherited:
        self.inherited.append(node)
        return Inherited(2, 1)

    async def start(self) -> None:
        await self.beat()
        await self.nodes.prepare(CoreConfig())
        self.nodes._record = self.record
        await Nodes(self.client, "t").announce(self.record)

    async def beat(self) -> None:
        await self.distributor.beat(NodeId(self.name), 0)


class Installation:
    """As many nodes as a test wants."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.clock = Clock()
        self.sites = Told()

    async def start(self, *names: str) -> list[Site]:
        made = [Site(name, self.client, self.clock, self.sites) for name in names]
        for one in made:
            await one.start()
        for one in made:
            await one.nodes.look()
        return made

    async def pass_lease(self, *living: Site) -> None:
        """Nobody but `living` beats for as long as a lease lasts."""
        for _ in range(NODE_LEASE_MS // 1000):
            self.clock.now_ms += 1000
            for one in living:
                await one.beat()
        await living[0].distributor.due()


@pytest.fixture
async def installation(redis_url: str) -> AsyncIterator[Installation]:
    client = command_client(redis_url)
    yield Installation(client)
    await client.aclose()


async def test_a_site_without_a_trunk_has_no_node_that_serves_and_a_lost_one_is_not_there(
    installation: Installation,
) -> None:
    first, second = await installation.start("n1", "n2")
    assert first.nodes.serving() == {"site-n1": 1, "site-n2": 1}
    second.down = True
    await second.nodes.look()
    await first.nodes.look()
    assert first.nodes.serving() == {"site-n1": 1, "site-n2": 0}
    await installation.pass_lease(first)
    await first.nodes.look()
    assert first.nodes.serving() == {"site-n1": 1}


async def test_nodes_know_each_other_and_how_each_is_asked_to_ring(installation: Installation) -> None:
    first, second = await installation.start("n1", "n2")
    assert not first.nodes.alone
    target = await first.nodes.at("n2", "anna")
    assert target is not None
    assert (str(target.uri), target.destination, target.node) == (
        "sip:anna@192.0.2.2:5060",
        Address("192.0.2.2", 5060),
        "n2",
    )
    assert await first.nodes.at("n3", "anna") is None
    assert first.nodes.proofs.knows("h")
    assert first.nodes.proofs.secret == second.nodes.proofs.secret
    assert first.nodes.figures() == {"living": 2, "sites": 2}
    assert await second.nodes.check() == "2: n1 (site-n1), n2 (site-n2)"


async def test_a_node_that_has_just_come_is_found_when_it_is_asked_for(installation: Installation) -> None:
    (first,) = await installation.start("n1")
    assert first.nodes.alone
    await installation.start("n2")
    assert await first.nodes.at("n2", "anna") is not None
    assert not first.nodes.alone


async def test_one_of_the_others_looks_after_a_lost_node(installation: Installation) -> None:
    first, second, third = await installation.start("n1", "n2", "n3")
    await installation.pass_lease(first, second)
    await second.nodes.look()
    assert (second.lost, second.inherited) == (["n3"], [])
    await first.nodes.look()
    await first.nodes.look()
    assert (first.lost, first.inherited) == (["n3"], ["n3"])
    (event,) = first.sink.events
    assert isinstance(event, NodeLost)
    assert (event.lost, event.site, event.phones_taken, event.phones_gone) == ("n3", "site-n3", 2, 1)
    assert installation.sites.said[-1] == ("site-n3", "node")
    await third.start()
    await first.nodes.look()
    assert installation.sites.said[-1] == ("site-n3", "back")


async def test_a_node_that_stopped_in_order_is_inherited_without_an_alarm(installation: Installation) -> None:
    first, _ = await installation.start("n1", "n2")
    await Nodes(installation.client, "t").leave("n2")
    await first.nodes.look()
    assert first.inherited == ["n2"]
    assert first.sink.events == []
    assert installation.sites.said[-1] == ("site-n2", "node")


async def test_a_node_that_started_anew_has_lost_the_calls_that_it_had(installation: Installation) -> None:
    first, second = await installation.start("n1", "n2")
    second.record = replace(second.record, since_ms=2)
    await second.start()
    await first.nodes.look()
    assert (first.lost, first.inherited) == (["n2"], [])


async def test_a_site_whose_trunks_are_silent_is_lost_and_comes_back(installation: Installation) -> None:
    first, second = await installation.start("n1", "n2")
    assert sorted(installation.sites.said) == [("site-n1", "back"), ("site-n2", "back")]
    second.down = True
    await second.nodes.look()
    await first.nodes.look()
    assert installation.sites.said[-1] == ("site-n2", "trunk")
    assert "n2 (site-n2, cut off)" in await first.nodes.check()
    second.down = False
    await second.nodes.look()
    await first.nodes.look()
    assert installation.sites.said[-1] == ("site-n2", "back")
    assert len(installation.sites.said) == 4


async def test_a_node_that_redis_forgot_says_again_who_it_is(installation: Installation) -> None:
    first, second = await installation.start("n1", "n2")
    secret = first.nodes.proofs.secret
    await installation.client.flushall()
    for one in (first, second):
        await one.beat()
        await one.nodes.look()
    await first.nodes.look()
    assert not first.nodes.alone
    assert await Nodes(installation.client, "t").secret() == secret


def test_a_node_says_where_it_is_reached_and_where_it_sends_from() -> None:
    identity = Identity("t", "n1", lambda: 7)
    config = Config(node=NodeSection(site="alta"))
    plain = record(config, identity, [Address("192.0.2.1", 5060), Address("192.0.2.1", 5061, "TLS")], "1.0")
    assert plain == NodeRecord("n1", "alta", "sip:192.0.2.1:5060", ("192.0.2.1",), "1.0", 7)
    section = NodesSection(address="sip:198.51.100.1:5061;transport=tls", hosts=["203.0.113.1"])
    set_ = record(replace(config, nodes=section), identity, [Address("2001:db8::1", 5060, "TCP")], "1.0")
    assert set_.address == section.address
    assert set_.hosts == ("198.51.100.1", "2001:db8::1", "203.0.113.1")
    bare = record(config, identity, [Address("2001:db8::1", 5060, "TCP")], "1.0")
    assert bare.address == "sip:[2001:db8::1]:5060;transport=tcp"


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (NodesSection(srtp="maybe"), "[nodes] srtp = 'maybe'"),
        (NodesSection(hosts=["alta.example"]), "[nodes] hosts: 'alta.example'"),
        (NodesSection(address="192.0.2.1"), "[nodes] address: "),
        (NodesSection(address="sip:alta.example:5060"), "expected an IP address in it"),
    ],
)
def test_what_others_cannot_use_is_refused_before_the_start(section: NodesSection, told: str) -> None:
    (mistake,) = mistakes(Config(nodes=section))
    assert told in mistake
    assert list(mistakes(Config(nodes=NodesSection(address="sip:192.0.2.1:5061;transport=tls", srtp="required")))) == []


async def test_of_a_lost_node_the_first_that_lives_speaks(installation: Installation) -> None:
    two = await installation.start("n1", "n2")
    assert [site.nodes.speaks_for("n1") for site in two] == [True, False]
    assert [site.nodes.speaks_for("n2") for site in two] == [False, True]
    assert [site.nodes.speaks_for("n9") for site in two] == [True, False]
