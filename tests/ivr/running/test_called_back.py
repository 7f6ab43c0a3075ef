"""Talks that come of a callback: agents may do in them what they may in any other."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from acd.model import AgentId, AgentSpec, Offer, QueueId, QueueSpec, SiteId
from acd.promises import NewPromise
from events.catalogue import CallbackEnded, ContactEnded, ContactQueued, ContactReleased, TransferEnded, WrapUpEnded
from ivr.language.prompting import Said
from ivr.ports.call import AgentLeg, Call, CallInfo, Clip, ContactId
from ivr.ports.ringing_back import Due, Gone
from ivr.ports.talk import Gone as HungUp
from ivr.ports.talk import Held, Pressed, TransferTarget
from ivr.running.callbacks import RingingBack, Terms
from ivr.running.conversation import Conversation
from ivr.running.directory import Directory, short_numbers
from ivr.running.offers import Offers
from ivr.running.talks import Talks
from ivr.simulator.call import SimulatedCall
from svar.callbacks import StoredLedger
from tests.ivr.engine import NODE, Engine
from tests.ivr.running.room import CODES, Destinations, Table

VIRTUAL_TIME = True
CALLBACK = "c1.cb"
DETAIL = '{"number": "+4722334455", "language": "nb", "order": "agent_first"}'
BERIT = TransferTarget("agent", "berit")
TAXI = TransferTarget("destination", "taxi")


class Customers:
    """The way to the one caller, who answers."""

    def __init__(self) -> None:
        self.call: SimulatedCall

    async def barred(self, due: Due) -> str:
        return ""

    async def ring(self, due: Due) -> Call:
        self.call = SimulatedCall(CallInfo(ContactId(due.callback), "q", "carrier", due.pii_number))
        self.call.answered = True
        return self.call

    async def tell(self, leg: AgentLeg, clips: tuple[Clip, ...]) -> None:
        """Nobody listens."""

    def watch(self, leg: AgentLeg, gone: Gone) -> None:
        """No agent hangs up that early here."""


class Room:
    """kari of queue q, which has a wrap-up, talks to a caller who was rung back; berit serves another queue."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.customers = Customers()
        self.tables: list[Table] = []
        self.destinations = Destinations()
        directory = Directory(
            agents=lambda: ["kari", "berit"],
            queues=lambda: ["q", "second"],
            destinations=lambda: ["taxi"],
            numbers=short_numbers({"21": "agent:berit"}),
        )
        self.talks = Talks(self._table, self.destinations, directory, CODES)
        engine, terms = self.engine, Terms(Said({"nb": "Du ba oss ringe."}), Said({"nb": "Til {caller}."}))
        self.task: asyncio.Task[None] | None = None
        self.run: RingingBack | None = None

        def unclaimed(offer: Offer) -> None:
            self.run = run = RingingBack(
                engine.services, self.customers, StoredLedger(engine.distributor), terms, offer
            )
            self.task = engine.spawn(run.run())

        offers = Offers(engine.distributor, NODE, unclaimed)
        engine.services = replace(engine.services, talks=self.talks, offers=offers)

    def _table(self, call: Call, leg: AgentLeg) -> Table:
        self.tables.append(Table())
        return self.tables[-1]

    @property
    def table(self) -> Table:
        return self.tables[-1]

    @property
    def talk(self) -> Conversation:
        found = self.talks.of_agent("kari")
        assert found is not None
        assert found is self.talks.of(CALLBACK)
        return found

    async def begin(self) -> None:
        distributor = self.engine.distributor
        await self.engine.staff("kari")
        queues = [QueueSpec(QueueId("q"), wrap_up_s=60), QueueSpec(QueueId("second"))]
        skills = {"kari": {"q": 1}, "berit": {"second": 1}}
        agents = [AgentSpec(AgentId(name), SiteId("s"), levels) for name, levels in skills.items()]
        await distributor.configure(queues, agents)
        await distributor.log_in(AgentId("berit"))
        came_ms = self.engine.now_ms() - 90_000
        await distributor.promise(NewPromise(CALLBACK, "c1", QueueId("q"), ("who",), DETAIL, arrived_ms=came_ms))
        await asyncio.sleep(5)
        assert self.table.caller_with == ("kari",)

    async def states(self) -> dict[str, str]:
        return {now.agent: f"{now.state} {now.reason}".strip() for now in await self.engine.distributor.agents()}

    async def over(self) -> None:
        assert self.task is not None
        await self.task
        await self.engine.commands.drain(1)
        assert len(self.talks) == len(self.engine.services.offers) == 0
        assert self.customers.call.ended


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    made = Room()
    await made.begin()
    yield made
    await made.engine.close()


async def test_the_agent_consults_takes_back_and_gives_the_caller_away(room: Room) -> None:
    await room.talk.consult(BERIT)
    await asyncio.sleep(2)
    assert (room.table.caller_with, set(room.table.apart)) == ((), {"kari", "berit"})
    await room.talk.take_back()
    assert room.table.caller_with == ("kari",)
    await asyncio.sleep(0.1)
    await room.talk.consult(BERIT)
    await asyncio.sleep(2)
    await room.talk.complete()
    assert room.table.caller_with == ("berit",)
    await room.engine.commands.drain(1)
    assert (await room.states())["kari"] == "wrap_up"
    room.table.told["berit"](HungUp("agent_hung_up"))
    await room.over()
    assert (await room.states())["berit"].startswith("ready")
    outcomes = [(one.how, one.outcome) for one in room.engine.told(TransferEnded)]
    assert outcomes == [("attended", "taken_back"), ("attended", "answered")]
    assert [one.cause for one in room.engine.told(ContactReleased)] == ["transferred"]


async def test_keys_and_hold_work_and_three_may_talk(room: Room) -> None:
    room.table.told["kari"](Held(held=True))
    await asyncio.sleep(1)
    assert room.table.caller_with == ()
    room.table.told["kari"](Held(held=False))
    for key in "*121#":
        room.table.told["kari"](Pressed(key))
    await asyncio.sleep(2)
    for key in "*5":
        room.table.told["kari"](Pressed(key))
    await asyncio.sleep(1)
    assert set(room.table.caller_with) == {"kari", "berit"}


async def test_a_caller_who_hangs_up_frees_everybody_and_the_agent_wraps_up(room: Room) -> None:
    await room.talk.consult(BERIT)
    await asyncio.sleep(2)
    room.customers.call.hang_up()
    await room.over()
    assert set(room.table.gone) == {"kari", "berit"}
    states = await room.states()
    assert (states["kari"], states["berit"].split()[0]) == ("wrap_up", "ready")
    assert [one.cause for one in room.engine.told(ContactReleased)] == ["caller_hung_up"]
    ended = room.engine.told(ContactEnded)
    assert [(one.contact, one.outcome, one.cause) for one in ended] == [(CALLBACK, "answered", "caller_hung_up")]
    await room.engine.distributor.end_wrap_up(AgentId("kari"), "address", concluded=True)
    assert [(one.queue, one.contact, one.topic) for one in room.engine.told(WrapUpEnded)] == [
        ("q", CALLBACK, "address")
    ]


async def test_a_caller_who_is_given_to_a_queue_waits_there_with_the_wait_so_far(room: Room) -> None:
    await room.talk.to_queue("second")
    await asyncio.sleep(4)
    assert room.table.caller_with == ("berit",)
    [queued] = room.engine.told(ContactQueued)
    assert (queued.contact, queued.queue) == (CALLBACK, "second")
    assert 90_000 <= queued.at_ms - queued.since_ms <= 100_000
    assert room.talks.of_agent("berit") is room.talks.of(CALLBACK)
    room.customers.call.hang_up()
    await room.over()
    assert [(one.queue, one.cause) for one in room.engine.told(ContactReleased)] == [
        ("q", "transferred"),
        ("second", "caller_hung_up"),
    ]
    assert len(room.engine.told(CallbackEnded)) == 1


async def test_a_transfer_that_nobody_takes_and_an_agent_who_left_lead_back_to_the_queue(room: Room) -> None:
    room.destinations.cause, room.destinations.after_s = "busy", 5.0
    await room.talk.blind(TAXI)
    room.engine.phones.cause = "no_answer"
    room.table.told["kari"](HungUp("agent_hung_up"))
    await asyncio.sleep(30)
    assert [(one.contact, one.queue) for one in room.engine.told(ContactQueued)] == [(CALLBACK, "q")]
    assert not room.customers.call.ended
    room.customers.call.hang_up()
    await room.over()


async def test_a_caller_for_whom_nobody_comes_in_the_queue_is_hung_up_at_last(room: Room) -> None:
    await room.engine.distributor.not_ready(AgentId("berit"), "lunch")
    await room.talk.to_queue("second")
    await asyncio.sleep(4 * 3600 + 60)
    await room.over()


async def test_a_node_that_stops_leaves_nobody_on_the_line(room: Room) -> None:
    assert room.task is not None
    room.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await room.task
    await room.engine.commands.drain(1)
    assert room.table.gone == ["kari"]
    assert room.customers.call.ended
    assert [one.cause for one in room.engine.told(ContactReleased)] == ["shutdown"]


async def test_the_talk_is_ended_by_an_order(room: Room) -> None:
    assert room.run is not None
    await room.run.hang_up("ordered")
    await room.over()
    assert [one.cause for one in room.engine.told(ContactReleased)] == ["ordered"]
    assert [one.cause for one in room.engine.told(ContactEnded)] == ["ordered"]
