"""The generated pages of docs/ say what the code says."""

from pathlib import Path

import pytest

from events.catalogue import CATALOGUE
from svar.pages import pages

ROOT = Path(__file__).parent.parent.parent
PAGES = pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_not_stale(name: str) -> None:
    assert (ROOT / name).read_text() == PAGES[name], f"{name} is stale: run `make docs`"


def test_every_event_is_on_its_page() -> None:
    assert all(f"## `{kind}`" in PAGES["docs/events.md"] for kind in CATALOGUE)


def test_every_setting_is_explained() -> None:
    rows = [line for line in PAGES["docs/configuration.md"].splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    assert [row for row in rows if row.endswith("|  |")] == []
