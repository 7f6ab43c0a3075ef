"""The media engine in worker processes (`workers = N`): the port in the SIP process, the work elsewhere.

Legs of one contact live on one worker, so that a bridge crosses no process: a bridge between contacts on two workers
raises MediaError. When a worker ends, another takes its place at once, and its legs are told of by WorkerLost.
"""

import re
from collections.abc import Callable
from typing import Any, Final

import structlog

from rtp.aio.crew import Crew
from rtp.aio.engine import MediaSettings
from rtp.engine import (
    MOST_RECORDED_S,
    LegId,
    LegOptions,
    LegStats,
    MediaError,
    MediaEvent,
    Played,
    Recorded,
    Sides,
    Supervision,
    WorkerGone,
    WorkerLost,
)
from rtp.places import Places

MOST_OPENINGS: Final = 3
"""Workers that are tried for one leg, when each ends meanwhile."""
_PORT: Final = re.compile(r"^m=audio (\d+) ", re.MULTILINE)
_NOTHING: Final = LegStats(0, 0, 0, 0, 0.0)

log = structlog.get_logger()


class MediaPool:
    """`rtp.engine.MediaEngine` on `workers` processes. `start` it, `shutdown` at the end."""

    def __init__(self, settings: MediaSettings, workers: int) -> None:
        self.crew = Crew(settings, workers, self._report, self._lost)
        self._places = Places()
        self._listeners: dict[LegId, Callable[[MediaEvent], None]] = {}
        self._opening: set[LegId] = set()

    async def start(self) -> None:
        """Raises OSError, TimeoutError and MediaError when not every worker can be started."""
        await self.crew.start()

    def listen(self, leg: LegId, heard: Callable[[MediaEvent], None]) -> None:
        self._listeners[leg] = heard

    def _report(self, event: MediaEvent) -> None:
        heard = self._listeners.get(event.leg)
        if heard is None:
            return
        try:
            heard(event)
        except Exception:
            log.exception("media listener failed", leg=event.leg, happened=type(event).__name__)

    def _lost(self, place: int) -> tuple[int, ...]:
        """Legs that were just being opened are not told of: they are tried elsewhere."""
        lost = self._places.lose(place)
        for leg in lost:
            if leg not in self._opening:
                self._report(WorkerLost(leg))
        return tuple(port for port in lost.values() if port)

    async def _ask(self, name: str, legs: tuple[LegId, ...], *arguments: Any) -> Any:
        return await self.crew.ask(self._places.of(*legs), name, *arguments)

    async def open(self, leg: LegId, remote_sdp: str | None, options: LegOptions) -> str:
        if leg in self._places:
            again: str = await self._ask("open", (leg,), leg, remote_sdp, options)
            return again
        self._opening.add(leg)
        try:
            for _ in range(MOST_OPENINGS):
                await self.crew.some()
                if leg not in self._opening:
                    raise MediaError(f"leg {leg}: closed before it was open", 481)
                text = await self._open(leg, remote_sdp, options)
                if text is not None:
                    return text
            raise WorkerGone(f"leg {leg}: {MOST_OPENINGS} media workers ended while it was opened")
        finally:
            self._opening.discard(leg)

    async def _open(self, leg: LegId, remote_sdp: str | None, options: LegOptions) -> str | None:
        """None when the worker ended meanwhile."""
        self._places.take(leg, options.contact, self.crew.running)
        try:
            text: str = await self._ask("open", (leg,), leg, remote_sdp, options)
        except WorkerGone:
            return None
        except MediaError:
            self._places.leave(leg)
            raise
        port = _PORT.search(text)
        self._places.opened(leg, int(port[1]) if port else 0)
        return text

    async def update(self, leg: LegId, remote_sdp: str) -> str:
        text: str = await self._ask("update", (leg,), leg, remote_sdp)
        return text

    async def offer(self, leg: LegId) -> str:
        text: str = await self._ask("offer", (leg,), leg)
        return text

    async def withdraw(self, leg: LegId) -> None:
        await self._ask("withdraw", (leg,), leg)

    async def play(self, leg: LegId, files: tuple[str, ...], *, loop: bool = False, offset_s: float = 0.0) -> Played:
        played: Played = await self._ask("play", (leg,), leg, files, loop, offset_s)
        return played

    async def stop(self, leg: LegId) -> None:
        await self._ask("stop", (leg,), leg)

    async def send_dtmf(self, leg: LegId, digits: str) -> None:
        await self._ask("send_dtmf", (leg,), leg, digits)

    async def bridge(self, a: LegId, b: LegId) -> None:
        await self._ask("bridge", (a, b), a, b)

    async def unbridge(self, leg: LegId) -> None:
        await self._ask("unbridge", (leg,), leg)

    async def conference(self, legs: tuple[LegId, ...]) -> None:
        await self._ask("conference", legs, legs)

    async def supervise(self, leg: LegId, target: LegId, mode: Supervision) -> None:
        await self._ask("supervise", (leg, target), leg, target, mode)

    async def mute(self, leg: LegId, *, muted: bool) -> None:
        await self._ask("mute", (leg,), leg, muted)

    async def record(
        self,
        leg: LegId,
        path: str,
        *,
        sides: Sides = Sides.ONE,
        most_s: float = MOST_RECORDED_S,
        silence_s: float = 0.0,
    ) -> None:
        await self._ask("record", (leg,), leg, path, sides, most_s, silence_s)

    async def pause_record(self, leg: LegId) -> None:
        await self._ask("pause_record", (leg,), leg)

    async def resume_record(self, leg: LegId) -> None:
        await self._ask("resume_record", (leg,), leg)

    async def stop_record(self, leg: LegId) -> Recorded:
        recorded: Recorded = await self._ask("stop_record", (leg,), leg)
        return recorded

    async def stats(self, leg: LegId) -> LegStats:
        stats: LegStats = await self._ask("stats", (leg,), leg)
        return stats

    async def close(self, leg: LegId) -> LegStats:
        self._listeners.pop(leg, None)
        self._opening.discard(leg)
        place = self._places.leave(leg)
        if place is None:
            return _NOTHING
        try:
            stats: LegStats = await self.crew.ask(place, "close", leg)
        except WorkerGone:
            return _NOTHING
        return stats

    @property
    def legs(self) -> int:
        return len(self._places)

    @property
    def skipped(self) -> int:
        """Ticker slots (5 ms) that workers skipped because they were held up for more than 100 ms."""
        return self.crew.load.skipped

    @property
    def worst_late_s(self) -> float:
        """How late a ticker slot has begun at worst."""
        return self.crew.load.worst_late_s

    async def shutdown(self) -> None:
        """End every worker, and with it all legs."""
        await self.crew.shutdown()
