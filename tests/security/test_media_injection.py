"""RTP from a third address ("RTP bleed"): it is not heard, not relayed, and takes no stream over."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.engine import DtmfReceived, LegId, LegOptions, MediaEvent
from tests.rtp.phone import Phone, until

CALLER, AGENT = LegId("caller"), LegId("agent")
FRAME = bytes([0x55]) * 160
INJECTED = bytes([0x11]) * 160


class Talk:
    """A caller and an agent, bridged, and somebody else who knows the caller's port."""

    def __init__(self, media: LocalMediaEngine) -> None:
        self.media = media
        self.caller, self.agent = Phone(), Phone()
        self.attacker = Phone(address="127.0.0.9", ssrc=0x666)
        self.told: list[MediaEvent] = []
        media.listen(CALLER, self.told.append)

    async def begin(self) -> None:
        for leg, phone in ((CALLER, self.caller), (AGENT, self.agent)):
            phone.described(await self.media.open(leg, phone.sdp(), LegOptions("c")))
        await self.media.bridge(CALLER, AGENT)
        self.attacker.engine = self.caller.engine

    async def both_talk(self, times: int = 10) -> None:
        for _ in range(times):
            self.caller.talk(FRAME)
            self.agent.talk(FRAME)
            await asyncio.sleep(0.01)

    @property
    def heard_by_the_agent(self) -> set[bytes]:
        return {packet.payload for packet in self.agent.voice}

    def end(self) -> None:
        for phone in (self.caller, self.agent, self.attacker):
            phone.hang_up()


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    first = random.randrange(40_000, 60_000, 2)
    media = LocalMediaEngine(MediaSettings("127.0.0.1", first_port=first, last_port=first + 200))
    one = Talk(media)
    await one.begin()
    try:
        yield one
    finally:
        one.end()
        await media.shutdown()


async def test_a_third_address_is_neither_relayed_nor_sent_to_nor_pressed_for(talk: Talk) -> None:
    await talk.both_talk()
    for _ in range(50):
        talk.attacker.talk(INJECTED)
    talk.attacker.press("5")
    await talk.both_talk(20)
    await until(lambda: len(talk.agent.voice) >= 25, "voice of the caller")
    assert talk.heard_by_the_agent == {FRAME}
    assert talk.attacker.hear() == []
    assert len(talk.caller.voice) >= 25
    assert not [event for event in talk.told if isinstance(event, DtmfReceived)]


async def test_the_ssrc_and_sequence_of_the_caller_help_a_third_address_nothing(talk: Talk) -> None:
    await talk.both_talk()
    talk.attacker.ssrc, talk.attacker.sequence = talk.caller.ssrc, talk.caller.sequence
    for _ in range(50):
        talk.attacker.talk(INJECTED)
    await talk.both_talk(20)
    await until(lambda: len(talk.agent.voice) >= 25, "voice of the caller")
    assert talk.heard_by_the_agent == {FRAME}
    assert talk.attacker.hear() == []


async def test_a_third_address_that_speaks_first_loses_the_stream_to_the_one_that_the_sdp_names(talk: Talk) -> None:
    for _ in range(50):
        talk.attacker.talk(INJECTED)
    await asyncio.sleep(0.1)
    await talk.both_talk(30)
    await until(lambda: FRAME in talk.heard_by_the_agent, "voice of the caller")
    talk.agent.packets.clear()
    talk.attacker.talk(INJECTED, 10)
    await talk.both_talk(10)
    await until(lambda: len(talk.agent.voice) >= 8, "voice of the caller")
    assert talk.heard_by_the_agent == {FRAME}
