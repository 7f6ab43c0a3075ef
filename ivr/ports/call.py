"""The Call port: one caller as a flow sees them. Implemented over SIP and by the simulator; one contract suite for both
(`tests/ivr/call_contract.py`).

When the caller is gone, every method raises CallEnded, those under way too. What a flow awaits of others (a command to
the distributor, a look-up) is cancelled by `ivr.contact.serve`, which asks for the end by `on_end`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NewType, Protocol

ContactId = NewType("ContactId", str)


class CallEnded(Exception):
    """The call is over.

    `cause`: caller_hung_up, flow_ended, media_timeout, media_lost, shutdown, failed, transferred.
    """

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class CallInfo:
    """Who rang what. `pii_caller` is the caller's number as far as it may be believed, empty when withheld; `asserted`:
    a trusted trunk says so, not the caller alone.

    `pii_diverted_from` is the number that the caller dialled before the call was diverted to us; empty: none. `journey`
    is what the contact went through (`ivr.running.journeys`), where a phone is rung for it; `asked_by` the agent who
    wants to talk to them first.
    """

    contact: ContactId
    number: str
    trunk: str
    pii_caller: str = ""
    pii_diverted_from: str = ""
    asserted: bool = False
    journey: str = ""
    asked_by: str = ""


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of sound: a raw A-law file at 8 kHz, and what is said in it; `synthetic` where no person speaks."""

    path: str
    duration_s: float
    text: str
    language: str
    synthetic: bool = False


@dataclass(frozen=True, slots=True)
class Collected:
    """Keys that were pressed. `ended_by`: complete, terminator, timeout."""

    pii_digits: str
    ended_by: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the caller said into a recording: how long it is, and where in it the caller was heard last (0: never).

    `ended_by`: terminator, silence, full (the longest time is over), hung_up, cut_off (who carried the media was lost;
    the file has what was written by then), or failed (it is not all in the file, or could not be recorded).
    """

    ended_by: str
    duration_s: float = 0.0
    spoken_s: float = 0.0


class AgentLeg(Protocol):
    """An agent's phone that has answered and can be bridged to a caller."""

    @property
    def agent(self) -> str: ...

    async def hang_up(self) -> None:
        """Release the phone without a bridge. Nothing when it is gone already."""


class Call(Protocol):
    """One caller. All methods raise CallEnded once the call is over.

    A flow awaits one of play, collect, record, bridge and transfer at a time, and may cancel it; when the cancelled
    task has ended, the next may begin.
    """

    @property
    def info(self) -> CallInfo: ...

    @property
    def answered(self) -> bool: ...

    def on_end(self, told: Callable[[str], None]) -> None:
        """Call `told(cause)` once, in the loop's thread, when the call ends; soon, if it has ended already."""

    async def answer(self, *, early: bool = False) -> None:
        """Take the call (200). Nothing when it is taken already.

        `early`: let the caller hear what is played without taking the call, which costs them nothing yet (183); where
        that cannot be, the call is taken. `answered` tells which. Keys may not come before the call is taken.
        """

    async def play(self, clips: tuple[Clip, ...], *, keys: str = "") -> str | None:
        """Play to the end, or until a key among `keys` comes. Gives that key, or None.

        A key that was pressed before counts at once (type-ahead); keys not among `keys` are dropped while playing
        unless `keys` is empty, when they are kept for whoever asks next.
        """

    async def collect(
        self, *, most: int, terminator: str = "#", first_timeout_s: float = 5.0, next_timeout_s: float = 3.0
    ) -> Collected:
        """Gather up to `most` keys, those pressed ahead included. The terminator is not part of the digits."""

    async def record(self, path: str, *, most_s: float, silence_s: float = 0.0, terminator: str = "#") -> Recorded:
        """Write the caller's voice to a WAV file, until the terminator (a key; "": none), `silence_s` without speech
        (0: none), `most_s`, or the call's end.

        Unlike the other methods this does not raise CallEnded when the call ends meanwhile: what was said is worth as
        much, and `hung_up` tells. Keys that were pressed before are dropped. The file is there before this begins, so
        that its maker says who may read it, and is finished when this ends, however it ends, cancelled too.
        """

    async def start_music(self, clips: tuple[Clip, ...]) -> None:
        """Play in a loop in the background, until the next play, bridge or stop_music. Returns at once."""

    async def stop_music(self) -> None: ...

    async def bridge(self, leg: AgentLeg) -> str:
        """Join the caller with `leg` until either hangs up. Gives the cause: agent_hung_up, transferred, error.

        A caller who hangs up ends it with CallEnded, like everywhere; the agent's phone is released in every case.
        """

    async def transfer(self, target: str) -> bool:
        """Send the caller to `target` (a number of the dial plan). True when it was answered there.

        False: the target did not take it, the caller is still here.
        """

    async def hangup(self, cause: str = "flow_ended") -> None:
        """End the call; before it is answered, with a SIP status that fits. Does not raise CallEnded."""
