"""What a phone sent, received and noticed, in one column of time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rich.text import Text

MOST_LINES = 10_000
_SEEN = 64

Way = Literal["out", "in", "note"]
_ARROWS: dict[Way, str] = {"out": "──►", "in": "◄──", "note": " · "}
_STYLES: dict[Way, str] = {"out": "cyan", "in": "green", "note": "bold"}


@dataclass(frozen=True, slots=True)
class Rung:
    """One line of the ladder. `at_s` counts from the phone's first line."""

    at_s: float
    way: Way
    what: str

    def __rich__(self) -> Text:
        return Text.assemble(f"{self.at_s:9.3f}  ", (f"{_ARROWS[self.way]}  {self.what}", _STYLES[self.way]))


def summary(data: bytes) -> str:
    """A SIP message in a few words: what it is, and whether it carries a session description."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *fields = head.decode("utf-8", "replace").split("\r\n")
    method = next((value.split()[-1] for name, value in _fields(fields) if name == "cseq" and value.split()), "")
    start, _, rest = first.partition(" ")
    what = f"{rest} ({method})" if start == "SIP/2.0" else f"{start} {rest.removesuffix(' SIP/2.0')}"
    return f"{what} +SDP" if body.startswith(b"v=0") else what


def _fields(lines: list[str]) -> list[tuple[str, str]]:
    return [(name.strip().lower(), value) for name, _, value in (line.partition(":") for line in lines)]


class Ladder:
    """Collects the rungs and shows each as it comes."""

    def __init__(self, clock: Callable[[], float], show: Callable[[Rung], None] | None = None) -> None:
        self._clock = clock
        self._show = show
        self._began: float | None = None
        self._seen: list[bytes] = []
        self.rungs: list[Rung] = []

    def message(self, way: Literal["out", "in"], data: bytes) -> None:
        """A datagram went out or came in. One that looks like the last ones is marked as a repeat."""
        if not data.strip():
            return
        what = summary(data)
        if data in self._seen:
            what += " again"
        self._seen = [*self._seen[1 - _SEEN :], data]
        self._add(way, what)

    def note(self, what: str) -> float:
        """Something happened that no message tells. Gives its time."""
        return self._add("note", what)

    def _add(self, way: Way, what: str) -> float:
        now = self._clock()
        self._began = now if self._began is None else self._began
        rung = Rung(now - self._began, way, what)
        if len(self.rungs) < MOST_LINES:
            self.rungs.append(rung)
        if self._show is not None:
            self._show(rung)
        return rung.at_s

    def __rich__(self) -> Text:
        return Text("\n").join(rung.__rich__() for rung in self.rungs)
