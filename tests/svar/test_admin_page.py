"""The line that docs/admin.md makes, made as the page says it."""

import re
import shutil
from pathlib import Path

from svar import gates
from svar.commands.serve import EXAMPLE
from svar.config import load

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "admin.md").read_text()
FILES = re.compile(r"`(flows/[a-z/]+\.yaml)`[^`]*:\n\n```yaml\n(.*?)```", re.DOTALL)
"""What the page puts into a file; the second block for one file goes to its end."""


def test_the_line_of_the_guide_passes_every_gate(tmp_path: Path) -> None:
    flows, config = tmp_path / "flows", tmp_path / "deploy" / "svar.toml"
    shutil.copytree(ROOT / "flows", flows)
    written = [name for name, _ in FILES.findall(PAGE)]
    assert len(written) == 5, "flow, calendar, scenarios, crisis, and its rehearsal"
    for name, text in FILES.findall(PAGE):
        with (tmp_path / name).open("a", encoding="utf-8") as file:
            file.write(text)
    (queue,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    config.parent.mkdir()
    config.write_text(f"{EXAMPLE.read_text()}\n{queue}")
    verdicts = gates.examine(load(config, {}), flows, flows)
    assert [(verdict.name, verdict.lines) for verdict in verdicts] == [(name, ()) for name, _ in gates.GATES]
