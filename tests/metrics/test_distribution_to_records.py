"""The events as the distributor's own rules write them, and what the folds make of them."""

from dataclasses import dataclass, field

import pytest

from acd.model import AgentId, AgentSpec, Enqueue, NodeId, OfferId, QueueId, QueueSpec, SiteId
from acd.simulated import ModelDistributor
from events.catalogue import OfferMade
from events.sink import MemorySink
from metrics.cdr import CallRecord, CallRecords
from metrics.pipeline import Folds
from tests.metrics.told import DAY_MS, NODE, ended, started, stream, tell

KARI = AgentId("kari")
PENSJON = QueueId("pensjon")


@dataclass
class Desk:
    """One queue and one agent, and time that goes when it is told to."""

    wrap_up_s: int
    now_ms: int = DAY_MS
    sink: MemorySink = field(default_factory=MemorySink)

    async def open(self) -> ModelDistributor:
        acd = ModelDistributor("nav", NodeId(NODE), lambda: self.now_ms, self.sink)
        queue = QueueSpec(PENSJON, wrap_up_s=self.wrap_up_s)
        await acd.configure([queue], [AgentSpec(KARI, SiteId("oslo"), {"pensjon": 5})])
        await acd.log_in(KARI)
        return acd

    def offer(self) -> tuple[OfferId, int]:
        """The last offer and its fence."""
        made = [event for event in self.sink.events if isinstance(event, OfferMade)][-1]
        return OfferId(made.offer), made.fence

    async def arrive(self, acd: ModelDistributor, contact: str) -> None:
        self.sink.emit(started(contact, self.now_ms))
        self.now_ms += 1_000
        await acd.enqueue(Enqueue(contact, PENSJON, NodeId(NODE)))

    def folded(self) -> tuple[Folds, list[CallRecord]]:
        """The folds over all that was told, and the records."""
        folds, alone = Folds("nav"), CallRecords()
        folds.apply(stream(self.sink.events))
        tell(alone, self.sink.events)
        return folds, alone.take()


@pytest.mark.parametrize("wrap_up_s", [0, 30])
@pytest.mark.parametrize("told_first", ["the node", "the distributor"])
async def test_a_call_is_one_closed_record_with_its_talk(wrap_up_s: int, told_first: str) -> None:
    desk = Desk(wrap_up_s)
    acd = await desk.open()
    await desk.arrive(acd, "c1")
    desk.now_ms += 2_000
    await acd.accept(*desk.offer())
    desk.now_ms += 60_000
    if told_first == "the node":
        desk.sink.emit(ended("c1", at_ms=desk.now_ms))
    await acd.finish("c1", "caller_hung_up")
    if told_first == "the distributor":
        desk.sink.emit(ended("c1", at_ms=desk.now_ms))
    if wrap_up_s:
        assert desk.folded()[1] == []
        desk.now_ms += 5_000
        await acd.end_wrap_up(KARI, "alderspensjon")
    folds, (record,) = desk.folded()
    assert (record["agent"], record["talked_ms"], record["waited_ms"]) == ("kari", 60_000, 2_000)
    assert (record["topic"], record["wrap_up_ms"]) == (("alderspensjon", 5_000) if wrap_up_s else ("", 0))
    assert [offer["outcome"] for offer in record["offers"]] == ["answered"]
    assert record["closed_by"] == "ended"
    assert folds.wallboard.by_state()["ready"] == 1
    assert (folds.service_level.tally().answered, folds.call_records.in_progress) == (1, 0)


async def test_a_caller_who_hangs_up_while_ringing_is_lost_and_the_offer_was_not_missed() -> None:
    desk = Desk(0)
    acd = await desk.open()
    await desk.arrive(acd, "c1")
    desk.now_ms += 3_000
    desk.sink.emit(ended("c1", "abandoned", desk.now_ms))
    await acd.leave("c1", "caller_hung_up")
    folds, (record,) = desk.folded()
    assert (record["outcome"], record["waited_ms"], record["offers"][0]["outcome"]) == (
        "abandoned",
        3_000,
        "caller_left",
    )
    assert (folds.service_level.tally().lost, folds.wallboard.offers()["pensjon"].missed) == (1, 0)


async def test_an_offer_that_nobody_answers_is_missed_and_the_caller_still_waits() -> None:
    desk = Desk(0)
    acd = await desk.open()
    await desk.arrive(acd, "c1")
    await acd.fail(*desk.offer(), "no_answer")
    folds, records = desk.folded()
    assert records == []
    assert folds.wallboard.offers()["pensjon"].rona == 1
    assert folds.wallboard.by_state()["not_ready"] == 1
    assert folds.service_level.tally().waiting == 1


async def test_contacts_of_a_lost_node_are_closed_waiting_or_talking() -> None:
    desk = Desk(30)
    acd = await desk.open()
    await desk.arrive(acd, "talks")
    await acd.accept(*desk.offer())
    await desk.arrive(acd, "waits")
    assert await acd.drop_node(NodeId(NODE), "node_lost") == 2
    await acd.ready(KARI)
    folds, records = desk.folded()
    assert sorted((r["contact"], r["outcome"], r["cause"]) for r in records) == [
        ("talks", "failed", "node_lost"),
        ("waits", "failed", "node_lost"),
    ]
    assert (folds.call_records.in_progress, folds.service_level.tally().waiting) == (0, 0)
