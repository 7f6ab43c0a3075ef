"""The header fields of a message: an ordered multi-map with case-insensitive names (RFC 3261 §7.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeVar, cast

from sip.message.grammar import is_token

T = TypeVar("T")

# Compact forms: RFC 3261 §7.3.3 and the registry of later RFCs.
_COMPACT = {
    "a": "Accept-Contact",
    "b": "Referred-By",
    "c": "Content-Type",
    "d": "Request-Disposition",
    "e": "Content-Encoding",
    "f": "From",
    "i": "Call-ID",
    "j": "Reject-Contact",
    "k": "Supported",
    "l": "Content-Length",
    "m": "Contact",
    "n": "Identity-Info",
    "o": "Event",
    "r": "Refer-To",
    "s": "Subject",
    "t": "To",
    "u": "Allow-Events",
    "v": "Via",
    "x": "Session-Expires",
    "y": "Identity",
}
# Names whose usual spelling is not each word with a capital.
_IRREGULAR = {
    name.lower(): name
    for name in (
        "Call-ID",
        "Content-ID",
        "CSeq",
        "MIME-Version",
        "Min-SE",
        "P-Asserted-Identity",
        "RAck",
        "RSeq",
        "SIP-ETag",
        "SIP-If-Match",
        "WWW-Authenticate",
    )
}


@lru_cache(maxsize=1024)
def canonical(name: str) -> str:
    """The usual spelling of a header's name. Raises ValueError if it is no token."""
    name = name.rstrip(" \t")
    if not is_token(name):
        raise ValueError(f"{name[:40]!r} is no header name")
    key = name.lower()
    return _COMPACT.get(key) or _IRREGULAR.get(key) or "-".join([word.capitalize() for word in key.split("-")])


def check_value(value: str) -> str:
    """`value`, or ValueError where it would end the header early or could not be written."""
    if "\n" in value or "\r" in value or "\0" in value:
        raise ValueError(f"header value {value[:40]!r}: must not hold CR, LF or NUL")
    if not value.isascii():
        value.encode()
    return value


class Headers:
    """Names fold to one spelling, compact forms included; lines of one name keep their order.

    Values are text, one a line: only the typed readers of a message split commas.
    """

    __slots__ = ("_lines", "_typed")

    def __init__(
        self,
        items: Iterable[tuple[str, str]] = (),
        *,
        lines: dict[str, list[str]] | None = None,
        typed: dict[str, object] | None = None,
    ) -> None:
        """`lines` (by canonical name) and `typed` are for the parser, and are taken as they are, unchecked."""
        self._lines = {} if lines is None else lines
        self._typed = {} if typed is None else typed
        for name, value in items:
            self.add(name, value)

    def get(self, name: str) -> str | None:
        """The first line of that name."""
        lines = self._lines.get(name) or self._lines.get(canonical(name))
        return lines[0] if lines else None

    def get_all(self, name: str) -> list[str]:
        """Every line of that name, topmost first."""
        return list(self._lines.get(name) or self._lines.get(canonical(name)) or ())

    def set(self, name: str, value: str) -> None:
        """Raises ValueError for a value with CR, LF or NUL, as do all that write."""
        self.set_all(name, (value,))

    def set_all(self, name: str, values: Iterable[str]) -> None:
        name = canonical(name)
        lines = [check_value(value) for value in values]
        self._typed.pop(name, None)
        if lines:
            self._lines[name] = lines
        else:
            self._lines.pop(name, None)

    def add(self, name: str, value: str) -> None:
        name = canonical(name)
        self._typed.pop(name, None)
        self._lines.setdefault(name, []).append(check_value(value))

    def add_first(self, name: str, value: str) -> None:
        """Above the others of that name, as a Via or Record-Route is pushed."""
        name = canonical(name)
        self._typed.pop(name, None)
        self._lines.setdefault(name, []).insert(0, check_value(value))

    def append_to(self, name: str, text: str) -> None:
        """Add `text` at the end of the first line of that name, as a tag is added to To."""
        name = canonical(name)
        self._typed.pop(name, None)
        self._lines[name][0] += check_value(text)

    def remove(self, name: str) -> None:
        """All lines of that name; nothing if there is none."""
        self.set_all(name, ())

    def items(self) -> Iterator[tuple[str, str]]:
        """Each line; those of one name stand together, where the first of them stood."""
        for name, lines in self._lines.items():
            for value in lines:
                yield name, value

    def copy_from(self, other: Headers, names: Iterable[str]) -> None:
        """Take over the lines of these (canonical) names, characters that `set` refuses included."""
        for name in names:
            lines = other._lines.get(name)
            if lines is not None:
                self._lines[name] = list(lines)
                self._typed.pop(name, None)

    def copy(self) -> Headers:
        copied = Headers()
        copied.copy_from(self, self._lines)
        return copied

    def typed(self, name: str, read: Callable[[list[str]], T]) -> T:
        """What `read` makes of all lines of `name` (canonical), kept until they change."""
        try:
            return cast(T, self._typed[name])
        except KeyError:
            value = self._typed[name] = read(self._lines.get(name, []))
            return value

    def __contains__(self, name: str) -> bool:
        return name in self._lines or canonical(name) in self._lines

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __eq__(self, other: object) -> bool:
        return self._lines == other._lines if isinstance(other, Headers) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"Headers({list(self.items())!r})"
