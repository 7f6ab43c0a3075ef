"""svar graph: flows as pictures, to print or to put on a page."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ivr.files.flow import Flow
from ivr.files.load import Folder, read_folder
from ivr.language.problems import did_you_mean
from ivr.picture.graph import Around, Graph, Traffic, graph_of
from ivr.picture.mermaid import mermaid
from ivr.picture.page import PAGES
from ivr.picture.svg import svg
from ivr.picture.words import LANGUAGES
from metrics.fold import Part
from metrics.records import RecordsError
from metrics.steps import StepCounts, walked
from svar import logs, records_in_service
from svar.commands.serve import EXAMPLE
from svar.config import Config, ConfigError, load
from svar.written import refusal, write_out


class Format(StrEnum):
    """What is written."""

    SVG = "svg"
    MERMAID = "mermaid"


ENDINGS = {Format.SVG: "svg", Format.MERMAID: "mmd"}
NO_FORMAT = (".png", ".jpg", ".jpeg", ".pdf", ".gif")


def graph(
    flow: Annotated[str, typer.Argument(help="the flow's name, or its file")] = "",
    every: Annotated[bool, typer.Option("--all", help="every flow, each to a file of its own in --output")] = False,
    language: Annotated[str, typer.Option(help="nb or en: of the picture's words, and of what is said")] = "nb",
    form: Annotated[Format, typer.Option("--format", help="svg, or mermaid for pages that draw it")] = Format.SVG,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="the file; with --all the folder")] = None,
    counts: Annotated[str, typer.Option(help="FROM..UNTIL, as 2026-11-01..2026-11-30: how many went where")] = "",
    page: Annotated[str, typer.Option(help="a4 to a0; without it the smallest on which the picture can be read")] = "",
    config: Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")] = EXAMPLE,
) -> None:
    """Draw a flow: its steps and ways, what is heard first, and with --counts how many callers went where."""
    logs.configure(json=False, debug=False)
    if bool(flow) == every:
        raise refused("name a flow, or give --all")
    if page.upper() not in ("", *PAGES):
        raise refused(f"there is no page {page!r}; there are {', '.join(PAGES).lower()}")
    if output and output.suffix.lower() in NO_FORMAT:
        raise refused(
            f"{output}: a picture is SVG, so name it {output.with_suffix('.svg')}; a browser prints it to PDF"
        )
    if language not in LANGUAGES:
        raise refused(f"there are no words in {language!r}; there are {', '.join(LANGUAGES)}")
    settings = settings_of(config)
    path, name = _place(flow, settings)
    folder = read_folder(path)
    around, span = around_of(settings, folder), _span(counts) if counts else None
    parts = _parts(settings) if span else {}
    chosen = [_flow(folder, name, path)] if flow else [loaded.flow for loaded in folder.flows]
    for each in chosen:
        made = graph_of(each, language, around, _traffic(parts, each, span) if span else None)
        write_out("graph", _text(made, form, page), _target(output, each, form, every=every))


def drawn(flow: str, config: Path, language: str = "nb") -> str:
    """The picture of a flow of a configuration, as `svar graph` draws it."""
    settings = settings_of(config)
    path, name = _place(flow, settings)
    folder = read_folder(path)
    return svg(graph_of(_flow(folder, name, path), language, around_of(settings, folder)))


def _place(flow: str, settings: Config) -> tuple[Path, str]:
    """The folder of flows, and the flow's name or file name in it."""
    file = Path(flow)
    if flow and file.suffix in (".yaml", ".yml"):
        if not file.is_file():
            raise refused(f"there is no file {flow}")
        return file.parent, file.name
    return Path(settings.flows.folder), flow


def _flow(folder: Folder, name: str, path: Path) -> Flow:
    for loaded in folder.flows:
        if name in (loaded.flow.flow, Path(loaded.marked.path).name):
            for problem in loaded.marked.problems:
                print(problem, file=sys.stderr)
            return loaded.flow
    broken = [str(problem) for problem in folder.problems if Path(problem.path).stem == Path(name).stem]
    known = [loaded.flow.flow for loaded in folder.flows]
    raise refused("\n".join(broken) or f"there is no flow {name!r} in {path}{did_you_mean(name, known)}")


def around_of(settings: Config, folder: Folder) -> Around:
    """Calendars of the folder, and the deployment's titles."""
    routed = {("queue", name): queue.title for name, queue in folder.routing.made().queues.items() if queue.title}
    return Around(folder.calendars, titles_of(settings) | routed)


def titles_of(settings: Config) -> dict[tuple[str, str], str]:
    """People's names for queues and mailboxes, by kind and name."""
    titles = {("queue", queue.name): queue.title for queue in settings.queue if queue.title}
    return titles | {("mailbox", mailbox.name): mailbox.title for mailbox in settings.mailbox if mailbox.title}


def _span(counts: str) -> tuple[date, date]:
    first, _, last = counts.partition("..")
    try:
        span = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise refused(f"{counts!r}: days are written 2026-11-01..2026-11-30, or one day alone") from None
    if span[0] > span[1]:
        raise refused(f"{counts!r} ends before it begins")
    return span


def _parts(settings: Config) -> Mapping[str, Part]:
    """What the deployment has counted, from its records."""
    if not records_in_service.are_there(settings):
        raise refused(f"nothing is counted yet: there are no call records in {settings.node.state}")
    try:
        saved = asyncio.run(_saved(settings))
    except RecordsError as error:
        raise refused(str(error)) from None
    return {key: json.loads(part) for key, part in saved.items()}


async def _saved(settings: Config) -> Mapping[str, str]:
    async with records_in_service.opened(settings) as records:
        _, parts = await records.load(settings.node.tenant)
    return parts.get(StepCounts.name, {})


def _traffic(parts: Mapping[str, Part], flow: Flow, span: tuple[date, date]) -> Traffic:
    found = walked(parts, flow.flow, *span)
    return Traffic(found.went, found.left, found.ended, "–".join(day.isoformat() for day in dict.fromkeys(span)))


def _text(made: Graph, form: Format, page: str) -> str:
    return mermaid(made) if form is Format.MERMAID else svg(made, page.upper())


def _target(output: Path | None, flow: Flow, form: Format, *, every: bool) -> Path | None:
    if not every:
        return output
    folder = output or Path()
    return folder / f"{flow.flow}.{ENDINGS[form]}"


def settings_of(config: Path) -> Config:
    """The configuration; what is wrong with it is told, and the command ends."""
    try:
        return load(config, os.environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def refused(message: str) -> typer.Exit:
    """Tell it, and end the command with 1."""
    return refusal("graph", message)
