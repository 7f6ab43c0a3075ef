"""A played call in a terminal: keys from the keyboard (or a pipe), and what happens as lines."""

import asyncio
import os
import termios
import textwrap
import tty
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from ivr.language.prompting import CHARACTERS_PER_S
from ivr.simulator.play import Play
from ivr.simulator.story import Line
from ivr.simulator.virtual_time import PacedLoop
from svar.sound_card import Voice
from svar.terminal import Terminal

HELP = """keys   0-9 * # the caller presses   s waits for what comes   h hangs up   q quits
world  a an agent answers, or ends the talk   o one more caller before you   c crisis on, off
time   + a minute passes   > an hour passes
look   v variables   t the way until now   ? this help"""
MOST_KEYS = 10_000
_MINUTE_S, _HOUR_S = 60.0, 3600.0
_SETTLES_S = 0.3
_LEAD = 10
"""Columns before the text: the clock."""
_ROLE_MARKS = {"heard": "  ", "did": "> ", "queue": "  ", "end": "", "step": ""}


@dataclass(frozen=True, slots=True)
class Looks:
    """How it is shown: `fast` says texts at once; `stream` is where; `voice` says it aloud too."""

    fast: bool
    stream: TextIO
    voice: Voice | None = None


class Screen:
    """Writes lines with the story's clock; what is heard is typed out as fast as it is said."""

    def __init__(self, looks: Looks, *, jumps: bool) -> None:
        self._terminal = Terminal(looks.stream)
        self._looks = looks
        self._at_once = looks.fast or jumps
        self._skips = looks.fast and not jumps
        self._typing: asyncio.Task[None] | None = None
        self._later: list[Line] = []
        self.play: Play | None = None

    def show(self, line: Line) -> None:
        """One moment; what happens beside a sentence waits for its end."""
        if line.role == "queue" and self._typing is not None:
            self._later.append(line)
            return
        self._end_of_line()
        clock = f"{self.play.now:%H:%M:%S}" if self.play is not None else ""
        rows = textwrap.wrap(_ROLE_MARKS.get(line.role, "") + line.words, self._terminal.width - _LEAD) or [""]
        if line.role != "heard":
            self._write(self._rows(clock, rows, line))
            return
        if self._looks.voice is not None:
            self._looks.voice.say(line.text.partition('"')[2].rpartition('"')[0])
        if self._at_once:
            self._write(self._rows(clock, rows, line))
            if self._skips and self.play is not None:
                self.play.move_on(len(line.text) / CHARACTERS_PER_S)
            return
        self._typing = asyncio.get_running_loop().create_task(self._type(clock, rows, line))

    def note(self, text: str) -> None:
        """Lines that are no moment of the call."""
        self._end_of_line()
        self._write("".join(f"{'':<{_LEAD}}{self._terminal.style(row, 'line')}\n" for row in text.splitlines()))

    def close(self) -> None:
        self._end_of_line()

    def _rows(self, clock: str, rows: Sequence[str], line: Line) -> str:
        role = "place" if line.step else line.role
        leads = [clock, *[""] * (len(rows) - 1)]
        return "".join(
            f"{lead:<{_LEAD}}{self._terminal.style(row, role)}\n" for lead, row in zip(leads, rows, strict=True)
        )

    async def _type(self, clock: str, rows: Sequence[str], line: Line) -> None:
        for at, row in enumerate(rows):
            self._write(f"{'' if at else clock:<{_LEAD}}")
            for word in row.split(" "):
                self._write(self._terminal.style(f"{word} ", line.role))
                await asyncio.sleep(len(word) / CHARACTERS_PER_S)
            self._write("\n")
        self._typing = None
        self._show_later()

    def _end_of_line(self) -> None:
        """Who interrupts what is said sees it cut off."""
        typing, self._typing = self._typing, None
        if typing is not None:
            typing.cancel()
            self._write("…\n")
        self._show_later()

    def _show_later(self) -> None:
        later, self._later = self._later, []
        for line in later:
            self.show(line)

    def _write(self, text: str) -> None:
        self._looks.stream.write(text)
        self._looks.stream.flush()


class Keys:
    """What each key on the keyboard does."""

    def __init__(self, play: Play, screen: Screen) -> None:
        self._play = play
        self._screen = screen
        self.quit = asyncio.Event()
        self._does: dict[str, Callable[[], Awaitable[None]]] = {
            "a": play.agent,
            "o": play.other,
            "s": play.silence,
            "+": lambda: play.wait(_MINUTE_S),
            ">": lambda: play.wait(_HOUR_S),
        }

    async def do(self, key: str) -> None:
        """Nothing for a key without a meaning, but help."""
        play = self._play
        if key in "0123456789*#":
            play.press(key)
        elif key in self._does:
            await self._does[key]()
        elif key in "ynf" and play.asked.waits:
            play.asked.say(key)
        elif key == "h":
            play.hang_up()
        elif key == "c":
            play.crisis()
        elif key == "v":
            self._screen.note("\n".join(f"{name} = {value!r}" for name, value in play.variables().items()))
        elif key == "t":
            self._screen.note(" > ".join(play.trace()) or "(nowhere yet)")
        elif key == "q":
            self.quit.set()
            play.hang_up()
        elif not key.isspace():
            self._screen.note(HELP)


async def play_through(play: Play, screen: Screen, stdin: TextIO) -> None:
    """From the first ring to the end of the call, at the keyboard's word. Without a terminal each key of the pipe is
    pressed when nothing is said; when there are no more, the caller hangs up.
    """
    screen.play = play
    keys = Keys(play, screen)
    calling = asyncio.ensure_future(play.through())
    if stdin.isatty():
        with _keyboard(stdin, keys):
            await calling
    else:
        reading = asyncio.ensure_future(_from_pipe(stdin.read(MOST_KEYS), keys, play))
        await calling
        reading.cancel()
    screen.close()


async def _from_pipe(text: str, keys: Keys, play: Play) -> None:
    for key in text.replace("\n", " ").replace(" ", ""):
        await _until_quiet(play)
        await keys.do(key)
    await _until_quiet(play)
    play.hang_up()


async def _until_quiet(play: Play) -> None:
    """Until the caller hears nothing more, or music, and what was done has had its time."""
    await asyncio.sleep(_SETTLES_S)
    while not play.waits and not play.call.ended:  # noqa: ASYNC110 - in time that jumps it costs nothing to look
        await asyncio.sleep(_SETTLES_S)


@contextmanager
def _keyboard(stdin: TextIO, keys: Keys) -> Iterator[None]:
    """Keys one by one, without Enter, until the end; the terminal is as before then."""
    loop, descriptor = asyncio.get_running_loop(), stdin.fileno()
    before = termios.tcgetattr(descriptor)
    line: asyncio.Queue[str] = asyncio.Queue()

    def pressed() -> None:
        for key in os.read(descriptor, 64).decode(errors="replace"):
            line.put_nowait("q" if key in "\x03\x04" else key)

    async def follow() -> None:
        while True:
            await keys.do(await line.get())

    tty.setcbreak(descriptor)
    loop.add_reader(descriptor, pressed)
    following = loop.create_task(follow())
    try:
        yield
    finally:
        following.cancel()
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def loop_for(stdin: TextIO, *, aloud: bool) -> PacedLoop:
    """Real time for a keyboard and for ears; for a pipe a clock that jumps."""
    return PacedLoop(jumps=not stdin.isatty() and not aloud)


__all__ = ["HELP", "Keys", "Looks", "Screen", "loop_for", "play_through"]
