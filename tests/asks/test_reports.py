"""What users of other systems asked for in vain, of records and reports: the folds over events."""

from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from events.catalogue import Event
from metrics.cdr import CallRecord, CallRecords
from metrics.pipeline import Folds
from metrics.service_level import INTERVAL_MS
from tests.metrics.told import (
    DAY_MS,
    TENANT,
    answered,
    became,
    ended,
    left,
    offered,
    queued,
    released,
    started,
    stepped,
    stream,
    tell,
    whole_call,
)

OSLO = ZoneInfo("Europe/Oslo")


def records(events: list[Event]) -> list[CallRecord]:
    fold = CallRecords()
    tell(fold, events)
    return fold.take()


def test_ask_10_waits_over_transfers_add_up() -> None:
    """Waits over transfers cannot be added up: the record has every stay in a queue, and their sum."""
    events = [started("c1"), queued("c1", "work"), offered("c1", "o1", queue="work", at_ms=DAY_MS + 30_000)]
    events += [answered("c1", 32_000, "work", DAY_MS + 32_000), released("c1", 100_000, "work", DAY_MS + 132_000)]
    events += [became("kari", "ready", "talking", DAY_MS + 132_000), queued("c1", "family", DAY_MS + 132_000)]
    events += [offered("c1", "o2", "per", "family", DAY_MS + 190_000)]
    events += [answered("c1", 60_000, "family", DAY_MS + 192_000, "per", "o2")]
    events += [released("c1", 10_000, "family", DAY_MS + 202_000, "per"), ended("c1", at_ms=DAY_MS + 202_000)]
    (record,) = records([*events, became("per", "ready", "talking", DAY_MS + 202_000)])
    assert [(visit["queue"], visit["waited_ms"]) for visit in record["visits"]] == [
        ("work", 32_000),
        ("family", 60_000),
    ]
    assert record["total_waited_ms"] == 92_000
    assert record["bounces"] == 1


def test_ask_11_a_talk_over_a_clock_change_is_as_long_as_it_was() -> None:
    """Talk time an hour too long at a clock change: ten minutes over the night when clocks go back are ten minutes."""
    before_ms = round(datetime(2026, 10, 25, 2, 55, tzinfo=OSLO).timestamp() * 1000)
    (record,) = records(_talk("c1", before_ms, 600_000))
    ends = [datetime.fromtimestamp(record[name] / 1000, OSLO) for name in ("started_ms", "ended_ms")]
    assert [f"{end:%H:%M}" for end in ends] == ["02:55", "02:05"], "the clocks went back meanwhile"
    assert (record["talked_ms"], record["ended_ms"] - record["answered_ms"]) == (600_000, 600_000)
    folds = Folds(TENANT)
    folds.apply(stream([*_talk("c1", before_ms, 600_000), *_talk("c2", before_ms + 3_600_000, 600_000)]))
    assert len(folds.service_level.cohorts) == 2, "02:55 comes twice, and is two half-hours"


def _talk(contact: str, at_ms: int, talked_ms: int) -> list[Event]:
    over_ms = at_ms + talked_ms
    return [
        started(contact, at_ms),
        queued(contact, at_ms=at_ms),
        offered(contact, at_ms=at_ms),
        answered(contact, at_ms=at_ms),
        released(contact, talked_ms, at_ms=over_ms),
        became("kari", "ready", "talking", over_ms),
        ended(contact, at_ms=over_ms),
    ]


def test_ask_11_an_answered_call_is_never_shown_as_abandoned() -> None:
    """Answered shown as abandoned: in whatever order the node and the distributor tell the end, it was answered."""
    call = whole_call("c1")
    for earlier in range(6, len(call)):
        moved = [event for event in call if event.kind != "contact_ended"]
        moved.insert(earlier, next(event for event in call if event.kind == "contact_ended"))
        (record,) = records(moved)
        assert record["outcome"] == "answered"
        assert record["visits"][0]["end"] == "answered"
        folds = Folds(TENANT)
        folds.apply(stream(moved))
        tally = folds.service_level.tally()
        assert (tally.offered, tally.answered, tally.lost) == (1, 1, 0)


WHAT = st.sampled_from(["answered", "lost", "flowed_out", "waiting", "moved"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7_200), st.integers(0, 7_200), WHAT), max_size=40))
def test_ask_11_offered_is_answered_lost_flowed_out_and_waiting_in_every_interval(
    callers: list[tuple[int, int, str]],
) -> None:
    """Offered is not answered + lost per interval: a contact belongs to the one in which it came, however it ends."""
    told: list[tuple[int, Event]] = []
    for n, (came_s, waited_s, what) in enumerate(callers):
        contact, came_ms, end_ms = f"c{n}", DAY_MS + came_s * 1000, DAY_MS + (came_s + waited_s) * 1000
        told.append((came_ms, queued(contact, at_ms=came_ms)))
        ends: dict[str, list[Event]] = {
            "answered": [answered(contact, waited_s * 1000, at_ms=end_ms)],
            "lost": [left(contact, waited_s * 1000, at_ms=end_ms)],
            "flowed_out": [left(contact, waited_s * 1000, at_ms=end_ms, disposition="flowed_out", cause="partner")],
            "waiting": [],
            "moved": [queued(contact, "family", end_ms)],
        }
        told += [(end_ms, event) for event in ends[what]]
    folds = Folds(TENANT)
    folds.apply(stream([event for _, event in sorted(told, key=lambda one: one[0])]))
    for start_ms in range(DAY_MS, DAY_MS + 5 * INTERVAL_MS, INTERVAL_MS):
        came = [what for came_s, _, what in callers if start_ms <= DAY_MS + came_s * 1000 < start_ms + INTERVAL_MS]
        tally = folds.service_level.tally("pensjon", since_ms=start_ms, until_ms=start_ms + INTERVAL_MS)
        assert (tally.offered, tally.answered, tally.lost) == (len(came), came.count("answered"), came.count("lost"))
        assert tally.flowed_out == came.count("flowed_out") + came.count("moved")
        assert tally.waiting == came.count("waiting")


def test_ask_11_who_hangs_up_in_the_menu_is_counted_as_nothing_else() -> None:
    """Menu hang-ups counted as answered: they are menu-ended, in no queue, and in no answer rate."""
    events = [started("c1"), stepped("c1", "menu"), ended("c1", "menu_ended")]
    (record,) = records(events)
    assert (record["outcome"], record["answered_ms"], record["visits"]) == ("menu_ended", 0, [])
    folds = Folds(TENANT)
    folds.apply(stream([*events, *whole_call("c2")]))
    assert folds.counters.copy()["contacts_ended"] == {("menu_ended",): 1, ("answered",): 1}
    tally = folds.service_level.tally()
    assert (tally.offered, tally.answered, tally.lost) == (1, 1, 0)
