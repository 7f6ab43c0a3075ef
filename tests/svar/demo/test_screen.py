"""What people read while the day runs, and at its end."""

import io

from rich.console import Console

from metrics.service_level import Tally
from metrics.wallboard import NO_OFFERS, Board, QueueRow
from svar.demo.screen import Screen, clock, length, share

NOW_MS = 10 * 3_600_000 + 5 * 60_000


def board(waiting: int = 2) -> Board:
    family = QueueRow("family", waiting, NOW_MS - 65_000, Tally(10, 6, 1, 1, 5, 0, 0, 0), NO_OFFERS)
    return Board((QueueRow("debt", 0, 0, Tally(), NO_OFFERS), family), {"ready": 3, "talking": 6, "logged_out": 2}, 12)


def shown(thing: object, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(thing)
    return console.export_text()


SCREEN = Screen({"family": "Teknisk brukerstøtte", "debt": "800Gjeld"}, 60)


def test_the_live_table_names_queues_agents_and_rates_within_80_columns() -> None:
    text = shown(SCREEN.live(board(), NOW_MS))
    for told in ("10:05", "speed 60", "(calls in progress): 12", "venter", "waiting", "i samtale (talking) 6"):
        assert told in text
    row = next(line for line in text.splitlines() if line.startswith("Teknisk brukerstøtte"))
    assert row.split()[2:] == ["2", "1:05", "10", "6", "1", "85.7", "%", "71.4", "%"]
    assert text.index("Teknisk") < text.index("800Gjeld")  # as in the configuration


def test_a_plain_line_tells_the_same() -> None:
    line = SCREEN.line(board(), NOW_MS)
    assert "offered 10  answered 6  lost 1  waiting 2 (longest 1:05)" in line
    assert "svargrad 85.7 %  servicegrad 70/45 71.4 %  calls 12  ready 3  ringing 0  talking 6" in line


def test_the_summary_says_that_the_sums_hold() -> None:
    text = shown(SCREEN.closing(board()))
    row = next(line for line in text.splitlines() if line.startswith("Teknisk brukerstøtte"))
    assert row.split()[2:] == ["10", "6", "1", "1", "2", "85.7", "%", "71.4", "%"]
    assert "O = A + L + F + W in every queue" in text
    assert "800Gjeld" not in text  # nobody rang there


def test_sums_that_do_not_hold_are_not_hidden() -> None:
    assert "DOES NOT HOLD" in shown(SCREEN.closing(board(waiting=3)))


def test_times_and_shares_are_written_as_people_write_them() -> None:
    assert (clock(9 * 3_600_000), length(125), share(None), share(0.705)) == ("09:00", "2:05", "", "70.5 %")
