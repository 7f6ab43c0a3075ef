"""A command brings in what it needs, and no other's."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from svar.cli import Agent, Commands, app

ROOT = Path(__file__).parents[2]
LEFT_OUT = ("aiohttp", "aiomqtt", "amqtt", "ivr.prover", "svar.phones")


def imported_with(module: str) -> set[str]:
    """In a process of its own."""
    code = f"import sys, {module}; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True).stdout.decode().split()
    )


def test_a_node_starts_without_what_it_was_not_configured_to_use() -> None:
    found = imported_with("svar.commands.serve")
    assert "svar.compose" in found
    assert not [name for name in LEFT_OUT if name in found]


def test_the_command_line_itself_needs_no_command() -> None:
    assert not [name for name in imported_with("svar.cli") if name.startswith("svar.commands.")]


@pytest.mark.parametrize("name", Commands.places)
def test_every_command_is_where_the_table_says(name: str) -> None:
    told = CliRunner().invoke(app, [name, "--help"])
    assert (told.exit_code, f" {name} " in told.output) == (0, True)


@pytest.mark.parametrize("name", Agent.places)
def test_the_agents_commands_too(name: str) -> None:
    assert CliRunner().invoke(app, ["agent", name, "--help"]).exit_code == 0


def test_a_command_that_is_none_is_told_with_what_is_near() -> None:
    told = CliRunner().invoke(app, ["serv"])
    assert told.exit_code == 2
    assert "'serve'" in told.output
