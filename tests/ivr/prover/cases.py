"""Flows with one fault each (`faults/*.yaml`): the files, the fault, and the smallest repair."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FAULTS = Path(__file__).parent / "faults"
FROM_MS = 1_795_388_400_000
"""The beginning of 23 November 2026, a Monday."""


@dataclass(frozen=True, slots=True)
class Case:
    """`tells` are parts of the story, in order. `kind` and `node` (flow.node) are what has to be found."""

    name: str
    kind: str
    node: str
    tells: tuple[str, ...]
    files: dict[str, str]
    repair: tuple[dict[str, str], ...]

    def write(self, folder: Path, *, repaired: bool = False) -> Path:
        """The files, as they are or repaired."""
        files = dict(self.files)
        for change in self.repair if repaired else ():
            assert files[change["file"]].count(change["old"]) == 1, f"{self.name}: {change['old']}"
            files[change["file"]] = files[change["file"]].replace(change["old"], change["new"])
        for name, text in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return folder


def case_of(file: Path) -> Case:
    """The case in a file."""
    given: dict[str, Any] = yaml.safe_load(file.read_text())
    tells = tuple(given.get("tells", ()))
    return Case(file.stem, given["kind"], given["node"], tells, given["files"], tuple(given["repair"]))


CASES = [case_of(file) for file in sorted(FAULTS.glob("*.yaml"))]
