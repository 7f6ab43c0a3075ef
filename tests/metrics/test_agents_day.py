"""Why contacts came to an agent, and why no others did."""

from metrics.agents_day import told_of
from tests.metrics.told import DAY_MS, answered, became, failed, offered


def at(seconds: int) -> int:
    return DAY_MS + seconds * 1000


def test_an_agent_is_told_what_came_and_what_went_to_others_meanwhile() -> None:
    events = [
        became("anna", "ready", "not_ready", at(-100)),
        offered("c1", "o1", "per", "work", at(10)),
        offered("c2", "o2", "kari", "family", at(20)),
        offered("c3", "o3", "help/1", "family", at(25)),
        offered("c4", "o4", "anna", "family", at(30)),
        became("anna", "offered", "ready", at(30)),
        failed("c4", "no_answer", "o4", "anna", "family", at(50), 20_000),
        became("anna", "not_ready", "offered", at(50), reason="no_answer"),
        offered("c4", "o5", "kari", "family", at(51)),
        became("anna", "ready", "not_ready", at(80)),
        answered("c9", 0, "family", at(90), "anna"),
        offered("c5", "o6", "per", "work", at(300)),
    ]
    story = [(one.at_ms - DAY_MS, one.text) for one in told_of("anna", events, at(0), at(200))]
    assert [when for when, _ in story] == [0, 30_000, 30_000, 50_000, 50_000, 80_000, 80_000, 90_000]
    texts = [text for _, text in story]
    assert texts[0] == "ready since before"
    assert texts[1].startswith("offered contact c4 of family: the only one who stood ready")
    assert texts[2].startswith("anna was ready for 30 s; meanwhile 3 offers went to others (2 of family, 1 of work; ")
    assert "1 to the partner help" in texts[2]
    assert "they had been ready for longer" in texts[2]
    assert texts[3:6] == [
        "did not take contact c4 (no_answer, 20 s)",
        "not ready (no answer)",
        "anna was not ready (no answer) for 30 s; meanwhile 1 offer went to others (1 of family; 1 to kari)",
    ]
    assert texts[6:] == ["ready", "answered contact c9 of family"]


def test_a_stretch_that_lasts_is_told_until_now_and_one_of_which_nothing_is_known_too() -> None:
    events = [offered("c1", agent="per", at_ms=at(5)), became("anna", "ready", "logged_out", at(10))]
    events_after = [offered("c2", agent="per", at_ms=at(15))]
    story = list(told_of("anna", [*events, *events_after], at(0), at(60)))
    assert story[0].text.startswith("in the 5 s before; meanwhile 1 offer")
    assert (story[-1].at_ms, story[-1].text[:27]) == (at(60), "anna was ready for 50 s; me")


def test_of_nobody_there_is_nothing_to_tell() -> None:
    assert list(told_of("anna", [], at(0), at(60))) == []
