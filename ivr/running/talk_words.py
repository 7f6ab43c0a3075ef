"""The words of a talk: what comes in to its state machine (`ivr.running.talk`), and what goes out."""

from dataclasses import dataclass
from enum import StrEnum

from ivr.ports.talk import TransferTarget


class State(StrEnum):
    TALKING = "talking"
    HELD = "held"
    CALLING = "calling"
    CONSULTING = "consulting"
    CONFERENCE = "conference"
    SENDING = "sending"
    RECALLING = "recalling"
    OVER = "over"


class Who(StrEnum):
    CALLER = "caller"
    AGENT = "agent"
    THIRD = "third"
    ASIDE = "aside"
    """A second call of the agent's phone, by which the third is talked to. No action names it."""


class Ack(StrEnum):
    """What the agent alone is told."""

    HELD = "held"
    BACK = "back"
    CALLING = "calling"
    SENDING = "sending"
    FAILED = "failed"
    JOINED = "joined"
    THIRD_LEFT = "third_left"
    NOT_NOW = "not_now"
    UNKNOWN = "unknown"


# --- In: commands ---


class Order(StrEnum):
    """Commands without a target."""

    HOLD = "hold"
    RESUME = "resume"
    COMPLETE = "complete"
    TAKE_BACK = "take_back"
    CONFERENCE = "conference"
    DROP_THIRD = "drop_third"


@dataclass(frozen=True, slots=True)
class Consult:
    target: TransferTarget


@dataclass(frozen=True, slots=True)
class Blind:
    target: TransferTarget


Command = Order | Consult | Blind

# --- In: happenings ---


class Happening(StrEnum):
    THIRD_ANSWERED = "third_answered"
    THIRD_GONE = "third_gone"
    AGENT_GONE = "agent_gone"
    AGENT_HOLDS = "agent_holds"
    AGENT_RESUMES = "agent_resumes"
    AGENT_ANSWERED = "agent_answered"
    AGENT_FAILED = "agent_failed"
    CALLER_GONE = "caller_gone"
    SEAT_FAILED = "seat_failed"
    TIME_UP = "time_up"


@dataclass(frozen=True, slots=True)
class ThirdFailed:
    cause: str


# --- Out ---


@dataclass(frozen=True, slots=True)
class Seat:
    """These hear each other; a caller who is not among them hears music, the others nothing."""

    together: tuple[Who, ...]


@dataclass(frozen=True, slots=True)
class Ring:
    target: TransferTarget


@dataclass(frozen=True, slots=True)
class HangUp:
    who: Who


@dataclass(frozen=True, slots=True)
class Tell:
    ack: Ack


@dataclass(frozen=True, slots=True)
class Began:
    how: str
    target: TransferTarget


@dataclass(frozen=True, slots=True)
class Finished:
    how: str
    target: TransferTarget
    outcome: str
    lasted_ms: int


class Do(StrEnum):
    """Actions without values. PROMOTE: the third is the agent from now on, and the first one is done with it."""

    STOP_RINGING = "stop_ringing"
    RING_AGENT = "ring_agent"
    PROMOTE = "promote"


@dataclass(frozen=True, slots=True)
class Over:
    """The talk is over by `cause`; the caller goes on waiting in `queue` (empty: that of the talk; None: in none)."""

    cause: str
    queue: str | None = None


Action = Seat | Ring | HangUp | Tell | Began | Finished | Do | Over
Input = Command | Happening | ThirdFailed
