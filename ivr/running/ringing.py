"""Ringing whom a talk asks for: another agent, one of a queue, a destination, or its own agent again."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from acd.model import AgentId, Grounds, Offer
from ivr.ports.call import AgentLeg, CallInfo
from ivr.ports.talk import Destinations, TransferTarget
from ivr.running.colleagues import Colleagues
from ivr.running.journeys import informed
from ivr.running.run import Run
from ivr.running.rung import outcome
from ivr.running.sought import Sought


@dataclass(frozen=True, slots=True)
class Rang:
    """How the ringing of that `number` ended: a phone answered, or the cause. `again`: the talk's own agent."""

    number: int
    leg: AgentLeg | None
    cause: str
    again: bool


class Ringing:
    """One phone at a time is rung for a talk; `rang` is told how it ended. `number` is that of the latest ringing."""

    __slots__ = ("_destinations", "_offer", "_rang", "_run", "_target", "_task", "colleagues", "number")

    def __init__(self, run: Run, offer: Offer, destinations: Destinations, rang: Callable[[Rang], object]) -> None:
        self.number = 0
        self._rang = rang
        self.colleagues = Colleagues(run.services.distributor, run.services.commands)
        self._run = run
        self._offer = offer
        self._destinations = destinations
        self._task: asyncio.Task[AgentLeg] | None = None
        self._target = ""

    def ring(self, target: TransferTarget, asked_by: str = "") -> None:
        """Ring somebody: for the caller, or for the agent who asks them first."""
        self._start(self._call(target, asked_by), target.name, again=False)

    def ring_again(self, agent: str) -> None:
        """Ring the agent who led the talk and has hung up: that of the offer, or who was given the caller since."""
        given = agent in self.colleagues
        offer = self._asked(agent) if given else self._offer
        self._start(self._run.services.phones.ring(offer, self._info()), agent if given else "", again=True)

    def stop(self) -> None:
        """Stop what rings; who answers in this moment is hung up, and what was told of it is out of date."""
        self.number += 1
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        self.colleagues.free(self._target)

    def _start(self, work: Coroutine[Any, Any, AgentLeg], target: str, *, again: bool) -> None:
        self.number += 1
        self._target = target
        self._task = asyncio.get_running_loop().create_task(work)
        number = self.number
        self._task.add_done_callback(lambda task: self._done(task, number, again=again))

    def _done(self, task: "asyncio.Task[AgentLeg]", number: int, *, again: bool) -> None:
        leg, cause = outcome(task)
        if number != self.number:
            if leg is not None:
                self._run.services.commands.own(leg.hang_up())
                self.colleagues.free(leg.agent)
            return
        self._task = None
        if leg is None:
            self.colleagues.free(self._target)
        elif leg.agent in self.colleagues:
            self._target = leg.agent  # of a queue somebody answered
        self._rang(Rang(number, leg, cause, again))

    def _info(self) -> CallInfo:
        return informed(self._run.call.info, self._run.data)

    async def _call(self, target: TransferTarget, asked_by: str) -> AgentLeg:
        if target.to == "queue":
            sought = Sought(self._run, self.number)
            leg = await sought.ring(target.name, asked_by, self._info())
            self.colleagues.found(leg.agent, sought.end)
            return leg
        if target.to != "agent":
            return await self._destinations.dial(target.name, self._info())
        await self.colleagues.engage(target.name)
        info = replace(self._info(), asked_by=asked_by)
        return await self._run.services.phones.ring(self._asked(target.name), info)

    def _asked(self, agent: str) -> Offer:
        return replace(self._offer, agent=AgentId(agent), grounds=Grounds(rule="asked", kind="consult"))
