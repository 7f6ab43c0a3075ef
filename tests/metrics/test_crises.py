"""What a crisis did, from events."""

import json

import pytest

from events.catalogue import ContactEnded, ContactStarted, CrisisChanged, CrisisDeflected, CrisisHeard, Event
from metrics import crises as bounds
from metrics.counters import OTHER
from metrics.crises import MOST_CONTACTS, MOST_CRISES, RANG_AGAIN_WITHIN_MS, Crises, Tally


def started(contact: str, at_ms: int, key: str = "22334455") -> ContactStarted:
    return ContactStarted(
        at_ms=at_ms,
        tenant="t",
        node="n1",
        contact=contact,
        number="5000",
        flow="main",
        flow_version="v",
        trunk="x",
        pii_caller_key=key,
    )


def heard(contact: str, at_ms: int, crisis: str = "late") -> CrisisHeard:
    return CrisisHeard(at_ms=at_ms, tenant="t", node="n1", contact=contact, crisis=crisis, lasts_ms=5_000)


def deflected(contact: str, at_ms: int, outcome: str) -> CrisisDeflected:
    return CrisisDeflected(
        at_ms=at_ms, tenant="t", node="n1", contact=contact, crisis="late", queue="q", outcome=outcome
    )


def ended(contact: str, at_ms: int, cause: str = "caller_hung_up") -> ContactEnded:
    return ContactEnded(at_ms=at_ms, tenant="t", node="n1", contact=contact, outcome="x", cause=cause, duration_ms=1)


def folded(*events: Event) -> Crises:
    fold = Crises()
    routes = fold.routes()
    for event in events:
        routes[type(event)](event)
    return fold


@pytest.mark.parametrize(
    ("at_ms", "cause", "hung_up"),
    [
        (2_000, "caller_hung_up", 1),
        (15_000, "caller_hung_up", 1),
        (15_001, "caller_hung_up", 0),
        (9_000, "flow_ended", 0),
    ],
)
def test_who_hangs_up_during_the_message_or_soon_after_it_hung_up_on_it(at_ms: int, cause: str, hung_up: int) -> None:
    fold = folded(started("c", 0), heard("c", 0), ended("c", at_ms, cause))
    assert fold.figures["late"].total == Tally(heard=1, hung_up=hung_up, known=1)


def test_who_was_deflected_and_who_stayed_all_the_same() -> None:
    fold = folded(deflected("a", 0, "ended"), deflected("b", 0, "told"), deflected("c", 0, "stayed"))
    assert fold.figures["late"].total == Tally(ended=1, told=1, stayed=1)
    assert fold.deflections() == {("late", "ended"): 1, ("late", "stayed"): 1, ("late", "told"): 1}


@pytest.mark.parametrize(
    ("key", "after_ms", "again"),
    [
        ("22334455", 60_000, 1),
        ("22334455", RANG_AGAIN_WITHIN_MS, 1),
        ("22334455", RANG_AGAIN_WITHIN_MS + 1, 0),
        ("99999999", 60_000, 0),
        ("", 60_000, 0),
    ],
)
def test_who_rings_again_within_a_day_is_counted(key: str, after_ms: int, again: int) -> None:
    first = (started("a", 0), heard("a", 0), ended("a", 1_000))
    fold = folded(*first, started("b", after_ms, key))
    assert fold.figures["late"].total.rang_again == again
    assert fold.counts("rang_again") == {("late",): again}


def test_who_hears_it_again_in_another_language_is_counted_once() -> None:
    fold = folded(started("c", 0), heard("c", 0), heard("c", 20_000), ended("c", 30_000))
    assert fold.figures["late"].total == Tally(heard=1, hung_up=1, known=1)


def test_a_caller_who_rings_again_and_again_counts_once() -> None:
    fold = folded(*(event for n in range(5) for event in (started(f"c{n}", n), heard(f"c{n}", n))))
    assert fold.figures["late"].total == Tally(heard=5, rang_again=1, known=1)


def changed(at_ms: int, cause: str, crisis: str = "late") -> CrisisChanged:
    on = cause in ("switched_on", "new_end")
    return CrisisChanged(
        at_ms=at_ms, tenant="t", node="n1", crisis=crisis, on=on, until_ms=at_ms + 1000, author="kari", cause=cause
    )


def test_what_happened_since_it_was_switched_on_is_kept_apart() -> None:
    fold = folded(changed(0, "switched_on"), started("a", 1), heard("a", 1), changed(2, "new_end"), heard("b", 3))
    assert fold.figures["late"].last == Tally(heard=2, known=1)
    for event in (changed(10, "switched_off"), changed(20, "switched_on"), started("c", 30), heard("c", 30)):
        fold.routes()[type(event)](event)
    figures = fold.figures["late"]
    assert (figures.since_ms, figures.last) == (20, Tally(heard=1, known=1))
    assert figures.total == Tally(heard=3, known=2, rang_again=1), "the caller rang again after the first time"


def test_figures_survive_a_restart_and_callers_do_not() -> None:
    fold = folded(started("a", 0), heard("a", 0))
    assert "22334455" not in json.dumps(fold.snapshot())
    [part] = fold.changes().values()
    assert (part["total"]["heard"], part["total"]["known"]) == (1, 1)
    assert fold.changes() == {}
    restored = Crises()
    restored.restore(json.loads(json.dumps(fold.snapshot())))
    assert restored.figures["late"].total == Tally(heard=1, forgotten=1)
    assert restored.changes() == restored.snapshot()
    restored.routes()[ContactStarted](started("b", 10))
    assert restored.figures["late"].total.rang_again == 0


def test_what_an_older_or_newer_svar_saved_is_read() -> None:
    restored = Crises()
    restored.restore({"late": {"since_ms": 5, "total": {"heard": 2, "moods": 3}, "last": {}}})
    assert restored.figures["late"].total == Tally(heard=2)


def test_it_keeps_a_bounded_number_of_everything() -> None:
    fold = folded(*(heard(f"c{n}", 0, f"crisis{n}") for n in range(MOST_CRISES + 10)))
    assert len(fold.figures) == MOST_CRISES + 1
    assert fold.figures[OTHER].total.heard == 10
    fold = folded(*(event for n in range(MOST_CONTACTS + 10) for event in (started(f"c{n}", 0), heard(f"c{n}", 0))))
    assert len(fold._callers) == len(fold._hearing) == MOST_CONTACTS


def test_callers_beyond_the_bound_are_told_as_forgotten() -> None:
    fold = Crises()
    routes = fold.routes()
    for n in range(bounds.MOST_CALLERS + 3):
        for event in (started(f"c{n}", n, f"key{n}"), heard(f"c{n}", n), ended(f"c{n}", n)):
            routes[type(event)](event)
    tally = fold.figures["late"].total
    assert (tally.known, tally.forgotten) == (bounds.MOST_CALLERS, 3)
