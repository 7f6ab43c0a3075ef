"""When a crisis ends, as an operator writes it at three in the morning."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.crises import CrisisError
from svar.crisis_ends import end_ms, lasting, left

OSLO = ZoneInfo("Europe/Oslo")


def at(text: str) -> int:
    return round(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=OSLO).timestamp() * 1000)


NOW_MS = at("2026-11-24 03:10")


@pytest.mark.parametrize(
    ("until", "for_", "end"),
    [
        ("", "4h", "2026-11-24 07:10"),
        ("", "1d12h", "2026-11-25 15:10"),
        ("2026-11-24 15:00", "", "2026-11-24 15:00"),
        ("15:00", "", "2026-11-24 15:00"),
        ("02:30", "", "2026-11-25 02:30"),
        (" 15:00 ", "", "2026-11-24 15:00"),
    ],
)
def test_an_end_is_a_length_a_moment_or_a_time_of_day(until: str, for_: str, end: str) -> None:
    assert end_ms(until, for_, NOW_MS, OSLO) == at(end)


@pytest.mark.parametrize(
    ("until", "for_", "told"),
    [
        ("", "", "say when it ends"),
        ("15:00", "4h", "say when it ends"),
        ("tomorrow", "", "write"),
        ("", "4", "write 4h"),
        ("", "soon", "write 4h"),
        ("", "0s", "is over"),
        ("2026-11-24 03:00", "", "is over; it is 2026-11-24 03:10"),
    ],
)
def test_what_is_no_end_is_told(until: str, for_: str, told: str) -> None:
    with pytest.raises(CrisisError, match=told):
        end_ms(until, for_, NOW_MS, OSLO)


def test_times_are_told_as_they_are_written() -> None:
    assert [lasting(seconds) for seconds in (90, 5400, 172_800, 129_600)] == ["1m30s", "1h30m", "2d", "1d12h"]
    assert left(NOW_MS + 14_400_000 - 400, NOW_MS) == "4h"
    assert left(NOW_MS + 100, NOW_MS) == "1m"
