"""docs/api.md: every curl example is run against a real server, and answers what the page says."""

import asyncio
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from acd.model import AgentId, AgentSpec, AgentState, SiteId
from console.api.deeds import DEEDS
from console.api.routes import WAYS
from console.tokens import Role
from tests.console.api.desks import Office, served

PAGE = (Path(__file__).parents[3] / "docs" / "api.md").read_text()
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def examples() -> list[tuple[str, str]]:
    """Each command, and what the page says that it answers (empty: nothing is said)."""
    blocks = BLOCK.findall(PAGE)
    found = []
    for (kind, text), (after, answer) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh":
            commands = [one for one in re.split(r"(?<!\\)\n(?=curl)", text.strip()) if one]
            said = [""] * (len(commands) - 1) + [answer if after == "json" else ""]
            found += list(zip(commands, said, strict=True))
    return found


async def run(command: str, office: Office) -> tuple[int, str]:
    async with served(office) as client:
        environment = {**os.environ, "SVAR": client.base, "TOKEN": await office.token(Role.ADMIN)}
        process = await asyncio.create_subprocess_shell(
            command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await asyncio.wait_for(process.communicate(), 20)
        return process.returncode or 0, output.decode()


def shape(value: Any) -> Any:
    return {name: type(inner).__name__ for name, inner in value.items()}


@pytest.mark.skipif(not shutil.which("curl") and not os.environ.get("CI"), reason="curl is not installed")
@pytest.mark.parametrize(("command", "said"), examples(), ids=lambda text: text[-30:])
async def test_an_example_does_what_the_page_says(command: str, said: str) -> None:
    office = Office()
    await office.agents.put_agent(AgentSpec(AgentId("cato"), SiteId("bodo")))
    status, output = await run(command, office)
    assert status == 0, output
    assert (not output) == (" -X POST" in command or "--json" in command or "-X DELETE" in command) or said
    if said:
        assert shape(json.loads(output)) == shape(json.loads(said))


def test_the_page_has_examples_and_names_every_deed_and_state() -> None:
    assert len(examples()) >= 15
    for name in [*DEEDS, *AgentState]:
        assert f"`{name}`" in PAGE
    asked = " ".join(command for command, _ in examples())
    for way in WAYS:
        first = way.path.split("/")[1]
        assert f"/{first}" in asked or f"GET /{first}" in PAGE, way.path
