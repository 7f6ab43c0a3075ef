"""Coverage and bias of what callers were told, from the events alone."""

from dataclasses import replace

import pytest

from events.catalogue import Event
from metrics.counters import OTHER
from metrics.estimates import Estimates
from metrics.fold import Part
from tests.metrics.told import DAY_MS, answered, left, queued, tell


def told(contact: str, estimate_s: int, low_s: int, high_s: int, queue: str = "pensjon") -> Event:
    low_ms, high_ms = (-1 if each < 0 else each * 1000 for each in (low_s, high_s))
    return replace(queued(contact, queue), estimate_ms=estimate_s * 1000, low_ms=low_ms, high_ms=high_ms)


def after(seconds: int, event: Event) -> Event:
    return replace(event, at_ms=DAY_MS + seconds * 1000)


def seen(*events: Event) -> Estimates:
    fold = Estimates()
    tell(fold, list(events))
    return fold


def outcomes(fold: Estimates) -> dict[str, int]:
    return {outcome: count for (_, outcome), count in fold.copy()["estimates"].items()}


@pytest.mark.parametrize(
    ("waited_s", "outcome"),
    [(119, "sooner"), (120, "within"), (300, "within"), (301, "later")],
)
def test_answered_caller_was_told_right_or_too_much_or_too_little(waited_s: int, outcome: str) -> None:
    fold = seen(told("c", 200, 120, 300), after(waited_s, answered("c")))
    assert outcomes(fold) == {outcome: 1}


def test_over_so_much_has_no_end() -> None:
    fold = seen(told("c", 4000, 3600, -1), after(9_000, answered("c")))
    assert outcomes(fold) == {"within": 1}


@pytest.mark.parametrize(("waited_s", "outcome"), [(300, "left"), (301, "later")])
def test_who_leaves_shows_nothing_until_what_was_told_is_over(waited_s: int, outcome: str) -> None:
    assert outcomes(seen(told("c", 200, 120, 300), after(waited_s, left("c")))) == {outcome: 1}


def test_silent_estimate_is_counted_with_its_error_and_not_in_the_coverage() -> None:
    fold = seen(told("c", 200, -1, -1), after(500, answered("c")), told("d", 1, -1, -1), after(9, left("d")))
    assert outcomes(fold) == {"silent": 1}
    assert fold.coverage() == {}
    assert fold.bias_s() == {"pensjon": 300.0}


def test_coverage_and_bias_by_queue() -> None:
    events = [told(f"c{n}", 200, 120, 300) for n in range(4)]
    events += [after(seconds, answered(f"c{n}")) for n, seconds in enumerate((100, 200, 250, 270))]
    fold = seen(*events, told("x", 10, 0, 120, "familie"))
    assert fold.coverage() == {"pensjon": 0.75}
    assert fold.bias_s() == {"pensjon": 5.0}
    counts = fold.copy()
    assert (counts["estimate_short_ms"], counts["estimate_long_ms"]) == (
        {("pensjon",): 120_000},
        {("pensjon",): 100_000},
    )


def test_contact_without_an_estimate_or_unknown_is_left_alone() -> None:
    fold = seen(queued("c"), answered("c"), left("nobody"), answered("nobody"))
    assert fold.copy() == {"estimates": {}, "estimate_short_ms": {}, "estimate_long_ms": {}}


def test_contact_that_is_put_back_keeps_what_it_was_told_first() -> None:
    again = after(100, told("c", 10, 0, 120))
    assert outcomes(seen(told("c", 200, 120, 300), again, after(250, answered("c")))) == {"within": 1}


def test_open_contacts_and_queues_are_bounded() -> None:
    fold = Estimates(most_open=1, max_labels=1)
    tell(fold, [told("a", 1, 0, 120), told("b", 1, 0, 120, "familie"), answered("a"), answered("b")])
    assert fold.copy()["estimates"] == {(OTHER, "within"): 1}


def test_saved_state_is_the_same_in_parts_as_in_whole() -> None:
    fold, parts = Estimates(), dict[str, Part]()
    for event in (told("a", 1, 0, 120), told("b", 1, 0, 120), answered("a")):
        tell(fold, [event])
        for key, part in fold.changes().items():
            if part is None:
                del parts[key]
            else:
                parts[key] = part
    assert parts == fold.snapshot()
    again = Estimates()
    again.restore(parts)
    assert again.snapshot() == parts
    tell(again, [answered("b")])
    assert outcomes(again) == {"within": 2}
