from collections.abc import AsyncIterator

import pytest

from rtp.engine import MediaEngine
from tests.rtp.aio.test_engine import made
from tests.rtp.srtp_contract import SrtpContract


class TestLocalMediaEngineWithSrtp(SrtpContract):
    @pytest.fixture
    async def engine(self) -> AsyncIterator[MediaEngine]:
        async for engine in made(gate=True):
            yield engine
