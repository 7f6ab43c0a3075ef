"""What a node of a flow says of itself to those who do not run it: checks, pictures, differences, proofs.

*Ways* are the places in a node's text that name another node. *Moves* are what may come of the node for a caller: more
than one move may take the same way (a key at once, or after two wrong ones), and a move may end the call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from ivr.language.calendar import Opening
from ivr.language.crises import Crisis
from ivr.language.expression import Expression, Scalar
from ivr.language.prompting import Said

Where = tuple[str | int, ...]
"""A place in a node: field names (as they are written in the file) and indices."""


class Kind(StrEnum):
    """Why a caller takes a way. `detail` of the way says which key, condition, language or result."""

    NEXT = "next"
    KEY = "key"
    NO_CHOICE = "no_choice"
    GIVEN = "given"
    NO_ENTRY = "no_entry"
    CASE = "case"
    OTHERWISE = "otherwise"
    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    TALKED = "talked"
    OVERFLOW = "overflow"
    UNAVAILABLE = "unavailable"
    CLOSING = "closing"
    FOUND = "found"
    FAILED = "failed"
    DONE = "done"
    REFUSED = "refused"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a node. `target` None: the call may end here by it (a queue without a `next`)."""

    where: Where
    target: str | None
    kind: Kind
    detail: str = ""


class Reached(StrEnum):
    """What a caller may have reached when the call ends."""

    PERSON = "person"
    PARTNER = "partner"
    CALLBACK = "callback"
    VOICEMAIL = "voicemail"
    MESSAGE = "message"
    GOODBYE = "goodbye"


Types = dict[str, type]
"""The types (str, int, float, bool) of variables, by name."""


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()
"""A value that may be any: what a caller pressed, or a look-up gave."""

Known = Scalar | _Unknown


class Moment(Protocol):
    """What a node may know of a caller when it says what may come: a class of moments, not one."""

    @property
    def language(self) -> str: ...

    @property
    def crisis(self) -> str:
        """The name of the active crisis, or ""."""

    @property
    def prepared(self) -> Crisis | None:
        """What was prepared for the active crisis; None without one."""

    @property
    def in_use(self) -> frozenset[str]:
        """The languages of the flow."""

    def opening(self, calendar: str) -> Opening: ...

    def between(self, from_ms: int | None, until_ms: int | None) -> bool:
        """Whether the moment lies in that span of the epoch."""

    def value(self, name: str) -> Known: ...

    def holds(self, condition: Expression) -> tuple[bool, ...]:
        """Which of true and false the condition may give."""

    def result(self, expression: Expression) -> Known:
        """What the expression gives; UNKNOWN where it hangs on something that may be any."""

    def values(self, variable: str, kind: type) -> tuple[Known, ...]:
        """Values of a variable that the caller or a service gives, such that every condition on it is seen both ways.

        UNKNOWN alone, where nothing says which values matter.
        """

    def results(self, flow: str) -> tuple[str, ...]:
        """The results that the sub-flow may give."""


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does so that a move is made; a scenario can be written of it.

    `kind`: press (`detail`: the keys), silence, hang_up, agent (one answers in `detail`, a queue), nobody, misses (one
    is logged in to `detail` and does not answer), agent_ends, lookup (`detail`: found, failed, not_found, or a cause or
    status that has a way of its own), sends (a text message; `detail`: sent or failed), full, closing (the queue
    closes before the caller can be served), records, shows (the caller's number), known (they are promised to be rung
    back). A press is the caller's own doing, and so is records; who does nothing meets all the others.
    """

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that may come of a node. Without a `way` (or with one without a target) the call ends here.

    `said` is what is heard on it, in order; `waits_s` the longest silence besides, `queued_s` the longest wait in a
    queue. `reached` is what the caller got here, whether or not the call goes on. `sets` are the variables it changes.
    `enters` is the sub-flow that it goes into, with the parameters `gives`; `takes` says which of its variables (the
    values) are taken into ours (the keys) when it comes back, and it goes on by the node's way of the kind `result`
    whose detail is the sub-flow's result. `returns` is that result, for the node that ends a sub-flow.
    """

    way: Way | None = None
    said: tuple[Said, ...] = ()
    waits_s: float = 0.0
    queued_s: float = 0.0
    sets: Mapping[str, Known] = field(default_factory=dict)
    reached: Reached | None = None
    acts: Sequence[Act] = ()
    enters: str = ""
    gives: Mapping[str, Known] = field(default_factory=dict)
    takes: Mapping[str, str] = field(default_factory=dict)
    returns: str = ""
