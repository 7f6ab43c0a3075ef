"""The signalling ladder."""

from svar.phones.ladder import Ladder, Rung, summary

INVITE = b"INVITE sip:600@127.0.0.1 SIP/2.0\r\nVia: x\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n"
RINGING = b"SIP/2.0 180 Ringing\r\nCSEQ : 1 INVITE\r\n\r\n"


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def test_a_message_is_told_in_a_few_words() -> None:
    assert summary(INVITE) == "INVITE sip:600@127.0.0.1 +SDP"
    assert summary(RINGING) == "180 Ringing (INVITE)"
    assert summary(b"SIP/2.0 200 OK\r\n\r\n") == "200 OK ()"
    assert summary(b"\xff\xfe") == "\ufffd\ufffd "


def test_rungs_count_from_the_first_and_are_shown_as_they_come() -> None:
    clock = Clock()
    shown: list[Rung] = []
    ladder = Ladder(clock, shown.append)
    ladder.message("out", INVITE)
    clock.now += 0.25
    ladder.message("in", RINGING)
    assert ladder.note("answered") == 0.25
    assert shown == ladder.rungs
    assert [(rung.at_s, rung.way) for rung in shown] == [(0.0, "out"), (0.25, "in"), (0.25, "note")]
    assert str(ladder.__rich__()).splitlines()[1] == "    0.250  ◄──  180 Ringing (INVITE)"


def test_a_repeated_message_is_marked() -> None:
    ladder = Ladder(Clock())
    for _ in range(2):
        ladder.message("out", INVITE)
    assert [rung.what.endswith(" again") for rung in ladder.rungs] == [False, True]


def test_keep_alives_are_no_rungs() -> None:
    ladder = Ladder(Clock())
    ladder.message("in", b"\r\n\r\n")
    assert ladder.rungs == []
