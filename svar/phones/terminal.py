"""Single keys from the terminal, as long as it is one."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MOST_AT_ONCE = 64


@contextmanager
def keys(pressed: Callable[[str], None]) -> Iterator[bool]:
    """`pressed` gets each key at once while this lasts; the terminal is as before afterwards. False: no terminal."""
    if not sys.stdin.isatty():
        yield False
        return
    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    loop = asyncio.get_running_loop()
    tty.setcbreak(descriptor)

    def readable() -> None:
        typed = os.read(descriptor, _MOST_AT_ONCE)
        if not typed:
            loop.remove_reader(descriptor)
        for key in typed.decode(errors="replace"):
            pressed(key)

    loop.add_reader(descriptor, readable)
    try:
        yield True
    finally:
        loop.remove_reader(descriptor)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
