"""docs/threat-model.md tells the truth: the tests and modules that it names exist."""

import re

import pytest

from tests.test_rfc_map import ROOT, defined

TOLD = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)(?:::([\w.]+))?`", TOLD)))
TRIED = sorted(
    (path.relative_to(ROOT).as_posix(), test)
    for path in (ROOT / "tests/security").glob("test_*.py")
    if path.name not in ("test_threat_model.py", "test_adversarial_text.py")
    for test in defined(path.relative_to(ROOT).as_posix())
    if test.startswith("test_")
)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part or "whole")
def test_what_the_model_names_exists(file: str, name: str) -> None:
    assert (ROOT / file).is_file()
    assert not name or name in defined(file)


def test_every_row_names_a_test() -> None:
    rows = [line for line in TOLD.splitlines() if line.startswith("| ") and not line.startswith("| attack")]
    assert len(rows) > 30
    assert not [row for row in rows if "`tests/" not in row.split(" | ")[-1]]


@pytest.mark.parametrize("one", TRIED, ids=lambda one: str(one[1]))
def test_what_is_tried_stands_in_the_model(one: tuple[str, str]) -> None:
    assert one in NAMED
