"""Who has a contact, as the API shows it."""

from typing import Any

import pytest

from svar.contacts_shown import part, shown

AGENTS = ["kari", "berit"]
PLACES = {"a": 1, "b": 9, "d": 5, "c": 5}


def record(*transfers: tuple[str, str, str, int], offers: tuple[int, ...] = (10,)) -> dict[str, Any]:
    told = [{"how": how, "target": target, "outcome": outcome, "at_ms": at} for how, target, outcome, at in transfers]
    return {
        "contact": "c", "number": "5000", "flow": "f", "last_step": "s", "started_ms": 1, "queue": "q",
        "agent": "kari", "visits": [{"queue": "q"}], "transfers": told,
        "offers": [{"at_ms": at, "outcome": "answered"} for at in offers] + [{"at_ms": 99, "outcome": "no_answer"}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "agent", "talking"),
    [
        (record(), "kari", True),
        (record(("attended", "berit", "answered", 20)), "berit", True),
        (record(("attended", "berit", "joined", 20), ("conference", "berit", "answered", 30)), "berit", True),
        (record(("attended", "berit", "taken_back", 20)), "kari", True),
        (record(("blind", "berit", "answered", 20), ("blind", "kari", "busy", 30)), "berit", True),
        (record(("blind", "hospital", "answered", 20)), "", True),
        (record(("blind", "berit", "answered", 20), offers=(10, 40)), "kari", True),
    ],
)
def test_who_was_given_a_contact_has_it(found: dict[str, Any], agent: str, talking: bool) -> None:
    one = shown(found, AGENTS, waiting=False, talking=True)
    assert (one.agent, one.talking) == (agent, talking)


def test_who_was_given_a_contact_talks_though_the_first_agent_is_done_with_it() -> None:
    given = record(("blind", "berit", "answered", 20))
    assert shown(given, AGENTS, waiting=False, talking=False).talking
    waits = shown(given | {"agent": ""}, AGENTS, waiting=True, talking=False)
    assert (waits.agent, waits.talking, waits.journey) == ("", False, ("q",))


def test_a_part_begins_after_a_place_and_is_in_order_of_time() -> None:
    found = [(record() | {"contact": name, "started_ms": at}, False, True) for name, at in PLACES.items()]
    assert [one[0]["contact"] for one in part(found, (-1, ""), 3)] == ["a", "c", "d"]
    assert [one[0]["contact"] for one in part(found, (5, "c"), 3)] == ["d", "b"]
    assert part(found, (9, "b"), 3) == []
