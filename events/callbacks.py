"""Events of promises to ring back. Written by the distributor's scripts.

The contact of a promise is the one that the talk will be; `first` is the contact of the caller who asked for it. In the
queue's O, A, L and F the caller is F, with the cause callback; what becomes of the promise is counted by these alone.
"""

from dataclasses import dataclass
from typing import ClassVar

from events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackPromised(Event):
    """A place in the queue is kept for a caller who will be rung. `chosen_ms` (epoch; 0: in turn): not before that."""

    kind: ClassVar[str] = "callback_promised"
    first: str
    queue: str
    chosen_ms: int
    waited_ms: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTried(Event):
    """An agent and the caller could not be put together, for nothing that the agent did.

    Causes that count as a try: no_answer, busy, rejected, unreachable (the caller's phone), left (hung up before an
    agent came), no_agent (no agent came in time). Others do not: capped (as many calls as may be are made), revoked,
    node_lost, shutdown, error. `again_ms` (epoch) is when it is tried again, with the same place; 0: it has ended.
    """

    kind: ClassVar[str] = "callback_tried"
    queue: str
    cause: str
    tries: int
    again_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackEnded(Event):
    """The promise is over: reached (an agent and the caller talk), gave_up, cancelled, expired or not_allowed.

    `cause` is that of the last try, `tries` counts those in vain; `waited_ms` is since the promise was made.
    """

    kind: ClassVar[str] = "callback_ended"
    first: str
    queue: str
    outcome: str
    cause: str
    tries: int
    waited_ms: int
