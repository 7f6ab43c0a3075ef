import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from rtp import wav
from rtp.aio.recording import CHUNK_BYTES, Recording
from rtp.engine import Recorded, Sides
from rtp.packet import RtpPacket
from tests.rtp.phone import until

FULL = Path("/dev/full")


async def begun(
    path: Path, ended: Callable[[str], None], *, sides: Sides = Sides.ONE, most_s: float = 3600
) -> Recording:
    return await Recording.open(path, sides, most_s, ended)


def say(recording: Recording, packets: int, side: int = 0) -> None:
    for i in range(packets):
        packet = RtpPacket(8, i, 160 * i, 1, bytes([i % 256]) * 160).to_bytes()
        recording.voice(side, packet, 160 * i, 1, "PCMA", asyncio.get_running_loop().time())


async def test_a_long_recording_is_written_as_it_goes(tmp_path: Path) -> None:
    path, ended = tmp_path / "long.wav", list[str]()
    recording = await begun(path, ended.append)
    packets = 3 * CHUNK_BYTES // 160
    say(recording, packets)
    await until(lambda: path.stat().st_size > 0, "sound in the file")
    await recording.close()
    sound = wav.a_law(path.read_bytes())
    assert sound == b"".join(bytes([i % 256]) * 160 for i in range(packets))
    assert ended == []


@pytest.mark.skipif(not FULL.exists(), reason="no device that is full")
async def test_a_full_disk_ends_the_recording_and_nothing_else() -> None:
    ended = list[str]()
    recording = await begun(FULL, ended.append)
    say(recording, 2 * CHUNK_BYTES // 160)
    await until(lambda: bool(ended), "failure")
    say(recording, 10)
    await recording.close()
    assert ended == ["failed"]


@pytest.mark.skipif(not FULL.exists(), reason="no device that is full")
async def test_a_disk_found_full_at_the_end_is_told() -> None:
    ended = list[str]()
    recording = await begun(FULL, ended.append)
    say(recording, 5)
    await recording.close()
    assert ended == ["failed"]


async def test_a_disk_that_lags_too_far_behind_ends_the_recording(tmp_path: Path) -> None:
    ended = list[str]()
    recording = await begun(tmp_path / "slow.wav", ended.append)
    say(recording, CHUNK_BYTES // 160 + 120 * 50 + 1)
    assert ended == ["failed"]
    await recording.close()


async def test_a_recording_that_is_full_is_told_once_and_keeps_what_it_has(tmp_path: Path) -> None:
    path, ended = tmp_path / "full.wav", list[str]()
    recording = await begun(path, ended.append, most_s=0.1)
    say(recording, 20)
    assert ended == ["full"]
    await recording.close()
    assert ended == ["full"]
    assert len(wav.a_law(path.read_bytes())) == 800


@pytest.mark.parametrize(("sides", "data_bytes"), [(Sides.STEREO, 2 * 480), (Sides.MIXED, 480)])
async def test_both_sides_make_a_file_that_says_what_it_holds(tmp_path: Path, sides: Sides, data_bytes: int) -> None:
    path = tmp_path / "both.wav"
    recording = await begun(path, list[str]().append, sides=sides)
    say(recording, 3)
    say(recording, 3, side=1)
    await recording.close()
    data = path.read_bytes()
    assert data.startswith(wav.header(data_bytes, 2 if sides is Sides.STEREO else 1))
    assert len(data) == len(wav.header(0)) + data_bytes


async def test_what_is_said_in_a_pause_is_not_recorded(tmp_path: Path) -> None:
    path = tmp_path / "pause.wav"
    recording = await begun(path, list[str]().append)
    say(recording, 2)
    recording.pause()
    say(recording, 50)
    recording.resume()
    say(recording, 1)
    await recording.close()
    assert len(wav.a_law(path.read_bytes())) == 480


async def test_a_folder_that_is_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="absent"):
        await begun(tmp_path / "absent" / "x.wav", list[str]().append)
    await asyncio.sleep(0)


async def test_silence_ends_a_recording_by_the_clock_and_what_was_said_is_told(tmp_path: Path) -> None:
    path, ended = tmp_path / "said.wav", list[str]()
    recording = await Recording.open(path, Sides.ONE, 60, ended.append, silence_s=0.2)
    for i in range(20):
        await asyncio.sleep(0.02)
        packet = RtpPacket(8, i, 160 * i, 1, bytes([0x2A]) * 160).to_bytes()
        recording.voice(0, packet, 160 * i, 1, "PCMA", asyncio.get_running_loop().time())
    assert ended == []
    await until(lambda: ended == ["silence"], "end by silence")
    assert await recording.close() == Recorded(0.4, 0.4)
    assert len(wav.a_law(path.read_bytes())) == 3200


async def test_nobody_is_listened_to_once_a_recording_is_closed(tmp_path: Path) -> None:
    ended = list[str]()
    recording = await Recording.open(tmp_path / "none.wav", Sides.ONE, 60, ended.append, silence_s=0.05)
    assert await recording.close() == Recorded(0.0, 0.0)
    await asyncio.sleep(0.1)
    assert ended == []


@pytest.mark.skipif(not FULL.exists(), reason="no device that is full")
async def test_what_a_full_disk_did_not_take_is_told_at_the_end() -> None:
    recording = await begun(FULL, lambda _: None)
    say(recording, 5)
    assert not (await recording.close()).whole
