"""The same difference as text, Markdown and JSON."""

import json
from pathlib import Path

from ivr.difference.folders import compare
from ivr.difference.telling import as_json, as_markdown, as_text
from tests.ivr.difference.sides import ENGLISH, STANDING, changed

EDITS = [("main.yaml", "3: family", "3: closed"), ("main.yaml", "Vi har stengt. Åpning", "Vi har *stengt*. Åpning")]


def test_markdown_shows_words_and_escapes_texts(tmp_path: Path) -> None:
    text = "\n".join(as_markdown(compare(STANDING, changed(tmp_path, *EDITS), ENGLISH), ENGLISH))
    assert text.startswith("# old → new: ")
    assert "## Hovednummeret (main)" in text
    assert "~~stengt.~~ **\\*stengt\\*.**" in text


def test_json_has_every_change_with_its_sentence(tmp_path: Path) -> None:
    found = compare(STANDING, changed(tmp_path, *EDITS), ENGLISH)
    body = json.loads(as_json(found, ENGLISH))
    assert len(body["changes"]) == len(found.changes)
    way = next(change for change in body["changes"] if change["what"] == "way_changed")
    assert (way["flow"], way["steps"], way["heard"]) == ("main", ["menu"], True)
    assert "pressing 3" in way["told"]


def test_colours_are_asked_for_by_role(tmp_path: Path) -> None:
    roles: set[str] = set()

    def note(text: str, role: str) -> str:
        roles.add(role)
        return text

    edits = [
        *EDITS,
        ("main.yaml", "      5: other\n", "      6: other\n      7: work\n"),
        ("main.yaml", "title: H", "title: I"),
    ]
    list(as_text(compare(STANDING, changed(tmp_path, *edits), ENGLISH), ENGLISH, note))
    assert roles == {"heading", "added", "removed", "changed", "inside"}
