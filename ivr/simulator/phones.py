"""Agents of a scenario: how each reacts when the phone rings."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from acd.model import Offer
from ivr.ports.call import AgentLeg, CallInfo
from ivr.ports.phones import NotAnswered
from ivr.simulator.call import SimulatedLeg


@dataclass(frozen=True, slots=True)
class Behaviour:
    """`does` by ring, the last for all that follow: answer, or a cause of NotAnswered (no_answer lets it ring)."""

    does: tuple[str, ...] = ("answer",)
    answers_after_s: float = 3.0
    talks_s: float | None = 120.0
    then: str = "agent_hung_up"


class SimulatedPhones:
    """The AgentPhones port. `rung` has the agent and the time of every ring."""

    def __init__(self, agents: Mapping[str, Behaviour]) -> None:
        self._agents = agents
        self._rings: dict[str, int] = {}
        self.rung: list[tuple[str, float]] = []

    async def ring(self, offer: Offer, info: CallInfo) -> AgentLeg:
        self.rung.append((offer.agent, asyncio.get_running_loop().time()))
        behaviour = self._agents.get(offer.agent)
        if behaviour is None:
            raise NotAnswered("unreachable")
        ring = self._rings.get(offer.agent, 0)
        self._rings[offer.agent] = ring + 1
        does = behaviour.does[min(ring, len(behaviour.does) - 1)]
        await asyncio.sleep(86_400.0 if does == "no_answer" else behaviour.answers_after_s)
        if does != "answer":
            raise NotAnswered(does)
        return SimulatedLeg(offer.agent, behaviour.talks_s, behaviour.then)
