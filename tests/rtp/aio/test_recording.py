import asyncio
from pathlib import Path

import pytest

from rtp import wav
from rtp.aio.recording import CHUNK_BYTES, Recording
from rtp.packet import RtpPacket
from tests.rtp.phone import until

FULL = Path("/dev/full")


def say(recording: Recording, packets: int) -> None:
    for i in range(packets):
        recording.voice(RtpPacket(8, i, 160 * i, 1, bytes([i % 256]) * 160).to_bytes(), 160 * i, 1)


async def test_a_long_recording_is_written_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    recording = await Recording.open(path, "PCMA")
    packets = 3 * CHUNK_BYTES // 160
    say(recording, packets)
    await until(lambda: path.stat().st_size > 0, "sound in the file")
    await recording.close()
    sound = wav.a_law(path.read_bytes())
    assert sound == b"".join(bytes([i % 256]) * 160 for i in range(packets))


@pytest.mark.skipif(not FULL.exists(), reason="no device that is full")
async def test_a_full_disk_ends_the_recording_and_nothing_else() -> None:
    recording = await Recording.open(FULL, "PCMA")
    say(recording, 2 * CHUNK_BYTES // 160)
    await until(lambda: recording._failed, "failure")
    say(recording, 10)
    await recording.close()


async def test_a_disk_that_lags_too_far_behind_ends_the_recording(tmp_path: Path) -> None:
    recording = await Recording.open(tmp_path / "slow.wav", "PCMA")
    say(recording, CHUNK_BYTES // 160 + 120 * 50 + 1)
    assert recording._failed
    await recording.close()


async def test_a_folder_that_is_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        await Recording.open(tmp_path / "absent" / "x.wav", "PCMA")
    await asyncio.sleep(0)
