"""Rosters compared: rows that came, went or were changed, in words."""

from pathlib import Path

import pytest

from ivr.difference.folders import Side
from ivr.files.load import read_folder
from ivr.language.roster import Roster
from tests.ivr.difference.sides import ENGLISH, NORWEGIAN, told

DESK = """roster: desk
queue: desk
shifts:
  - {days: mon-fri, hours: 08:00-11:00, agents: [anna, kari]}
absences:
  - {agent: anna, days: 2026-12-21..2026-12-23, instead: bjorn}
reserves:
  - {agents: [bjorn], when: waiting > 2, release_after: 30m}
"""


def side(folder: Path, text: str) -> Side:
    (folder / "rosters").mkdir(parents=True)
    if text:
        (folder / "rosters" / "desk.yaml").write_text(text)
    rosters: dict[str, Roster] = {name: one.file.made() for name, one in read_folder(folder).rosters.items()}
    return Side("x", {}, rosters=rosters)


def test_a_roster_that_is_the_same_is_not_told(tmp_path: Path) -> None:
    assert told(side(tmp_path / "new", DESK), side(tmp_path / "old", DESK)).endswith("nothing has changed")


@pytest.mark.parametrize(
    ("old", "new", "gone", "came"),
    [
        ("[anna, kari]", "[anna]", "Monday to Friday 08-11 on duty: anna, kari",
         "Monday to Friday 08-11 on duty: anna"),
        ("mon-fri, hours", "sat, only: 2026-07-01..2026-07-31, hours", "Monday to Friday 08-11 on duty: anna, kari",
         "Saturday 08-11 (1 July 2026 to 31 July 2026) on duty: anna, kari"),
        (", instead: bjorn", "", "anna is away 21 December 2026 to 23 December 2026, bjorn stands in",
         "anna is away 21 December 2026 to 23 December 2026"),
        ("waiting > 2", "waiting > 5", "bjorn called in when waiting > 2, released after 30m",
         "bjorn called in when waiting > 5, released after 30m"),
    ],
)  # fmt: skip
def test_a_row_that_was_changed_is_told_as_it_was_and_as_it_is(
    tmp_path: Path, old: str, new: str, gone: str, came: str
) -> None:
    assert old in DESK
    lines = told(side(tmp_path / "new", DESK.replace(old, new)), side(tmp_path / "old", DESK)).splitlines()
    assert f"  − Roster desk: {gone}" in lines
    assert f"  + Roster desk: {came}" in lines
    assert "no caller notices" in lines[0]


def test_a_roster_that_is_new_is_told_row_by_row_in_norwegian(tmp_path: Path) -> None:
    text = told(side(tmp_path / "new", DESK), side(tmp_path / "old", ""), NORWEGIAN)
    assert "  + Vaktliste desk: for køen desk" in text
    assert "bjorn kalles inn når waiting > 2, og slippes etter 30m" in text
    assert told(side(tmp_path / "none", ""), side(tmp_path / "some", DESK), ENGLISH).count("−") == 4
