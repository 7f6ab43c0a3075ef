"""The Prompts port: clips at once for what is ready, and the rest made ready behind the callers' backs."""

import asyncio
import itertools
import time
from collections.abc import Coroutine, Iterable
from pathlib import Path

import structlog

from ivr.language.prompting import Said, Spelled
from ivr.ports.call import Clip
from ivr.prompts import music
from ivr.prompts.cache import SoundCache
from ivr.prompts.maker import MUSIC, ClipMaker, Convert
from ivr.prompts.phrases import Piece, breaths, likely, literals, value_piece
from ivr.prompts.speech import VOICES, PromptError, Speech

log = structlog.get_logger(__name__)

WORKERS = 3
IDLE_S = 15.0
"""A speech child without work for so long is ended."""
MOST_PIECES = 20_000
WANTED, STATIC, LIKELY = 0, 1, 2
"""The order of work: what a caller should have heard, what flows say, what they are likely to say."""


class SpokenPrompts:
    """Implements `Prompts`. `prepare` may come before `start`, and again whenever flows change."""

    def __init__(self, state: Path, recordings: Path, convert: Convert) -> None:
        """`state`: where sound is kept, made when needed. `recordings`: `<language>/<key>.wav`, `music/<name>.wav`."""
        self._cache = SoundCache(state)
        self._maker = ClipMaker(self._cache, recordings, convert, music.VERSION)
        self._clips: dict[Piece, Clip] = {}
        self._music: dict[str, Clip] = {}
        self._without: set[Piece | str] = set()
        """What could not be made, by piece or name of music; tried again when flows are loaded."""
        self._unspoken: set[Piece] = set()
        """What had neither recording nor voice when it was last prepared."""
        self._recorded_parts: set[tuple[str, str]] = set()
        self._line = _Line()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin to make sound ready. Returns when the music is there."""
        await asyncio.to_thread(self._cache.prune, time.time())
        for number in range(WORKERS):
            self._begin(self._work(), f"prompts-{number}")
        await self._make_music(MUSIC)

    async def ready(self) -> None:
        """Wait until every text that the flows say has its sound, or its fault in the log."""
        await self._line.static_done.wait()

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def prepare(self, said: Iterable[Said]) -> None:
        self._without.clear()
        for each in said:
            for language, text in each.texts.items():
                parts = literals(language, text, each.key)
                falls_back = len(each.languages(language)) > 1
                for part in parts:
                    self._expect(part, STATIC, told=not falls_back)
                if any(self._maker.has_recording(language, part.key) for part in parts if part.text != text.strip()):
                    self._recorded_parts.add((language, each.key))
                for piece in likely(language, text):
                    if piece not in self._clips:
                        self._expect(piece, LIKELY, told=False)

    def _expect(self, piece: Piece, priority: int, *, told: bool) -> None:
        """Have it made; what can have no sound is not tried, unless the log should tell of it."""
        if told or self._maker.can_make(piece):
            self._unspoken.discard(piece)
            self._line.add(piece, priority)
        else:
            self._unspoken.add(piece)

    def clips(self, said: Said, language: str) -> tuple[Clip, ...]:
        for spoken in said.languages(language):
            if found := self._clips_in(said, spoken):
                return found
        first, _ = said.text(language)
        found = () if first in said.languages(language) else self._clips_in(said, first)
        if not found:
            log.warning("a prompt has no sound yet and is left out", language=language, key=said.key)
        return found

    def _clips_in(self, said: Said, language: str) -> tuple[Clip, ...]:
        personal = any(isinstance(value, Spelled) for value in said.values.values())
        may_be_whole = not personal and language in VOICES and (language, said.key) not in self._recorded_parts
        found: list[Clip] = []
        for whole, parts in breaths(language, said.texts[language], said.key, said.values):
            clip = self._clips.get(whole) if whole is not None and may_be_whole else None
            if clip is not None:
                found.append(clip)
                continue
            if whole is not None and may_be_whole:
                self._want(whole, LIKELY)
            for piece in parts:
                clips = self._found(piece, personal=personal)
                if not clips:
                    # A sentence without its number would say something else.
                    return ()
                found.extend(clips)
        return tuple(found)

    def _found(self, piece: Piece, *, personal: bool) -> list[Clip]:
        """The clip of `piece`; or those of its words, if all are there (a number put together).

        With `personal` digits nothing is made that is not said to everybody, since it would be kept on disk.
        """
        clip = self._clips.get(piece)
        if clip is not None:
            return [clip]
        if piece.key or not personal:
            self._want(piece, WANTED)
        words = [self._clips.get(value_piece(piece.language, word)) for word in piece.text.split()]
        there = [word for word in words if word is not None]
        return there if len(there) == len(words) else []

    def _want(self, piece: Piece, priority: int) -> None:
        if piece not in self._without and piece not in self._unspoken and len(self._clips) < MOST_PIECES:
            self._line.add(piece, priority)

    def music(self, name: str) -> tuple[Clip, ...]:
        found = self._music.get(name)
        if found is None and name not in self._without:
            self._without.add(name)
            self._begin(self._make_music(name), f"music-{name}")
        found = found or self._music.get(MUSIC)
        return (found,) if found else ()

    def _begin(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make_music(self, name: str) -> None:
        try:
            self._music[name] = await self._maker.music(name)
        except (PromptError, OSError) as fault:
            self._without.add(name)
            log.warning("music is not to be had", name=name, fault=str(fault))

    async def _work(self) -> None:
        speech = Speech()
        try:
            while True:
                try:
                    async with asyncio.timeout(IDLE_S):
                        priority, piece = await self._line.take()
                except TimeoutError:
                    await speech.close()
                    priority, piece = await self._line.take()
                await self._make(piece, speech)
                self._line.done(priority, piece)
        finally:
            await speech.close()

    async def _make(self, piece: Piece, speech: Speech) -> None:
        try:
            self._clips[piece] = await self._maker.make(piece, speech)
        except (PromptError, OSError) as fault:
            self._without.add(piece)
            log.warning("a prompt has no sound", language=piece.language, key=piece.key, fault=str(fault))
        except Exception:
            self._without.add(piece)
            log.exception("a prompt could not be made", language=piece.language, key=piece.key)


class _Line:
    """Pieces to be made, the urgent first; each stands in line once, and knows when the last static one is made."""

    def __init__(self) -> None:
        self._queue: asyncio.PriorityQueue[tuple[int, int, Piece]] = asyncio.PriorityQueue()
        self._waiting: set[Piece] = set()
        self._order = itertools.count()
        self._static = 0
        self.static_done = asyncio.Event()
        self.static_done.set()

    def add(self, piece: Piece, priority: int) -> None:
        if piece in self._waiting or len(self._waiting) >= MOST_PIECES:
            return
        self._waiting.add(piece)
        self._queue.put_nowait((priority, next(self._order), piece))
        if priority == STATIC:
            self._static += 1
            self.static_done.clear()

    async def take(self) -> tuple[int, Piece]:
        priority, _, piece = await self._queue.get()
        return priority, piece

    def done(self, priority: int, piece: Piece) -> None:
        self._waiting.discard(piece)
        if priority == STATIC:
            self._static -= 1
            if not self._static:
                self.static_done.set()
