"""The speech child: `python -m ivr.prompts.synthesiser`, text in, WAV out, over pipes.

espeak-ng is GPL-3; it is loaded in this process alone, and svar only talks with it. One request is one line of JSON,
`{"text": …, "voice": …, "words_per_minute": …}`; the answer is one line, `{"bytes": n}` and n bytes of WAV after it,
or `{"error": …}`. It ends when its input is closed.
"""

import ctypes
import json
import signal
import sys
from typing import BinaryIO, Protocol

import espeakng_loader

from ivr.prompts.samples import from_pcm, normalised, trimmed, wav

SYNCHRONOUS = 2
UTF8 = 1
RATE_PARAMETER = 1
MOST_TEXT = 4000

_Heard = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class Voice(Protocol):
    rate_hz: int

    def speak(self, text: str, voice: str, words_per_minute: int) -> bytes:
        """16-bit mono PCM at `rate_hz`. Raises ValueError when it cannot."""


class Espeak:
    """The library of the espeakng-loader wheel."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self.rate_hz: int = self._library.espeak_Initialize(
            SYNCHRONOUS, 0, str(espeakng_loader.get_data_path()).encode(), 0
        )
        if self.rate_hz <= 0:
            raise OSError("espeak-ng: its voice data could not be read; is the espeakng-loader wheel whole?")
        self._pieces: list[bytes] = []
        self._callback = _Heard(self._heard)
        self._library.espeak_SetSynthCallback(self._callback)

    def _heard(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * 2))
        return 0

    def speak(self, text: str, voice: str, words_per_minute: int) -> bytes:
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        self._library.espeak_SetParameter(RATE_PARAMETER, words_per_minute, 0)
        self._pieces.clear()
        data = text.replace("\0", " ").encode()
        if self._library.espeak_Synth(data, ctypes.c_size_t(len(data) + 1), 0, 0, 0, UTF8, None, None):
            raise ValueError("espeak-ng could not speak the text")
        return b"".join(self._pieces)


def answer(line: bytes, espeak: Voice) -> bytes:
    """The answer to one request line, whatever it holds."""
    try:
        asked = json.loads(line)
        text, voice, pace = str(asked["text"]), str(asked["voice"]), int(asked["words_per_minute"])
        if len(text) > MOST_TEXT:
            raise ValueError(f"a text has at most {MOST_TEXT} characters, this one {len(text)}")
        samples = trimmed(from_pcm(espeak.speak(text, voice, pace)), espeak.rate_hz)
    except (ValueError, KeyError, TypeError) as fault:
        return json.dumps({"error": f"{type(fault).__name__}: {fault}"}).encode() + b"\n"
    body = wav(normalised(samples, espeak.rate_hz), espeak.rate_hz)
    return json.dumps({"bytes": len(body)}).encode() + b"\n" + body


def serve(requests: BinaryIO, answers: BinaryIO, espeak: Voice) -> None:
    for line in requests:
        answers.write(answer(line, espeak))
        answers.flush()


if __name__ == "__main__":
    # Ctrl-C reaches the whole process group; the parent ends this one by closing its input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer, Espeak())
