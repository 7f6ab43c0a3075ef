"""An agent's phone is rung, something is said, and the key that is pressed is taken; every other end has its cause."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from secrets import token_hex

import pytest

from ivr.over_sip.spoken_call import TIMES, SpokenCalls
from ivr.ports.call import Clip
from ivr.ports.phones import NotAnswered
from sip.events import Ended
from tests.ivr.sip_lab import Handset, Lab, hears, lab
from tests.ivr.sounds import tone
from tests.rtp.phone import until

PROMPT = tone("Kan du komme?")[:4000]


class Bench:
    def __init__(self, made: Lab, folder: Path) -> None:
        self.lab = made
        sound = folder / "prompt.al"
        sound.write_bytes(PROMPT)
        self.clips = (Clip(str(sound), len(PROMPT) / 8000, "Kan du komme?", "nb"),)
        self.calls = SpokenCalls(made.line, made.phones, lambda: token_hex(4), pause_s=0.1)
        made.targets["kari"] = made.target("kari")

    def ask(self, agent: str = "kari", within_s: float = 5.0) -> "asyncio.Task[str]":
        work = self.calls.ask(agent, self.clips, "12", purpose="desk", within_s=within_s)
        return asyncio.get_running_loop().create_task(work)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with lab(tmp_path) as made:
        yield Bench(made, tmp_path)
        await made.nothing_left()


async def answered(bench: Bench) -> Handset:
    await until(lambda: len(bench.lab.rung) > 0, "call to the agent")
    handset = bench.lab.rung[-1]
    await handset.connected()
    return handset


async def failed(asking: "asyncio.Task[str]") -> str:
    with pytest.raises(NotAnswered) as raised:
        await asking
    return raised.value.cause


async def test_the_key_that_counts_is_given_and_the_phone_is_let_go(bench: Bench) -> None:
    asking = bench.ask()
    handset = await answered(bench)
    handset.rtp.press("7")
    await until(lambda: bench.lab.media.keys == 1, "a key that is none of them")
    handset.rtp.press("1")
    assert await asking == "1"
    await until(lambda: handset.count(Ended) == 1, "end of the call")


async def test_the_agent_hears_what_is_said(bench: Bench) -> None:
    asking = bench.ask()
    handset = await answered(bench)
    await until(lambda: handset.rtp.hear() is not None and hears(handset, PROMPT), "the prompt")
    handset.rtp.press("2")
    assert await asking == "2"


async def test_who_presses_nothing_hears_it_a_few_times_and_is_let_go(bench: Bench) -> None:
    asking = bench.ask(within_s=20)
    handset = await answered(bench)
    assert await failed(asking) == "no_answer"
    handset.rtp.hear()
    assert len(handset.rtp.heard) >= 0.8 * TIMES * len(PROMPT)


async def test_who_hangs_up_has_not_answered(bench: Bench) -> None:
    asking = bench.ask()
    handset = await answered(bench)
    await until(lambda: handset.rtp.hear() != [], "the prompt")
    handset.hang_up()
    assert await failed(asking) == "no_answer"


@pytest.mark.parametrize(("status", "cause"), [(486, "busy"), (603, "rejected"), (480, "unreachable")])
async def test_a_phone_that_refuses_says_why(bench: Bench, status: int, cause: str) -> None:
    bench.lab.on_rung = lambda handset: handset.refuse(status)
    assert await failed(bench.ask()) == cause


async def test_a_phone_that_rings_on_is_given_up_in_time(bench: Bench) -> None:
    bench.lab.on_rung = Handset.ring
    assert await failed(bench.ask(within_s=0.3)) == "no_answer"
    await until(lambda: bench.lab.rung[0].ended, "end of the ringing")


async def test_who_has_no_phone_cannot_be_asked(bench: Bench) -> None:
    assert await failed(bench.ask("nobody")) == "unreachable"


@pytest.mark.parametrize("on_rung", [Handset.ring, Handset.answer])
async def test_a_question_that_is_not_wanted_any_more_ends_the_call(
    bench: Bench, on_rung: Callable[[Handset], None]
) -> None:
    bench.lab.on_rung = on_rung
    asking = bench.ask()
    await until(lambda: len(bench.lab.rung) > 0, "call to the agent")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await until(lambda: bench.lab.rung[0].ended, "end of the call")


async def test_sound_that_cannot_be_read_is_no_question(bench: Bench) -> None:
    bench.clips = (Clip("/nowhere.al", 1.0, "", "nb"),)
    asking = bench.ask()
    assert await failed(asking) == "unreachable"
