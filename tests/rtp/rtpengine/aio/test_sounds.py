from pathlib import Path

import pytest

from rtp import wav
from rtp.engine import MediaError
from rtp.rtpengine import flv
from rtp.rtpengine.aio import sounds
from rtp.rtpengine.aio.sounds import SoundFile, SoundFiles

LOW, HIGH = b"\x01" * 320, b"\x02" * 160


def content(sound: SoundFile) -> bytes:
    return Path(sound.path).read_bytes()


def remove(sound: SoundFile) -> None:
    Path(sound.path).unlink()


def change(file: str) -> None:
    Path(file).write_bytes(LOW * 2)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    low, high = tmp_path / "low.al", tmp_path / "high.wav"
    low.write_bytes(LOW)
    high.write_bytes(wav.write(HIGH))
    return str(low), str(high)


async def test_files_follow_one_another_and_are_made_once(tmp_path: Path, files: tuple[str, str]) -> None:
    made = SoundFiles(tmp_path / "made")
    sound = await made.made(files, 0.0, loop=False)
    assert sound.duration_s == pytest.approx(0.06)
    assert content(sound) == flv.container(LOW + HIGH)
    remove(sound)
    assert await made.made(files, 0.0, loop=False) is sound


@pytest.mark.parametrize(
    ("offset_s", "loop", "heard"),
    [(0.02, False, LOW[:160] + HIGH), (0.04, True, HIGH + LOW), (0.10, True, HIGH + LOW), (1.0, False, b"")],
)
async def test_a_play_begins_where_it_is_told_to(
    tmp_path: Path, files: tuple[str, str], offset_s: float, *, loop: bool, heard: bytes
) -> None:
    sound = await SoundFiles(tmp_path / "made").made(files, offset_s, loop=loop)
    assert content(sound) == flv.container(heard)
    assert sound.duration_s == pytest.approx(len(heard) / 8000)


async def test_a_file_that_changed_is_read_again(tmp_path: Path, files: tuple[str, str]) -> None:
    made = SoundFiles(tmp_path / "made")
    first = await made.made(files[:1], 0.0, loop=True)
    change(files[0])
    assert (await made.made(files[:1], 0.0, loop=True)).path != first.path


async def test_what_an_earlier_run_left_is_removed_and_what_is_too_much_too(
    tmp_path: Path, files: tuple[str, str]
) -> None:
    left = tmp_path / "made" / "left.flv"
    left.parent.mkdir()
    left.write_bytes(b"")
    made = SoundFiles(left.parent)
    assert not left.exists()
    for i in range(sounds.MOST_FILES + 5):
        await made.made(files[1:], i * 0.02, loop=False)
    assert len(list(left.parent.iterdir())) <= 2


@pytest.mark.parametrize("content", [None, b"RIFF\x00\x00\x00\x00WAVE"])
async def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MediaError, match=r"broken\.wav"):
        await SoundFiles(tmp_path / "made").made((str(path),), 0.0, loop=False)
