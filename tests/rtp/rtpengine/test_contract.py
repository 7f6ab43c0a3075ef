"""The contract of the media port, as far as rtpengine keeps it; the rest stands in CANNOT and in docs/rtpengine.md."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rtp.engine import MediaEngine
from rtp.rtpengine.aio.engine import RtpengineMediaEngine, RtpengineSettings
from tests.rtp.aio.test_engine import free_range
from tests.rtp.media_contract import TIMEOUT_S, UNHEARD_LIMIT_S, MediaContract
from tests.rtp.rtpengine.daemon import Daemon, daemon

pytestmark = pytest.mark.interop

PORTS = 400


@pytest.fixture(scope="module")
def rtpengine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    first = free_range(PORTS // 2)
    with daemon(tmp_path_factory.mktemp("rtpengine") / "log", first=first, last=first + PORTS - 1) as started:
        yield started


class TestRtpengine(MediaContract):
    @pytest.fixture
    async def engine(self, rtpengine: Daemon, tmp_path: Path) -> AsyncIterator[MediaEngine]:
        engine = RtpengineMediaEngine(
            RtpengineSettings(
                (rtpengine.address,),
                rtpengine.keys,
                tmp_path / "sounds",
                rtp_timeout_s=TIMEOUT_S,
                unheard_limit_s=UNHEARD_LIMIT_S,
            )
        )
        yield engine
        await engine.shutdown()
