from collections.abc import AsyncIterator

import pytest

from rtp.engine import LegId, LegOptions, MediaEngine, Srtp
from tests.rtp.aio.test_engine import made
from tests.rtp.srtp_contract import SecureSwitchboard, SrtpContract
from tests.rtp.srtp_phone import SrtpPhone


class TestLocalMediaEngineWithSrtp(SrtpContract):
    @pytest.fixture
    async def engine(self) -> AsyncIterator[MediaEngine]:
        async for engine in made(gate=True):
            yield engine


async def test_a_session_that_lasted_for_long_is_taken_over_with_its_numbers() -> None:
    """A leg on another port, perhaps in another process, which has new keys of its own and not the peer's rollovers."""
    async for engine in made(gate=True):
        board = SecureSwitchboard(engine)
        call = await board.call("a", phone := SrtpPhone())
        last = await engine.offer(call.leg)
        await engine.close(call.leg)
        for phone.sequence in range(0, 3 * 65_536, 30_000):
            phone.sealed(bytes([0x80, 8]) + phone.sequence.to_bytes(4, "big")[2:] + bytes(8))
        phone.sequence += 1
        leg = LegId("b")
        offer = await engine.open(leg, None, LegOptions("c1", srtp=Srtp.REQUIRED, last_sdp=last))
        phone.tag = 2
        phone.attributes = phone.attributes.replace("crypto:1 ", "crypto:2 ")
        before = phone.theirs
        phone.described(offer)
        assert before is not None
        assert phone.theirs is not None
        assert phone.theirs.key != before.key
        await engine.update(leg, phone.sdp(version=2))
        phone.ssrc = 0
        phone.talk()
        call.leg = leg
        await board.heard(call, 1)
        phone.hang_up()
