"""One leg as rtpengine carries it: what was agreed with its phone, with whom it is joined, what it hears."""

import asyncio
from dataclasses import dataclass
from math import ceil
from typing import Final

from rtp.description import LegDescription
from rtp.engine import LegId
from rtp.rtpengine import sides
from rtp.rtpengine.aio.ear import Ear
from rtp.rtpengine.watch import Watch
from sdp.negotiation import Agreed

FRAME_S: Final = 0.02
ROUNDING: Final = 1e-6


@dataclass(slots=True)
class Playing:
    """A play since `began` (the loop's time). `running`: rtpengine is at it, which it is not while the phone holds."""

    number: int
    files: tuple[str, ...]
    loop: bool
    offset_s: float
    duration_s: float
    began: float
    counted: float
    """Up to when it is in the leg's counts."""
    timer: asyncio.TimerHandle | None = None
    running: bool = False

    def elapsed_s(self, now: float) -> float:
        """How far into the files it is; a play of once stays at its end."""
        return self.offset_s + (now - self.began if self.loop else min(now - self.began, self.duration_s))

    def frames(self, now: float) -> int:
        """What there was to send since this was asked last."""
        until = now if self.loop else min(now, self.began + self.duration_s)
        # The first goes out at once.
        frames = max(0, ceil((until - self.counted) / FRAME_S - ROUNDING))
        self.counted += frames * FRAME_S
        return frames


@dataclass(slots=True)
class Counts:
    """Packets towards the phone, played and relayed. `base`: what its partner had sent before they were joined."""

    sent: int = 0
    due: int = 0
    base: int = 0

    def add(self, frames: int) -> None:
        self.sent += frames
        self.due += frames


class Leg:
    """`silent` is where rtpengine listens for what silence says; the keys that we press go there."""

    __slots__ = (
        "blocked",
        "counts",
        "description",
        "ear",
        "id",
        "joined",
        "muted",
        "partner",
        "playing",
        "silent",
        "watch",
    )

    def __init__(self, leg: LegId, description: LegDescription, watch: Watch) -> None:
        self.id = leg
        self.description = description
        self.watch = watch
        self.silent: tuple[str, int] | None = None
        self.partner: Leg | None = None
        self.joined = False
        self.muted = False
        self.playing: Playing | None = None
        self.blocked = False
        self.counts = Counts()
        self.ear: Ear | None = None

    @property
    def tag(self) -> str:
        return self.id

    @property
    def silent_tag(self) -> str:
        return f"{self.id}~"

    @property
    def agreed(self) -> Agreed | None:
        return self.description.agreed

    @property
    def sounding(self) -> tuple[object, ...] | None:
        """What a play depends on; None while the phone is sent nothing."""
        agreed = self.agreed
        if agreed is None or not agreed.direction.sends or self.watch.unheard:
            return None
        return agreed.codec, agreed.ptime_ms, sides.phone(agreed)

    @property
    def sends(self) -> bool:
        return self.agreed is not None and self.agreed.direction.sends

    @property
    def receives(self) -> bool:
        return self.agreed is not None and self.agreed.direction.receives

    @property
    def busy(self) -> bool:
        """Whether it hears something that we play."""
        return self.playing is not None and self.playing.running

    @property
    def astray(self) -> bool:
        """Whether rtpengine plays to a phone that is to be sent nothing, or does not to one that is."""
        return self.playing is not None and self.playing.running is not (self.sounding is not None)

    def count(self, now: float) -> None:
        """Take the play into account until now: rtpengine 10.5 does not say what it sent, so the clock does."""
        if self.playing is not None:
            frames = self.playing.frames(now)
            if self.playing.running:
                self.counts.add(frames)
            elif self.watch.unheard:
                self.counts.due += frames
