"""Words for steps and ways; what is new is called by its own name."""

from ivr.language.ways import Kind, Way
from ivr.nodes import NODE_TYPES
from ivr.picture import words


def test_every_type_of_step_has_words() -> None:
    for type_ in NODE_TYPES:
        assert words.of_type(type_, "nb") != words.pretty(type_), f"{type_} has no Norwegian word"


def test_every_kind_of_way_has_words() -> None:
    for kind in Kind:
        assert kind in words._KINDS


def test_a_failure_is_told_by_what_failed() -> None:
    assert words.of_way(Way((), "a", Kind.FAILED, "not_found"), "nb") == "ikke funnet"
    assert words.of_way(Way((), "a", Kind.FAILED, "failed"), "en") == "failed"


def test_what_is_not_known_is_called_by_its_name() -> None:
    assert words.of_type("fax_machine", "nb") == "Fax machine"
    assert words.of_need("fax_machine", "nb") == "fax machine"


def test_ways_to_one_place_are_told_together() -> None:
    ways = [Way((), "a", Kind.KEY, "1"), Way((), "a", Kind.KEY, "2"), Way((), "a", Kind.CASE, "x == 1")]
    assert words.of_ways(ways, "en") == "key 1, 2, if x == 1"
