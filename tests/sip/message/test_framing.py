"""Streams: whatever the chunks, the same messages."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip.message.framing import PING, Framer
from sip.message.message import Limits, parse


def message(length: str = "Content-Length: 4", body: bytes = b"v=0\n") -> bytes:
    head = (
        "INVITE sip:b@b SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=1\r\nTo: <sip:b@b>\r\nFrom: <sip:a@a>;tag=1\r\n"
        f"Call-ID: 1\r\nCSeq: 1 INVITE\r\n{length}\r\n\r\n"
    )
    return head.encode() + body


@pytest.mark.parametrize("length", ["Content-Length: 4", "l:4", "CONTENT-LENGTH \t:\r\n\t 4 "])
def test_message_ends_with_its_body(length: str) -> None:
    framer = Framer()
    first, second = message(length), message(length, b"x=1\n")
    assert framer.feed(first + second + b"INV") == [first, second]
    assert framer.fault is None
    assert parse(first).body == b"v=0\n"


def test_keep_alives_are_told_from_messages_and_their_answers_passed_over() -> None:
    framer = Framer()
    assert framer.feed(b"\r\n\r\n\r\n" + message() + b"\r\n\r\n\r") == [PING, message(), PING]
    assert framer.feed(b"\n" + message()) == [message()]
    assert framer.feed(b"\r\n") == []
    assert framer.feed(b"\r\n") == [PING]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (message("X: 1"), "Content-Length"),
        (message("Content-Length: x"), "Content-Length"),
        (message("Content-Length: -1"), "Content-Length"),
        (message("Content-Length:"), "Content-Length"),
        (message("Content-Length: 4\r\nl: 4"), "Content-Length"),
        (message("Content-Length: 65536"), "65535"),
        (message("Content-Length: " + "1" * 5000), "Content-Length"),
        (b"x" * 32768, "32768"),
        (b"\rx", "CR alone"),
    ],
)
def test_stream_that_cannot_be_followed_ends_in_a_fault(data: bytes, reason: str) -> None:
    framer = Framer()
    assert framer.feed(message() + data) == [message()]
    assert framer.fault is not None
    assert reason in str(framer.fault)
    assert framer.feed(message()) == []


def test_fault_carries_the_head_so_that_it_can_be_answered() -> None:
    framer = Framer()
    framer.feed(message("X: 1"))
    assert framer.fault is not None
    assert parse(framer.fault.head).call_id == "1"


def test_head_within_the_limit_passes_however_it_arrives() -> None:
    small = Limits(head=len(message()) - 4)
    assert Framer(small).feed(message()) == [message()]
    slow = Framer(small)
    assert [found for byte in message() for found in slow.feed(bytes([byte]))] == [message()]
    smaller = Framer(Limits(head=len(message()) - 5))
    assert smaller.feed(message()) == []
    assert smaller.fault is not None


def test_message_of_the_greatest_size_passes() -> None:
    assert Framer(Limits(message=len(message()))).feed(message()) == [message()]
    assert Framer(Limits(message=len(message()) - 1)).feed(message()) == []


def test_single_bytes_take_linear_time() -> None:
    framer = Framer()
    begun_s = time.process_time()
    for _ in range(32768):
        framer.feed(b"x")
    assert framer.fault is not None
    assert time.process_time() - begun_s < 2


PIECES = st.sampled_from(
    [message(), message("l: 4"), message("l: 0", b""), PING, b"\r\n", b"\r", b"x", message("X: 1"), b"l: 4\r\n\r\n"]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=6).map(b"".join), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_chunks_make_no_difference(stream: bytes, sizes: list[int]) -> None:
    whole, cut, single = Framer(), Framer(), Framer()
    expected = whole.feed(stream)
    got, at, turn = [], 0, 0
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        got += cut.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert got == expected
    assert [found for byte in stream for found in single.feed(bytes([byte]))] == expected
    assert [str(framer.fault) for framer in (cut, single)] == [str(whole.fault)] * 2


def test_message_that_began_is_partial_until_it_is_complete() -> None:
    framer, seen = Framer(), []
    for chunk in (b"", b"\r\n", b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 1\r\n\r\n", b"x"):
        framer.feed(chunk)
        seen.append(framer.partial)
    assert seen == [False, False, True, False]


def test_many_keep_alives_at_once_are_told_one_by_one() -> None:
    framer = Framer()
    assert framer.feed(PING * 16_000 + b"\r\n") == [PING] * 16_000
    assert framer.feed(b"\r\n") == [PING]
