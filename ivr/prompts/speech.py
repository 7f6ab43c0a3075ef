"""The parent's end of the speech child: one text at a time, off the loop, started when it is first needed."""

import asyncio
import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

ANSWER_TIMEOUT_S = 10.0
"""A sentence takes 5 ms; a child that needs this long is stuck and is replaced."""
LARGEST_ANSWER = 32 * 1024 * 1024
CHILD = (sys.executable, "-m", "ivr.prompts.synthesiser")
ROOT = Path(__file__).resolve().parents[2]


class PromptError(Exception):
    """Something that callers should hear cannot be had."""


class SpeechError(PromptError):
    """The speech child could not speak this text, or is not there."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How a language is spoken: a voice of espeak-ng, and its pace."""

    name: str
    words_per_minute: int


VOICES = {"nb": Voice("nb+f2", 150), "nn": Voice("nb+f2", 150), "en": Voice("en-gb-x-rp+f2", 155)}
"""By language. espeak-ng has no voice for Nynorsk, which that for Bokmål reads, and none for North Sami."""


class Speech:
    """Speaks through a child process, which it starts, bounds in time and replaces when it fails."""

    def __init__(
        self, command: tuple[str, ...] = CHILD, timeout_s: float = ANSWER_TIMEOUT_S, end_timeout_s: float = 1.0
    ) -> None:
        self._command = command
        self._timeout_s = timeout_s
        self._end_timeout_s = end_timeout_s
        self._child: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    async def speak(self, text: str, voice: Voice) -> bytes:
        """`text` as a WAV file, trimmed and at the level of `ivr.prompts.samples`. Raises SpeechError."""
        request = json.dumps({"text": text, "voice": voice.name, "words_per_minute": voice.words_per_minute})
        async with self._turn:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._ask(request.encode() + b"\n")
            except SpeechError:
                raise
            except (OSError, ValueError, EOFError, TimeoutError) as fault:
                await self._drop()
                raise SpeechError(f"the speech child gave no answer for {text!r}: {fault!r}") from fault
            except asyncio.CancelledError:
                # Half an answer may be left in the pipe, which the next text would be given.
                await self._drop()
                raise

    async def _ask(self, request: bytes) -> bytes:
        child = await self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(request)
        await child.stdin.drain()
        header = json.loads(await child.stdout.readuntil(b"\n"))
        if "error" in header:
            raise SpeechError(str(header["error"]))
        size = int(header["bytes"])
        if not 0 <= size <= LARGEST_ANSWER:
            raise ValueError(f"an answer of {size} bytes")
        return await child.stdout.readexactly(size)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=ROOT,
            )
            log.debug("speech child started", pid=self._child.pid)
        return self._child

    async def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            # Not wait(): what is left in a full pipe would keep it from ever seeing the end.
            await child.communicate()

    async def close(self) -> None:
        """End the child. It may be asked again afterwards, and starts anew."""
        async with self._turn:
            child, self._child = self._child, None
            if child is None:
                return
            if child.stdin is not None:
                child.stdin.close()
            try:
                async with asyncio.timeout(self._end_timeout_s):
                    await child.wait()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    child.kill()
                await child.communicate()
