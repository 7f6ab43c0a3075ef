"""svar check: every mistake in the configuration, the files that it names, and the flows, at once."""

import os
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from ivr.checks.flows import check_flows
from ivr.files import telling
from ivr.files.load import read_folder
from ivr.language.problems import FlowFileError, Problem, errors
from ivr.prompts.parity import parity_problems
from ivr.prompts.recordings import Listing, Recordings
from svar import checks, deployment, logs
from svar.commands.serve import EXAMPLE
from svar.config import ConfigError, load

LOOKS_EVERY_S = 0.3


class Format(StrEnum):
    """How mistakes are told."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def check(
    folder: Annotated[Path | None, typer.Argument(help="folder of flows; without it the configuration's")] = None,
    config: Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")] = EXAMPLE,
    told: Annotated[Format, typer.Option("--format", help="for people, programs, or GitHub")] = Format.TEXT,
    watch: Annotated[bool, typer.Option(help="check again whenever a file changes, until Ctrl-C")] = False,
) -> None:
    """Read the configuration, its certificates and passwords, and all flows; name every mistake, where it stands."""
    logs.configure(json=False, debug=False)
    if watch:
        _watch(config, folder)
    elif not _once(config, folder, told):
        raise typer.Exit(1)


def _once(config: Path, folder: Path | None, told: Format) -> bool:
    """Whether there is no mistake."""
    try:
        settings = load(config, os.environ)
        checks.check(settings)
        unusable = list(checks.files(settings, os.environ))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return False
    folder = folder or Path(settings.flows.folder)
    read = read_folder(folder)
    for doubt in checks.doubts(settings, read.routing.made()):
        print(f"{config}: warning: {doubt}", file=sys.stderr)
    for mistake in unusable:
        print(mistake, file=sys.stderr)
    found = read.problems + check_flows(read, deployment.names(settings), deployment.standing(settings))
    problems = sorted(found + _unspeakable(folder))
    if told is Format.JSON:
        print(telling.as_json(problems))
    elif told is Format.GITHUB:
        for line in telling.as_github(problems):
            print(line)
    else:
        _tell(problems, folder)
    return not errors(problems) and not unusable


def _unspeakable(folder: Path) -> list[Problem]:
    """What flows say in a language that has neither recording, voice nor fallback."""
    try:
        return parity_problems(read_folder(folder), Listing.of(Recordings(folder / "prompts")))
    except FlowFileError as error:
        return list(error.problems)


def _tell(problems: list[Problem], folder: Path) -> None:
    console = Console(stderr=bool(problems), highlight=False, soft_wrap=True)
    for line in telling.as_text(problems, _coloured):
        console.print(line)
    mistakes = len(errors(problems))
    warnings = len(problems) - mistakes
    counts = [f"{mistakes} mistake{'s' * (mistakes != 1)}"] if mistakes else ["no mistakes"]
    counts += [f"{warnings} warning{'s' * (warnings != 1)}"] if warnings else []
    colour = "bold red" if mistakes else "green"
    console.print(f"[{colour}]{escape(str(folder))}: {', '.join(counts)}[/]")


_COLOURS = {"place": "bold", "error": "red", "warning": "yellow", "line": "dim", "caret": "bold red"}


def _coloured(text: str, role: str) -> str:
    return f"[{_COLOURS[role]}]{escape(text)}[/]"


def _watch(config: Path, folder: Path | None) -> None:
    seen: dict[str, tuple[int, int]] | None = None
    try:
        while True:
            now = dict(_stamps(config, folder))
            if now != seen:
                seen = now
                print(f"\n--- {time.strftime('%H:%M:%S')} ---", flush=True)
                _once(config, folder, Format.TEXT)
            time.sleep(LOOKS_EVERY_S)
    except KeyboardInterrupt:
        return


def _stamps(config: Path, folder: Path | None) -> Iterator[tuple[str, tuple[int, int]]]:
    """When each file that counts was written, and its size."""
    if folder is None:
        try:
            folder = Path(load(config, os.environ).flows.folder)
        except ConfigError:
            folder = config.parent
    for path in [config, *sorted(folder.rglob("*.yaml"))]:
        try:
            stat = path.stat()
        except OSError:
            continue
        yield str(path), (stat.st_mtime_ns, stat.st_size)
