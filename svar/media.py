"""The media engine that the configuration asks for: in this process, in workers of its own, or rtpengine."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from events.sink import Sink
from ivr.over_sip.lasting_media import LastingMedia
from ivr.over_sip.line import Line, MediaTerms
from ivr.over_sip.telephony import Identity, Spawn
from ivr.ports.call import Clip
from metrics.health import Check, Unwell
from rtp.aio import descriptors
from rtp.aio.engine import LocalMediaEngine
from rtp.aio.pool import MediaPool
from rtp.engine import MediaError
from rtp.rtpengine.aio.engine import RtpengineMediaEngine
from sip.aio.user_agent import UserAgent
from sip.events import Origin
from svar import endpoint
from svar.config import Config, ConfigError

Engine = LocalMediaEngine | MediaPool | RtpengineMediaEngine

MOST_WORKERS: Final = 64
SOCKETS_A_LEG: Final = 2
"""RTP and, once the leg lasts, RTCP."""
OTHER_FILES: Final = 200
"""What a process has open besides: SIP, Redis, the page, files."""


async def start(config: Config) -> Engine:
    """Raises ConfigError, OSError, TimeoutError and MediaError."""
    descriptors.raise_limit()
    settings = endpoint.rtpengine_settings(config)
    if settings is not None:
        try:
            return RtpengineMediaEngine(settings)
        except OSError as error:
            raise ConfigError(
                f"[media] rtpengine_keys: cannot listen on {config.media.rtpengine_keys}: {error.strerror}"
            ) from None
    if not config.media.workers:
        return LocalMediaEngine(endpoint.media_settings(config))
    pool = MediaPool(endpoint.media_settings(config), config.media.workers)
    try:
        await pool.start()
    except (MediaError, TimeoutError) as error:
        raise ConfigError(f"[media] workers: they cannot be started: {str(error) or 'they do not answer'}") from error
    return pool


def lasting(engine: Engine, spawn: Spawn) -> LastingMedia | None:
    """What brings calls back from lost workers or rtpengines; None where there are none to lose."""
    return None if isinstance(engine, LocalMediaEngine) else LastingMedia(engine, spawn)


def line(
    user_agent: UserAgent,
    engine: Engine,
    told: tuple[Sink, Identity],
    spawn: Spawn,
    hold: Iterable[Clip],
    terms: Mapping[Origin, MediaTerms],
) -> Line:
    """What the engine's legs share. `told`: who hears of them, and as whose; `hold`: for whoever is put on hold."""
    again = lasting(engine, spawn)
    return Line(user_agent, again or engine, *told, spawn, tuple(clip.path for clip in hold), again, terms)


def figures(engine: Engine) -> dict[str, int]:
    """For Prometheus."""
    shown = {"legs": engine.legs, "ticks_skipped_total": engine.skipped}
    if isinstance(engine, MediaPool):
        shown |= {"workers": len(engine.crew.running), "workers_lost_total": engine.crew.ended}
    elif isinstance(engine, RtpengineMediaEngine):
        shown |= {"rtpengines": engine.alive[0]}
    return shown


def check(engine: Engine) -> Check | None:
    """A check for `metrics.health`; None where media has nothing of its own that could end."""
    if isinstance(engine, RtpengineMediaEngine):
        return _rtpengines(engine)
    if not isinstance(engine, MediaPool):
        return None
    crew = engine.crew

    async def workers() -> str:
        told = f"{len(crew.running)} of {crew.size} media workers run, {crew.ended} were lost"
        if len(crew.running) < crew.size:
            raise Unwell(f"{told}; the log says why")
        return told

    return workers


def _rtpengines(engine: RtpengineMediaEngine) -> Check:
    async def answering() -> str:
        alive, size = engine.alive
        told = f"{alive} of {size} rtpengines answer"
        if not alive:
            raise Unwell(f"{told}: callers get 503")
        return told

    return answering


def mistakes(config: Config) -> Iterator[str]:
    """What `[media] workers` cannot be."""
    workers = config.media.workers
    if not 0 <= workers <= MOST_WORKERS:
        yield f"[media] workers = {workers}: expected 0 to {MOST_WORKERS}"
    elif workers and config.media.engine != "own":
        yield f"[media] workers = {workers}: rtpengine carries media in its own processes; expected 0"
    elif workers > endpoint.media_ports(config):
        yield f"[media] workers = {workers}: expected a pair of ports for each between first_port and last_port"


def doubts(config: Config, limit: int | None = None) -> Iterator[str]:
    """Whether the system lets us open enough sockets; `limit` is what we may (ours of now)."""
    if config.media.engine != "own":
        return
    limit = descriptors.raise_limit() if limit is None else limit
    legs = min(endpoint.media_ports(config), 2 * config.limits.calls)
    needed = math.ceil(SOCKETS_A_LEG * legs / max(config.media.workers, 1)) + OTHER_FILES
    if limit < needed:
        yield (
            f"[limits] calls = {config.limits.calls}: {needed} open files may be needed in a process, {limit} are "
            f"allowed; raise the hard limit (ulimit -Hn, LimitNOFILE=)"
        )
