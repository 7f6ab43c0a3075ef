"""Reserves in a scenario: the rules of its rosters, looked at each second, and agents who come when they are called."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any

from acd.call_ins import Seen, answered, step
from acd.duty import By, Change, Standing
from acd.model import AgentId, AgentState, QueueNumbers
from events.catalogue import ReserveCalled, ReserveReleased
from ivr.language.roster import Reserve, Roster
from ivr.simulator.distribution import ScenarioDistributor
from ivr.simulator.scenario_file import Agent

LOOK_S = 1.0
_BY = By("scenario", "simulator", "here")

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class ReserveWatch:
    """Calls in those `agents` who come, by the rules that a node goes by, and lets them go again."""

    def __init__(
        self,
        rosters: Mapping[str, Roster],
        agents: Sequence[Agent],
        distributor: ScenarioDistributor,
        now_ms: Callable[[], int],
        spawn: Spawn,
    ) -> None:
        self._come = {one.name: one.comes_after_s for one in agents if one.comes_after_s is not None}
        self._rosters = [rosters[name] for name in sorted({one.roster for one in agents if one.roster})]
        self._distributor = distributor
        self._now_ms = now_ms
        self._spawn = spawn
        self._standing = Standing()

    @property
    def is_needed(self) -> bool:
        """Whether anybody comes; where nobody does, no rule is looked at."""
        return bool(self._come)

    async def run(self) -> None:
        """To the end of the scenario."""
        while True:
            await asyncio.sleep(LOOK_S)
            numbers = {one.queue: one for one in await self._distributor.queues()}
            for roster in self._rosters:
                for rule, reserve in roster.rules():
                    seen = self._seen(roster, reserve, {str(queue): one for queue, one in numbers.items()})
                    await self._take(step(self._standing, rule, seen, _BY))

    def _seen(self, roster: Roster, reserve: Reserve, numbers: Mapping[str, QueueNumbers]) -> Seen:
        now_ms = self._now_ms()
        queue = numbers[roster.queue]
        there = sum(count for state, count in queue.agents.items() if state != AgentState.LOGGED_OUT)
        known = {"waiting": queue.waiting, "wait": queue.longest_wait_ms // 1000, "agents": there}
        away = roster.absent(now_ms)
        free = self._come.keys() - roster.on_duty(now_ms) - away.keys()
        able = tuple(agent for agent in reserve.agents if agent in free)
        return Seen(
            holds=bool(reserve.when.evaluate(known.__getitem__)), now_ms=now_ms, callable_now=able, away=tuple(away)
        )

    async def _take(self, change: Change | None) -> None:
        if change is None:
            return
        self._standing = replace(change.to, sequence=self._standing.sequence + 1)
        for event in change.events:
            if isinstance(event, ReserveCalled):
                self._spawn(self._comes(event.agent))
            elif isinstance(event, ReserveReleased) and not self._is_on_shift(event.agent):
                await self._distributor.log_out(AgentId(event.agent), "released")

    def _is_on_shift(self, agent: str) -> bool:
        return any(agent in roster.on_duty(self._now_ms()) for roster in self._rosters)

    async def _comes(self, agent: str) -> None:
        await asyncio.sleep(self._come[agent])
        change = answered(self._standing, agent, "yes", "key", self._now_ms(), _BY)
        if change is not None:
            await self._take(change)
            await self._distributor.log_in(AgentId(agent))
