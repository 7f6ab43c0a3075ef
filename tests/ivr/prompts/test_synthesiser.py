"""The speech child, asked directly."""

import io
import json
import wave
from array import array

from ivr.prompts.synthesiser import MOST_TEXT, answer, serve


class Buzzer:
    """A voice that buzzes for 10 ms a character."""

    rate_hz = 8000

    def speak(self, text: str, voice: str, words_per_minute: int) -> bytes:
        if voice != "nb":
            raise ValueError(f"no voice {voice!r}")
        return array("h", [3000, -3000] * (40 * len(text))).tobytes()


def ask(text: str, voice: str = "nb") -> bytes:
    return json.dumps({"text": text, "voice": voice, "words_per_minute": 150}).encode() + b"\n"


def test_each_request_gets_its_length_and_then_a_wav_file() -> None:
    out = io.BytesIO()
    serve(io.BytesIO(ask("Hei") + ask("Hei på deg")), out, Buzzer())
    out.seek(0)
    for characters in (3, 10):
        body = out.read(json.loads(out.readline())["bytes"])
        with wave.open(io.BytesIO(body)) as file:
            assert file.getnframes() == 80 * characters
    assert out.read() == b""


def test_a_bad_request_gets_an_error_and_the_next_is_served() -> None:
    bad = [b"not json\n", b"[]\n", b'{"text": "x"}\n', ask("x", "klingon"), ask("x" * (MOST_TEXT + 1)), b"3\n"]
    for request in bad:
        assert "error" in json.loads(answer(request, Buzzer()))
    out = io.BytesIO()
    serve(io.BytesIO(bad[0] + ask("Hei")), out, Buzzer())
    lines = out.getvalue().split(b"\n", 2)
    assert "error" in json.loads(lines[0])
    assert "bytes" in json.loads(lines[1])
