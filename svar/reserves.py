"""Reserves in service: rules are looked at each second, and somebody is called in while one holds."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from acd import call_ins
from acd.call_ins import Rule, Seen
from acd.distributor import DistributorError, Refused
from acd.duty import CallIn, Change, Standing, make
from acd.model import AgentId
from events.catalogue import AgentStateChanged, Event, ReserveCalled, ReserveReleased, Scalar
from ivr.language.roster import Reserve, Roster
from ivr.over_sip.telephony import Spawn
from ivr.running.commands import repeated
from svar.lasting_work import lasting
from svar.rosters_in_service import RostersInService

log = structlog.get_logger(__name__)

LOOK_S = 1.0
PATIENCE_S = 60.0
"""For so long an answer is tried to be kept while the store is away."""
LOGGED_OUT = "logged_out"
AT_WORK = ("offered", "talking", "wrap_up")


class Facts(Protocol):
    """What is known of queues and agents at this moment."""

    def queue(self, queue: str) -> tuple[int, int]:
        """How many wait, and for how many seconds the one who has waited longest."""

    def state(self, agent: str) -> str:
        """The agent's state, as events call it."""


class Asking(Protocol):
    """`svar.reserve_calls.ReserveCalls`."""

    async def ask(self, agent: str, queue: str, reserve: Reserve, within_s: float) -> str: ...

    def tell(self, service: str, event: Event) -> None: ...


class Present(Protocol):
    """The part of the distributor by which somebody who comes is there."""

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None: ...

    async def ready(self, agent: AgentId) -> None: ...


@dataclass(frozen=True, slots=True)
class _Row:
    """A rule as its roster has it."""

    rule: Rule
    roster: Roster
    reserve: Reserve


class Reserves:
    """`run` until it is cancelled; `heard` gets every event. Any node may call in, and one alone does."""

    def __init__(
        self, rosters: RostersInService, facts: Facts, asking: Asking, distributor: Present, spawn: Spawn
    ) -> None:
        self._rosters = rosters
        self._facts = facts
        self._asking = asking
        self._distributor = distributor
        self._spawn = spawn
        self._asked: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until it is cancelled. Outlives the store's absence."""
        try:
            await lasting(self.look, LOOK_S, log, "reserves cannot be called in")
        finally:
            for task in self._asked.values():
                task.cancel()

    async def look(self) -> None:
        """Call in, give up and release as it is time. Raises DistributorError."""
        rows = {row.rule.rule: row for row in self._rows()}
        if rows or self._rosters.standing.calls:
            await self._change(partial(self._orphaned, tuple(rows)))
            for row in rows.values():
                await self._change(partial(self._step, row.rule, self._seen(row)))
        self._follow(rows)

    def heard(self, event: Event) -> None:
        """Who logs in while being asked, or after not having answered, has come."""
        if isinstance(event, AgentStateChanged) and event.previous == LOGGED_OUT:
            asked_ms = asked_at_ms(self._rosters.standing, event.agent)
            if asked_ms is not None and event.at_ms >= asked_ms:
                self._spawn(self._come(event.agent))

    # --- Rules ------------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[_Row]:
        for roster in self._rosters.rosters().values():
            yield from (_Row(rule, roster, reserve) for rule, reserve in roster.rules())

    def _seen(self, row: _Row) -> Seen:
        duty = self._rosters.duty().get(row.rule.queue, frozenset())
        away = self._rosters.away(row.roster)
        waiting, wait_s = self._facts.queue(row.rule.queue)
        there = sum(self._facts.state(agent) != LOGGED_OUT for agent in duty)
        elsewhere = {one.calling for one in self._rosters.standing.calls if one.rule != row.rule.rule}
        return Seen(
            holds=_holds(row, {"waiting": waiting, "wait": wait_s, "agents": there}),
            now_ms=self._now_ms(),
            callable_now=tuple(
                agent
                for agent in row.rule.agents
                if agent not in away | duty | elsewhere and self._facts.state(agent) not in AT_WORK
            ),
            away=tuple(away),
            numbers=(waiting, wait_s, there if "agents" in row.reserve.when.names() else -1),
        )

    def _step(self, rule: Rule, seen: Seen, standing: Standing) -> Change | None:
        return call_ins.step(standing, rule, seen, self._rosters.by)

    def _orphaned(self, rules: tuple[str, ...], standing: Standing) -> Change | None:
        return call_ins.orphaned(standing, rules, self._now_ms(), self._rosters.by)

    async def _change(self, decide: Callable[[Standing], Change | None]) -> Change | None:
        """What was changed, if anything: told to those who want to know, and followed at once."""
        if decide(self._rosters.standing) is None:
            return None
        decided: list[Change | None] = []

        def deciding(seen: Standing) -> Change | None:
            decided.append(decide(seen))
            return decided[-1]

        await make(self._rosters.store, deciding)
        change = decided[-1]
        if change is not None:
            self._tell(change)
            with suppress(DistributorError):  # it is made all the same, and followed a little later
                await self._rosters.look()
        return change

    def _tell(self, change: Change) -> None:
        notices = {row.rule.rule: row.reserve.notice for row in self._rows()}
        for event in change.events:
            log.info("reserve", kind=event.kind, **_words(event))
            if isinstance(event, ReserveCalled | ReserveReleased) and notices.get(event.rule):
                self._asking.tell(notices[event.rule], event)

    # --- Asking -----------------------------------------------------------------------------------------------------

    def _follow(self, rows: dict[str, _Row]) -> None:
        """Ask whom this node has to ask, and nobody else any more."""
        node = self._rosters.identity.node
        mine = {one.call: one for one in self._rosters.standing.calls if one.calling and one.node == node}
        for call in [call for call in self._asked if call not in mine]:
            self._asked.pop(call).cancel()
        for call, one in mine.items():
            if call not in self._asked and one.rule in rows:
                work = self._ask(one, rows[one.rule].reserve)
                self._asked[call] = asyncio.get_running_loop().create_task(work, name=f"reserve {one.calling}")

    async def _ask(self, one: CallIn, reserve: Reserve) -> None:
        within_s = max(0.0, (one.until_ms - self._now_ms()) / 1000)
        try:
            answer = await self._asking.ask(one.calling, one.queue, reserve, within_s)
        except Exception:
            log.exception("a reserve could not be asked", agent=one.calling, queue=one.queue)
            answer = "unreachable"
        if answer:
            # What is done of it goes on though this task ends by it.
            self._spawn(self._settle(one, answer))

    async def _settle(self, one: CallIn, answer: str) -> None:
        how = "key" if answer in ("yes", "no") else ""

        def decide(seen: Standing) -> Change | None:
            now_ms, by = self._now_ms(), self._rosters.by
            ended = call_ins.call_ended(seen, one.rule, one.call, answer, how, now_ms, by)
            if ended is None and answer == "yes":  # another node had given it up
                return call_ins.answered(seen, one.calling, answer, how, now_ms, by)
            return ended

        try:
            made = await repeated(lambda: self._change(decide), PATIENCE_S)
            if made is not None and answer == "yes":
                await repeated(lambda: self._present(AgentId(one.calling)), PATIENCE_S)
            if made is not None:
                await self.look()  # the next is called at once
        except DistributorError as error:
            log.error("a reserve's answer is lost", agent=one.calling, answer=answer, error=str(error))

    async def _present(self, agent: AgentId) -> None:
        """Logged in and ready, whatever they were. Raises Unavailable."""
        try:
            await self._distributor.log_in(agent)
            await self._distributor.ready(agent)
        except Refused as refusal:
            log.warning("a reserve who comes cannot be logged in", agent=agent, error=str(refusal))

    async def _come(self, agent: str) -> None:
        def decide(seen: Standing) -> Change | None:
            return call_ins.answered(seen, agent, "yes", "log_in", self._now_ms(), self._rosters.by)

        try:
            await repeated(lambda: self._change(decide), PATIENCE_S)
        except DistributorError as error:
            log.error("a reserve's answer is lost", agent=agent, answer="yes", error=str(error))

    def _now_ms(self) -> int:
        return self._rosters.identity.now_ms()

    # --- What is seen -----------------------------------------------------------------------------------------------

    def topics(self) -> dict[str, dict[str, Scalar | None]]:
        """The retained states `reserve/AGENT` of everybody whom a rule may call: none, called or on_duty."""
        states: dict[str, dict[str, Scalar | None]] = {}
        for row in self._rows():
            one = self._rosters.standing.call_in(row.rule.rule)
            for agent in row.rule.agents:
                state = _state(one, agent)
                if state != "none" or agent not in states:
                    until_ms = one.until_ms if one is not None and state == "called" else None
                    why = row.rule.why if state != "none" else None
                    states[agent] = {"state": state, "queue": row.rule.queue, "why": why, "until_ms": until_ms}
        return {f"reserve/{agent.replace('/', '_')}": state for agent, state in states.items()}

    def figures(self) -> dict[tuple[str, ...], int]:
        """How many are being called and are on duty, by rule."""
        found: dict[tuple[str, ...], int] = {}
        for one in self._rosters.standing.calls:
            found |= {(one.rule, "called"): int(bool(one.calling)), (one.rule, "on_duty"): len(one.came)}
        return found


def asked_at_ms(standing: Standing, agent: str) -> int | None:
    """When the agent was asked last, of those calls to which a yes counts now; None: of none."""
    found = [one.called_ms for one in standing.calls if one.calling == agent]
    found += [asked.at_ms for one in standing.calls for asked in one.asked if asked.agent == agent]
    return min(found, default=None)


def _state(one: CallIn | None, agent: str) -> str:
    if one is not None and agent == one.calling:
        return "called"
    return "on_duty" if one is not None and agent in one.on_duty else "none"


def _holds(row: _Row, values: dict[str, int]) -> bool:
    try:
        return bool(row.reserve.when.evaluate(values.__getitem__))
    except Exception:
        log.exception("a rule of a roster failed", rule=row.rule.rule)
        return False


def _words(event: Event) -> dict[str, Scalar]:
    names = ("queue", "rule", "agent", "why", "answer", "by", "cause", "waiting", "wait_s")
    return {name: getattr(event, name) for name in names if hasattr(event, name)}
