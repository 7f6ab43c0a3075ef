"""The command line: `bin/svar COMMAND --help`."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup


class Commands(TyperGroup):
    """Each command is imported when it is asked for: none waits for what the others need."""

    places: ClassVar[Mapping[str, str]] = {
        "serve": "serve",
        "demo": "demo",
        "call": "call",
        "agent": "",
        "check": "check",
        "test": "scenarios",
        "simulate": "simulate",
        "trace": "trace",
        "why": "why",
        "prove": "prove",
        "publish": "publish",
        "rollback": "rollback",
        "versions": "versions",
        "crisis": "crisis",
        "roster": "roster",
        "report": "report",
        "records": "records",
        "docs": "docs",
        "graph": "graph",
        "diff": "diff",
        "prompts": "prompts",
        "voicemail": "voicemail",
        "token": "token",
        "user": "user",
        "probe": "probe",
    }
    """The module of each below `svar.commands`, which has a command, or a group, of its own name."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands: dict[str, Any] = dict.fromkeys(self.places)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if self.commands.get(cmd_name) is None and cmd_name in self.places:
            self.commands[cmd_name] = self._imported(cmd_name)
        return self.commands.get(cmd_name)

    def _imported(self, name: str) -> Any:
        place = self.places[name]
        found = getattr(import_module(f"svar.commands.{place}"), place) if place else agent
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        if isinstance(found, typer.Typer):
            single.add_typer(found, name=name)
            return typer.main.get_group(single).commands[name]
        single.command(name=name)(found)
        return typer.main.get_command(single)


class Agent(Commands):
    """`svar agent NAME` is the phone of that agent; so is `svar agent phone NAME`, whatever the agent is called."""

    places: ClassVar[Mapping[str, str]] = {"phone": "agent", "password": "password"}

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        return super().parse_args(ctx, args if named else ["phone", *args])


def _group(commands: type[Commands], told: str) -> typer.Typer:
    made = typer.Typer(
        cls=commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=told
    )
    made.callback()(lambda: None)
    return made


agent = _group(Agent, "An agent's phone, and its password.")
app = _group(Commands, __doc__)
