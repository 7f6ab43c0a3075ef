"""Whatever comes in, each parser gives an outcome or its declared error, in 10 ms of CPU at most."""

import os
import time

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutations import changed, repeated
from tests.fuzz.targets import BY_NAME, MOST_BYTES, MOST_MS, TARGETS, Target

_REPEATS = 5
_PLAIN_WORK_MS = 0.7
"""On the machine that the 10 ms are meant for."""
_MORE = int(os.environ.get("FUZZ_EXAMPLES_TIMES", "1"))
_LARGE = settings(
    max_examples=25 * _MORE,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow, HealthCheck.large_base_example],
)

each_target = pytest.mark.parametrize("name", sorted(BY_NAME))


def best_ms(target: Target, data: bytes) -> float:
    """Of a few readings, as on a machine that nobody shares: what else runs takes caches and half of a core away."""
    best = target.read_ms(data)
    for _ in range(_REPEATS):
        if best <= MOST_MS:
            break
        best = min(best, target.read_ms(data) / slowness())
    return best


def slowness() -> float:
    """How many times as long as usual some plain work takes just now; at least 1."""
    begun_ns = time.thread_time_ns()
    total = 0
    for number in range(20_000):
        total += number % 7
    return max(1.0, (time.thread_time_ns() - begun_ns) / 1e6 / _PLAIN_WORK_MS)


@each_target
def test_examples_are_read(name: str) -> None:
    target = BY_NAME[name]
    taken = [target.feed(example) for example in target.examples]
    assert taken.count(True) * 2 >= len(taken)


@each_target
@settings(max_examples=150 * _MORE)
@given(data=st.data())
def test_noise_and_changed_examples_give_an_outcome_or_the_declared_error(name: str, data: st.DataObject) -> None:
    target = BY_NAME[name]
    fed = data.draw(st.binary(max_size=200) | changed(target))
    target.feed(fed)
    assert best_ms(target, fed) <= MOST_MS


@each_target
@_LARGE
@given(data=st.data())
def test_64_kib_of_anything_take_at_most_ten_milliseconds(name: str, data: st.DataObject) -> None:
    target = BY_NAME[name]
    fed = data.draw(repeated(target))
    assert len(fed) <= MOST_BYTES
    target.feed(fed)
    assert best_ms(target, fed) <= MOST_MS


def test_every_target_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(TARGETS)


_BASIC = (
    b"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
)
_LINE = 8000


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        (b"Via: SIP/2.0/UDP a", b",SIP/2.0/UDP a"),
        (b"Via: SIP/2.0/UDP a", b";a"),
        (b"Via: SIP/2.0/UDP a;x=1", b";a,SIP/2.0/UDP a"),
        (b"Contact: <a:b>", b",<a:b>"),
        (b"Contact: a:b", b",a:b"),
        (b"Route: <sip:a@b>", b',"x" <sip:a@b;lr>;x'),
        (b"Record-Route: <sip:a@b", b";a"),
        (b"Contact: <sip:a@b?a=b", b"&a=b"),
        (b"Contact: sip:a@b", b";x"),
        (b"Contact: ", b"a "),
        (b"Contact: <sip:", b"%41"),
        (b"From: ", b'"\\"'),
        (b"Require: a", b",a"),
        (b"Supported: a", b",a"),
        (b"X: ", b"y"),
        (b"", b"x:\r\n"),
        (b"", b"x:\r\n y\r\n"),
        (b"x:", b"\r\n "),
    ],
)
def test_head_full_of_one_thing_is_read_in_ten_milliseconds(header: bytes, unit: bytes) -> None:
    line = (header + unit * (_LINE // len(unit)))[:_LINE].rpartition(unit)[0] + unit + b"\r\n"
    for lines in (line, line * 3):
        for basic in (_BASIC, _BASIC.replace(b"To: ", b"T")):
            fed = b"INVITE sip:a@b SIP/2.0\r\n" + basic + lines + b"Content-Length: 0\r\n\r\n"
            BY_NAME["message"].feed(fed)
            assert best_ms(BY_NAME["message"], fed) <= MOST_MS
