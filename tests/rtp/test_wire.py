import inspect
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.aio.pool import MediaPool
from rtp.engine import (
    DtmfReceived,
    LegId,
    LegOptions,
    LegStats,
    MediaEngine,
    MediaEvent,
    PlayDone,
    RecordingEnded,
    Relatched,
    RtpTimeout,
    Sides,
    WorkerLost,
)
from rtp.wire import METHODS, MOST_FRAME_BYTES, Frames, WireError, decode_event, decoder, event_frame, frame

LEG = LegId("a")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


def sent(*frames: bytes) -> list[list[Any]]:
    return list(Frames().feed(b"".join(frames)))


@given(st.lists(st.lists(SCALARS, max_size=4), max_size=4), st.integers(1, 9))
def test_what_is_framed_arrives_however_the_stream_is_cut(bodies: list[list[Any]], step: int) -> None:
    messages = [[i, *body] for i, body in enumerate(bodies)]
    stream = b"".join(frame(message) for message in messages)
    frames = Frames()
    got = [message for at in range(0, len(stream), step) for message in frames.feed(stream[at : at + step])]
    assert got == messages


@given(st.binary(max_size=60))
def test_nonsense_is_a_wire_error_and_nothing_else(data: bytes) -> None:
    framed = len(data).to_bytes(4, "big") + data
    for stream in (data, framed):
        try:
            for message in Frames().feed(stream):
                assert isinstance(message[0], int)
        except WireError:
            pass


@pytest.mark.parametrize("body", [b"{}", b"[]", b'["1"]', b"[true]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        list(Frames().feed(len(body).to_bytes(4, "big") + body))


def test_a_frame_is_bounded_on_both_sides() -> None:
    with pytest.raises(WireError, match="at most"):
        frame([1, "x" * MOST_FRAME_BYTES])
    with pytest.raises(WireError, match="at most"):
        list(Frames().feed((MOST_FRAME_BYTES + 1).to_bytes(4, "big")))


def test_text_that_is_no_unicode_crosses() -> None:
    assert sent(frame([1, "a\udcff/ø.al"])) == [[1, "a\udcff/ø.al"]]


def test_only_values_cross() -> None:
    with pytest.raises(WireError, match="object"):
        frame([1, object()])


EVENTS: list[MediaEvent] = [
    DtmfReceived(LEG, "#", 20),
    PlayDone(LEG, 7),
    RtpTimeout(LEG, 30_000),
    Relatched(LEG),
    RecordingEnded(LEG, "full"),
    WorkerLost(LEG),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_crosses(event: MediaEvent) -> None:
    assert decode_event(sent(event_frame(event))[0]) == event


@pytest.mark.parametrize("message", [[0], [0, "Nothing", []], [0, "PlayDone", ["a"]], [0, "PlayDone", ["a", "b"]]])
def test_what_is_no_event_is_refused(message: list[Any]) -> None:
    with pytest.raises(WireError):
        decode_event(message)


def test_arguments_arrive_as_the_port_has_them() -> None:
    options = LegOptions("c", trusted=False, last_sdp="v=0\r\n")
    (message,) = sent(frame([1, "open", [LEG, None, options]]))
    assert METHODS["open"].decode(message[2]) == ([LEG, None, options], {})
    (message,) = sent(frame([1, "play", [LEG, ("x.al", "y.al"), True, 1]]))
    assert METHODS["play"].decode(message[2]) == ([LEG, ("x.al", "y.al")], {"loop": True, "offset_s": 1})
    (message,) = sent(frame([1, "record", [LEG, "x.wav", Sides.STEREO, 2.5, 5.0]]))
    named = {"sides": Sides.STEREO, "most_s": 2.5, "silence_s": 5.0}
    assert METHODS["record"].decode(message[2]) == ([LEG, "x.wav"], named)


def test_results_arrive_as_the_port_has_them() -> None:
    stats = LegStats(1, 2, 3, 4, 5.5, None, 6.0, None)
    ((_, value),) = sent(frame([1, stats]))
    assert METHODS["stats"].result(value) == stats
    assert METHODS["stop"].result(None) is None


@pytest.mark.parametrize(
    ("name", "values"),
    [("stop", None), ("stop", []), ("stop", [1]), ("play", ["a", "x", False, 0.0]), ("play", ["a", ["x"], 1, 0.0]),
     ("record", ["a", "x", "both", 1.0, 0.0]), ("open", ["a", 1, ["c"]]), ("play", ["a", ["x"], False, "1"])],
)  # fmt: skip
def test_arguments_of_another_kind_are_refused(name: str, values: Any) -> None:
    with pytest.raises(WireError):
        METHODS[name].decode(values)


def test_a_type_that_cannot_cross_is_told_of_when_the_port_is_read() -> None:
    with pytest.raises(TypeError, match="no such type can cross"):
        decoder(dict[str, int])
    assert decoder(Enum("Colour", {"RED": "red"}))("red").name == "RED"


@pytest.mark.parametrize("name", METHODS)
def test_the_pool_passes_every_command_on_with_all_its_arguments(name: str) -> None:
    port = inspect.signature(getattr(MediaEngine, name))
    assert inspect.signature(getattr(MediaPool, name)) == port
    assert len(METHODS[name].arguments) == len(port.parameters) - 1
