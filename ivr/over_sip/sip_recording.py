"""A recording of a caller's voice over the media port: its end, and a file that is whole."""

import asyncio
from pathlib import Path

import structlog

from ivr.over_sip.sip_awaiting import Awaited
from ivr.ports.call import CallEnded, Recorded
from rtp import wav
from rtp.engine import LegId, MediaEngine, MediaError

_log = structlog.get_logger(__name__)

_GRACE_S = 1.0
"""Beyond the longest time, for a phone that sends nothing while nobody speaks, so that the engine never counts it."""
_BYTES_PER_S = 8000


async def record(
    media: MediaEngine, leg: LegId, path: str, awaited: Awaited, *, most_s: float, silence_s: float
) -> Recorded:
    """Record until `awaited` is resolved: by a key, by the engine's cause, or by CallEnded. Raises MediaError."""
    await media.record(leg, path, most_s=most_s, silence_s=silence_s)
    ended_by = "hung_up"
    try:
        async with asyncio.timeout(most_s + _GRACE_S):
            cause = await awaited.future
        ended_by = "terminator" if cause in awaited.keys else cause
    except TimeoutError:
        ended_by = "full"
    except CallEnded:
        pass
    finally:
        recorded = await _finish(media, leg, path, ended_by)
    return recorded


async def _finish(media: MediaEngine, leg: LegId, path: str, ended_by: str) -> Recorded:
    """What is in the file. A process that was lost while it wrote has left a file that does not know its length."""
    try:
        kept = await media.stop_record(leg)
    except MediaError as error:
        _log.warning("a recording was cut off", leg=leg, error=str(error))
        return await _cut_off(path, ended_by)
    if ended_by == "failed" and kept.whole:
        return await _cut_off(path, ended_by)  # the engine that is asked now has never recorded anything
    return Recorded(ended_by if kept.whole else "failed", kept.duration_s, kept.spoken_s)


async def _cut_off(path: str, ended_by: str) -> Recorded:
    duration_s = await asyncio.to_thread(_mend, Path(path))
    if ended_by != "hung_up":
        ended_by = "cut_off" if duration_s else "failed"
    return Recorded(ended_by, duration_s, duration_s)


def _mend(path: Path) -> float:
    """Write into the head how much sound there is; gives its length in seconds."""
    head = len(wav.header(0))
    try:
        size = max(0, path.stat().st_size - head)
        if size:
            with path.open("r+b") as file:
                file.write(wav.header(size))
    except OSError:
        return 0.0
    return size / _BYTES_PER_S
