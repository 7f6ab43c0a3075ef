"""A real phone as the agent puts the caller on hold, and comes back."""

from pathlib import Path

import numpy as np
import pytest

from rtp.g711 import decode_a
from tests.interop.phones import baresip
from tests.interop.sound import power_at
from tests.ivr.sip_lab import Handset, talk
from tests.ivr.sounds import tone
from tests.rtp.hearing import contains
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import phones_at

pytestmark = pytest.mark.interop

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
"""
TONE_HZ = 880
SECOND = 8000
PURE = 0.6


def hears_tone(caller: Handset) -> bool:
    heard = caller.rtp.heard[-SECOND // 2 :]
    return len(heard) == SECOND // 2 and power_at(decode_a(heard).astype(np.float64), TONE_HZ) > PURE


def hears(heard: bytes, sound: bytes) -> bool:
    return len(heard) >= len(sound) and contains(heard, sound) > 0.9


async def test_a_caller_on_hold_hears_music_and_then_the_agent_again(tmp_path: Path) -> None:
    node = Installation(tmp_path / "node", PARTS)
    async with running(node), phones_at(node) as phones:
        password = node.password("anna")
        async with baresip(
            tmp_path / "agent", "anna", node.sip_port, password=password, answers=True, tone_hz=TONE_HZ
        ) as agent:
            caller = await phones.answered_call()
            await phones.press(caller, "2")
            await talk(caller, tone("hello", 0.2))
            await agent.event("CALL_ESTABLISHED")
            await until(lambda: hears_tone(caller), "the agent's tone")
            (music,) = (node.state / "prompts").glob("music-*.al")
            opening = music.read_bytes()[:SECOND]
            held_at = len(caller.rtp.heard)
            await agent.command("hold")
            await until(lambda: hears(caller.rtp.heard[held_at:], opening), "music", deadline_s=8)
            assert not hears_tone(caller)
            await agent.command("resume")
            await until(lambda: hears_tone(caller), "the agent's tone again")
            await agent.hang_up()
            await until(caller.is_over, "end of the call", deadline_s=8)
            await eventually(lambda: len(node.records()) == 1, "the record")
            await node.quiet()
            assert await node.balance() == (1, 1, 0, 0, 0)
