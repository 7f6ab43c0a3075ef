"""Bencoding, the text of rtpengine's control protocol: integers, byte strings, lists, dictionaries."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

DEEPEST: Final = 32
LONGEST_NUMBER: Final = 20

Value = int | bytes | list["Value"] | dict[str, "Value"]
"""What comes out. Keys are text, byte by byte (latin-1)."""
Encodable = int | str | bytes | Sequence["Encodable"] | Mapping[str, "Encodable"]


class BencodeError(ValueError):
    """The bytes are not one bencoded value; the message says where."""


def encode(value: Encodable) -> bytes:
    """Text goes out as UTF-8, keys in order."""
    return b"".join(_parts(value))


def _parts(value: Encodable) -> Iterator[bytes]:
    if isinstance(value, int):
        yield b"i%de" % value
    elif isinstance(value, str | bytes):
        data = value.encode() if isinstance(value, str) else value
        yield b"%d:" % len(data)
        yield data
    elif isinstance(value, Mapping):
        yield b"d"
        for key in sorted(value):
            yield from _parts(key)
            yield from _parts(value[key])
        yield b"e"
    else:
        yield b"l"
        for item in value:
            yield from _parts(item)
        yield b"e"


def decode(data: bytes) -> Value:
    """One value and nothing after it. Raises BencodeError."""
    value, end = _value(data, 0, 0)
    if end != len(data):
        raise BencodeError(f"byte {end}: {len(data) - end} bytes too many")
    return value


def _value(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    kind = data[at : at + 1]
    if kind.isdigit():
        return _string(data, at)
    if kind == b"i":
        end = _find(data, b"e", at)
        return _number(data[at + 1 : end], at), end + 1
    if depth >= DEEPEST:
        raise BencodeError(f"byte {at}: deeper than {DEEPEST}")
    if kind == b"l":
        return _list(data, at + 1, depth + 1)
    if kind == b"d":
        return _dictionary(data, at + 1, depth + 1)
    raise BencodeError(f"byte {at}: {kind!r} begins no value")


def _list(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    items: list[Value] = []
    while data[at : at + 1] != b"e":
        item, at = _value(data, at, depth)
        items.append(item)
    return items, at + 1


def _dictionary(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    items: dict[str, Value] = {}
    while data[at : at + 1] != b"e":
        key, at = _string(data, at)
        items[key.decode("latin-1")], at = _value(data, at, depth)
    return items, at + 1


def _string(data: bytes, at: int) -> tuple[bytes, int]:
    colon = _find(data, b":", at)
    length = _number(data[at:colon], at)
    end = colon + 1 + length
    if length < 0 or end > len(data):
        raise BencodeError(f"byte {at}: a string of {length} bytes, {len(data) - colon - 1} are there")
    return data[colon + 1 : end], end


def _find(data: bytes, mark: bytes, at: int) -> int:
    end = data.find(mark, at, at + LONGEST_NUMBER + 2)
    if end < 0:
        raise BencodeError(f"byte {at}: a number without its end")
    return end


def _number(digits: bytes, at: int) -> int:
    if not digits.removeprefix(b"-").isdigit():
        raise BencodeError(f"byte {at}: {digits!r} is no number")
    return int(digits)
