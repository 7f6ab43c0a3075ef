"""The media port: what the rest of svar may ask of media, whoever carries it (docs/architecture.md, "Media").

Values only cross it, and SDP crosses as text, so that an implementation may live in another process.
A *leg* is one media stream towards one phone, named by `LegId`; the two legs of a bridge belong to one contact.
Every method raises `MediaError` for an unknown leg or an exhausted pool, and is safe to repeat.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final, NewType, Protocol

from sdp.crypto import Srtp as Srtp

LegId = NewType("LegId", str)


MOST_RECORDED_S: Final = 4 * 3600.0
"""How long a recording gets where nothing else is said."""


class Sides(Enum):
    """Whom a recording has: the leg alone, or also who it is bridged with, beside it (left, right) or mixed."""

    ONE = "one"
    STEREO = "stereo"
    MIXED = "mixed"


class Supervision(StrEnum):
    """What a supervisor does: listens only, is heard by the one who is supervised too, or by all."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"


class MediaError(Exception):
    """The media engine cannot do it. `status` is the SIP status that tells the peer so (488, 503)."""

    def __init__(self, message: str, status: int = 488) -> None:
        super().__init__(message)
        self.status = status


class WorkerGone(MediaError):
    """The process that carried the leg ended while it was asked; WorkerLost has told of it already."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 503)


@dataclass(frozen=True, slots=True)
class LegOptions:
    """How a leg is opened. `trusted`: the far side is a named trunk or an agent, so it may stay silent for ever.

    A trusted leg is told of by RtpTimeout only after its first voice; another also when it never sends, and it is sent
    to for a bounded time only. `on_hold_inactive`: a hold by the peer is answered with inactive, not recvonly.
    `tones`: where the peer takes no telephone events, keys are heard as tones in its voice too, which costs 15 us a
    packet and needs every packet. In a bridge or a conference the others hear them.
    `contact`: legs of one contact can be bridged with each other, or supervise one another. `last_sdp`: our description
    before the leg was lost, which the one that is made now follows (RFC 3264 §8: the same o= line, a higher version,
    the same m-lines).
    `srtp`: whether the media is protected (RFC 3711, keys by RFC 4568). "refused": plain alone is offered and taken;
    "required": RTP/SAVP is offered, and plain gets 488; "preferred": both are taken, and our own offer is best effort.
    """

    contact: str
    trusted: bool = True
    on_hold_inactive: bool = False
    tones: bool = False
    last_sdp: str = ""
    srtp: Srtp = Srtp.REFUSED


@dataclass(frozen=True, slots=True)
class DtmfReceived:
    """A key was pressed (RFC 4733, or a tone in the voice), told once a press, at its beginning: a prompt can stop.

    `digit` is one of `0-9*#A-D`; `duration_ms` is how long it had lasted by then.
    """

    leg: LegId
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class PlayDone:
    """A play that was not looped came to its end. `play` is the number that `play` gave."""

    leg: LegId
    play: int


@dataclass(frozen=True, slots=True)
class RtpTimeout:
    """A leg that should be heard has been silent for `silent_ms`; told once until it is heard again."""

    leg: LegId
    silent_ms: int


@dataclass(frozen=True, slots=True)
class Relatched:
    """The leg's media now comes from another address, after an SDP update or a time-out allowed it."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """A recording ended by itself: "full" (as long as it may be), "silence" (nobody spoke for as long as was given) or
    "failed" (the disk, or who carried the leg). What is written stays.
    """

    leg: LegId
    reason: str


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The process that carried the leg has ended: the leg is no longer open, its ports are gone.

    Told before any command under way fails. `open` with the same name and `last_sdp` begins it anew elsewhere.
    """

    leg: LegId


MediaEvent = DtmfReceived | PlayDone | RtpTimeout | Relatched | RecordingEnded | WorkerLost


@dataclass(frozen=True, slots=True)
class Played:
    """A play has begun: its number, and how long it will last in seconds (0 when looped)."""

    play: int
    duration_s: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recording has: how long it is, and where in it somebody was heard last (0: nobody was).

    `whole`: all of it is in the file.
    """

    duration_s: float = 0.0
    spoken_s: float = 0.0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class LegStats:
    """Packets of one leg. `lost` and `jitter_ms` (RFC 3550 §6.4.1, A.8) count only while the gate was open.

    The `peer_` figures are what the peer's last report (RTCP) said of the packets sent to it, None before one came.
    Arrivals are seen in steps of 5 ms, so a jitter or a round trip of a few ms may be the engine's own.
    """

    sent: int
    due: int
    received: int
    lost: int
    jitter_ms: float
    peer_lost: int | None = None
    peer_jitter_ms: float | None = None
    round_trip_ms: float | None = None


class MediaEngine(Protocol):
    """Plays, hears and relays. One contract suite holds every implementation to this: `tests/rtp/media_contract.py`."""

    def listen(self, leg: LegId, heard: Callable[[MediaEvent], None]) -> None:
        """From now on `heard` gets the events of `leg`, in the loop's thread."""

    async def open(self, leg: LegId, remote_sdp: str | None, options: LegOptions) -> str:
        """Take ports for `leg`. Gives our SDP: the answer to `remote_sdp`, or an offer when that is None.

        Raises MediaError(488) when no codec is shared, MediaError(503) when no port is free.
        """

    async def update(self, leg: LegId, remote_sdp: str) -> str:
        """The peer's answer to our offer, or a new offer (hold, resume, moved address). Gives our SDP that answers."""

    async def offer(self, leg: LegId) -> str:
        """Our offer of now: for a re-INVITE that has none. `update` with the peer's answer completes it."""

    async def withdraw(self, leg: LegId) -> None:
        """Our offer stays without an answer (the ACK had none): `update` takes the peer's next offer for one again."""

    async def play(self, leg: LegId, files: tuple[str, ...], *, loop: bool = False, offset_s: float = 0.0) -> Played:
        """Play files (raw A-law at 8 kHz, or WAV) one after the other. Raises MediaError if one is unreadable.

        A running play is replaced, without its PlayDone. In a bridge, what is played silences the peer meanwhile.
        """

    async def stop(self, leg: LegId) -> None:
        """Stop playing. No PlayDone follows."""

    async def send_dtmf(self, leg: LegId, digits: str) -> None:
        """Send keys by RFC 4733, 100 ms each with 60 ms between (whole packets); a running play pauses meanwhile."""

    async def bridge(self, a: LegId, b: LegId) -> None:
        """Relay between the two legs, both ways. Ends what either plays; they leave what they were in before."""

    async def unbridge(self, leg: LegId) -> None:
        """`leg` leaves its bridge, its conference, or the leg that it supervises. Nothing when it is in none.

        Both sides of a bridge stop relaying; of a conference the others go on; who is supervised is not disturbed.
        """

    async def conference(self, legs: tuple[LegId, ...]) -> None:
        """All hear all others from now on, and what each hears is mixed. Ends what they play, as `bridge` does.

        They leave the bridges and conferences that they were in. Two are a plain bridge, and become one again when the
        third leaves or is closed. Raises MediaError(400) unless they are 2 to 16 different legs. A prompt to one of
        them is heard by it alone, in place of the mix; keys by RFC 4733 are told and not passed on. A recording of two
        sides has on its far side what the leg hears.
        """

    async def supervise(self, leg: LegId, target: LegId, mode: Supervision) -> None:
        """`leg` hears `target` and all with whom it talks, now and in its later bridges; a second call changes `mode`.

        It leaves what it was in before, and stays until `unbridge(leg)`, or until either is closed. `target` may talk
        with nobody for now. Raises MediaError(400) when `target` supervises itself, or has four supervisors already.
        """

    async def mute(self, leg: LegId, *, muted: bool) -> None:
        """What comes from the leg is heard by nobody, its recording included, or is again: silence stands for it.

        It counts as a sign of life, and keys are told but not passed on. It stays so from one bridge to the next.
        """

    async def record(
        self,
        leg: LegId,
        path: str,
        *,
        sides: Sides = Sides.ONE,
        most_s: float = MOST_RECORDED_S,
        silence_s: float = 0.0,
    ) -> None:
        """Write what is heard from `leg`, or from both sides of its bridge, to a WAV file in A-law.

        Until `stop_record` or `close`, but at most `most_s` of sound, and until nobody was heard for `silence_s` (0:
        however long that lasts): then RecordingEnded tells so. Of two sides, the far one is silent while there is no
        bridge; where both are silent for more than a minute, the rest is left out. What is played is not recorded.
        Raises MediaError if the file cannot be written.
        """

    async def pause_record(self, leg: LegId) -> None:
        """Leave out what is said from now on, and the time it takes. Nothing if nothing is recorded."""

    async def resume_record(self, leg: LegId) -> None: ...

    async def stop_record(self, leg: LegId) -> Recorded:
        """End the recording. Gives what is in the file by then; zeros if nothing was recorded."""

    async def stats(self, leg: LegId) -> LegStats: ...

    async def close(self, leg: LegId) -> LegStats:
        """End the leg and give its ports to quarantine. Gives what it was like; zeros for a leg that is not open."""

    @property
    def legs(self) -> int:
        """How many legs are open."""
