"""What is prepared for crises, and which are on."""

from ivr.language.crises import Crises, CrisesInMemory, Crisis, CrisisOn, Deflection, HeadStart, crisis_now
from ivr.language.expression import parse
from ivr.language.prompting import Said

SAID = Said({"nb": "Noe er galt.", "en": "Something is wrong."})


def test_a_crisis_is_on_from_its_start_until_its_end() -> None:
    crises: Crises = CrisesInMemory(CrisisOn("a", 100, 200, "kari"))
    assert [[on.crisis for on in crises.on(now)] for now in (99, 100, 199, 200)] == [[], ["a"], ["a"], []]


def test_of_several_the_last_that_was_switched_on_counts_where_it_is_heard() -> None:
    crises = CrisesInMemory()
    crises.switch_on(CrisisOn("a", 0, 1000, "kari"))
    crises.switch_on(CrisisOn("b", 0, 1000, "kari"))
    prepared = {"a": Crisis("a", "A", SAID), "b": Crisis("b", "B", SAID, flows=frozenset({"main"}))}

    def heard(*flows: str) -> str:
        found = crisis_now(crises, prepared, flows, 10)
        return found.name if found is not None else ""

    assert heard("main") == "b"
    assert heard("pension") == "a"
    assert heard("common", "main") == "b"
    crises.switch_on(CrisisOn("a", 0, 1000, "kari"))
    assert heard("main") == "a"
    crises.switch_off("a")
    crises.switch_off("b")
    assert heard("main") == ""


def test_a_crisis_that_the_flows_do_not_know_changes_nothing() -> None:
    crises = CrisesInMemory(CrisisOn("unknown", 0, 1000, "kari"))
    assert crisis_now(crises, {"a": Crisis("a", "A", SAID)}, ["main"], 10) is None
    assert crisis_now(None, {"a": Crisis("a", "A", SAID)}, ["main"], 10) is None


def test_who_is_let_through_first_and_who_is_deflected_hangs_on_queue_and_condition() -> None:
    crisis = Crisis(
        "a",
        "A",
        SAID,
        first=(HeadStart("social", 600), HeadStart("social", 1800, parse("urgent"))),
        deflect=(Deflection("other", SAID, ends=True, when=parse("not urgent")),),
    )
    for urgent in (True, False):
        given = {"urgent": urgent}.__getitem__
        assert crisis.head_start_s("social", given) == (1800 if urgent else 600)
        assert crisis.head_start_s("other", given) == 0
        assert (crisis.deflection("other", given) is None) is urgent
        assert crisis.deflection("social", given) is None
