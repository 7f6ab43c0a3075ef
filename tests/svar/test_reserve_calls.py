"""A reserve is asked by phone in words, and a service is told without a word of callers."""

import asyncio
import json
from collections.abc import Coroutine, Iterable
from typing import Any

import pytest

from events.catalogue import Event, NodeStopped, ReserveCalled, ReserveReleased
from ivr.language.prompting import Said
from ivr.language.roster import Reserve
from ivr.ports.call import Clip
from ivr.ports.lookups import Cause, Failed
from ivr.ports.phones import NotAnswered
from ivr.web.service import Body, WebRequest
from svar.reserve_calls import ReserveCalls
from tests.svar.test_reserves import roster

CALLED = ReserveCalled(
    at_ms=1, tenant="t", node="n1", queue="desk", rule="desk/1", agent="dag", why="waiting > 2", waiting=3, wait_s=9,
    agents=-1, by="phone", until_ms=2,
)  # fmt: skip
RELEASED = ReserveReleased(
    at_ms=1, tenant="t", node="n1", queue="desk", rule="desk/1", agent="dag", cause="quiet", served_ms=5
)


class Bench:
    """A phone that presses a key or fails, a service, and prompts."""

    def __init__(self) -> None:
        self.pressed: str | NotAnswered = "1"
        self.rung: list[tuple[str, str, str, float]] = []
        self.sent: list[dict[str, Any]] = []
        self.answer: Body | Failed = Body(b"")
        self.calls = ReserveCalls(self, self, {"pager": self}, self.spawn)
        self.tasks: list[asyncio.Task[Any]] = []

    def spawn(self, work: Coroutine[Any, Any, object]) -> None:
        self.tasks.append(asyncio.get_running_loop().create_task(work))

    def clips(self, said: Said, language: str) -> tuple[Clip, ...]:
        return (Clip("x.al", 1.0, said.texts[language], language),)

    def prepare(self, said: Iterable[Said]) -> None:
        """They are ready."""

    def music(self, name: str) -> tuple[Clip, ...]:
        return ()

    async def ask(self, agent: str, clips: tuple[Clip, ...], keys: str, *, purpose: str, within_s: float) -> str:
        assert "Tast 1 hvis du kommer" in clips[0].text
        self.rung.append((agent, keys, purpose, within_s))
        if isinstance(self.pressed, NotAnswered):
            raise self.pressed
        return self.pressed

    async def exchange(self, request: WebRequest, timeout_s: float | None = None, retries: int = 0) -> Body | Failed:
        assert request.pii_body is not None
        self.sent.append(json.loads(request.pii_body))
        return self.answer

    async def asked(self, text: str = "") -> str:
        return await self.calls.ask("dag", "desk", reserve(text), 30.0)

    async def told(self, service: str, event: Event) -> None:
        self.calls.tell(service, event)
        await asyncio.gather(*self.tasks)


def reserve(text: str = "") -> Reserve:
    row = f"{{agents: [dag], when: waiting > 2{text}}}"
    shifts = "shifts: [{days: mon, hours: 08:00-09:00, agents: [anna]}]"
    return roster(f"roster: desk\nqueue: desk\n{shifts}\nreserves: [{row}]\n").reserves[0]


@pytest.fixture
async def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize(("key", "answer"), [("1", "yes"), ("2", "no")])
async def test_the_key_is_the_answer(bench: Bench, key: str, answer: str) -> None:
    bench.pressed = key
    assert await bench.asked() == answer
    assert bench.rung == [("dag", "12", "desk", 30.0)]


@pytest.mark.parametrize(
    ("cause", "answer"),
    [("no_answer", "no_answer"), ("busy", "no_answer"), ("rejected", "no"), ("unreachable", "unreachable")],
)
async def test_a_phone_that_is_not_taken_says_what_came_of_it(bench: Bench, cause: str, answer: str) -> None:
    bench.pressed = NotAnswered(cause)
    assert await bench.asked() == answer


async def test_who_was_told_otherwise_may_answer_otherwise(bench: Bench) -> None:
    bench.pressed = NotAnswered("unreachable")
    assert await bench.asked(", notice: pager") == ""
    assert await bench.asked(", ring: false") == ""
    assert len(bench.rung) == 1


async def test_a_service_is_told_of_the_call_and_of_the_end(bench: Bench) -> None:
    await bench.told("pager", CALLED)
    await bench.told("pager", RELEASED)
    assert bench.sent == [
        {
            "kind": "reserve_called", "tenant": "t", "agent": "dag", "queue": "desk", "rule": "desk/1",
            "why": "waiting > 2", "waiting": 3, "wait_s": 9, "until_ms": 2,
        },
        {
            "kind": "reserve_released", "tenant": "t", "agent": "dag", "queue": "desk", "rule": "desk/1",
            "cause": "quiet",
        },
    ]  # fmt: skip


async def test_a_service_that_fails_or_is_none_holds_up_nobody(bench: Bench) -> None:
    bench.answer = Failed(Cause.TIMEOUT)
    await bench.told("pager", CALLED)
    await bench.told("other", CALLED)
    await bench.told("pager", NodeStopped(at_ms=1, tenant="t", node="n1", cause="stopped"))
    assert len(bench.sent) == 1
