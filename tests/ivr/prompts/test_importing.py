"""A folder from the studio finds its places."""

import shutil
from pathlib import Path

import pytest

from ivr.prompts.importing import Plan, keep, plan
from ivr.prompts.inventory import Entry, State, section, take
from ivr.prompts.recordings import Recordings
from ivr.prompts.studio import Line
from tests.ivr.prompts.services import listing, record, service

LINES = [
    Line(1, "se", "line", ("line/menu.say", "line/bye.say"), "Bures.", "", ""),
    Line(12, "se", "line", ("line/gone.say",), "Jávkan.", "", ""),
    Line(13, "se", "line", ("../../outside",), "Olgun.", "", ""),
]


@pytest.fixture
def entries(tmp_path: Path) -> tuple[Entry, ...]:
    return take([section(service().flow)], listing(tmp_path / "prompts")).entries


def placed(planned: Plan) -> dict[str, list[str]]:
    return {each.file.name: [f"{place.language}/{place.key}" for place in each.places] for each in planned.placed}


@pytest.mark.parametrize("name", ["se/line/menu.say", "se_line_menu_say", "SE Line menu-say", "se.line.menu.say"])
def test_a_file_is_placed_by_its_key(tmp_path: Path, entries: tuple[Entry, ...], name: str) -> None:
    file = record(tmp_path / "studio", name)
    assert placed(plan(tmp_path / "studio", entries, ())) == {file.name: ["se/line/menu.say"]}


def test_the_language_may_be_given_once_for_all(tmp_path: Path, entries: tuple[Entry, ...]) -> None:
    record(tmp_path / "studio", "line/menu.say")
    assert placed(plan(tmp_path / "studio", entries, (), "se")) == {"menu.say.wav": ["se/line/menu.say"]}
    assert placed(plan(tmp_path / "studio", entries, ())) == {}


@pytest.mark.parametrize("name", ["1", "001", "01 take two", "0001_x"])
def test_a_file_is_placed_by_its_number_wherever_that_is_said(
    tmp_path: Path, entries: tuple[Entry, ...], name: str
) -> None:
    file = record(tmp_path / "studio", name)
    assert placed(plan(tmp_path / "studio", entries, LINES)) == {file.name: ["se/line/menu.say", "se/line/bye.say"]}


def test_what_cannot_be_placed_says_why(tmp_path: Path, entries: tuple[Entry, ...]) -> None:
    studio = tmp_path / "studio"
    for name in ("7", "12", "13", "hello", "1", "1 again"):
        record(studio, name)
    record(studio, "en/line/bye.say", level=0.0)
    record(studio, "nb/line/bye.say", seconds=601)
    (studio / "2.mp3").write_bytes(b"ID3")
    (studio / "script.txt").write_text("read me")
    (studio / ".DS_Store").write_text("")
    planned = plan(studio, entries, LINES)
    assert planned.placed == ()
    assert {str(each.file.relative_to(studio)): each.why.split(":")[0] for each in planned.not_placed} == {
        "7.wav": "the script has no number 7",
        "12.wav": "the flows no longer say number 12 of the script",
        "13.wav": "the flows no longer say number 13 of the script",
        "hello.wav": "no prompt has this name",
        "1.wav": "there are several files for this prompt",
        "1 again.wav": "there are several files for this prompt",
        "en/line/bye.say.wav": "there is nothing to hear in it (nothing above -45 dBFS)",
        "nb/line/bye.say.wav": "601 s are too long for a prompt",
        "2.mp3": "the script has no number 2",
    }
    assert {each.why.split(":")[0] for each in plan(studio, entries, ()).not_placed} >= {
        "which script is the number of? Give it by --script FILE.csv, or put script.csv into the folder",
    }


def test_recordings_are_copied_as_they_are_with_the_text_that_was_read(
    tmp_path: Path, entries: tuple[Entry, ...]
) -> None:
    recordings = Recordings(tmp_path / "prompts")
    recordings.write_texts({"nb": {"old": "Gammel."}})
    file = record(tmp_path / "studio", "1", level=0.9)
    planned = plan(tmp_path / "studio", entries, LINES)
    assert planned.placed[0].doubts == ("too loud (-4 dBFS, at most -9)",)
    keep(planned, recordings)
    for key in ("line/menu.say", "line/bye.say"):
        assert (recordings.folder / "se" / f"{key}.wav").read_bytes() == file.read_bytes()
    assert recordings.texts() == {"nb": {"old": "Gammel."}, "se": {"line/menu.say": "Bures.", "line/bye.say": "Bures."}}
    inventory = take([section(service().flow)], listing(recordings.folder))
    assert [entry.key for entry in inventory.of(State.STALE)] == ["line/menu.say", "line/bye.say"]


def test_recordings_that_were_put_there_by_hand_get_their_texts(tmp_path: Path, entries: tuple[Entry, ...]) -> None:
    recordings = Recordings(tmp_path / "prompts")
    file = record(recordings.folder, "nb/line/menu.say")
    before = file.read_bytes()
    keep(plan(recordings.folder, entries, ()), recordings)
    assert file.read_bytes() == before
    assert recordings.texts() == {"nb": {"line/menu.say": "Velkommen. Tast 1."}}


def test_nothing_is_written_when_nothing_is_placed(tmp_path: Path, entries: tuple[Entry, ...]) -> None:
    shutil.rmtree(tmp_path / "prompts", ignore_errors=True)
    keep(Plan((), ()), Recordings(tmp_path / "prompts"))
    assert not (tmp_path / "prompts").exists()
