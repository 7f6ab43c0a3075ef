"""No flow goes live with a language that it declares and cannot speak."""

from pathlib import Path

from ivr.files.load import Folder, read_folder
from ivr.prompts.parity import parity_problems, unspeakable
from ivr.prompts.spoken import words
from tests.ivr.prompts.services import SAMI, SERVICE, listing, record, service

STORM = """\
crisis: storm
title: Storm
message: {nb: Det stormer., se: Riđđu., en: There is a storm.}
deflect:
  - queue: q
    say:
      {nb: Les mer., se: Loga., en: Read more.}
"""
FLOWS = Path(__file__).parents[3] / "flows"


def test_each_text_that_nobody_would_hear_is_told_where_it_stands(tmp_path: Path) -> None:
    problems = sorted(parity_problems(Folder(flows=[service()]), listing(tmp_path)))
    assert [(problem.line, problem.column) for problem in problems] == [(9, 28), (12, 37), (19, 7)]
    assert problems[0].path == "flows/line.yaml"
    assert problems[0].message == (
        "hangup 'bye': callers who chose 'se' would hear nothing here: there is no voice for it, and no recording "
        "se/line/bye.say.wav; record it (svar prompts script), or declare a fallback, as in `fallback: {se: nb}`"
    )
    assert "se/line/place.say.1.wav, se/values/number/0.wav, se/values/number/1.wav and 108 more" in str(problems[2])


def test_a_language_that_is_wholly_recorded_may_go_live(tmp_path: Path) -> None:
    for key in SAMI:
        record(tmp_path, f"se/{key}")
    (lacking,) = unspeakable([service().flow], listing(tmp_path))
    assert (lacking.key, lacking.language) == ("line/place.say", "se")
    for key in words("se", "number").values():
        record(tmp_path, f"se/{key}", seconds=0.01)
    assert unspeakable([service().flow], listing(tmp_path)) == []
    record(tmp_path, "se/line/bye.say").write_bytes(b"ID3")
    record(tmp_path, "se/line/menu.say", level=0.0)
    assert [each.key for each in unspeakable([service().flow], listing(tmp_path))] == ["line/bye.say", "line/menu.say"]


def test_an_open_fallback_may_go_live_if_it_can_be_spoken_itself(tmp_path: Path) -> None:
    assert unspeakable([service("{se: nb}").flow], listing(tmp_path)) == []
    assert len(unspeakable([service("{se: fi}").flow], listing(tmp_path))) == 3


def test_a_crisis_is_told_in_the_languages_of_its_flows(tmp_path: Path) -> None:
    for fallback, lines in (("", [3, 7]), ("fallback: {se: nb}\n", [])):
        flows = tmp_path / "flows"
        (flows / "crises").mkdir(parents=True, exist_ok=True)
        (flows / "line.yaml").write_text(SERVICE.replace("FALLBACK\n", fallback))
        (flows / "crises" / "storm.yaml").write_text(STORM)
        problems = [each for each in parity_problems(read_folder(flows), listing(tmp_path)) if "storm" in each.path]
        assert [problem.line for problem in problems] == lines
        assert all("crisis 'storm': callers who chose 'se'" in problem.message for problem in problems)


def test_the_shipped_flows_can_speak_all_their_languages() -> None:
    assert parity_problems(read_folder(FLOWS), listing(FLOWS / "prompts")) == []
