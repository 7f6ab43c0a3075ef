"""Whether agents' phones are there: each that registered is asked now and then, and an agent whose phone is silent is
logged out until it answers again. A phone that is gone is offered nothing, however long its registration lasts.
"""

import asyncio
import heapq
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog

from acd.distributor import DistributorError
from acd.model import AgentId
from ivr.over_sip.agent_leg import Target
from ivr.over_sip.telephony import Spawn
from ivr.running.commands import repeated
from sip.config import Address
from sip.events import PhoneAsked, QuestionId
from sip.message.uri import SipUri

log = structlog.get_logger(__name__)

UNREACHABLE = "unreachable"
TRIES = 2
ANSWER_S = 2.5
"""A phone has so long to answer, three repeats over UDP included."""
SILENT_EVERY_S = 5.0
"""One that is silent is asked so often."""
MOST_PER_S = 50
MOST_AT_ONCE = 500
TICK_S = 0.1
PATIENCE_S = 120.0
JITTER = 0.2


class Asks(Protocol):
    """The user agent's part (`sip.aio.user_agent.UserAgent`)."""

    def ask(self, contact: SipUri, destination: Address) -> QuestionId | None: ...


class Located(Protocol):
    """Which phones registered here (`svar.registrations.Registrations`)."""

    def here(self) -> Collection[str]: ...

    def phones(self, agent: str) -> Sequence[Target]: ...

    def silence(self, agent: str, contacts: Collection[str]) -> None: ...

    async def elsewhere(self, agent: str) -> bool: ...


class Logs(Protocol):
    """The distributor's part."""

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None: ...

    async def log_out(self, agent: AgentId, reason: str) -> None: ...


@dataclass(slots=True)
class Counts:
    """What /metrics shows."""

    asked: int = 0
    unanswered: int = 0
    lost: int = 0
    back: int = 0


@dataclass(slots=True)
class _Phone:
    """`asking` while it is asked; `silent` once the agent was logged out for it, who was `ready` before.

    `fresh`: it registered since it was asked last. `speaks`: whether it ever answers; None: nobody knows.
    """

    asking: asyncio.Future[bool] | None = None
    silent: bool = False
    ready: bool = False
    fresh: bool = False
    speaks: bool | None = None


@dataclass(slots=True)
class _Plan:
    """When who is asked next (the loop's time): a heap whose stale entries are passed over."""

    heap: list[tuple[float, str]] = field(default_factory=list)
    due: dict[str, float] = field(default_factory=dict)

    def set(self, agent: str, at: float) -> None:
        self.due[agent] = at
        heapq.heappush(self.heap, (at, agent))

    def next(self, now: float) -> str | None:
        """Somebody who is due, taken out."""
        while self.heap and self.heap[0][0] <= now:
            at, agent = heapq.heappop(self.heap)
            if self.due.get(agent) == at:
                del self.due[agent]
                return agent
        return None


class PhoneWatch:
    """`run` until cancelled. `states` gives agents' states as the events tell them; `chance` is 0 to 1.

    At most MOST_PER_S are asked a second: with more phones than that allows, each is asked less often. A phone that
    does not answer even as it registers is one that never does: its registration alone tells of it.
    """

    def __init__(
        self,
        user_agent: Asks,
        registrations: Located,
        distributor: Logs,
        states: Callable[[str], str],
        spawn: Spawn,
        chance: Callable[[], float],
        *,
        every_s: float,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._user_agent = user_agent
        self._registrations = registrations
        self._distributor = distributor
        self._states = states
        self._spawn = spawn
        self._chance = chance
        self._times = (every_s, answer_s)
        self._phones: dict[str, _Phone] = {}
        self._plan = _Plan()
        self._questions: dict[QuestionId, asyncio.Future[bool]] = {}
        self.counts = Counts()

    def figures(self) -> dict[str, int]:
        """A health source for Prometheus."""
        counts, silent = self.counts, sum(phone.silent for phone in self._phones.values())
        kept = {"watched": len(self._phones), "silent": silent, "asked_total": counts.asked}
        return kept | {"unanswered_total": counts.unanswered, "lost_total": counts.lost, "back_total": counts.back}

    def heard(self, event: PhoneAsked) -> None:
        """Take what the core reports."""
        waiting = self._questions.pop(event.question, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(event.round_trip_s is not None)

    def registered(self, agent: str) -> None:
        """A phone of the agent registered, anew or again: a new one, and one that was silent, is asked at once."""
        phone = self._phones.get(agent)
        if phone is None:
            phone = self._phones[agent] = _Phone()
        phone.fresh = True
        if phone.silent or phone.speaks is None:
            self._plan.set(agent, asyncio.get_running_loop().time())

    async def answers(self, agent: str) -> bool:
        """Ask now. Raises nothing; a phone that never answers is believed."""
        phone = self._phones.get(agent)
        if phone is None:
            return await self._asked(agent)
        return await self._heard_of(agent, phone) or phone.speaks is False

    async def _heard_of(self, agent: str, phone: _Phone) -> bool:
        """Who asks while the phone is asked gets the same answer."""
        if phone.asking is None:
            phone.asking = asyncio.ensure_future(self._asked(agent))
            phone.asking.add_done_callback(lambda _: setattr(phone, "asking", None))
        return await asyncio.shield(phone.asking)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self.tick(asyncio.get_running_loop().time())

    def tick(self, now: float) -> None:
        """Begin to ask those who are due."""
        self._follow(now)
        for _ in range(max(1, int(MOST_PER_S * TICK_S))):
            agent = self._plan.next(now) if len(self._questions) < MOST_AT_ONCE else None
            if agent is None:
                return
            self._spawn(self._look(agent))

    # --- Inside

    def _follow(self, now: float) -> None:
        here = self._registrations.here()
        for agent in self._phones.keys() - set(here):
            del self._phones[agent]
            self._plan.due.pop(agent, None)
        for agent in here:
            if agent not in self._phones:
                self._phones[agent] = _Phone()
                self._plan.set(agent, now + self._pause_s() * self._chance())

    def _pause_s(self) -> float:
        least = len(self._phones) / MOST_PER_S
        return max(self._times[0], least) * (1 - JITTER / 2 + JITTER * self._chance())

    async def _look(self, agent: str) -> None:
        phone = self._phones.get(agent)
        if phone is None:
            return  # its registration ended meanwhile
        fresh, phone.fresh = phone.fresh, False
        alive = await self._heard_of(agent, phone)
        if alive:
            phone.speaks = True
        elif fresh and phone.speaks is None:
            phone.speaks = False
            log.info("a phone answers no questions: its registration alone says that it is there", agent=agent)
        if self._phones.get(agent) is phone:
            await self._judge(agent, phone, alive=alive or phone.speaks is False)

    async def _judge(self, agent: str, phone: _Phone, *, alive: bool) -> None:
        try:
            if not alive and not phone.silent:
                await self._lose(agent, phone)
            elif alive and phone.silent:
                await self._regain(agent, phone)
        except DistributorError as error:
            log.error("what became of a phone did not reach the distributor", agent=agent, error=str(error))
        if agent in self._phones:
            pause_s = min(SILENT_EVERY_S, self._times[0]) if phone.silent else self._pause_s()
            self._plan.set(agent, asyncio.get_running_loop().time() + pause_s)

    async def _lose(self, agent: str, phone: _Phone) -> None:
        """Not one who is logged out already, by their own will: they stay so when the phone is back.

        Nor one whose phone has come back at another node since, which asks it there.
        """
        state = self._states(agent)
        if state == "logged_out" or await self._registrations.elsewhere(agent):
            return
        phone.ready = state in ("ready", "offered", "talking", "wrap_up")
        log.warning("an agent's phone does not answer; the agent is logged out", agent=agent, state=state)
        await repeated(partial(self._distributor.log_out, AgentId(agent), UNREACHABLE), PATIENCE_S)
        phone.silent = True
        self.counts.lost += 1

    async def _regain(self, agent: str, phone: _Phone) -> None:
        log.info("an agent's phone answers again; the agent is logged in", agent=agent, ready=phone.ready)
        await repeated(partial(self._distributor.log_in, AgentId(agent), ready=phone.ready), PATIENCE_S)
        phone.silent = False
        self.counts.back += 1

    async def _asked(self, agent: str) -> bool:
        """Of several phones one that answers is enough, and those that do not are rung last."""
        silent = {str(target.uri): target for target in self._registrations.phones(agent)}
        there = len(silent)
        for _ in range(TRIES):
            answers = await asyncio.gather(*(self._one(target) for target in silent.values()))
            silent = {name: one for (name, one), came in zip(silent.items(), answers, strict=True) if not came}
            if not silent:
                break
        self._registrations.silence(agent, silent)
        return len(silent) < there

    async def _one(self, target: Target) -> bool:
        if target.destination is None:
            return True
        question = self._user_agent.ask(target.uri, target.destination)
        if question is None:
            return True  # too much is under way here: that says nothing of the phone
        self.counts.asked += 1
        answered = await self._answered(question)
        self.counts.unanswered += not answered
        return answered

    async def _answered(self, question: QuestionId) -> bool:
        waiting: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._questions[question] = waiting
        try:
            async with asyncio.timeout(self._times[1]):
                return await waiting
        except TimeoutError:
            return False
        finally:
            self._questions.pop(question, None)
