"""Any valid flow under any caller: the call ends, once, counted rightly, and leaves nothing; also after a take-over."""

import asyncio
import json
import os
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from events.catalogue import ContactAnswered, ContactEnded, ContactLeftQueue, ContactQueued, ContactStarted, Event
from events.sink import MemorySink
from ivr.book import FlowBook, load_book
from ivr.contact import begin, serve
from ivr.language.crises import CrisesInMemory, CrisisOn
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.callbacks import CallbackWish, Kept, Promise, Standing
from ivr.ports.lookups import Cause
from ivr.ports.texting import Sending
from ivr.running.run import FlowRun, Frame
from ivr.simulator.call import SimulatedCall
from ivr.simulator.mailboxes import SimulatedMailboxes
from ivr.simulator.virtual_time import run
from ivr.web.simulated import Answer, SimulatedLookups, SimulatedTexts
from tests.ivr.engine import BEGINS_MS, QUEUE, Engine, Fickle, flow_of
from tests.ivr.flow_folders import MARKER, SECRET, folders

_MORE = int(os.environ.get("FUZZ_EXAMPLES_TIMES", "1"))
LONGEST_S = 40_000.0
"""Longer than any call of these flows: a thousand steps, each of half a minute."""
PROMISES = st.sampled_from(list(Promise))


class Promises:
    """Callbacks that keep to one answer."""

    def __init__(self, promise: Promise) -> None:
        self._promise = promise

    def fits(self, pii_number: str) -> bool:
        return not pii_number.startswith("8")

    async def ask(self, wish: CallbackWish) -> Kept:
        await asyncio.sleep(0.1)
        return Kept(self._promise, "" if wish.pii_caller else "20410732")

    async def standing(self, *, pii_caller: str = "", pii_code: str = "") -> Standing | None:
        await asyncio.sleep(0.1)
        return Standing("cb", "q") if self._promise is Promise.ALREADY else None

    async def cancel(self, standing: Standing) -> bool:
        await asyncio.sleep(0.1)
        return True


@dataclass(frozen=True, slots=True)
class World:
    """A caller and everything around. `acts`: after so many seconds they press, speak or hang up."""

    acts: tuple[tuple[float, str], ...]
    answer: Answer
    agents: int
    max_waiting: int
    talks_s: float | None
    agent_does: str
    takes_transfers: bool
    mailbox: str
    texts: Sending
    promise: Promise
    crisis: bool
    ports: bool
    outages: tuple[float, ...]
    at_ms: int
    number: str


ANSWERS = st.sampled_from(
    [
        Answer({"known": True, "person": [{"secret": SECRET}]}),
        Answer({"known": False}),
        Answer({"known": "yes"}),
        Answer(None, Cause.STATUS, 404),
        Answer({"known": True, "person": []}, delay_s=2.5),
        Answer(None, Cause.TIMEOUT, delay_s=9.0),
    ]
)
PRESSES = st.sampled_from([*"0123456789*#", MARKER, f"{MARKER}#", "91234567#", "1111", "speak", "speak", "hang_up"])
WORLDS = st.builds(
    World,
    acts=st.lists(st.tuples(st.sampled_from([0.0, 0.1, 1.0, 3.0, 7.0, 40.0]), PRESSES), max_size=25).map(tuple),
    answer=ANSWERS,
    agents=st.integers(0, 2),
    max_waiting=st.sampled_from([0, 1, 100]),
    talks_s=st.sampled_from([0.0, 20.0, 20.0, None]),
    agent_does=st.sampled_from(["", "", "busy", "rejected"]),
    takes_transfers=st.booleans(),
    mailbox=st.sampled_from(["", "full", "broken"]),
    texts=st.sampled_from(list(Sending)),
    promise=PROMISES,
    crisis=st.booleans(),
    ports=st.integers(0, 4).map(bool),
    outages=st.lists(st.sampled_from([0.3, 4.0, 20.0, 200.0]), max_size=3).map(tuple),
    at_ms=st.integers(0, 60 * 24 * 45).map(lambda minutes: BEGINS_MS + minutes * 60_000),
    number=st.sampled_from(["", "22334455", "91234567"]),
)


class Noting(MemorySink):
    """Keeps what the run would be taken over with at each event."""

    def __init__(self) -> None:
        super().__init__()
        self.run: FlowRun | None = None
        self.kept: list[str] = []

    def emit(self, event: Event) -> None:
        super().emit(event)
        if self.run is not None:
            self.kept.append(json.dumps(self.run.to_data()))


@dataclass(slots=True)
class Told:
    """What came of one call."""

    data: FlowRun
    events: list[Event]
    kept: list[str] = field(default_factory=list)
    logs: Sequence[Any] = ()

    def count(self, kind: type[Event]) -> int:
        return sum(isinstance(event, kind) for event in self.events)


async def call(book: FlowBook, world: World, data: FlowRun | None = None) -> Told:
    """One call on an engine of its own, from the beginning or from where another one stood."""
    engine = Engine()
    sink = Noting()
    engine.sink = sink
    engine.now_ms = lambda: world.at_ms + round(asyncio.get_running_loop().time() * 1000)  # type: ignore[method-assign]
    engine.distributor = Fickle(engine.now_ms, sink)
    engine.distributor.when_due(engine._arm)
    engine.use(engine.distributor, engine.phones)
    _equip(engine, world, sink)
    await engine.staff(*(f"a{number}" for number in range(world.agents)), max_waiting=world.max_waiting)
    engine.phones.talks_s, engine.phones.cause = world.talks_s, world.agent_does
    outages = engine.spawn(_outages(engine, world.outages))
    info = CallInfo(ContactId("c1"), "5000", "test", world.number, "", bool(world.number))
    caller = SimulatedCall(info, lambda _: world.takes_transfers)
    caller.answered = data is not None
    flow = book.by_name["main"]
    sink.run = data or begin(caller, book, flow, engine.services)
    engine.spawn(_acting(caller, world))
    async with asyncio.timeout(LONGEST_S):
        ended = await asyncio.create_task(serve(caller, book, flow, engine.services, sink.run))
    outages.cancel()
    engine.distributor.away = engine.distributor.forgets = False
    assert await engine.commands.drain(700) == 0
    assert caller.ended
    assert len(engine.services.offers) == 0
    assert [numbers.waiting for numbers in await engine.distributor.queues()] == [0]
    assert isinstance(engine.services.mailboxes or SimulatedMailboxes(), SimulatedMailboxes)
    assert getattr(engine.services.mailboxes, "begun", []) == []
    await engine.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return Told(ended, sink.events, sink.kept)


def _equip(engine: Engine, world: World, sink: Noting) -> None:
    mailboxes = SimulatedMailboxes()
    mailboxes.full = {"box"} if world.mailbox == "full" else set()
    mailboxes.broken = world.mailbox == "broken"
    on = [CrisisOn("storm", 0, 2**60, "kari")] if world.crisis else []
    engine.services = replace(engine.services, sink=sink, now_ms=engine.now_ms, crises=CrisesInMemory(*on))
    if world.ports:
        engine.services = replace(
            engine.services,
            mailboxes=mailboxes,
            lookups=SimulatedLookups({"cases": world.answer}),
            texts=SimulatedTexts(world.texts),
            callbacks=Promises(world.promise),
        )


async def _acting(caller: SimulatedCall, world: World) -> None:
    for after_s, what in world.acts:
        await asyncio.sleep(after_s)
        if what == "hang_up":
            caller.hang_up()
        elif what == "speak":
            caller.speak(6.0)
        else:
            for key in what:
                caller.press(key)
    await asyncio.sleep(3_600)
    # An agent who talks for ever, or a queue that nobody serves for an hour, costs somebody the patience.
    caller.hang_up()


async def _outages(engine: Engine, outages: tuple[float, ...]) -> None:
    for number, lasts_s in enumerate(outages):
        await asyncio.sleep(3.0 + 5 * number)
        engine.distributor.away, engine.distributor.forgets = True, bool(number % 2)
        await asyncio.sleep(lasts_s)
        engine.distributor.away = engine.distributor.forgets = False


def _judge(told: Told, *, taken_over: bool) -> None:
    (ended,) = [event for event in told.events if isinstance(event, ContactEnded)]
    assert told.count(ContactStarted) == (not taken_over)
    if ended.outcome == "failed":
        assert ended.cause == "EndlessFlowError", (ended.cause, told.data.trace[-5:])
    queued, answered = told.count(ContactQueued), told.count(ContactAnswered)
    assert queued == answered + told.count(ContactLeftQueue), "O = A + L + F"
    assert FlowRun.from_data(json.loads(json.dumps(told.data.to_data()))) == told.data
    assert len(told.data.trace) <= 200
    assert told.data.entry is None


def _judge_privacy(told: Told) -> None:
    for private in (MARKER, SECRET):
        assert not [kept for kept in told.kept if private in kept]
        assert not [event for event in told.events if private in repr(event)]
        for line in told.logs:
            assert private not in repr({key: value for key, value in line.items() if not key.startswith("pii_")}), line


def _book(files: dict[str, str]) -> FlowBook:
    with tempfile.TemporaryDirectory() as temporary:
        for path, text in files.items():
            file = Path(temporary) / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)
        return load_book(Path(temporary))


@settings(max_examples=20 * _MORE, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(files=folders(), worlds=st.lists(WORLDS, min_size=1, max_size=4), data=st.data())
def test_any_valid_flow_ends_each_call_once_and_leaves_nothing(
    files: dict[str, str], worlds: list[World], data: st.DataObject
) -> None:
    book = _book(files)
    for world in worlds:
        with capture_logs() as logs:
            told = run(call(book, world))
        told.logs = logs
        _judge(told, taken_over=False)
        _judge_privacy(told)
        if told.kept:
            at = data.draw(st.integers(0, len(told.kept) - 1), label="taken over at event")
            taken = FlowRun.from_data(json.loads(told.kept[at]))
            has_begun = bool(taken.trace)
            with capture_logs() as logs:
                again = run(call(book, data.draw(WORLDS, label="the other node's world"), taken))
            again.logs = logs
            _judge(again, taken_over=has_begun)
            _judge_privacy(again)


@pytest.mark.parametrize("seed", range(3))
def test_many_callers_of_one_flow_share_nothing(seed: int) -> None:
    """What one caller keyed in is never another's."""
    chance = random.Random(seed)
    flow = """{"flow": "main", "title": "T", "numbers": [5000], "languages": ["nb"], "start": "ask", "nodes": {
      "ask": {"type": "digits", "say": {"nb": "Tast."}, "variable": "case", "expect": {"most": 6}, "next": "tell",
              "no_entry": "tell"},
      "tell": {"type": "say", "say": {"nb": "{case:digits}"}, "next": "bye"}, "bye": {"type": "hangup"}}}"""
    book = _book({"main.yaml": flow})

    async def story() -> None:
        engine = Engine()
        calls = []
        for number in range(200):
            caller, task = engine.dial(book.by_name["main"], f"c{number}")
            digits = f"{number:06}" if number % 3 else ""
            for at, key in enumerate(digits):
                asyncio.get_running_loop().call_later(chance.uniform(0, 1) + 2 * at, caller.press, key)
            calls.append((caller, task, digits))
            await asyncio.sleep(chance.uniform(0, 0.2))
        for caller, task, digits in calls:
            await task
            said = caller.heard[-1].text if digits else ""
            words = {"0": "null", "1": "en", "2": "to", "3": "tre", "4": "fire", "5": "fem", "6": "seks", "7": "sju"}
            words |= {"8": "åtte", "9": "ni"}
            assert said == " ".join(words[digit] for digit in digits)
        await engine.close()

    run(story())


@pytest.mark.parametrize("where", ["flow", "frame", "step"])
def test_a_run_whose_flow_is_not_in_the_version_ends_as_failed(where: str) -> None:
    """What another node kept is damaged, or of another version: the caller is not left in a call without an end."""
    flow = flow_of(QUEUE)

    async def story() -> None:
        engine = Engine()
        data = engine.begin(flow, "c1")
        data.trace = ["wait"]
        if where == "flow":
            data.flow = "gone"
        elif where == "frame":
            data.frames = [Frame("gone", "x", dict(data.variables), {})]
        else:
            data.step = "gone"
        caller, task = engine.dial(flow, "c1", data)
        await task
        (ended,) = engine.told(ContactEnded)
        assert (ended.outcome, caller.ended) == ("failed", "failed")
        await engine.close()

    run(story())
