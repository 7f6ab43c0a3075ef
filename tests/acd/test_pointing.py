"""What publishing, canaries and rolling back do to the pointer, without any store."""

import pytest

from acd.pointing import Pointless, Who, before, end_canary, publish, roll_back, start_canary
from acd.versions import Canary, Move, NoVersion, Pointer, Version, VersionError, VersionId, found
from events.catalogue import CanaryEnded, CanaryStarted, FlowsPublished, FlowsRolledBack

A, B, C = (VersionId(letter * 64) for letter in "abc")
KARI = Who("kari", "why", "nav", "n1")
IN_SERVICE = Pointer(4, A, None, "salt")
WITH_CANARY = Pointer(5, A, Canary(B, 0.1, "ola", 1_000), "salt")


def test_publishing_goes_to_everybody() -> None:
    step = publish(IN_SERVICE, B, KARI, forced=True)
    assert step.to == Pointer(4, B, None, "salt")
    assert (step.move.what, step.move.active, step.move.cause) == ("published", B, "forced")
    [told] = step.events
    assert isinstance(told, FlowsPublished)
    assert (told.flow_version, told.previous, told.forced) == ("b" * 12, "a" * 12, True)


def test_the_first_to_publish_makes_the_salt() -> None:
    salts = {publish(Pointer(), A, KARI).to.salt for _ in range(2)}
    assert {len(salt) for salt in salts} == {32}
    assert len(salts) == 2


def test_publishing_what_the_canary_has_promotes_it() -> None:
    step = publish(WITH_CANARY, B, KARI)
    assert step.to == Pointer(5, B, None, "salt")
    assert step.move.what == "promoted"
    ended, told = step.events
    assert isinstance(ended, CanaryEnded)
    assert isinstance(told, FlowsPublished)
    assert ended.cause == "promoted"


def test_publishing_something_else_replaces_the_canary() -> None:
    step = publish(WITH_CANARY, C, KARI)
    assert step.to == Pointer(5, C, None, "salt")
    ended, _ = step.events
    assert isinstance(ended, CanaryEnded)
    assert (ended.cause, ended.flow_version) == ("replaced", "b" * 12)


def test_publishing_what_is_in_service_ends_a_canary_and_else_is_pointless() -> None:
    step = publish(WITH_CANARY, A, KARI)
    assert step.to == Pointer(5, A, None, "salt")
    assert [type(event) for event in step.events] == [CanaryEnded]
    with pytest.raises(Pointless, match="in service already"):
        publish(IN_SERVICE, A, KARI)


def test_a_canary_begins_and_replaces_the_one_before() -> None:
    step = start_canary(WITH_CANARY, C, 0.25, KARI, promote_after_s=60)
    assert step.to == Pointer(5, A, Canary(C, 0.25, "kari", 0, 60), "salt")
    assert (step.move.canary, step.move.share) == (C, 0.25)
    assert [type(event) for event in step.events] == [CanaryEnded, CanaryStarted]


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5])
def test_a_share_is_more_than_nothing_and_less_than_all(share: float) -> None:
    with pytest.raises(VersionError, match="share"):
        start_canary(IN_SERVICE, B, share, KARI)


def test_a_canary_wants_something_to_compare_with() -> None:
    with pytest.raises(Pointless, match="nothing is published"):
        start_canary(Pointer(), B, 0.1, KARI)
    with pytest.raises(Pointless, match="in service"):
        start_canary(IN_SERVICE, A, 0.1, KARI)


def test_a_canary_ends() -> None:
    step = end_canary(WITH_CANARY, KARI, "worse")
    assert step.to == Pointer(5, A, None, "salt")
    assert (step.move.what, step.move.cause, step.move.canary) == ("canary_ended", "worse", B)
    with pytest.raises(Pointless, match="no canary"):
        end_canary(IN_SERVICE, KARI, "worse")


def test_rolling_back_takes_the_canary_along() -> None:
    step = roll_back(WITH_CANARY, C, KARI)
    assert step.to == Pointer(5, C, None, "salt")
    assert [type(event) for event in step.events] == [CanaryEnded, FlowsRolledBack]
    with pytest.raises(Pointless):
        roll_back(IN_SERVICE, A, KARI)


def moves(*told: tuple[str, VersionId]) -> list[Move]:
    return [Move(what, "kari", "", active) for what, active in reversed(told)]


def test_the_one_before_is_that_in_service_before() -> None:
    assert before(moves(("published", A), ("published", B))) == A
    assert before(moves(("published", A), ("canary_started", A), ("canary_ended", A), ("published", B))) == A
    assert before(moves(("published", A), ("canary_started", A), ("promoted", B), ("published", C))) == B


def test_rolling_back_twice_goes_back_twice() -> None:
    assert before(moves(("published", A), ("published", B), ("published", C), ("rolled_back", B))) == A
    with pytest.raises(Pointless, match="before"):
        before(moves(("published", A), ("published", B), ("rolled_back", A)))
    assert before(moves(("published", B), ("rolled_back", C))) == B
    with pytest.raises(Pointless):
        before([])


def test_who_moves_the_pointer_has_a_name() -> None:
    with pytest.raises(VersionError, match="author"):
        Who("", "why", "nav", "n1")
    with pytest.raises(VersionError, match="author"):
        Who("a\nb", "why", "nav", "n1")
    with pytest.raises(VersionError, match="message"):
        Who("kari", "x" * 501, "nav", "n1")


def test_a_version_is_found_by_its_beginning() -> None:
    there = [Version(A, "kari", ""), Version(VersionId("ab" * 32), "kari", "")]
    assert found(there, "aA").id == A
    with pytest.raises(NoVersion, match="2 versions"):
        found(there, "a")
    with pytest.raises(NoVersion, match="no version 'f'"):
        found(there, "f")
    with pytest.raises(NoVersion):
        found(there, "")
