"""One turn of a promise to ring back: who is rung in which order, and what the distributor is told of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from acd.distributor import Refused, Unavailable
from acd.model import AgentId, Grounds, NodeId, Offer, OfferId, QueueId, Revoked, SiteId
from events.catalogue import ContactEnded, ContactStarted
from ivr.language.prompting import Said
from ivr.ports.call import AgentLeg, Call, CallInfo, Clip, ContactId
from ivr.ports.phones import NotAnswered
from ivr.ports.ringing_back import Due, Gone
from ivr.running.callbacks import RingingBack, Terms
from ivr.running.offers import Offers
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import NODE, Engine

VIRTUAL_TIME = True
DUE = Due("c1.cb", "c1", "q", "nb", "agent_first", 0, "+4722334455")
SAYS = Said({"nb": "Du ba oss ringe."})
TELLS = Said({"nb": "Til {caller}."})
TERMS = Terms(SAYS, TELLS, ring_s=10.0, dials_s=30.0, holds_s=60.0)


def offer(n: int = 1) -> Offer:
    return Offer(
        OfferId(f"o{n}"),
        DUE.callback,
        QueueId("q"),
        AgentId("anna"),
        SiteId("s"),
        NODE,
        fence=n,
        deadline_ms=0,
        rings_for_ms=50_000,
        waited_ms=0,
        grounds=Grounds(kind="callback"),
    )


@dataclass
class Told:
    """The distributor and the ledger in one: what they are told, in order. `refuses`: commands and their refusals."""

    due_now: Due = DUE
    refuses: dict[str, Exception] = field(default_factory=dict)
    told: list[tuple[str, ...]] = field(default_factory=list)
    then: list[Offer] = field(default_factory=list)
    heard: Callable[[Offer | Revoked], None] = lambda _: None

    def listen(self, node: NodeId, heard: Callable[[Offer | Revoked], None]) -> None:
        self.heard = heard

    async def due(self, callback: str) -> Due:
        self._maybe("due")
        return self.due_now

    async def hold(self, offer: OfferId, fence: int) -> None:
        self._note("hold", offer)

    async def tried(self, callback: str, cause: str) -> None:
        self._note("tried", cause)

    async def accept(self, offer: OfferId, fence: int) -> None:
        self._note("accept", offer)

    async def fail(self, offer: OfferId, fence: int, cause: str) -> None:
        self._note("fail", offer, cause)
        for message in self.then:
            self.heard(message)

    async def finish(self, contact: str, cause: str) -> None:
        self._note("finish", contact, cause)

    def _note(self, *what: str) -> None:
        self._maybe(what[0])
        self.told.append(what)

    def _maybe(self, name: str) -> None:
        if name in self.refuses:
            raise self.refuses[name]


class Caller:
    """The way to one caller: `cause` why they do not answer, else they do `after_s`, and hang up after `stays_s`."""

    def __init__(self) -> None:
        self.bar = ""
        self.cause = ""
        self.after_s = 3.0
        self.stays_s: float | None = None
        self.calls: list[SimulatedCall] = []
        self.dialled = 0
        self.told: list[str] = []
        self.agent_leaves_after_s: float | None = None

    async def barred(self, due: Due) -> str:
        return self.bar

    async def ring(self, due: Due) -> Call:
        self.dialled += 1
        await asyncio.sleep(self.after_s)
        if self.cause:
            raise NotAnswered(self.cause)
        call = SimulatedCall(CallInfo(ContactId(due.callback), "5000", "carrier", due.pii_number))
        call.answered = True
        self.calls.append(call)
        if self.stays_s is not None:
            asyncio.get_running_loop().call_later(self.stays_s, call.hang_up)
        return call

    async def tell(self, leg: AgentLeg, clips: tuple[Clip, ...]) -> None:
        self.told += [clip.text for clip in clips]

    def watch(self, leg: AgentLeg, gone: Gone) -> None:
        if self.agent_leaves_after_s is not None:
            asyncio.get_running_loop().call_later(self.agent_leaves_after_s, gone)


class World:
    """Everything around one run."""

    def __init__(self, due: Due = DUE) -> None:
        self.engine = Engine()
        self.told = Told(due)
        self.caller = Caller()
        distributor: Any = self.told
        self.unclaimed: list[Offer] = []
        offers = Offers(distributor, NODE, self.unclaimed.append)
        self.services = replace(self.engine.services, distributor=distributor, offers=offers)
        self.turn: RingingBack

    def begin(self) -> "asyncio.Task[None]":
        self.turn = RingingBack(self.services, self.caller, self.told, TERMS, offer())
        return asyncio.ensure_future(self.turn.run())

    async def run(self) -> list[tuple[str, ...]]:
        """What the distributor is told in all, when everybody is on the hook again."""
        await self.begin()
        return await self.all_told()

    async def all_told(self) -> list[tuple[str, ...]]:
        await self.engine.commands.drain(400.0)
        assert all(leg.ended.done() for leg in self.engine.phones.legs), "an agent's phone is left"
        assert all(call.ended for call in self.caller.calls), "a caller is left"
        assert len(self.services.offers) == 0
        return self.told.told

    def clock(self) -> float:
        return asyncio.get_running_loop().time()


CALLER_FIRST = replace(DUE, order="caller_first")
FINISHED = ("finish", "c1.cb", "agent_hung_up")


async def test_the_agent_hears_whom_it_is_for_and_then_the_caller_is_rung_and_greeted() -> None:
    world = World()
    assert await world.run() == [("accept", "o1"), FINISHED]
    assert world.caller.told == ["Til fire sju to to tre tre fire fire fem fem."]
    assert [heard.text for heard in world.caller.calls[0].heard] == ["Du ba oss ringe."]
    started, ended = world.engine.told(ContactStarted), world.engine.told(ContactEnded)
    assert [(one.contact, one.flow, one.trunk) for one in started] == [("c1.cb", "callback", "carrier")]
    assert [(one.contact, one.outcome, one.cause) for one in ended] == [("c1.cb", "answered", "agent_hung_up")]
    assert 60_000 <= ended[0].duration_ms < 61_000


async def test_the_caller_is_rung_first_while_the_agent_is_reserved() -> None:
    world = World(CALLER_FIRST)
    assert await world.run() == [("hold", "o1"), ("accept", "o1"), FINISHED]
    assert world.caller.told == []
    assert [heard.text for heard in world.caller.calls[0].heard] == ["Du ba oss ringe."]


@pytest.mark.parametrize("due", [DUE, CALLER_FIRST])
async def test_who_hangs_up_in_the_talk_is_told(due: Due) -> None:
    world = World(due)
    world.caller.stays_s = 20.0
    assert (await world.run())[-1] == ("finish", "c1.cb", "caller_hung_up")


@pytest.mark.parametrize("due", [DUE, CALLER_FIRST])
@pytest.mark.parametrize("cause", ["busy", "no_answer", "rejected", "unreachable", "capped"])
async def test_a_caller_who_is_not_reached_is_told_with_the_cause(due: Due, cause: str) -> None:
    world = World(due)
    world.caller.cause = cause
    assert await world.run() == [("tried", cause)]


async def test_a_phone_that_only_rings_is_rung_for_so_long_and_the_agent_is_freed() -> None:
    world = World()
    world.caller.after_s = 1000.0
    assert await world.run() == [("tried", "no_answer")]
    assert world.clock() == pytest.approx(1.0 + 10.0, abs=0.1)


@pytest.mark.parametrize("why", ["not_allowed", "capped"])
async def test_who_may_not_be_rung_is_not_and_no_agent_is_bothered(why: str) -> None:
    world = World()
    world.caller.bar = why
    assert await world.run() == [("tried", why)]
    assert world.caller.dialled == len(world.engine.phones.rung) == 0


@pytest.mark.parametrize("cause", ["no_answer", "busy", "rejected", "unreachable"])
async def test_an_agent_who_misses_it_costs_no_try(cause: str) -> None:
    world = World()
    world.engine.phones.cause = cause
    assert await world.run() == [("fail", "o1", cause)]
    assert world.caller.dialled == 0


async def test_the_next_agent_is_offered_it_in_a_run_of_its_own() -> None:
    world = World()
    world.engine.phones.cause = "busy"
    world.told.then = [offer(2)]
    await world.run()
    assert [one.offer for one in world.unclaimed] == ["o2"]


async def test_an_agents_phone_rings_no_longer_than_the_queue_says() -> None:
    world = World()
    world.engine.phones.after_s = 1000.0
    assert await world.run() == [("fail", "o1", "no_answer")]
    assert world.clock() == pytest.approx(20.0, abs=0.1)


async def test_an_agent_who_hangs_up_before_the_caller_answers_has_rejected_it() -> None:
    world = World()
    world.caller.agent_leaves_after_s = 1.0
    assert await world.run() == [("fail", "o1", "rejected"), ("tried", "revoked")]
    assert world.caller.calls == []


async def test_a_caller_on_the_line_waits_for_the_next_agent() -> None:
    world = World(CALLER_FIRST)
    world.engine.phones.cause = "no_answer"
    task = world.begin()
    await asyncio.sleep(6)
    world.engine.phones.cause = ""
    world.told.heard(offer(2))
    await task
    assert await world.all_told() == [("hold", "o1"), ("fail", "o1", "no_answer"), ("accept", "o2"), FINISHED]


async def test_a_caller_on_the_line_for_whom_nobody_comes_is_rung_again() -> None:
    world = World(CALLER_FIRST)
    world.engine.phones.cause = "busy"
    assert await world.run() == [("hold", "o1"), ("fail", "o1", "busy"), ("tried", "no_agent")]


async def test_a_caller_who_hangs_up_before_an_agent_comes_has_left() -> None:
    world = World(CALLER_FIRST)
    world.engine.phones.cause, world.caller.stays_s = "busy", 20.0
    assert (await world.run())[-1] == ("tried", "left")


async def test_a_caller_who_hangs_up_while_the_agents_phone_rings_stops_it() -> None:
    world = World(CALLER_FIRST)
    world.engine.phones.after_s, world.caller.stays_s = 15.0, 5.0
    assert await world.run() == [("hold", "o1"), ("tried", "left")]
    assert world.engine.phones.stopped == 1


async def test_a_caller_who_hangs_up_during_the_greeting_is_no_talk() -> None:
    world = World()
    world.caller.stays_s = 0.1
    assert await world.run() == [("tried", "left")]
    assert world.engine.told(ContactStarted) == []


@pytest.mark.parametrize(("due", "at_s"), [(DUE, 0.5), (DUE, 2.0), (CALLER_FIRST, 2.0), (CALLER_FIRST, 3.5)])
async def test_a_lease_that_is_lost_ends_everything(due: Due, at_s: float) -> None:
    world = World(due)
    task = world.begin()
    await asyncio.sleep(at_s)
    world.told.heard(Revoked(OfferId("o1"), "c1.cb", "no_answer"))
    await task
    told = await world.all_told()
    assert told[-1] == ("tried", "revoked")
    assert ("accept", "o1") not in told


async def test_a_turn_that_is_ended_by_an_order_rings_nobody_any_more() -> None:
    world = World()
    task = world.begin()
    await asyncio.sleep(0.5)
    await world.turn.hang_up("ordered")
    await task
    assert await world.all_told() == [("tried", "revoked")]
    assert world.caller.dialled == 0


async def test_another_offers_end_is_none_of_ours() -> None:
    world = World()
    task = world.begin()
    await asyncio.sleep(0.5)
    world.told.heard(Revoked(OfferId("o0"), "c1.cb", "no_answer"))
    await task
    assert (await world.all_told())[-1] == FINISHED


async def test_a_lease_that_was_lost_at_the_last_moment_joins_nobody() -> None:
    world = World()
    world.told.refuses["accept"] = Refused("NOOFFER", "gone")
    assert await world.run() == []
    assert world.engine.told(ContactStarted) == []


async def test_a_promise_that_is_over_rings_nobody() -> None:
    world = World()
    world.told.refuses["due"] = Refused("NOCONTACT", "cancelled")
    assert await world.run() == []
    assert world.engine.phones.rung == []


async def test_while_the_store_is_away_nobody_is_rung() -> None:
    world = World()
    world.told.refuses["due"] = Unavailable("away")
    assert await world.run() == [("tried", "error")]
    assert world.engine.phones.rung == []


async def test_a_run_that_fails_blames_no_agent() -> None:
    world = World()
    world.told.refuses["due"] = KeyError("number")
    with pytest.raises(KeyError):
        await world.begin()
    assert await world.all_told() == [("tried", "error")]


@pytest.mark.parametrize("due", [DUE, CALLER_FIRST])
@pytest.mark.parametrize("at_s", [0.5, 2.0, 3.5, 5.5])
async def test_a_node_that_stops_leaves_nobody_on_the_line(due: Due, at_s: float) -> None:
    world = World(due)
    task = world.begin()
    await asyncio.sleep(at_s)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    told = await world.all_told()
    assert told[-1] == ("tried", "shutdown")


async def test_a_node_that_stops_in_a_talk_finishes_it() -> None:
    world = World()
    task = world.begin()
    await asyncio.sleep(30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ("finish", "c1.cb", "shutdown") in await world.all_told()
