"""Callers leave messages: over SIP and RTP, a whole node, its broker and its files."""

import asyncio
import json
from pathlib import Path

import pytest

from rtp import wav
from tests.ivr.sip_lab import Handset, talk
from tests.ivr.sounds import tone
from tests.ports import free_range
from tests.rtp.hearing import contains
from tests.rtp.phone import until
from tests.rtp.rtpengine.daemon import daemon
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import Phones, phones_at
from tests.svar.system.published import published

FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: leave
nodes:
  leave:
    type: voicemail
    mailbox: family
    say: {nb: Legg igjen en beskjed.}
    least: 1s
    done: bye
    failed: bye
  bye: {type: hangup, say: {nb: Ha det.}}
"""
PARTS = """
[[mailbox]]
name = "family"
[media]
workers = 1
"""


RTPENGINE = """
[[mailbox]]
name = "family"
[media]
engine = "rtpengine"
rtpengine = ["{address}"]
rtpengine_keys = "{keys}"
"""


def installation(folder: Path, mqtt: str = "off", parts: str = PARTS) -> Installation:
    return Installation(folder, parts, flows={"test.yaml": FLOW}, mqtt=mqtt)


def kept(node: Installation, kind: str) -> list[Path]:
    return sorted((node.state / "voicemail" / "family").glob(f"[!.]*.{kind}"))


def drafts(node: Installation) -> list[Path]:
    return list((node.state / "voicemail" / "family").glob(".*.wav"))


async def speaks(phones: Phones, sound: bytes) -> Handset:
    """A caller who does not wait for the text to end, and speaks from the first moment on."""
    caller = await phones.answered_call()
    await phones.press(caller, "#")
    await talk(caller, sound)
    return caller


async def test_callers_leave_messages_by_hanging_up_and_the_broker_tells(tmp_path: Path) -> None:
    sounds = [tone("first", 4.0), tone("second", 4.0)]
    async with (
        running(installation(tmp_path, mqtt="")) as node,
        phones_at(node) as phones,
        published(node, "voicemail_left") as heard,
    ):
        callers = await asyncio.gather(*[speaks(phones, sound) for sound in sounds])
        for caller in callers:
            caller.hang_up()
        await until(lambda: len(kept(node, "json")) == 2 and len(heard) == 2, "two messages", deadline_s=10)
        recorded = [wav.a_law(path.read_bytes()) for path in kept(node, "wav")]
        for sound in sounds:
            fits = sorted(contains(sound, said) for said in recorded)
            assert fits[0] < 0.3, "nobody else's voice"
            assert fits[1] > 0.95, "what the caller said"
        assert all(len(said) > 2 * 8000 for said in recorded)
        assert {message["message"] for message in heard} == {path.stem for path in kept(node, "json")}
        assert "4799999999" not in json.dumps(heard)
        assert await node.total("svar_contacts_ended_total") == 2


async def test_messages_outlive_a_crash_and_what_was_half_said_does_not(tmp_path: Path) -> None:
    async with running(installation(tmp_path)) as node, phones_at(node) as phones:
        caller = await speaks(phones, tone("whole", 3.0))
        caller.hang_up()
        await until(lambda: len(kept(node, "json")) == 1, "a message", deadline_s=10)
        await speaks(phones, tone("half", 1.5))
        assert len(drafts(node)) == 1
        await node.kill()
        await node.start()
        assert (len(kept(node, "json")), len(kept(node, "wav")), drafts(node)) == (1, 1, [])


@pytest.mark.interop
async def test_a_message_is_left_where_rtpengine_carries_the_voice(tmp_path: Path) -> None:
    first = free_range(50)
    with daemon(tmp_path / "rtpengine.log", first=first, last=first + 99) as server:
        address, keys = (f"{host}:{port}" for host, port in (server.address, server.keys))
        parts = RTPENGINE.format(address=address, keys=keys)
        async with running(installation(tmp_path / "site", parts=parts)) as node, phones_at(node) as phones:
            sound = tone("said", 5.0)
            caller = await speaks(phones, sound)
            caller.hang_up()
            await until(lambda: len(kept(node, "json")) == 1, "a message", deadline_s=10)
            recorded = wav.a_law(kept(node, "wav")[0].read_bytes())
    assert len(recorded) > 2 * 8000
    assert contains(sound, recorded) > 0.95
