"""What a crisis did, from events."""

import json

import pytest

from events.catalogue import ContactEnded, ContactStarted, CrisisDeflected, CrisisHeard, Event
from metrics.crises import MOST_CONTACTS, MOST_CRISES, RANG_AGAIN_WITHIN_MS, Crises, CrisisFigures


def started(contact: str, at_ms: int, pii_caller: str = "22334455") -> ContactStarted:
    return ContactStarted(
        at_ms=at_ms,
        tenant="t",
        node="n1",
        contact=contact,
        number="5000",
        flow="main",
        flow_version="v",
        trunk="x",
        pii_caller=pii_caller,
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
    fold = Crises(salt=b"salt")
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
    assert fold.figures["late"] == CrisisFigures(heard=1, hung_up=hung_up)


def test_who_was_deflected_and_who_stayed_all_the_same() -> None:
    fold = folded(deflected("a", 0, "ended"), deflected("b", 0, "told"), deflected("c", 0, "stayed"))
    assert fold.figures["late"] == CrisisFigures(deflected=2, stayed=1)


@pytest.mark.parametrize(
    ("pii_caller", "after_ms", "again"),
    [
        ("22334455", 60_000, 1),
        ("22334455", RANG_AGAIN_WITHIN_MS, 1),
        ("22334455", RANG_AGAIN_WITHIN_MS + 1, 0),
        ("99999999", 60_000, 0),
        ("", 60_000, 0),
    ],
)
def test_who_rings_again_within_a_day_is_counted(pii_caller: str, after_ms: int, again: int) -> None:
    first = (started("a", 0), heard("a", 0), ended("a", 1_000))
    fold = folded(*first, started("b", after_ms, pii_caller))
    assert fold.figures["late"].rang_again == again


def test_a_caller_who_rings_again_and_again_counts_once() -> None:
    fold = folded(*(event for n in range(5) for event in (started(f"c{n}", n), heard(f"c{n}", n))))
    assert fold.figures["late"] == CrisisFigures(heard=5, rang_again=1)


def test_figures_survive_a_restart_and_callers_do_not() -> None:
    fold = folded(started("a", 0), heard("a", 0))
    assert "22334455" not in json.dumps(fold.snapshot())
    assert fold.changes() == {"late": {"heard": 1, "hung_up": 0, "deflected": 0, "stayed": 0, "rang_again": 0}}
    assert fold.changes() == {}
    restored = Crises()
    restored.restore(json.loads(json.dumps(fold.snapshot())))
    assert restored.figures == fold.figures
    restored.routes()[ContactStarted](started("b", 10))
    assert restored.figures["late"].rang_again == 0


def test_it_keeps_a_bounded_number_of_everything() -> None:
    fold = folded(*(heard(f"c{n}", 0, f"crisis{n}") for n in range(MOST_CRISES + 10)))
    assert len(fold.figures) == MOST_CRISES
    fold = folded(*(event for n in range(MOST_CONTACTS + 10) for event in (started(f"c{n}", 0), heard(f"c{n}", 0))))
    assert len(fold._callers) == len(fold._hearing) == MOST_CONTACTS
