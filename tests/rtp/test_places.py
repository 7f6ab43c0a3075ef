import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtp.engine import LegId, MediaError
from rtp.places import Places

A, B, C, D = (LegId(name) for name in "abcd")


def test_legs_of_one_contact_are_together_and_contacts_are_spread() -> None:
    places = Places()
    assert [places.take(leg, contact, (0, 1)) for leg, contact in ((A, "x"), (B, "y"), (C, "y"), (D, "x"))] == [
        0,
        1,
        1,
        0,
    ]
    assert places.of(A, D) == 0
    assert len(places) == 4


def test_a_new_contact_goes_to_the_worker_with_the_fewest_legs() -> None:
    places = Places()
    for leg in (A, B):
        places.take(leg, "x", (0, 1))
    assert places.take(C, "y", (0, 1)) == 1
    places.leave(A)
    places.leave(B)
    assert places.take(D, "z", (0, 1)) == 0


def test_legs_on_two_workers_cannot_be_asked_for_together() -> None:
    places = Places()
    places.take(A, "x", (0, 1))
    places.take(B, "y", (0, 1))
    with pytest.raises(MediaError, match="only legs of one contact") as error:
        places.of(A, B)
    assert error.value.status == 500


def test_a_leg_without_a_place_is_not_open() -> None:
    places = Places()
    places.take(A, "x", (0,))
    for legs in ((B,), (A, B)):
        with pytest.raises(MediaError, match="leg b: not open") as error:
            places.of(*legs)
        assert error.value.status == 481
    places.opened(B, 2000)
    assert (A in places, B in places) == (True, False)


def test_a_contact_may_go_elsewhere_once_all_its_legs_are_gone() -> None:
    places = Places()
    places.take(A, "x", (0, 1))
    places.take(B, "x", (0, 1))
    assert places.leave(A) == 0
    assert places.take(A, "x", (1,)) == 0
    assert [places.leave(A), places.leave(B), places.leave(B)] == [0, 0, None]
    assert places.take(A, "x", (1,)) == 1


def test_a_lost_worker_leaves_its_ports_and_the_legs_of_others() -> None:
    places = Places()
    for leg, contact in ((A, "x"), (B, "y"), (C, "x")):
        places.take(leg, contact, (0, 1))
    places.opened(A, 2000)
    assert places.lose(0) == {A: 2000, C: 0}
    assert places.lose(0) == {}
    assert [places.take(A, "x", (0,)), places.of(B)] == [0, 1]
    places.leave(A)
    places.take(A, "x", (0,))
    assert places.lose(0) == {A: 0}


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz"), st.integers(0, 3)), max_size=40))
def test_the_load_is_what_is_there(steps: list[tuple[str, str, int]]) -> None:
    places = Places()
    for name, contact, what in steps:
        leg = LegId(name)
        if what == 0:
            places.lose(1)
        elif what == 1 or leg in places:
            places.leave(leg)
        else:
            places.take(leg, contact, (0, 1))
    load = [sum(leg in places and places.of(leg) == worker for leg in map(LegId, "abcdef")) for worker in (0, 1)]
    assert places.take(LegId("new"), "new", (0, 1)) == (0 if load[0] <= load[1] else 1)
