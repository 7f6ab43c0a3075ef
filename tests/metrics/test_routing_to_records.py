"""Tiers, partners and journeys as the distributor's own rules tell them, and what records and reasons make of them."""

from dataclasses import dataclass, field
from typing import Any

from acd.model import (
    AgentId,
    AgentSpec,
    Enqueue,
    NodeId,
    OfferId,
    PartnerSpec,
    QueueId,
    QueueSpec,
    SiteId,
    SiteSpec,
    Tier,
)
from acd.simulated import ModelDistributor
from events.catalogue import ContactReleased, Event, OfferMade
from events.sink import MemorySink
from metrics.pipeline import Folds
from metrics.reasons import told
from tests.metrics.told import DAY_MS, NODE, TENANT, ended, started, stream

FAMILY, WORK = QueueId("family"), QueueId("work")
TIERS = (Tier(sites="own"), Tier(sites="neighbours", after_s=45), Tier(partner="help", after_s=60))
TIER_WORDS = {1: "own site", 2: "neighbours", 3: "the partner help"}


@dataclass
class Country:
    """Two sites, an agent at each, a partner with two lines, and time that goes when it is told to."""

    now_ms: int = DAY_MS
    sink: MemorySink = field(default_factory=MemorySink)

    async def open(self) -> ModelDistributor:
        acd = ModelDistributor(TENANT, NodeId(NODE), lambda: self.now_ms, self.sink)
        oslo, moss = SiteId("oslo"), SiteId("moss")
        agents = [
            AgentSpec(AgentId(name), site, {"family": 5, "work": 5})
            for name, site in (("anna", oslo), ("kari", moss), ("per", moss))
        ]
        sites = [SiteSpec(oslo, (moss,)), SiteSpec(moss, (oslo,))]
        partners = [PartnerSpec("help", 2, rings_s=10, rest_s=5)]
        await acd.configure([QueueSpec(FAMILY, tiers=TIERS), QueueSpec(WORK)], agents, sites, partners)
        return acd

    async def comes(self, acd: ModelDistributor, contact: str, queue: QueueId = FAMILY, **values: Any) -> None:
        self.sink.emit(started(contact, self.now_ms))
        await acd.enqueue(Enqueue(contact, queue, NodeId(NODE), site=SiteId("oslo"), **values))

    async def live(self, acd: ModelDistributor, seconds: int) -> None:
        for _ in range(seconds):
            self.now_ms += 1_000
            await acd.beat(NodeId(NODE), 0)
            await acd.due()

    def offer(self) -> tuple[OfferId, int]:
        made = [event for event in self.sink.events if isinstance(event, OfferMade)][-1]
        return OfferId(made.offer), made.fence

    def of(self, contact: str) -> list[Event]:
        return [event for event in self.sink.events if event.contact == contact]

    def folds(self) -> Folds:
        folds = Folds(TENANT)
        folds.apply(stream(self.sink.events))
        assert set(folds.service_level.balances().values()) <= {0}
        return folds


async def test_a_story_of_tiers_and_a_partner_is_told_in_full_and_everything_adds_up() -> None:
    country = Country()
    acd = await country.open()
    for agent in ("kari", "per"):
        await acd.log_in(AgentId(agent))
    for slot in ("help/1", "help/2"):
        await acd.log_in(AgentId(slot))
    await country.comes(acd, "c1")
    await country.live(acd, 45)
    await acd.fail(*country.offer(), "no_answer")
    await acd.fail(*country.offer(), "busy")
    await country.live(acd, 15)
    await acd.fail(*country.offer(), "no_answer")
    await country.live(acd, 5)
    await country.live(acd, 2)
    await acd.accept(*country.offer())
    await country.live(acd, 30)
    await acd.finish("c1", "caller_hung_up")
    country.sink.emit(ended("c1", "transferred", country.now_ms))
    sentences = [(one.at_ms - DAY_MS) // 1000 for one in told(country.of("c1"))]
    story = [one.text for one in told(country.of("c1"), lambda _queue, tier: TIER_WORDS[tier])]
    assert story[1:3] == [
        "queued in family as number 1, caller's site oslo",
        "not offered: nobody of tier 1 (own site) is logged in",
    ]
    rest = "next in the order of those whom the agent may serve"
    assert "tier 2 (neighbours) of family opened: its wait was long enough for it" in story
    assert f"offered to kari (moss): longest idle of 2 ready, tier 2 (neighbours), waited 45 s in all, {rest}" in story
    assert "kari did not answer (no_answer, 0 s), place kept" in story
    assert (
        f"offered to the partner help: one of 2 free lines, tier 3 (the partner help), waited 60 s in all, {rest}"
        in (story)
    )
    assert "the partner help did not answer (no_answer, 0 s), place kept" in story
    assert "the partner help answered after 2 s of ringing, 67 s in family" in story
    assert "left family after 67 s: went on (partner)" in story
    assert story[-2] == "the talk at the partner help ended after 30 s (caller hung up)"
    assert sentences == sorted(sentences)
    folds = country.folds()
    tally = folds.service_level.tally("family")
    assert (tally.offered, tally.answered, tally.lost, tally.flowed_out) == (1, 0, 0, 1)
    assert folds.counters.transfer_answer_rates() == {"help": 0.5}
    assert folds.call_records.in_progress == 0
    assert folds.wallboard.by_state()["ready"] == 0
    numbers = next(one for one in await acd.queues() if one.queue == FAMILY)
    assert (numbers.offered, numbers.flowed_out, numbers.waiting) == (1, 1, 0)


async def test_a_journey_over_two_queues_keeps_its_wait_and_each_queue_adds_up() -> None:
    country = Country()
    acd = await country.open()
    await acd.log_in(AgentId("anna"))
    await country.comes(acd, "c1")
    await country.live(acd, 3)
    await acd.accept(*country.offer())
    await country.live(acd, 20)
    await acd.finish("c1", "transferred")
    waited_ms = 3_000
    await acd.not_ready(AgentId("anna"), "break")
    await acd.log_in(AgentId("kari"))
    await acd.not_ready(AgentId("kari"), "break")
    await acd.enqueue(
        Enqueue("c1", WORK, NodeId(NODE), site=SiteId("oslo"), since_ms=country.now_ms - waited_ms)
    )  # fmt: skip
    await country.live(acd, 7)
    await acd.ready(AgentId("kari"))
    await country.live(acd, 1)
    await acd.accept(*country.offer())
    await country.live(acd, 9)
    await acd.finish("c1", "caller_hung_up")
    country.sink.emit(ended("c1", "answered", country.now_ms))
    made = [event for event in country.of("c1") if isinstance(event, OfferMade)]
    assert [(offer.waited_ms, offer.total_waited_ms) for offer in made] == [(0, 0), (7_000, 10_000)]
    folds = country.folds()
    counts = folds.counters.copy()
    assert counts["journey_wait_sum"] == {("work",): 3_000 + 8_000}
    assert counts["units_met"] == {("2",): 1}
    assert [event.talked_ms for event in country.of("c1") if isinstance(event, ContactReleased)] == [20_000, 9_000]
    for queue in ("family", "work"):
        tally = folds.service_level.tally(queue)
        assert (tally.offered, tally.answered) == (1, 1)
