"""The parent's end of the speech child, with the real child and with bad ones."""

import asyncio
import io
import sys
import wave
from array import array
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ivr.prompts.samples import SPEECH_DBFS, from_pcm, rms_dbfs
from ivr.prompts.speech import VOICES, Speech, SpeechError, Voice


@pytest_asyncio.fixture
async def speech() -> AsyncIterator[Speech]:
    speech = Speech()
    yield speech
    await speech.close()


def heard(wav: bytes) -> tuple["array[int]", int]:
    with wave.open(io.BytesIO(wav)) as file:
        return from_pcm(file.readframes(file.getnframes())), file.getframerate()


@pytest.mark.parametrize("language", sorted(VOICES))
async def test_a_sentence_is_spoken_at_the_stated_level_without_leading_silence(speech: Speech, language: str) -> None:
    samples, rate_hz = heard(await speech.speak("One two three four.", VOICES[language]))
    assert 0.8 < len(samples) / rate_hz < 4
    assert abs(rms_dbfs(samples) - SPEECH_DBFS) < 3
    assert max(map(abs, samples[: rate_hz // 10])) > 300


async def test_norwegian_letters_reach_the_voice(speech: Speech) -> None:
    plain, _ = heard(await speech.speak("Gronn", VOICES["nb"]))
    spoken, _ = heard(await speech.speak("Grønn", VOICES["nb"]))
    assert plain != spoken


async def test_an_unknown_voice_is_an_error_and_the_child_lives_on(speech: Speech) -> None:
    await speech.speak("a", VOICES["nb"])
    child = speech.pid
    with pytest.raises(SpeechError, match="no voice 'nowhere'"):
        await speech.speak("nuqneH", Voice("nowhere", 150))
    await speech.speak("b", VOICES["nb"])
    assert speech.pid == child


async def test_texts_asked_for_at_once_each_get_their_own_sound(speech: Speech) -> None:
    texts = ["en", "en og to og tre og fire", "en og to"]
    sizes = [len(wav) for wav in await asyncio.gather(*(speech.speak(text, VOICES["nb"]) for text in texts))]
    assert sizes[0] < sizes[2] < sizes[1]


@pytest.mark.parametrize(
    "fault",
    [
        "import sys; sys.stdin.readline(); sys.exit(3)",
        "print('no json', flush=True); input()",
        "print('{\"bytes\": 99999999999}', flush=True); input()",
        "print('{\"bytes\": 10}', flush=True); input()",
        "import time; time.sleep(60)",
    ],
)
async def test_a_child_that_fails_is_replaced_and_tells_so(fault: str) -> None:
    speech = Speech((sys.executable, "-c", fault), timeout_s=0.5)
    with pytest.raises(SpeechError, match="gave no answer"):
        await speech.speak("Hei", VOICES["nb"])
    assert speech.pid is None


async def test_a_child_that_cannot_be_started_is_a_speech_error() -> None:
    with pytest.raises(SpeechError):
        await Speech(("/nowhere/speech",)).speak("Hei", VOICES["nb"])


async def test_asking_may_be_cancelled_without_mixing_up_answers() -> None:
    speech = Speech()
    await speech.speak("a", VOICES["nb"])
    asked = asyncio.create_task(speech.speak("en og to og tre og fire og fem og seks", VOICES["nb"]))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    short, rate_hz = heard(await speech.speak("en", VOICES["nb"]))
    assert len(short) / rate_hz < 1
    await speech.close()


async def test_closing_ends_the_child_and_closing_again_does_nothing() -> None:
    speech = Speech()
    await speech.speak("a", VOICES["nb"])
    await speech.close()
    await speech.close()
    assert speech.pid is None


async def test_a_child_that_will_not_end_is_ended() -> None:
    stubborn = "import sys, time\nprint('{\"bytes\": 0}', flush=True)\ntime.sleep(60)"
    speech = Speech((sys.executable, "-c", stubborn), end_timeout_s=0.05)
    await speech.speak("a", VOICES["nb"])
    await speech.close()
    assert speech.pid is None
