"""The promise to ring back."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ivr.checks.flows import check_flow
from ivr.contact import serve
from ivr.files.load import load_flow
from ivr.language.calendar import Calendar
from ivr.language.ways import Reached
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.callbacks import CallbackWish, Kept, Promise, Standing
from ivr.running.run import FlowRun
from ivr.simulator.call import SimulatedCall
from tests.ivr.engine import BEGINS_MS, Engine, flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, texts
from tests.ivr.nodes.moments import At

VIRTUAL_TIME = True
CALLBACK = """
  first:
    type: callback
    queue: q
    say: {nb: "Ringe {caller}?", en: "Ring {caller}?"}
    ask: {nb: Tast nummeret., en: Key in the number.}
    promised: {nb: "Vi ringer {caller}.", en: "We ring {caller}."}
    attempts: 2
    done: done
    refused: refused
    unavailable: unavailable
  done: {type: hangup, say: {nb: Bra., en: Good.}}
  refused: {type: hangup, say: {nb: Nei vel., en: All right.}}
  unavailable: {type: say, say: {nb: Ikke nå., en: Not now.}, next: bye}
"""


LATER = CALLBACK.replace(
    "    attempts: 2\n",
    "    attempts: 2\n    later: {ask: {nb: Når?, en: When?}}\n"
    "    code: {nb: 'Koden er {code}.', en: 'The code is {code}.'}\n"
    "    already: {nb: Det er lovet., en: It is promised.}\n    order: caller_first\n",
)
CALENDARS = {"office": Calendar("office", (((540, 900),),) * 5 + ((), ()))}


class Promises:
    """Promises everything, but to numbers that begin with 8. `known`: who has a promise, by number or code."""

    def __init__(self, promise: Promise = Promise.PROMISED, known: str = "") -> None:
        self.promise = promise
        self.known = known
        self.wishes: list[CallbackWish] = []
        self.cancelled: list[Standing] = []
        self.guessed: list[str] = []
        self.takes_back = True

    def fits(self, pii_number: str) -> bool:
        return not pii_number.startswith("8")

    async def ask(self, wish: CallbackWish) -> Kept:
        self.wishes.append(wish)
        return Kept(self.promise, "" if wish.pii_caller else "20410732")

    async def standing(self, *, pii_caller: str = "", pii_code: str = "") -> Standing | None:
        self.guessed.append(pii_caller or pii_code)
        return Standing("cb-7", "q") if self.known and self.known in (pii_caller, pii_code) else None

    async def cancel(self, standing: Standing) -> bool:
        self.cancelled.append(standing)
        return self.takes_back


async def asked(
    callbacks: Promises | None,
    presses: Sequence[tuple[float, str]],
    pii_caller: str = "22334455",
    *,
    nodes: str = CALLBACK,
    asserted: bool = False,
) -> tuple[SimulatedCall, FlowRun]:
    engine = Engine(CALENDARS)
    services = replace(engine.services, callbacks=callbacks)
    flow = flow_of(HEAD + nodes + GOODBYE)
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test", pii_caller, asserted=asserted))
    for at_s, key in presses:
        asyncio.get_running_loop().call_later(at_s, call.press, key)
    data = await serve(call, engine.book(flow), flow, services)
    await engine.close()
    return call, data


def keyed(digits: str, at_s: float) -> list[tuple[float, str]]:
    return [(at_s + index / 10, digit) for index, digit in enumerate(digits)]


async def test_a_number_that_is_confirmed_is_rung_back() -> None:
    callbacks = Promises()
    call, data = await asked(callbacks, [(0.5, "1")])
    assert data.trace == ["first", "done"]
    (wish,) = callbacks.wishes
    assert (wish.queue, wish.language, wish.pii_number, wish.contact) == ("q", "nb", "22334455", "c1")
    assert wish.arrived_ms == BEGINS_MS + 500
    assert texts(call)[0] == "Ringe to to tre tre fire fire fem fem?"
    assert texts(call)[1] == "Vi ringer to to tre tre fire fire fem fem."


@pytest.mark.parametrize("pii_caller", ["22334455", "", "80080000"])
async def test_another_number_is_keyed_in_and_so_is_one_that_is_withheld(pii_caller: str) -> None:
    callbacks = Promises()
    presses = [(0.5, "2")] if pii_caller == "22334455" else []
    _, data = await asked(callbacks, [*presses, *keyed("99999999#", 1)], pii_caller)
    assert data.trace == ["first", "done"]
    assert callbacks.wishes[0].pii_number == "99999999"
    assert "99999999" not in str(data.to_data())


@pytest.mark.parametrize(
    "presses", [[], [(0.5, "9"), (1, "9")], [(0.5, "2"), *keyed("113#", 1), (3, "2"), *keyed("#", 4)]]
)
async def test_who_confirms_nothing_is_not_rung_back(presses: list[tuple[float, str]]) -> None:
    callbacks = Promises()
    _, data = await asked(callbacks, presses)
    assert data.trace == ["first", "refused"]
    assert callbacks.wishes == []


@pytest.mark.parametrize("promise", [Promise.FULL, Promise.FAILED, Promise.NOT_ALLOWED])
async def test_a_promise_that_cannot_be_made_is_not_told(promise: Promise) -> None:
    call, data = await asked(Promises(promise), [(0.5, "1")])
    assert data.trace == ["first", "unavailable", "bye"]
    assert not any(text.startswith("Vi ringer") for text in texts(call))


async def test_without_anybody_who_rings_back_nothing_is_asked() -> None:
    call, data = await asked(None, [])
    assert data.trace == ["first", "unavailable", "bye"]
    assert texts(call) == ["Ikke nå.", "Ha det."]


def test_a_proof_sees_a_callback_for_who_confirms_and_for_who_keys_in() -> None:
    moves = list(flow_of(HEAD + CALLBACK + GOODBYE).nodes["first"].moves(At()))
    done = [move for move in moves if move.way is not None and move.way.target == "done"]
    assert [move.reached for move in done] == [Reached.CALLBACK] * 3
    assert [move.acts[-1].detail for move in done] == ["1", "299999999#", "99999999#"]
    assert {move.way.target for move in moves if move.way is not None} == {"done", "refused", "unavailable"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("attempts: 2", "another: 1", "confirm and another are the same key"),
        ("done: done", "done: dome", "there is no node 'dome'; did you mean 'done'?"),
        ("{caller}?", "{number_of}?", "there is no value {number_of}"),
        ("    refused: refused\n", "", "'refused' is missing"),
    ],
)
def test_mistakes_are_told(old: str, new: str, said: str) -> None:
    flow, marked = load_flow("x.yaml", HEAD + CALLBACK.replace(old, new) + GOODBYE)
    if flow is not None:
        check_flow(flow, marked)
    assert said in "\n".join(map(str, marked.problems))


class SlowPromises(Promises):
    async def ask(self, wish: CallbackWish) -> Kept:
        await asyncio.sleep(30)
        return await super().ask(wish)


async def test_who_confirms_and_hangs_up_at_once_is_promised_it_all_the_same() -> None:
    engine, flow, callbacks = Engine(), flow_of(HEAD + CALLBACK + GOODBYE), SlowPromises()
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test", "22334455"))
    task = engine.spawn(serve(call, engine.book(flow), flow, replace(engine.services, callbacks=callbacks)))
    task.get_loop().call_later(1.0, call.press, "1")
    task.get_loop().call_later(10.0, call.hang_up)
    await task
    assert callbacks.wishes == []
    await asyncio.sleep(30)
    assert [wish.pii_number for wish in callbacks.wishes] == ["22334455"]
    await engine.close()


@pytest.mark.parametrize(
    ("digits", "in_min"),
    [("1001", 1), ("1430", 270), ("1000", 24 * 60), ("0959", 24 * 60 - 1), ("2400", 0), ("1260", 0), ("9", 0)],
)
async def test_a_caller_chooses_when_to_be_rung(digits: str, in_min: int) -> None:
    callbacks = Promises()
    call, data = await asked(callbacks, keyed(f"3{digits}", 0.5), nodes=LATER, asserted=True)
    if not in_min:
        assert data.trace == ["first", "refused"]
        assert callbacks.wishes == []
        return
    (wish,) = callbacks.wishes
    assert wish.at_ms == BEGINS_MS + in_min * 60_000
    assert (wish.order, wish.pii_caller) == ("caller_first", "22334455")
    assert texts(call) == [
        "Ringe to to tre tre fire fire fem fem?",
        "Når?",
        "Vi ringer to to tre tre fire fire fem fem.",
        "Bra.",
    ]


@pytest.mark.parametrize(
    ("rule", "digits", "taken"),
    [
        ("within: 2h", "1200", True),
        ("within: 2h", "1201", False),
        ("calendar: office", "1459", True),
        ("calendar: office", "1500", False),
        ("calendar: office", "0900", True),
    ],
)
async def test_a_time_is_near_enough_and_within_the_hours(rule: str, digits: str, taken: bool) -> None:
    callbacks = Promises()
    nodes = LATER.replace("later: {", f"later: {{{rule}, ")
    await asked(callbacks, keyed(f"3{digits}", 0.5), nodes=nodes)
    assert len(callbacks.wishes) == taken


async def test_a_number_that_was_keyed_in_is_confirmed_where_a_time_may_be_chosen() -> None:
    callbacks = Promises()
    await asked(callbacks, [*keyed("299999999#", 0.5), *keyed("31430", 3)], nodes=LATER)
    (wish,) = callbacks.wishes
    assert (wish.pii_number, wish.at_ms) == ("99999999", BEGINS_MS + 270 * 60_000)


@pytest.mark.parametrize(("asserted", "told"), [(True, False), (False, True)])
async def test_who_is_not_vouched_for_is_told_a_code(asserted: bool, told: bool) -> None:
    call, _ = await asked(Promises(), [(0.5, "1")], nodes=LATER, asserted=asserted)
    assert ("Koden er to null fire en null sju tre to." in texts(call)) == told


async def test_a_promise_that_stands_is_told_of_and_not_made_twice() -> None:
    call, data = await asked(Promises(Promise.ALREADY), [(0.5, "1")], nodes=LATER)
    assert data.trace == ["first", "done"]
    assert texts(call)[1:] == ["Det er lovet.", "Bra."]


def test_the_keys_of_a_callback_are_different() -> None:
    flow, marked = load_flow("x.yaml", HEAD + LATER.replace("later: {", "later: {key: 1, ") + GOODBYE)
    assert flow is None
    assert "the key of later is that of confirm or another" in "\n".join(map(str, marked.problems))
