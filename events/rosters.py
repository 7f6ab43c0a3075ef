"""What rosters do beyond their shifts: reserves who are called in, and agents who are away."""

from dataclasses import dataclass
from typing import ClassVar

from events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveCalled(Event):
    """An agent is asked to come on duty for `queue`, and has until `until_ms` (epoch) to answer.

    `rule` is the roster's name and the rule's number in it, `why` the condition that held, with the numbers by which it
    did: callers who wait, the longest wait, agents logged in (-1: the condition does not ask). `by`: phone or notice.
    """

    kind: ClassVar[str] = "reserve_called"
    queue: str
    rule: str
    agent: str
    why: str
    waiting: int
    wait_s: int
    agents: int
    by: str
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveAnswered(Event):
    """What came of it. `answer`: yes (on duty from now on), no, no_answer, unreachable.

    `by`: key (on the phone), log_in, command; empty where nobody answered.
    """

    kind: ClassVar[str] = "reserve_answered"
    queue: str
    rule: str
    agent: str
    answer: str
    by: str
    after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveReleased(Event):
    """A reserve who came is not on duty for `queue` any more.

    Causes: quiet (the rule has not held for its `release_after`), away, command, roster_changed, time_is_up.
    """

    kind: ClassVar[str] = "reserve_released"
    queue: str
    rule: str
    agent: str
    cause: str
    served_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAway(Event):
    """An agent is away until `until_ms` (epoch), by `author`; `instead` stands in, where somebody does."""

    kind: ClassVar[str] = "agent_away"
    agent: str
    until_ms: int
    instead: str
    author: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentBack(Event):
    """An agent is not away any more. Causes: command, time_is_up."""

    kind: ClassVar[str] = "agent_back"
    agent: str
    author: str
    cause: str
