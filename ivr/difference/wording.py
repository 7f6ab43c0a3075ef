"""Two texts compared word by word."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stayed (both the same), went (`after` empty), came (`before` empty), or were replaced."""

    before: str
    after: str

    @property
    def same(self) -> bool:
        return self.before == self.after


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """The texts cut where they differ."""
    return tuple(_pieces(before.split(), after.split()))


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    for _, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield Piece(" ".join(old[a:b]), " ".join(new[c:d]))


def marked(before: str, after: str, went: tuple[str, str] = ("[-", "-]"), came: tuple[str, str] = ("{+", "+}")) -> str:
    """One text that shows both: "Ring [-igjen-] {+i morgen+}"."""
    told: list[str] = []
    for piece in pieces(before, after):
        if piece.same:
            told.append(piece.before)
            continue
        told += [went[0] + piece.before + went[1]] if piece.before else []
        told += [came[0] + piece.after + came[1]] if piece.after else []
    return " ".join(told)
