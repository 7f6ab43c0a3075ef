"""Where commands print: colours and width of a terminal, and plain text in a pipe or a file."""

import logging
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO

import structlog
from rich.console import Console
from rich.text import Text

WIDTH = 100
"""Of lines where there is no terminal, and the most where there is one."""

_COLOURS = {
    "place": "bold",
    "error": "bold red",
    "warning": "yellow",
    "line": "dim",
    "caret": "red",
    "good": "green",
    "heard": "cyan",
    "did": "magenta",
    "queue": "yellow",
    "end": "bold",
}


@contextmanager
def without_logs() -> Iterator[None]:
    """Nothing is logged meanwhile: what flows log in a simulation is no news to anybody."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


class Terminal:
    """Text with roles to a stream, which `style` turns into colours only where somebody sees them."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._console = Console(file=stream, highlight=False, soft_wrap=True)

    @property
    def width(self) -> int:
        return min(WIDTH, self._console.width) if self._console.is_terminal else WIDTH

    def style(self, text: str, role: str) -> str:
        """`text` with the escapes of its role's colour, or as it is."""
        colour = _COLOURS.get(role, "")
        if not colour or not self._console.is_terminal or self._console.no_color:
            return text
        with self._console.capture() as captured:
            self._console.print(Text(text, style=colour), end="", soft_wrap=True)
        return captured.get()

    def print_all(self, lines: Iterable[str]) -> None:
        for line in lines:
            print(line, file=self._stream)

    def hide_logs(self) -> None:
        """What flows log in a simulation is no news to anybody."""
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
