"""Who rings again while a promise to ring back stands."""

import pytest

from ivr.language.ways import Reached
from ivr.ports.callbacks import Standing
from tests.ivr.engine import flow_of
from tests.ivr.nodes.caller import GOODBYE, HEAD, texts
from tests.ivr.nodes.moments import At
from tests.ivr.nodes.test_callback import Promises, asked, keyed

VIRTUAL_TIME = True
RETURNING = """
  first:
    type: returning
    say: {nb: Tast 9., en: Press 9.}
    cancelled: {nb: Avbestilt., en: Cancelled.}
    stands: stands
    next: bye
  stands: {type: hangup, say: {nb: Vi ringer., en: We ring.}}
"""
BY_CODE = RETURNING.replace("    stands: stands\n", "    code: {nb: Koden?, en: The code?}\n    stands: stands\n", 1)


async def test_a_caller_who_is_vouched_for_is_known_and_may_cancel() -> None:
    callbacks = Promises(known="22334455")
    call, data = await asked(callbacks, [(0.5, "9")], nodes=RETURNING, asserted=True)
    assert texts(call) == ["Tast 9.", "Avbestilt.", "Ha det."]
    assert callbacks.cancelled == [Standing("cb-7", "q")]
    assert data.trace == ["first", "bye"]


@pytest.mark.parametrize("presses", [[], [(0.5, "1")]])
async def test_who_does_not_cancel_is_rung_back(presses: list[tuple[float, str]]) -> None:
    callbacks = Promises(known="22334455")
    call, _ = await asked(callbacks, presses, nodes=RETURNING, asserted=True)
    assert texts(call) == ["Tast 9.", "Vi ringer."]
    assert callbacks.cancelled == []


async def test_the_key_counts_after_the_text_too() -> None:
    callbacks = Promises(known="22334455")
    await asked(callbacks, [(3, "9")], nodes=RETURNING, asserted=True)
    assert len(callbacks.cancelled) == 1


async def test_a_number_that_only_the_caller_says_is_nobodys() -> None:
    callbacks = Promises(known="22334455")
    call, _ = await asked(callbacks, [(0.5, "9")], nodes=RETURNING)
    assert texts(call) == ["Ha det."]
    assert (callbacks.guessed, callbacks.cancelled) == ([], [])


async def test_a_code_shows_who_a_caller_is() -> None:
    callbacks = Promises(known="20410732")
    call, data = await asked(callbacks, [*keyed("20410732", 0.5), (4, "9")], nodes=BY_CODE)
    assert texts(call) == ["Koden?", "Tast 9.", "Avbestilt.", "Ha det."]
    assert "20410732" not in str(data.to_data())


async def test_codes_are_guessed_at_a_few_times_in_a_call() -> None:
    callbacks = Promises(known="20410732")
    call, _ = await asked(callbacks, keyed("111111112222222220410732", 0.5), nodes=BY_CODE)
    assert callbacks.guessed == ["11111111", "22222222"]
    assert texts(call) == ["Koden?", "Koden?", "Ha det."]


@pytest.mark.parametrize("presses", [[], [(0.5, "#")]])
async def test_who_has_no_code_goes_on(presses: list[tuple[float, str]]) -> None:
    callbacks = Promises(known="20410732")
    call, _ = await asked(callbacks, presses, nodes=BY_CODE)
    assert callbacks.guessed == []
    assert texts(call)[-1] == "Ha det."


async def test_a_promise_that_cannot_be_taken_back_stands() -> None:
    callbacks = Promises(known="22334455")
    callbacks.takes_back = False
    call, _ = await asked(callbacks, [(0.5, "9")], nodes=RETURNING, asserted=True)
    assert texts(call) == ["Tast 9.", "Vi ringer."]


async def test_where_nobody_rings_back_everybody_goes_on() -> None:
    call, _ = await asked(None, [], nodes=BY_CODE)
    assert texts(call) == ["Ha det."]


@pytest.mark.parametrize(("nodes", "count"), [(RETURNING, 3), (BY_CODE, 7)])
def test_a_proof_sees_who_is_known_and_who_is_not(nodes: str, count: int) -> None:
    node = flow_of(HEAD + nodes + GOODBYE).nodes["first"]
    moves = list(node.moves(At()))
    assert len(moves) == count
    stands = [move for move in moves if move.way is not None and move.way.target == "stands"]
    assert {move.reached for move in stands} == {Reached.CALLBACK}
    assert sorted(node.silent_targets()) == ["bye", "stands"]
