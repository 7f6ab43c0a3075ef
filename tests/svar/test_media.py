"""Which media engine is started, what is checked before, and what it shows."""

import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from ivr.over_sip.lasting_media import LastingMedia
from metrics.health import Unwell
from rtp.aio.engine import LocalMediaEngine
from rtp.aio.pool import MediaPool
from rtp.engine import LegId, LegOptions, MediaError
from rtp.rtpengine.aio.engine import RtpengineMediaEngine
from svar import checks, media
from svar.config import Config, ConfigError, Limits, Media, Node
from tests.ports import free_range
from tests.rtp.phone import until


def spawn(work: Coroutine[Any, Any, object]) -> None:
    work.close()


def config(workers: int) -> Config:
    first = free_range(8)
    return Config(media=Media(first_port=first, last_port=first + 15, workers=workers))


async def test_without_workers_media_runs_in_the_process_that_speaks_sip() -> None:
    engine = await media.start(config(0))
    assert isinstance(engine, LocalMediaEngine)
    assert media.lasting(engine, spawn) is None
    assert media.check(engine) is None
    assert media.figures(engine) == {"legs": 0, "ticks_skipped_total": 0}
    await engine.shutdown()


async def test_a_lost_worker_is_told_of_until_another_runs() -> None:
    engine = await media.start(config(2))
    assert isinstance(engine, MediaPool)
    assert isinstance(media.lasting(engine, spawn), LastingMedia)
    check = media.check(engine)
    assert check is not None
    assert await check() == "2 of 2 media workers run, 0 were lost"
    os.kill(engine.crew.pids[0], signal.SIGKILL)
    await until(lambda: engine.crew.ended == 1, "loss")
    with pytest.raises(Unwell, match="1 of 2 media workers run"):
        await check()
    await until(lambda: len(engine.crew.running) == 2, "new worker")
    assert media.figures(engine) == {"legs": 0, "ticks_skipped_total": 0, "workers": 2, "workers_lost_total": 1}
    await engine.shutdown()


async def test_calls_are_brought_back_also_when_rtpengines_are_lost(tmp_path: Path) -> None:
    chosen = Media(engine="rtpengine", rtpengine=["127.0.0.1:9"], rtpengine_keys=f"127.0.0.1:{free_range(1)}")
    engine = await media.start(Config(node=Node(state=str(tmp_path)), media=chosen))
    assert isinstance(engine, RtpengineMediaEngine)
    assert isinstance(media.lasting(engine, spawn), LastingMedia)
    await engine.shutdown()


async def test_rtpengines_that_all_are_silent_make_the_node_unwell(tmp_path: Path) -> None:
    """Nobody listens there; a call finds out."""
    chosen = Media(
        engine="rtpengine",
        rtpengine=[f"127.0.0.1:{free_range(1)}"],
        rtpengine_keys=f"127.0.0.1:{free_range(1)}",
    )
    engine = await media.start(Config(node=Node(state=str(tmp_path)), media=chosen))
    check = media.check(engine)
    assert check is not None
    assert await check() == "1 of 1 rtpengines answer"
    assert media.figures(engine) == {"legs": 0, "ticks_skipped_total": 0, "rtpengines": 1}
    with pytest.raises(MediaError):
        await engine.open(LegId("leg"), None, LegOptions(contact="c"))
    with pytest.raises(Unwell, match="0 of 1 rtpengines answer: callers get 503"):
        await check()
    assert media.figures(engine)["rtpengines"] == 0
    await engine.shutdown()


@pytest.mark.parametrize(
    ("chosen", "mistake"),
    [
        (Media(workers=-1), "workers = -1: expected 0 to 64"),
        (Media(workers=9, first_port=2000, last_port=2015), "a pair of ports for each"),
        (Media(workers=1, engine="rtpengine", rtpengine=["192.0.2.1:1"]), "in its own processes"),
    ],
)
def test_a_number_of_workers_that_cannot_be_is_a_mistake(chosen: Media, mistake: str) -> None:
    with pytest.raises(ConfigError, match=mistake):
        checks.check(Config(media=chosen))


def test_too_few_open_files_for_the_calls_are_told_of() -> None:
    one, four = (Config(limits=Limits(calls=1000), media=Media(workers=workers)) for workers in (1, 4))
    assert "4200 open files may be needed" in next(media.doubts(one, 4199))
    assert list(media.doubts(one, 4200)) == list(media.doubts(four, 1200)) == []
    assert list(media.doubts(Config(media=Media(engine="rtpengine")), 1)) == []
