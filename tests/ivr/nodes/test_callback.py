"""The promise to ring back."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from ivr.checks.flows import check_flow
from ivr.contact import serve
from ivr.files.load import load_flow
from ivr.language.ways import Reached
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.callbacks import CallbackWish, Promise
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


class Promises:
    """Promises everything, but to numbers that begin with 8."""

    def __init__(self, promise: Promise = Promise.PROMISED) -> None:
        self.promise = promise
        self.wishes: list[CallbackWish] = []

    def fits(self, pii_number: str) -> bool:
        return not pii_number.startswith("8")

    async def ask(self, wish: CallbackWish) -> Promise:
        self.wishes.append(wish)
        return self.promise


async def asked(
    callbacks: Promises | None, presses: Sequence[tuple[float, str]], pii_caller: str = "22334455"
) -> tuple[SimulatedCall, FlowRun]:
    engine = Engine()
    services = replace(engine.services, callbacks=callbacks)
    flow = flow_of(HEAD + CALLBACK + GOODBYE)
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test", pii_caller))
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
    async def ask(self, wish: CallbackWish) -> Promise:
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
