"""Each agent's state and offer as retained topics, `agent/NAME` and `agent/NAME/offer`. Nothing names a caller."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from events.catalogue import AgentStateChanged, ColleagueFound, ContactAnswered, Event, OfferFailed, OfferMade
from metrics.broker import topic_level
from metrics.wallboard import AgentOnBoard

SLOT = "/"
"""In the names of partners' slots, which are no agents."""
AT_WORK = ("offered", "talking", "wrap_up")
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class AgentsLive:
    """`tell` hears every event once, after the wallboard. `agents` are the wallboard's, `journey` names the queues that
    a contact has been in, `queues` those that an agent may serve.
    """

    def __init__(
        self,
        agents: Mapping[str, AgentOnBoard],
        journey: Callable[[str], Sequence[str]],
        queues: Callable[[str], Iterable[str]],
    ) -> None:
        self._agents = agents
        self._journey = journey
        self._queues = queues
        self._offers: dict[str, OfferMade] = {}
        self._serving: dict[str, str] = {}
        self._changed: dict[str, None] = {}

    def tell(self, event: Event) -> None:
        match event:
            case AgentStateChanged():
                if event.state not in AT_WORK:
                    self._serving.pop(event.agent, None)
                    self._over(event.agent)
                self._touch(event.agent)
            case OfferMade():
                self._offers[event.agent] = event
                self._serving[event.agent] = event.queue
                self._touch(event.agent, offer=True)
            case OfferFailed() | ContactAnswered() | ColleagueFound():
                self._over(event.agent)
            case _:
                pass

    def again(self) -> None:
        """A broker that may have nothing: all of it is to be told again."""
        for agent in [*self._agents, *self._offers]:
            self._touch(agent, offer=agent in self._offers)

    def touch(self, agent: str) -> None:
        """What the agent may serve is not what it was."""
        if agent in self._agents:
            self._touch(agent)

    def take(self, most: int) -> list[tuple[str, str]]:
        """Topics that changed since, and what they say now; an empty text takes the topic away."""
        taken = list(self._changed)[:most]
        for topic in taken:
            del self._changed[topic]
        return [(self._topic(key), self._text(key)) for key in taken]

    def _touch(self, agent: str, *, offer: bool = False) -> None:
        if SLOT in agent:
            return
        self._changed[agent] = None
        if offer:
            self._changed[f"{agent}{SLOT}offer"] = None

    def _over(self, agent: str) -> None:
        if self._offers.pop(agent, None) is not None:
            self._touch(agent, offer=True)

    def _topic(self, key: str) -> str:
        agent, slot, what = key.partition(SLOT)
        return f"agent/{topic_level(agent)}{slot}{what}"

    def _text(self, key: str) -> str:
        agent, slot, _ = key.partition(SLOT)
        told = self._offer(agent) if slot else self._state(agent)
        return _ENCODER.encode(told) if told else ""

    def _state(self, agent: str) -> dict[str, Any]:
        now = self._agents.get(agent)
        if now is None:
            return {}
        state = {"agent": agent, "site": now.site, "state": now.state, "reason": now.reason, "since_ms": now.since_ms}
        return state | {"queue": self._serving.get(agent, ""), "queues": sorted(self._queues(agent))}

    def _offer(self, agent: str) -> dict[str, Any]:
        offer = self._offers.get(agent)
        if offer is None:
            return {}
        return {
            "offer": offer.offer,
            "contact": offer.contact,
            "queue": offer.queue,
            "waited_ms": offer.waited_ms,
            "total_waited_ms": offer.total_waited_ms or offer.waited_ms,
            "journey": list(self._journey(offer.contact)),
            "deadline_ms": offer.deadline_ms,
        }
