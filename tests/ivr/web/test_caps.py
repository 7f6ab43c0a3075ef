"""How many messages may go."""

from ivr.web.caps import Caps

A, B = frozenset({"a"}), frozenset({"b"})


def test_one_name_gets_so_many_an_hour() -> None:
    caps = Caps(per_name_an_hour=2, per_minute=10)
    assert [caps.take(A, now) for now in (0.0, 1.0, 2.0)] == [True, True, False]
    assert caps.take(B, 2.0)
    assert [caps.take(A, now) for now in (3599.0, 3600.0, 3600.5, 3601.0)] == [False, True, False, True]


def test_all_together_get_so_many_a_minute() -> None:
    caps = Caps(per_name_an_hour=9, per_minute=2)
    assert [caps.take(name, 0.0) for name in (A, B, frozenset({"c"}))] == [True, True, False]
    assert caps.take(A, 60.0)


def test_what_is_refused_is_not_counted() -> None:
    caps = Caps(per_name_an_hour=1, per_minute=2)
    assert caps.take(A, 0.0)
    assert not caps.take(A | B, 1.0)
    assert caps.take(B, 1.0)


def test_names_are_forgotten_after_an_hour() -> None:
    caps = Caps(per_name_an_hour=1, per_minute=1000)
    for at in range(500):
        caps.take(frozenset({str(at)}), 0.0)
    caps.take(A, 3600.0)
    assert len(caps._by_name) == 1
