"""Phones are asked now and then: one that is silent twice logs its agent out, and in again when it answers.

Anchor: an agent whose phone is gone is still offered calls elsewhere (FusionPBX 2831).
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from itertools import count
from typing import Any

import pytest

from acd.distributor import Refused
from acd.model import AgentId
from ivr.over_sip.agent_leg import Target
from ivr.simulator.virtual_time import run
from sip.config import Address
from sip.events import PhoneAsked, QuestionId
from sip.message.uri import SipUri
from svar.phone_watch import MOST_PER_S, PhoneWatch

EVERY_S, ANSWER_S = 30.0, 2.5


class World:
    """Phones that answer or are dead, and a distributor that only listens."""

    def __init__(self, *agents: str) -> None:
        self.dead: set[str] = set()
        self.registered = dict.fromkeys(agents, True)
        self.state: dict[str, str] = dict.fromkeys(agents, "ready")
        self.asked: list[tuple[float, str]] = []
        self.told: list[tuple[str, ...]] = []
        self.silent: dict[str, list[str]] = {}
        self.refuses = False
        self.moved: set[str] = set()
        self.answering: Callable[[], bool] = lambda: True
        self._numbers = count()
        self._tasks: set[asyncio.Task[Any]] = set()
        self.watch = PhoneWatch(self, self, self, self._state, self._spawn, lambda: 0.5, every_s=EVERY_S)

    def _state(self, agent: str) -> str:
        return self.state[agent]

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def ask(self, contact: SipUri, destination: Address) -> QuestionId | None:
        if not self.answering():
            return None
        loop = asyncio.get_running_loop()
        agent, question = contact.user_text, QuestionId(str(next(self._numbers)))
        self.asked.append((loop.time(), agent))
        if agent not in self.dead:
            loop.call_later(0.01, self.watch.heard, PhoneAsked(question, 0.01))
        return question

    def here(self) -> Collection[str]:
        return sorted({name.partition("-")[0] for name in self.registered})

    def phones(self, agent: str) -> list[Target]:
        names = [name for name in self.registered if name.partition("-")[0] == agent]
        return [Target(SipUri(name, "192.0.2.1"), Address("192.0.2.1", 5060)) for name in names]

    def silence(self, agent: str, contacts: Collection[str]) -> None:
        self.silent[agent] = sorted(contacts)

    async def elsewhere(self, agent: str) -> bool:
        return agent in self.moved

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None:
        self.told.append(("log_in", agent, str(ready)))
        self.state[agent] = "ready" if ready else "not_ready"

    async def log_out(self, agent: AgentId, reason: str) -> None:
        if self.refuses:
            raise Refused("NOAGENT", "there is no such agent")
        self.told.append(("log_out", agent, reason))
        self.state[agent] = "logged_out"

    async def live(self, for_s: float) -> None:
        watching = asyncio.ensure_future(self.watch.run())
        await asyncio.sleep(for_s)
        watching.cancel()
        await asyncio.gather(watching, *self._tasks, return_exceptions=True)


def test_a_phone_that_answers_is_asked_once_an_interval_and_nothing_is_told() -> None:
    world = World("anna")
    run(world.live(301))
    assert 9 <= len(world.asked) <= 11
    assert world.told == []


def test_a_silent_phone_is_asked_twice_and_then_its_agent_is_logged_out_as_unreachable() -> None:
    world = World("anna")
    world.dead.add("anna")
    run(world.live(EVERY_S * 0.5 + 2 * ANSWER_S + 1))
    assert world.told == [("log_out", "anna", "unreachable")]
    assert len(world.asked) == 2
    assert world.watch.figures()["silent"] == 1


def test_an_agent_whose_phone_came_back_at_another_node_is_not_logged_out_for_what_it_left_here() -> None:
    world = World("anna")
    world.dead.add("anna")
    world.moved.add("anna")
    run(world.live(EVERY_S * 0.5 + 2 * ANSWER_S + 1))
    assert world.told == []
    assert len(world.asked) == 2


def test_of_two_phones_one_that_answers_is_enough_and_the_other_is_rung_last() -> None:
    world = World("anna", "anna-home")
    world.dead.add("anna-home")
    run(world.live(200))
    assert world.told == []
    assert world.silent == {"anna": ["sip:anna-home@192.0.2.1"]}


def test_one_answer_that_is_lost_changes_nothing() -> None:
    world = World("anna")

    async def life() -> None:
        world.dead.add("anna")
        asyncio.get_running_loop().call_later(EVERY_S * 0.5 + 1.0, world.dead.clear)
        await world.live(EVERY_S * 2)

    run(life())
    assert world.told == []
    assert world.watch.counts.unanswered == 1


@pytest.mark.parametrize(("before", "ready"), [("ready", "True"), ("talking", "True"), ("not_ready", "False")])
def test_when_it_answers_again_the_agent_is_back_as_before(before: str, ready: str) -> None:
    world = World("anna")
    world.state["anna"] = before

    async def life() -> None:
        world.dead.add("anna")
        asyncio.get_running_loop().call_later(60, world.dead.clear)
        await world.live(70)

    run(life())
    assert world.told == [("log_out", "anna", "unreachable"), ("log_in", "anna", ready)]
    assert world.watch.figures()["silent"] == 0


def test_a_silent_phone_that_registers_again_is_asked_at_once() -> None:
    world = World("anna")
    at: list[float] = []

    async def life() -> None:
        loop = asyncio.get_running_loop()
        world.dead.add("anna")

        def back() -> None:
            world.dead.clear()
            at.append(loop.time())
            world.watch.registered("anna")

        loop.call_later(33.3, back)
        await world.live(36)

    run(life())
    assert world.told[-1] == ("log_in", "anna", "True")
    assert min(t for t, _ in world.asked if t >= at[0]) - at[0] < 0.2


def test_a_phone_that_does_not_answer_as_it_registers_never_does_and_is_believed() -> None:
    world = World("anna")
    world.dead.add("anna")

    async def life() -> bool:
        world.watch.registered("anna")
        await world.live(300)
        return await world.watch.answers("anna")

    assert run(life())
    assert world.told == []


def test_one_that_answered_once_is_not_believed_for_registering_again() -> None:
    world = World("anna")

    async def life() -> None:
        world.watch.registered("anna")
        asyncio.get_running_loop().call_later(10, world.dead.add, "anna")
        asyncio.get_running_loop().call_later(20, world.watch.registered, "anna")
        await world.live(60)

    run(life())
    assert world.told == [("log_out", "anna", "unreachable")]


def test_one_that_never_answers_is_back_with_its_registration_after_a_restart_of_ours() -> None:
    world = World("anna")
    world.dead.add("anna")

    async def life() -> None:
        asyncio.get_running_loop().call_later(40, world.watch.registered, "anna")
        await world.live(100)

    run(life())
    assert world.told == [("log_out", "anna", "unreachable"), ("log_in", "anna", "True")]


def test_an_agent_who_logged_out_by_their_own_will_is_not_logged_in_by_a_phone() -> None:
    world = World("anna")
    world.state["anna"] = "logged_out"

    async def life() -> None:
        world.dead.add("anna")
        asyncio.get_running_loop().call_later(60, world.dead.clear)
        await world.live(120)

    run(life())
    assert world.told == []


def test_a_phone_whose_registration_ended_is_asked_no_more() -> None:
    world = World("anna")

    async def life() -> None:
        world.dead.add("anna")
        asyncio.get_running_loop().call_later(16.0, world.registered.clear)
        await world.live(200)

    run(life())
    assert world.told == []
    assert len(world.asked) <= 2
    assert world.watch.figures()["watched"] == 0


def test_no_more_than_so_many_are_asked_a_second_however_many_there_are() -> None:
    world = World(*(f"a{n}" for n in range(3000)))
    run(world.live(130))
    seconds = [int(at) for at, _ in world.asked]
    assert max(seconds.count(second) for second in set(seconds)) <= MOST_PER_S + 10
    assert len({agent for _, agent in world.asked}) == 3000


def test_where_too_much_is_under_way_nobody_is_logged_out_for_it() -> None:
    world = World("anna")
    world.answering = lambda: False
    run(world.live(100))
    assert world.told == []


def test_a_refusal_is_survived_and_tried_again() -> None:
    world = World("anna")
    world.refuses = True

    async def life() -> None:
        world.dead.add("anna")
        asyncio.get_running_loop().call_later(40, lambda: setattr(world, "refuses", False))
        await world.live(100)

    run(life())
    assert world.told == [("log_out", "anna", "unreachable")]


def test_asked_at_a_log_in_the_phone_says_whether_it_is_there() -> None:
    world = World("anna", "bjorn")
    world.dead.add("bjorn")

    async def life() -> list[bool]:
        return [await world.watch.answers(agent) for agent in ("anna", "bjorn", "nobody")]

    assert run(life()) == [True, False, False]


def test_questions_at_once_about_one_phone_are_one_question() -> None:
    world = World("anna")

    async def life() -> None:
        world.watch.tick(asyncio.get_running_loop().time())
        await asyncio.gather(*(world.watch.answers("anna") for _ in range(5)))

    run(life())
    assert len(world.asked) == 1
