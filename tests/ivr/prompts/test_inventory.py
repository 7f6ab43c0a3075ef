"""What is recorded, synthetic, missing, stale, unused, too long or at a wrong level."""

from pathlib import Path

from ivr.language.crises import Crisis
from ivr.language.prompting import Said
from ivr.prompts.inventory import VALUES, Inventory, State, crisis_section, same_words, section, take
from ivr.prompts.recordings import Recordings
from ivr.prompts.spoken import words
from ivr.simulator.prompts import WrittenPrompts
from tests.ivr.prompts.services import SAMI, SERVICE, listing, record, service


def taken(folder: Path, fallback: str = "", text: str = SERVICE, longest_menu_s: float = 25.0) -> Inventory:
    return take([section(service(fallback, text).flow)], listing(folder), longest_menu_s=longest_menu_s)


def states(inventory: Inventory, language: str) -> dict[str, State]:
    return {
        entry.key: entry.state for entry in inventory.entries if entry.language == language and entry.section != VALUES
    }


def test_texts_come_in_the_order_in_which_callers_hear_them(tmp_path: Path) -> None:
    assert list(states(taken(tmp_path), "se")) == list(SAMI)


def test_what_has_a_voice_is_synthetic_and_what_has_none_is_missing(tmp_path: Path) -> None:
    record(tmp_path, "nb/line/menu.say")
    record(tmp_path, "se/line/bye.say")
    inventory = taken(tmp_path)
    assert states(inventory, "nb")["line/menu.say"] is State.RECORDED
    assert set(states(inventory, "en").values()) == {State.SYNTHETIC}
    assert states(inventory, "se") == dict(zip(SAMI, (State.MISSING, State.MISSING, State.RECORDED), strict=True))


def test_what_falls_back_openly_is_not_missing(tmp_path: Path) -> None:
    inventory = taken(tmp_path, "{se: nb}")
    assert set(states(inventory, "se").values()) == {State.FALLBACK}
    assert inventory.of(State.MISSING) == []


def test_words_of_values_are_needed_where_a_text_has_a_slot(tmp_path: Path) -> None:
    record(tmp_path, "se/values/number/3")
    entries = [entry for entry in taken(tmp_path).entries if (entry.section, entry.language) == (VALUES, "se")]
    assert {entry.key for entry in entries} == set(words("se", "number").values())
    assert {entry.key: entry.state for entry in entries}["values/number/3"] is State.RECORDED
    assert {entry.state for entry in entries} == {State.RECORDED, State.MISSING}


def test_a_recording_of_another_text_is_stale_and_of_the_same_words_is_not(tmp_path: Path) -> None:
    record(tmp_path, "nb/line/menu.say")
    record(tmp_path, "nb/line/bye.say")
    Recordings(tmp_path).write_texts({"nb": {"line/menu.say": "Velkommen! Tast 2.", "line/bye.say": "ha det, bra"}})
    inventory = taken(tmp_path)
    assert states(inventory, "nb")["line/bye.say"] is State.RECORDED
    (stale,) = inventory.of(State.STALE)
    assert (stale.key, stale.recorded_as, stale.doubts) == ("line/menu.say", "Velkommen! Tast 2.", ())
    assert same_words("Hei, du!", "hei du")
    assert not same_words("tast 1", "tast 2")


def test_what_is_wrong_with_a_recording_is_told(tmp_path: Path) -> None:
    record(tmp_path, "nb/line/menu.say", level=1.5 / 2)
    record(tmp_path, "en/line/menu.say", level=0.008)
    record(tmp_path, "nb/line/bye.say", level=0.0)
    record(tmp_path, "en/line/bye.say").write_bytes(b"ID3")
    names = {"nb": {"line/menu.say": "Velkommen. Tast 1.", "line/bye.say": "Ha det bra."}}
    Recordings(tmp_path).write_texts(names)
    doubts = {(entry.language, entry.key): entry.doubts for entry in taken(tmp_path).entries if entry.doubts}
    assert doubts == {
        ("nb", "line/menu.say"): ("too loud (-6 dBFS, at most -9)",),
        ("nb", "line/bye.say"): ("cannot be used: there is nothing to hear in it (nothing above -45 dBFS)",),
        ("en", "line/menu.say"): (
            "too quiet (-45 dBFS, at least -40)",
            "not in recorded.yaml: nobody knows which text it was made for",
        ),
        ("en", "line/bye.say"): ("cannot be used: this is no WAV file (it has no RIFF WAVE header); save it as WAV",),
    }


def test_a_recording_that_cannot_be_used_is_none(tmp_path: Path) -> None:
    record(tmp_path, "se/line/menu.say", level=0.0)
    record(tmp_path, "nb/line/menu.say").write_bytes(b"")
    inventory = taken(tmp_path)
    assert states(inventory, "se")["line/menu.say"] is State.MISSING
    assert states(inventory, "nb")["line/menu.say"] is State.SYNTHETIC


def test_recordings_that_nothing_says_are_unused(tmp_path: Path) -> None:
    for name in ("nb/line/gone.say", "fi/line/menu.say", "nb/line/menu.say", "nb/values/day/24", "music/jazz"):
        record(tmp_path, name)
    assert taken(tmp_path).unused == (("fi", "line/menu.say"), ("nb", "line/gone.say"))


def test_a_menu_that_takes_too_long_is_told_by_its_recording_or_by_its_length(tmp_path: Path) -> None:
    record(tmp_path, "nb/line/menu.say", seconds=25.5)
    record(tmp_path, "nb/line/bye.say", seconds=30)
    (menu,) = taken(tmp_path).long_menus
    assert (menu.language, menu.key, round(menu.duration_s, 1)) == ("nb", "line/menu.say", 25.5)
    assert len(taken(tmp_path, longest_menu_s=1.0).long_menus) == 3
    slow = SERVICE.replace("Welcome. Press 1.", '"Welcome, {number:digits}. Press 1."')
    assert [menu.language for menu in taken(tmp_path, text=slow, longest_menu_s=2.0).long_menus] == ["nb", "en"]


def test_a_text_that_no_node_leads_to_is_in_the_inventory_too(tmp_path: Path) -> None:
    lost = SERVICE + "  lost:\n    type: hangup\n    say: {nb: Borte., se: Jávkan., en: Gone.}\n"
    assert list(states(taken(tmp_path, text=lost), "nb"))[-1] == "line/lost.say"


def test_simulated_callers_hear_the_language_that_real_ones_would(tmp_path: Path) -> None:
    record(tmp_path, "nb/line/bye.say")
    open_fallback, none = service("{se: nb}").flow, service().flow
    said = {each.key: each for each in open_fallback.said()}
    prompts = WrittenPrompts(listing(tmp_path))
    assert [(clip.text, clip.language, clip.synthetic) for clip in prompts.clips(said["line/bye.say"], "se")] == [
        ("Ha det bra.", "nb", False)
    ]
    assert [clip.synthetic for clip in prompts.clips(said["line/menu.say"], "se")] == [True]
    assert [clip.language for clip in prompts.clips(said["line/menu.say"], "pl")] == ["nb"]
    assert [prompts.clips(each, "se") for each in none.said()] == [(), (), ()]
    assert WrittenPrompts().clips(said["line/bye.say"], "se")[0].text == "Báze dearvan."


def test_languages_that_are_offered_one_after_the_other_are_one_choice(tmp_path: Path) -> None:
    choices = """  offered:
    type: language
    choices:
      - {key: 1, language: nb, say: "For norsk, tast 1."}
      - {key: 2, language: en, say: "For English, press 2."}
    default: nb
    next: menu
"""
    text = SERVICE.replace("start: menu", "start: offered") + choices
    (menu,) = [each for each in taken(tmp_path, text=text, longest_menu_s=2.5).long_menus if "offered" in each.key]
    assert (menu.language, menu.key, round(menu.duration_s, 1)) == ("nb", "line/offered.choices.0.say", 2.8)


def test_what_is_said_in_a_crisis_is_said_in_the_languages_of_its_flows() -> None:
    message = Said({"nb": "Det stormer.", "se": "Riđđu."}, key="storm/crisis.message")
    found = crisis_section(Crisis("storm", "Storm", message), [service("{se: nb}").flow])
    assert (found.languages, [said.languages("se") for said in found.said]) == (("nb", "se", "en"), [("se", "nb")])
    elsewhere = Crisis("storm", "Storm", message, flows=frozenset({"other"}))
    assert crisis_section(elsewhere, [service().flow]).languages == ()
