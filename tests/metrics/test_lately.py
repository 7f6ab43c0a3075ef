"""The measures of now: of those who arrived in the last half-hour, to the minute, after restarts too."""

from events.catalogue import Event
from metrics.lately import KEPT_MIN, Lately, Minute
from metrics.service_level import Limits
from tests.metrics.told import DAY_MS, answered, left, queued

MINUTE_MS = 60_000


def told(events: list[Event], fold: Lately | None = None) -> Lately:
    fold = fold or Lately()
    routes = fold.routes()
    for event in events:
        routes[type(event)](event)
    return fold


def test_who_arrived_longer_ago_is_not_of_now() -> None:
    fold = told([queued("c1", at_ms=DAY_MS), answered("c1", 10_000), queued("c2", at_ms=DAY_MS + 20 * MINUTE_MS)])
    assert fold.sums(DAY_MS + 20 * MINUTE_MS)["pensjon"] == Minute(offered=2, answered=1, in_target=1)
    assert fold.sums(DAY_MS + 30 * MINUTE_MS)["pensjon"] == Minute(offered=1)
    assert fold.sums(DAY_MS + 50 * MINUTE_MS) == {}


def test_an_answer_belongs_to_the_minute_in_which_the_caller_came() -> None:
    fold = told(
        [queued("c1", at_ms=DAY_MS), answered("c1", 25 * MINUTE_MS), queued("c2", at_ms=DAY_MS), left("c2", 5_000)]
    )
    assert fold.sums(DAY_MS)["pensjon"] == Minute(offered=2, answered=1, lost=1)


def test_the_target_is_the_queues_own() -> None:
    fold = Lately(lambda queue: Limits(target_s=5))
    told([queued("c1"), answered("c1", 5_001), queued("c2"), answered("c2", 5_000)], fold)
    assert sum(one.in_target for one in fold.sums(DAY_MS + MINUTE_MS).values()) == 1


def test_the_same_entry_told_twice_counts_once() -> None:
    fold = told([queued("c1"), queued("c1"), answered("c1", 1), answered("c1", 1)])
    assert fold.sums(DAY_MS + MINUTE_MS)["pensjon"] == Minute(offered=1, answered=1, in_target=1)


def test_estimates_that_fell_silent_are_counted() -> None:
    from dataclasses import replace

    silent = replace(queued("c1"), estimate_ms=60_000, low_ms=-1)
    spoken = replace(queued("c2"), estimate_ms=60_000, low_ms=30_000, high_ms=90_000)
    one = told([silent, spoken, queued("c3")]).sums(DAY_MS + MINUTE_MS)["pensjon"]
    assert (one.offered, one.estimated, one.silent) == (3, 2, 1)


def test_what_is_saved_goes_on_after_a_restart_and_the_old_goes() -> None:
    saved: dict[str, object] = {}
    fold = told([queued("c1", at_ms=DAY_MS), queued("c2", at_ms=DAY_MS)])
    saved |= fold.changes()
    again = Lately()
    again.restore({key: part for key, part in saved.items() if part is not None})
    told([answered("c1", 1_000), left("c2", 1_000)], again)
    assert again.sums(DAY_MS)["pensjon"] == Minute(offered=2, answered=1, lost=1, in_target=1)
    assert again.snapshot().keys() == {f"n|{DAY_MS // MINUTE_MS}|pensjon"}
    again.changes()
    told([queued("c9", at_ms=DAY_MS + (KEPT_MIN + 1) * MINUTE_MS)], again)
    assert again.changes()[f"n|{DAY_MS // MINUTE_MS}|pensjon"] is None
