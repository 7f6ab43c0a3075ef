"""The fold that counts what the contacts of either version did."""

import json
from typing import Any

import pytest

from events.catalogue import CanaryEnded, CanaryStarted, ContactEnded, ContactQueued, ContactStarted, Event
from ivr.versions import arms
from ivr.versions.arms import Arms
from ivr.versions.canary import Tally

OLD, NEW = "a" * 12, "b" * 12
COMMON: dict[str, Any] = {"tenant": "t", "node": "n1"}


def canary(at_ms: int = 0) -> Event:
    return CanaryStarted(at_ms=at_ms, flow_version=NEW, active=OLD, share=0.1, author="kari", message="", **COMMON)


def started(contact: str, version: str, at_ms: int = 1000) -> Event:
    return ContactStarted(
        at_ms=at_ms, contact=contact, number="5000", flow="main", flow_version=version, trunk="", **COMMON
    )


def queued(contact: str, at_ms: int = 5000) -> Event:
    return ContactQueued(at_ms=at_ms, contact=contact, queue="q", arrived_ms=at_ms, priority_s=0, position=1, **COMMON)


def ended(contact: str, outcome: str, at_ms: int = 9000) -> Event:
    return ContactEnded(at_ms=at_ms, contact=contact, outcome=outcome, cause="x", duration_ms=1, **COMMON)


def told(fold: Arms, *events: Event) -> Arms:
    routes = fold.routes()
    for event in events:
        routes[type(event)](event)
    return fold


def counts(tally: Tally) -> tuple[int, int, int]:
    return tally.contacts, tally.menu_ended, tally.failed


def test_each_arm_counts_its_own_contacts() -> None:
    fold = told(
        Arms(), canary(), started("1", OLD), started("2", NEW), started("3", NEW), started("4", "c" * 12),
        queued("1"), ended("2", "menu_ended"), ended("3", "failed"), ended("1", "answered"), ended("4", "completed"),
    )  # fmt: skip
    assert [counts(tally) for tally in fold.tallies] == [(1, 0, 0), (2, 1, 1)]
    assert fold.tallies[arms.ACTIVE].typical_s == pytest.approx(4)


def test_a_contact_counts_once_though_it_is_queued_twice_and_fails_later() -> None:
    fold = told(
        Arms(), canary(), started("1", NEW), queued("1"), queued("1", 8000), ended("1", "failed"), ended("1", "failed")
    )
    assert counts(fold.tallies[arms.CANARY]) == (1, 0, 1)


def test_contacts_that_began_before_the_canary_are_left_out() -> None:
    fold = told(Arms(), started("1", OLD), canary(), ended("1", "menu_ended"), queued("1"))
    assert counts(fold.tallies[arms.ACTIVE]) == (0, 0, 0)


def test_another_canary_begins_from_nothing() -> None:
    fold = told(Arms(), canary(), started("1", NEW), ended("1", "failed"), started("2", NEW), canary(5))
    assert [counts(tally) for tally in fold.tallies] == [(0, 0, 0), (0, 0, 0)]
    told(fold, ended("2", "failed"))
    assert counts(fold.tallies[arms.CANARY]) == (0, 0, 0)
    end = CanaryEnded(at_ms=1, flow_version=NEW, active=OLD, cause="worse", author="svar", message="", **COMMON)
    told(fold, end, started("3", NEW), ended("3", "failed"))
    assert fold.versions == ("", "")
    assert counts(fold.tallies[arms.CANARY]) == (0, 0, 0)


def test_a_look_is_taken_at_the_very_contact() -> None:
    fold = told(Arms(looks=(2, 3)), canary())
    for n in range(3):
        told(fold, started(f"o{n}", OLD), ended(f"o{n}", "completed"), started(str(n), NEW), ended(str(n), "failed"))
        if n == 1:
            look = fold.look
    told(fold, started("late", OLD), ended("late", "failed"))
    assert look is not None
    assert (look[0], counts(look[1]), counts(look[2])) == (0, (2, 0, 0), (2, 0, 2))
    assert fold.look is not None
    assert (fold.look[0], counts(fold.look[1]), counts(fold.look[2])) == (1, (3, 0, 0), (3, 0, 3))


def test_a_fold_that_is_restored_goes_on_as_if_nothing_had_been() -> None:
    fold, saved = Arms(looks=(1,)), {}
    for event in (canary(), started("1", NEW), started("2", NEW), ended("1", "menu_ended"), queued("2")):
        told(fold, event)
        for key, part in json.loads(json.dumps(fold.changes())).items():
            saved[key] = part
            if part is None:
                del saved[key]
    assert fold.changes() == {}
    assert saved == json.loads(json.dumps(fold.snapshot()))
    again = Arms(looks=(1,))
    again.restore(saved)
    for one in (fold, again):
        told(one, ended("2", "failed"))
    assert json.dumps(again.snapshot()) == json.dumps(fold.snapshot())
    assert counts(again.tallies[arms.CANARY]) == (2, 1, 1)
    assert again.look is not None
    empty = Arms()
    empty.restore({})
    assert empty.versions == ("", "")


def test_contacts_that_never_end_are_let_go() -> None:
    fold = told(Arms(), canary())
    for n in range(arms.MOST_OPEN + 5):
        told(fold, started(str(n), NEW))
    assert len(fold.snapshot()) == arms.MOST_OPEN + 1
    told(fold, ended("0", "failed"), ended(str(arms.MOST_OPEN + 4), "failed"))
    assert counts(fold.tallies[arms.CANARY]) == (1, 0, 1)
