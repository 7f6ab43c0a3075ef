"""docs/asks.md names tests that exist, and every ask has one."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ASKS = set(range(1, 12))


def named() -> list[tuple[str, str]]:
    return NAMED.findall((ROOT / "docs" / "asks.md").read_text())


def test_every_test_that_the_page_names_exists() -> None:
    lacking = [
        f"{path}::{name}" for path, name in named() if not re.search(rf"def {name}\(", (ROOT / path).read_text())
    ]
    assert named()
    assert lacking == []


def test_every_test_of_an_ask_is_on_the_page() -> None:
    pages = {name for _, name in named()}
    files = [*(ROOT / "tests" / "asks").glob("test_*.py"), ROOT / "tests" / "svar" / "system" / "test_asks.py"]
    tests = [name for file in files for name in re.findall(r"def (test_ask_\w+)\(", file.read_text())]
    assert [name for name in tests if name not in pages] == []


def test_every_ask_has_a_test_of_its_own() -> None:
    shown = {int(number) for _, name in named() for number in re.findall(r"^test_ask_(\d\d)_", name)}
    assert shown == ASKS
