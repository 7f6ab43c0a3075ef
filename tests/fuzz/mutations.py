"""Strategies for what a parser is fed: noise, examples with changes, and the whole up to 64 KiB."""

from collections.abc import Callable

from hypothesis import strategies as st

from tests.fuzz.targets import MOST_BYTES, Target

Change = Callable[[bytes], bytes]


def _put(at: int, over: int, token: bytes, times: int) -> Change:
    """`token`, repeated, in the place of `over` bytes."""

    def change(data: bytes) -> bytes:
        start = at % (len(data) + 1)
        return data[:start] + token * times + data[start + over :]

    return change


def _cut(at: int, length: int) -> Change:
    def change(data: bytes) -> bytes:
        start = at % (len(data) + 1)
        return data[:start] + data[start + length :]

    return change


def _double(at: int, length: int, times: int) -> Change:
    """Repeat a stretch: a header, a parameter, a digit."""

    def change(data: bytes) -> bytes:
        start = at % (len(data) + 1)
        return data[:start] + data[start : start + length] * times + data[start + length :]

    return change


def _double_line(number: int, times: int) -> Change:
    def change(data: bytes) -> bytes:
        lines = data.split(b"\r\n")
        where = number % len(lines)
        return b"\r\n".join([*lines[:where], *[lines[where]] * times, *lines[where + 1 :]])

    return change


def _flip(at: int, bit: int) -> Change:
    def change(data: bytes) -> bytes:
        if not data:
            return data
        where = at % len(data)
        return data[:where] + bytes([data[where] ^ 1 << bit]) + data[where + 1 :]

    return change


_PLACE = st.integers(0, 4095)
_TIMES = st.sampled_from([1, 1, 1, 2, 3, 100, 1000, 8192, MOST_BYTES])


def changed(target: Target) -> st.SearchStrategy[bytes]:
    """An example, or two of them joined, with up to six changes."""
    token = st.sampled_from(target.tokens) | st.binary(min_size=1, max_size=4)
    changes = st.one_of(
        st.builds(_put, _PLACE, st.integers(0, 40), token, _TIMES),
        st.builds(_cut, _PLACE, st.integers(1, 200)),
        st.builds(_double, _PLACE, st.integers(1, 60), _TIMES),
        st.builds(_double_line, st.integers(0, 60), st.sampled_from([0, 2, 50, 300])),
        st.builds(_flip, _PLACE, st.integers(0, 7)),
    )
    example = st.sampled_from(target.examples)
    joined = st.tuples(example, example, _PLACE).map(lambda two: two[0][: two[2]] + two[1][two[2] :])
    return st.builds(_apply, example | joined, st.lists(changes, max_size=6))


def _apply(data: bytes, changes: list[Change]) -> bytes:
    for change in changes:
        data = change(data)[:MOST_BYTES]
    return data


def repeated(target: Target) -> st.SearchStrategy[bytes]:
    """64 KiB of one short thing behind the beginning of an example: what a search in quadratic time chokes on."""
    unit = st.lists(st.sampled_from(target.tokens) | st.binary(min_size=1, max_size=2), min_size=1, max_size=3)
    return st.builds(
        lambda example, at, unit, tail: (example[:at] + b"".join(unit) * MOST_BYTES)[: MOST_BYTES - len(tail)] + tail,
        st.sampled_from(target.examples),
        st.integers(0, 400),
        unit,
        st.sampled_from([b"", b"\0", b"\r\n\r\n", b">"]),
    )
