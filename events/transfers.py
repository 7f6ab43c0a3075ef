"""Transfers within a talk: an agent asks for somebody else. Written by the contact's node."""

from dataclasses import dataclass
from typing import ClassVar

from events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferBegun(Event):
    """Somebody else is asked to take the contact or to join. `how`: blind, attended, queue, partner, conference.

    `target` is a name of the configuration, `to` what it is of: agent, queue, destination. `agent` asked for it; empty:
    the flow did.
    """

    kind: ClassVar[str] = "transfer_begun"
    how: str
    to: str
    target: str
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEnded(Event):
    """What became of it, `lasted_ms` after its beginning.

    Outcomes: answered (the target has the contact now), queued, joined (three talk), taken_back, caller_hung_up,
    target_hung_up (after it was consulted), and those of an offer: no_answer, busy, rejected, unreachable.
    `lasted_ms` of a conference is its length, of all others the time to the outcome.
    """

    kind: ClassVar[str] = "transfer_ended"
    how: str
    to: str
    target: str
    outcome: str
    lasted_ms: int
    agent: str = ""
