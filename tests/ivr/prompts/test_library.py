"""The Prompts port, with the real speech child."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from ivr.language.prompting import Number, Prompts, Said, Spelled
from ivr.ports.call import Clip
from ivr.prompts.cache import speech_name
from ivr.prompts.library import SpokenPrompts
from ivr.prompts.samples import from_pcm, wav
from ivr.prompts.speech import VOICES

HELLO = Said({"nb": "Hei.", "en": "Hello."}, key="main/hello")
PLACE = Said(
    {"nb": "Du er nummer {position} i køen.", "en": "You are number {position} in the queue."}, key="main/place"
)
COUNT = Said({"en": "There are {many} of them."}, key="main/count")
CASE = Said({"nb": "Saken er {case}."}, key="main/case")


def bytes_at_8_khz(data: bytes) -> bytes:
    """Stands in for the real converter: the right length, and each byte the loudness of its place."""
    with wave.open(io.BytesIO(data)) as file:
        samples = from_pcm(file.readframes(file.getnframes()))
        step = file.getframerate() / 8000
    return bytes(samples[int(at * step)] >> 8 & 0xFF for at in range(int(len(samples) / step)))


class Folder:
    def __init__(self, path: Path) -> None:
        self.state = path / "state"
        self.recordings = path / "recordings"
        self.converted = 0

    def convert(self, data: bytes) -> bytes:
        self.converted += 1
        return bytes_at_8_khz(data)

    def prompts(self) -> SpokenPrompts:
        return SpokenPrompts(self.state, self.recordings, self.convert)

    def seconds(self, path: str) -> float:
        return Path(path).stat().st_size / 8000

    def record(self, name: str, seconds: float) -> None:
        path = self.recordings / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav(from_pcm(b"\x00\x10" * round(8000 * seconds)), 8000))


@pytest_asyncio.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Folder]:
    yield Folder(tmp_path)


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not there():  # noqa: ASYNC110 - sound comes from another process; there is no event to wait for
            await asyncio.sleep(0.01)


async def ready(prompts: SpokenPrompts, *said: Said) -> Prompts:
    prompts.prepare(said)
    await prompts.start()
    await prompts.ready()
    return prompts


def texts(clips: tuple[Clip, ...]) -> list[str]:
    return [clip.text for clip in clips]


async def test_a_text_is_one_clip_in_the_callers_language(folder: Folder) -> None:
    prompts = folder.prompts()
    port = await ready(prompts, HELLO)
    (nb,), (en,) = port.clips(HELLO, "nb"), port.clips(HELLO, "en")
    assert (nb.text, nb.language, en.text, en.language) == ("Hei.", "nb", "Hello.", "en")
    assert folder.seconds(nb.path) == nb.duration_s > 0.2
    assert port.clips(HELLO, "se") == (nb,)
    await prompts.close()


async def test_the_second_start_converts_nothing(folder: Folder) -> None:
    for start in range(2):
        prompts = folder.prompts()
        await ready(prompts, HELLO)
        await prompts.close()
        if not start:
            assert folder.converted == 3
    assert folder.converted == 3


async def test_a_place_in_the_queue_is_said_as_a_whole_sentence(folder: Folder) -> None:
    prompts = folder.prompts()
    port = await ready(prompts, PLACE)
    third = PLACE.with_values(position=Number(3))
    await until(lambda: texts(port.clips(third, "nb")) == ["Du er nummer tre i køen."])
    await until(lambda: texts(port.clips(third, "en")) == ["You are number three in the queue."])
    await prompts.close()


async def test_a_large_number_is_put_together_at_once_and_is_whole_the_next_time(folder: Folder) -> None:
    prompts = folder.prompts()
    port = await ready(prompts, COUNT)
    await until(lambda: len(port.clips(COUNT.with_values(many=Number(1)), "en")) == 1)
    many = COUNT.with_values(many=Number(221))
    await until(lambda: port.clips(COUNT.with_values(many=Number(99)), "en"))
    pieces = texts(port.clips(many, "en"))
    assert " ".join(pieces) == "There are two hundred and twenty-one of them."
    await until(lambda: texts(port.clips(many, "en")) == ["There are two hundred and twenty-one of them."])
    await prompts.close()


async def test_digits_are_said_one_by_one_and_never_kept_as_a_sentence(folder: Folder) -> None:
    prompts = folder.prompts()
    port = await ready(prompts, CASE)
    case = CASE.with_values(case=Spelled("204"))
    await until(lambda: texts(port.clips(case, "nb")) == ["Saken er", "to", "null", "fire"])
    assert texts(port.clips(case, "nb")) == ["Saken er", "to", "null", "fire"]
    await prompts.close()


async def test_a_sentence_whose_number_has_no_sound_yet_is_not_said_by_halves(folder: Folder) -> None:
    prompts = folder.prompts()
    assert prompts.clips(PLACE.with_values(position=Number(3)), "nb") == ()
    assert prompts.music("default") == ()
    await prompts.close()


async def test_a_recording_replaces_the_voice(folder: Folder) -> None:
    folder.record("nb/main/hello", 1.25)
    prompts = folder.prompts()
    port = await ready(prompts, HELLO)
    assert [clip.duration_s for clip in port.clips(HELLO, "nb")] == [1.25]
    assert [clip.text for clip in port.clips(HELLO, "nb")] == ["Hei."]
    assert port.clips(HELLO, "en")[0].duration_s != 1.25
    folder.record("nb/main/hello", 2.0)
    port.prepare([HELLO])
    await prompts.ready()
    assert [clip.duration_s for clip in port.clips(HELLO, "nb")] == [2.0]
    await prompts.close()


async def test_recorded_parts_are_not_replaced_by_a_spoken_sentence(folder: Folder) -> None:
    folder.record("nb/main/place.1", 1.0)
    folder.record("nb/main/place.3", 0.5)
    prompts = folder.prompts()
    port = await ready(prompts, PLACE)
    third = PLACE.with_values(position=Number(3))
    await until(lambda: port.clips(third, "nb"))
    assert texts(port.clips(third, "nb")) == ["Du er nummer", "tre", "i køen."]
    assert [port.clips(third, "nb")[at].duration_s for at in (0, 2)] == [1.0, 0.5]
    await prompts.close()


async def test_the_voice_speaks_for_a_bad_recording_and_nobody_for_a_language_without_voice(folder: Folder) -> None:
    folder.record("nb/main/hello", 0.0)
    prompts = folder.prompts()
    said = Said({"se": "Bures.", "en": "Hello."}, key="main/sami")
    escape = Said({"en": "Out."}, key="../../../main")
    port = await ready(prompts, HELLO, said, escape)
    assert [(clip.text, clip.synthetic) for clip in port.clips(HELLO, "nb")] == [("Hei.", True)]
    assert port.clips(said, "se") == ()
    assert texts(port.clips(said, "en") + port.clips(escape, "en")) == ["Hello.", "Out."]
    await prompts.close()


async def test_a_caller_whose_language_has_no_recording_hears_the_fallback(folder: Folder) -> None:
    said = Said({"nb": "Du er nummer {position}.", "se": "Don leat nummir {position}."}, key="main/place")
    folder.record("se/main/place.1", 1.0)
    folder.record("se/values/number/3", 0.5)
    prompts = folder.prompts()
    port = await ready(prompts, said.falling_back({"se": "nb"}))
    third, fourth = (said.falling_back({"se": "nb"}).with_values(position=Number(place)) for place in (3, 4))
    await until(lambda: texts(port.clips(third, "se")) == ["Don leat nummir", "golbma"])
    assert [clip.duration_s for clip in port.clips(third, "se")] == [1.0, 0.5]
    await until(lambda: texts(port.clips(fourth, "se")) == ["Du er nummer fire."])
    assert port.clips(said.with_values(position=Number(4)), "se") == ()
    await prompts.close()


async def test_a_clip_says_whether_a_person_speaks(folder: Folder) -> None:
    folder.record("nb/main/hello", 1.0)
    said = Said({"nb": "Hei.", "nn": "Hei.", "en": "Hi."}, key="main/hello")
    prompts = folder.prompts()
    port = await ready(prompts, said)
    assert [port.clips(said, language)[0].synthetic for language in ("nb", "nn", "en")] == [False, True, True]
    assert not port.music("default")[0].synthetic
    await prompts.close()


async def test_personal_digits_are_kept_on_disk_in_no_form(folder: Folder) -> None:
    prompts = folder.prompts()
    said = Said({"nb": "Saken er {case:number}."}, key="main/case")
    port = await ready(prompts, said)
    case = said.with_values(case=Spelled("2041"))
    await until(lambda: port.clips(case, "nb"))
    assert texts(port.clips(case, "nb")) == ["Saken er", "to", "tusen", "og", "førtién"]
    # What is wanted is made before what is likely: it would be there by now.
    assert not (folder.state / speech_name("to tusen og førtién", VOICES["nb"])).exists()
    assert (folder.state / speech_name("førtién", VOICES["nb"])).exists()
    await prompts.close()


async def test_recordings_of_values_are_used(folder: Folder) -> None:
    folder.record("en/values/number/7", 0.75)
    prompts = folder.prompts()
    port = await ready(prompts, COUNT)
    case = COUNT.with_values(many=Spelled("7"))
    await until(lambda: port.clips(case, "en"))
    assert [clip.duration_s for clip in port.clips(case, "en")][1] == 0.75
    await prompts.close()


async def test_music_of_a_name_without_recording_is_the_default(folder: Folder) -> None:
    folder.record("music/fiddle", 3.0)
    prompts = folder.prompts()
    port = await ready(prompts)
    (default,) = port.music("default")
    assert default.duration_s > 30
    assert port.music("nothing") == (default,)
    await until(lambda: port.music("fiddle") != (default,))
    assert [clip.duration_s for clip in port.music("fiddle")] == [3.0]
    assert port.music("nothing") == (default,)
    await prompts.close()
