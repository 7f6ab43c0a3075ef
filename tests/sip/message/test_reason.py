"""Reason and Warning as they are read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.message.reason import COMPLETED_ELSEWHERE, Reason, read_reasons, reason, warning


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['SIP ;cause=200 ;text="Call completed elsewhere"'], [Reason("SIP", 200, COMPLETED_ELSEWHERE)]),
        (['Q.850;cause=16;text="Terminated"'], [Reason("Q.850", 16, "Terminated")]),
        (["q.850 ; cause=17, SIP;cause=600"], [Reason("Q.850", 17), Reason("SIP", 600)]),
        (["SIP;cause=480", "Q.850;cause=19"], [Reason("SIP", 480), Reason("Q.850", 19)]),
        (["SIP;cause=1", "SIP;cause=2"], [Reason("SIP", 1)]),
        (["Preemption"], [Reason("PREEMPTION")]),
        (["SIP;cause=1234", "Q.850;cause=x"], [Reason("SIP"), Reason("Q.850")]),
        (["", ";cause=1", "SIP cause", "SIP;cause=200,"], []),
        (['SIP;text="' + "x" * 500 + '"'], [Reason("SIP", 0, "x" * 200)]),
    ],
)
def test_reasons_are_read_one_a_protocol(lines: list[str], expected: list[Reason]) -> None:
    assert list(read_reasons(lines)) == expected


def test_reasons_are_bounded() -> None:
    assert len(read_reasons([", ".join(f"p{number}" for number in range(100))])) == 8


def test_call_that_somebody_else_took_is_told_from_others() -> None:
    assert [one.elsewhere for one in (Reason("SIP", 200), Reason("SIP", 487), Reason("Q.850", 200))] == [
        True,
        False,
        False,
    ]


def test_reason_of_ours_reads_back() -> None:
    ((name, line),) = reason(200, 'a "word"')
    assert (name, line) == ("Reason", r'SIP;cause=200;text="a \"word\""')
    assert read_reasons([line]) == (Reason("SIP", 200, 'a "word"'),)
    assert Reason("Q.850", 16).line == ("Reason", "Q.850;cause=16")


def test_warning_names_who_warns() -> None:
    assert warning(305, "192.0.2.1:5060", "Incompatible media format") == (
        "Warning",
        '305 192.0.2.1:5060 "Incompatible media format"',
    )


@given(st.lists(st.text(alphabet='SIPQ.850;,= cause"\\text', max_size=40), max_size=4))
def test_anything_can_be_read(lines: list[str]) -> None:
    assert all(0 <= one.cause <= 999 for one in read_reasons(lines))
