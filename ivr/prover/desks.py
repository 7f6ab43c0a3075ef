"""Who is there to answer in a scenario: agents who come and go as a story has it."""

from dataclasses import dataclass, field
from typing import Any

from ivr.language.lengths import length_text
from ivr.prover.story import RINGS_S, TALKS_S


@dataclass(slots=True)
class Desks:
    """Queues and agents, gathered move by move; `clock_s` is the time of the call.

    `possible`: whether one scenario can have it all, since a queue is full or not for a whole call.
    """

    clock_s: float = 0.0
    possible: bool = True
    queues: dict[str, str] = field(default_factory=dict)
    _agents: dict[str, dict[str, float]] = field(default_factory=dict)
    _missing: set[str] = field(default_factory=set)
    _in_vain: set[str] = field(default_factory=set)

    def answered(self, queue: str) -> None:
        """Somebody answers now, who was not there before if the caller has waited in vain."""
        times = self._agents.setdefault(queue, {"from": self.clock_s} if queue in self._in_vain else {})
        self.possible &= "until" not in times and queue not in self.queues and queue not in self._missing

    def unanswered(self, queue: str, *, missed: bool = False) -> None:
        """Nobody answers now: who answered before has left during the talk, or somebody misses every call."""
        self.possible &= queue not in self.queues
        self._in_vain.add(queue)
        if missed:
            self._missing.add(queue)
        if queue in self._agents:
            self._agents[queue].setdefault("until", self.clock_s - TALKS_S / 2)

    def full(self, queue: str) -> None:
        """The queue takes nobody."""
        self.possible &= queue not in self._agents and queue not in self._in_vain
        self.queues[queue] = "full"

    def closing(self, queue: str) -> None:
        """The queue closes too soon for who comes. Who has waited before is not asked."""
        self.possible &= not self._agents and not self._in_vain
        self.queues[queue] = "closing"

    def agents(self) -> list[dict[str, Any]]:
        """As scenarios have them."""
        answering = [
            {
                "name": f"agent-{queue.replace('_', '-')}",
                "queues": [queue],
                **{name: length_text(round(at_s, 1)) for name, at_s in times.items()},
                "answers_after": length_text(RINGS_S),
                "talks": length_text(TALKS_S),
            }
            for queue, times in self._agents.items()
        ]
        missing = [
            {"name": f"missing-{queue.replace('_', '-')}", "queues": [queue], "does": ["no_answer"]}
            for queue in sorted(self._missing)
        ]
        return [*answering, *missing]
