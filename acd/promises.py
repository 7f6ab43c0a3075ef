"""Promises to ring callers back, as the distributor is told of them and tells of them."""

from dataclasses import dataclass, field
from typing import Protocol

from acd.model import OfferId, QueueId


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """How a promise is kept: `tries` in vain at most, `again_s` between two, ended when `expires_s` have passed.

    An offer of it may last for `dials_s` besides the agent's ringing, until the caller has answered too. `most` may
    stand at once in all.
    """

    tries: int = 3
    again_s: int = 600
    expires_s: int = 86_400
    dials_s: int = 90
    most: int = 500


@dataclass(frozen=True, slots=True)
class NewPromise:
    """A place that is kept for a caller who will be rung; `callback` is the contact that it becomes.

    `identities` are hashes by which the caller is known: each has one promise at most. `pii_detail` is what nodes know
    of who is to be rung, and how: it is in no event, and is forgotten with the promise. `arrived_ms`, `since_ms` and
    `priority_s` as in `Enqueue`. `at_ms` (epoch; 0: in turn) is when they may be rung at the earliest.
    """

    callback: str
    first: str
    queue: QueueId
    identities: tuple[str, ...]
    pii_detail: str = field(default="", repr=False)
    arrived_ms: int = 0
    since_ms: int = 0
    at_ms: int = 0
    priority_s: int = 0
    terms: CallbackTerms = CallbackTerms()


@dataclass(frozen=True, slots=True)
class KeptPromise:
    """A promise that stands. `tries` is how often the caller was rung in vain."""

    callback: str
    first: str
    queue: QueueId
    tries: int
    pii_detail: str = field(default="", repr=False)


class PromiseKeeper(Protocol):
    """The distributor's part. Every command may be repeated. All raise Unavailable."""

    async def promise(self, new: NewPromise) -> str:
        """Keep a place. Gives the promise that stands: the new one, or that which an identity has already.

        Raises Refused (NOQUEUE, FULL).
        """

    async def callback(self, callback: str) -> KeptPromise:
        """Raises Refused(NOCONTACT) where it does not stand."""

    async def standing(self, identity: str) -> KeptPromise | None:
        """The promise that a caller has."""

    async def hold_callback(self, offer: OfferId, fence: int) -> None:
        """The caller is on the line at the offer's node, where its offers go from now on. Raises Refused(NOOFFER)."""

    async def callback_tried(self, callback: str, cause: str) -> None:
        """This node could not put them together. Nothing where it does not hold it any more.

        See `events.callbacks.CallbackTried` for causes. An offer ends, and its agent keeps the place among the idle; a
        talk is released.
        """

    async def cancel_callback(self, callback: str) -> bool:
        """The caller does not want it any more. False where it is over, or the talk has begun."""
