"""docs/callbacks.md: its flow and its configuration are ones that svar takes."""

import re
import tomllib
from pathlib import Path

from ivr.checks.flows import check_flow
from ivr.files.load import load_flow
from svar import outbound
from svar.config import load

PAGE = (Path(__file__).parents[2] / "docs" / "callbacks.md").read_text()


def block(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.M | re.S)
    return str(found)


def test_the_flow_has_no_mistake() -> None:
    flow, marked = load_flow("family.yaml", block("yaml"))
    if flow is not None:
        check_flow(flow, marked)
    assert not marked.problems, "\n".join(map(str, marked.problems))


def test_the_configuration_names_all_that_ringing_back_needs(tmp_path: Path) -> None:
    text = block("toml")
    assert tomllib.loads(text)["trunk"][0]["account"]["number"]
    path = tmp_path / "svar.toml"
    path.write_text(text)
    assert list(outbound.mistakes(load(path, {}))) == []
    path.write_text(text.replace('number = "+4755553333"', ""))
    assert "expected the number that callers see" in "".join(outbound.mistakes(load(path, {})))
