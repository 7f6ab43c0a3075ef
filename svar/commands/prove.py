"""svar prove: every path of every flow, over every class of moment; who could end nowhere is told as a story."""

import json
import os
import re
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console
from rich.text import Text

from ivr.checks.flows import check_flows
from ivr.files.load import read_folder
from ivr.files.telling import as_text
from ivr.language.calendar import OSLO
from ivr.language.problems import did_you_mean, errors
from ivr.prover import report
from ivr.prover.bounds import Bounds
from ivr.prover.prove import Fault, Proof, prove_folder
from svar import deployment
from svar.commands.serve import EXAMPLE
from svar.config import Config, ConfigError, load
from svar.phones.units import seconds

_STYLES = {"place": "bold", "error": "bold red", "warning": "yellow", "line": "dim", "caret": "red", "good": "green"}
_DEFAULT = Bounds()


class Format(StrEnum):
    """How proofs are told."""

    TEXT = "text"
    JSON = "json"


def prove(
    folder: Annotated[Path | None, typer.Argument(help="folder of flows; without it the configuration's")] = None,
    config: Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")] = EXAMPLE,
    flow: Annotated[list[str], typer.Option(help="only this flow; may be given several times")] = [],  # noqa: B006
    longest: Annotated[str, typer.Option("--time", help="most speech and silence of a call outside queues")] = "10m",
    speech: Annotated[str, typer.Option(help="most speech before there is a choice")] = "60s",
    texts: Annotated[int, typer.Option(min=1, help="most texts before there is a choice")] = _DEFAULT.texts,
    days: Annotated[int, typer.Option(min=1, max=3700, help="how far ahead moments are looked at")] = _DEFAULT.days,
    begin: Annotated[str, typer.Option("--from", help="the first day, as 2026-11-23; today without it")] = "",
    told: Annotated[Format, typer.Option("--format", help="for people or for programs")] = Format.TEXT,
    scenarios: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="write a scenario for each fault into this folder")
    ] = None,
) -> None:
    """Show that every caller ends in a person, a message or a goodbye, whenever they ring and whatever they press.

    Exit code 0: proven; 1: there are faults, or mistakes in files; 2: the command is not meant so.
    """
    try:
        settings = load(config, os.environ)
        bounds = Bounds(seconds(longest), seconds(speech), texts, days)
        from_ms = _first_day_ms(begin)
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    proof = _proof(settings, folder or Path(settings.flows.folder), flow, bounds, from_ms)
    written = [] if scenarios is None else list(_written(proof.faults, scenarios))
    if told is Format.JSON:
        print(json.dumps(report.data(proof), ensure_ascii=False, indent=1))
    else:
        _tell(proof, written)
    if not proof.holds:
        raise typer.Exit(1)


def _first_day_ms(written: str) -> int:
    """The beginning of that day, or of today."""
    if not written:
        local = datetime.fromtimestamp(time.time(), OSLO)
        return round(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1000
    try:
        return round(datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=OSLO).timestamp()) * 1000
    except ValueError:
        raise ValueError(f"--from {written!r}: a day is written 2026-11-23") from None


def _proof(config: Config, path: Path, only: list[str], bounds: Bounds, from_ms: int) -> Proof:
    """The proof; mistakes that `svar check` finds too are told first, and nothing is proven of flows that have them."""
    folder = read_folder(path)
    mistakes = errors(folder.problems + check_flows(folder, deployment.names(config)))
    if mistakes:
        _print(as_text(mistakes, _Colours(sys.stderr)), sys.stderr)
        print(f"{path}: not looked at: mend the mistakes that svar check tells first", file=sys.stderr)
        raise typer.Exit(1)
    known = [loaded.flow.flow for loaded in folder.flows]
    for name in only:
        if name not in known:
            raise typer.BadParameter(f"there is no flow {name!r}{did_you_mean(name, known)}")
    return prove_folder(folder, from_ms, bounds=bounds, settings=config.flows.settings, only=only)


def _written(faults: Iterable[Fault], folder: Path) -> Iterable[Path]:
    """The files of scenarios, one a fault; a fault that nobody can ring has none."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, fault in enumerate(faults, 1):
        if fault.scenario:
            name = re.sub(r"[^a-z0-9]+", "-", f"proof-{number:02}-{fault.flow}-{fault.node}-{fault.kind}")
            file = folder / f"{name}.yaml"
            file.write_text(fault.scenario, encoding="utf-8")
            yield file


def _tell(proof: Proof, written: list[Path]) -> None:
    style = _Colours(sys.stdout)
    _print(report.table(proof), sys.stdout)
    print()
    for fault in proof.faults:
        _print([*report.story(fault, style), ""], sys.stdout)
    for file in written:
        print(f"wrote {file}")
    _print(report.summary(proof, style), sys.stdout)


def _print(lines: Iterable[str], stream: TextIO) -> None:
    for line in lines:
        print(line, file=stream)


class _Colours:
    """Colours where a terminal shows them."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, soft_wrap=True)

    def __call__(self, text: str, role: str) -> str:
        colour = _STYLES.get(role, "")
        if not colour or not self._console.is_terminal or self._console.no_color:
            return text
        with self._console.capture() as captured:
            self._console.print(Text(text, style=colour), end="", soft_wrap=True)
        return captured.get()
