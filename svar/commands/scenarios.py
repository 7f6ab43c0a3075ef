"""svar test: the scenarios beside the flows, on a virtual clock."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ivr.book import load_book
from ivr.files import telling
from ivr.language.problems import FlowFileError
from ivr.simulator import report
from ivr.simulator.workers import run_chosen
from svar.commands.serve import EXAMPLE
from svar.config import ConfigError, load
from svar.terminal import Terminal


class Format(StrEnum):
    """How results are told."""

    TEXT = "text"
    JSON = "json"


def scenarios(
    chosen: Annotated[
        list[str], typer.Argument(metavar="[FILE|FLOW|NUMBER]...", help="only these; without any, all")
    ] = [],  # noqa: B006
    words: Annotated[str, typer.Option("-k", metavar="WORDS", help="only scenarios whose names have these words")] = "",
    config: Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")] = EXAMPLE,
    flows: Annotated[Path | None, typer.Option(help="folder of flows, instead of the configuration's")] = None,
    junit: Annotated[Path | None, typer.Option(help="write the results as JUnit XML into this file too")] = None,
    stories: Annotated[bool, typer.Option(help="tell what happened in each call that went well too")] = False,
    untested: Annotated[bool, typer.Option("--untested", help="name the steps that no scenario came to")] = False,
    told: Annotated[Format, typer.Option("--format", help="for people or for programs")] = Format.TEXT,
    workers: Annotated[int, typer.Option(min=1, max=64, help="processes that share the work")] = 1,
) -> None:
    """Run the scenarios of the flows with simulated callers and agents; no phone, no waiting.

    Exit code 0: all as expected; 1: some are not, or a file has mistakes; 2: nothing was run.
    """
    errors = Terminal(sys.stderr)
    errors.hide_logs()
    try:
        folder = flows or Path(load(config, os.environ).flows.folder)
        results = run_chosen(folder, chosen, words, workers)
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    except FlowFileError as error:
        errors.print_all(telling.as_text(error.problems, errors.style))
        raise typer.Exit(1) from None
    if junit is not None:
        _write(junit, report.as_junit(results))
    if told is Format.JSON:
        print(report.as_json(results))
    else:
        terminal = Terminal(sys.stdout)
        terminal.print_all(report.lines(results, stories=stories, width=terminal.width, style=terminal.style))
        if untested:
            terminal.print_all(report.untested(load_book(folder), results, entered=bool(chosen or words)))
    if not results:
        print("there is no such scenario" if chosen or words else f"{folder}/scenarios has none", file=sys.stderr)
        raise typer.Exit(2)
    if any(result.failed for result in results):
        raise typer.Exit(1)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        print(f"svar test: {path} cannot be written: {error.strerror}", file=sys.stderr)
        raise typer.Exit(1) from None
