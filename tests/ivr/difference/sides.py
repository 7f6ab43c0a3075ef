"""Flows of a small service, and versions of them that somebody changed."""

import shutil
from pathlib import Path

from ivr.difference.changes import Difference
from ivr.difference.folders import Side, compare
from ivr.difference.phrases import Phrases
from ivr.difference.telling import as_text
from ivr.files.load import read_folder
from ivr.language.problems import errors

FLOWS = Path(__file__).parent / "flows"
ENGLISH, NORWEGIAN = Phrases("en"), Phrases("nb")


def side(folder: Path, name: str = "new") -> Side:
    """Every flow of the folder, which has to be right by itself."""
    found = read_folder(folder)
    assert errors(found.problems) == []
    crises = {key: loaded.file for key, loaded in found.crises.items()}
    return Side(name, {loaded.flow.flow: loaded.flow for loaded in found.flows}, found.calendars, crises)


STANDING = side(FLOWS, "old")


def changed(folder: Path, *edits: tuple[str, str, str]) -> Side:
    """The flows with edits: a file, a text in it, and what comes in its place."""
    shutil.copytree(FLOWS, folder, dirs_exist_ok=True)
    for file, old, new in edits:
        path = folder / file
        text = path.read_text()
        assert old in text, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new))
    return side(folder)


def told(new: Side, old: Side = STANDING, phrases: Phrases = ENGLISH) -> str:
    return "\n".join(as_text(compare(old, new, phrases), phrases))


def difference(new: Side, old: Side = STANDING) -> Difference:
    return compare(old, new, ENGLISH)
