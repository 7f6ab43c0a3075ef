"""The commands of docs/operations.md, done here as they stand there."""

import os
import re
import subprocess
from collections.abc import Mapping

from tests.stack.shipped import ROOT

PAGE = ROOT / "docs" / "operations.md"


def commands(heading: str) -> list[str]:
    """The commands below a heading of the page, those that are indented."""
    text = PAGE.read_text()
    _, found, rest = text.partition(f"\n{heading}\n")
    assert found, f"{PAGE.name} has no {heading!r}"
    lines = re.findall(r"^ {4}(\S.*)$", re.sub(r"\\\n\s*", "", rest.split("\n#")[0]), re.MULTILINE)
    assert lines, f"no commands below {heading!r}"
    return lines


def do(line: str, changes: Mapping[str, str], environment: Mapping[str, str] | None = None) -> str:
    """One command with the paths and names of here. Who we are already, nobody becomes."""
    for shipped, ours in changes.items():
        line = line.replace(shipped, ours)
    line = re.sub(r"\bsudo -u \S+ |\bsudo ", "", line)
    done = subprocess.run(
        ["sh", "-ec", line],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout
