"""svar report: figures of a day, a week or a month in the terminal, as CSV, page or PDF; statistics for the public."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from metrics.records import RecordsError
from svar.commands.publish import CONFIGURATION
from svar.commands.serve import EXAMPLE
from svar.config import Config, ConfigError, load
from svar.reports import page, pdf, statistics, tables
from svar.reports.gathering import By, Report
from svar.reports.period import Kind, Period, period
from svar.reports.source import Source, opened
from svar.reports.words import Language
from svar.terminal import WIDTH, Terminal

FAULTS = (ConfigError, RecordsError, pdf.PdfError, OSError)
MOST_TOLD = 20

T = TypeVar("T")
report = typer.Typer(no_args_is_help=True, help="Reports: day, week, month; and statistics for the public.")

DATE = typer.Argument(metavar="DATE", help="which; empty: that of today, last: the one before", show_default=False)
BY = typer.Option("--by", help="broken down by: queue, site, half-hour, day; several with commas")
CSV = typer.Option("--csv", help="as CSV, for programs")
HTML = typer.Option("--html", help="write a page to be sent on: self-contained, no script, made to be printed")
PDF = typer.Option("--pdf", help="the same as PDF, through a Chromium")
LANGUAGE = typer.Option(help="the one that stands first")
REBUILD = typer.Option("--rebuild", help="make the figures again from the kept events, and tell where they differ")
ANSWER_GOAL = typer.Option(help="goal of the answer rate in percent, 0: none", min=0, max=100)
SERVICE_GOAL = typer.Option(help="goal of the service level in percent, 0: none", min=0, max=100)


def _command(kind: Kind) -> Callable[..., None]:
    def make(
        date_: Annotated[str, DATE] = "",
        by: Annotated[str, BY] = "queue",
        csv: Annotated[bool, CSV] = False,
        html: Annotated[Path | None, HTML] = None,
        pdf_file: Annotated[Path | None, PDF] = None,
        language: Annotated[Language, LANGUAGE] = Language.NORWEGIAN,
        rebuild: Annotated[bool, REBUILD] = False,
        answer_goal: Annotated[int, ANSWER_GOAL] = 90,
        service_goal: Annotated[int, SERVICE_GOAL] = 70,
        config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    ) -> None:
        wanted = _breakdown(by)
        pages = [file for file in (html, pdf_file) if file is not None]
        told: list[tuple[By, ...]] = [(one,) for one in _of_a_page(kind)] if pages else [wanted]
        made = _run(lambda settings: _report(settings, kind, date_, told, rebuild=rebuild), config)
        if csv:
            sys.stdout.write(tables.as_csv(made))
        elif not pages:
            _console().print(tables.shown(made, language))
        text = page.written(made, language, page.Goals(answer_goal / 100, service_goal / 100)) if pages else ""
        _keep(html, pdf_file, text)

    make.__doc__ = f"Report on a {kind}: what came of all calls that arrived in it."
    return make


for kind_ in Kind:
    report.command(name=kind_.value)(_command(kind_))


@report.command(name="statistics")
def statistics_(
    month: Annotated[str, typer.Argument(help="2026-11; empty: the last whole month", show_default=False)] = "last",
    csv: Annotated[bool, typer.Option("--csv", help="as CSV")] = False,
    json: Annotated[bool, typer.Option("--json", help="as JSON, with the definitions and the rule")] = False,
    least: Annotated[
        int, typer.Option(help="figures made of fewer contacts are withheld", min=statistics.LEAST, max=1000)
    ] = statistics.LEAST,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Statistics for the public: the service level 70/45 and the answer rate of each service in a month.

    No person can be seen in them: small counts are withheld.
    """
    made = _run(lambda settings: _report(settings, Kind.MONTH, month, [(By.QUEUE,)], rebuild=False), config)
    found = statistics.published(made, least)
    if json:
        sys.stdout.write(statistics.as_json(made, found, least))
    elif csv:
        sys.stdout.write(statistics.as_csv(made, found))
    else:
        _console().print(statistics.shown(made, found, least))


async def _report(config: Config, kind: Kind, text: str, told: list[tuple[By, ...]], *, rebuild: bool) -> Report:
    zone = ZoneInfo(config.node.zone)
    about = period(kind, text, zone, _today(zone))
    async with opened(config) as source:
        return await (_again(source, about, told) if rebuild else source.report(about, told))


async def _again(source: Source, about: Period, told: list[tuple[By, ...]]) -> Report:
    made, differing = await source.report_again(about, told)
    for line in differing[:MOST_TOLD]:
        print(f"svar report: not as it was counted: {line}", file=sys.stderr)
    if len(differing) > MOST_TOLD:
        print(f"svar report: and {len(differing) - MOST_TOLD} half-hours more", file=sys.stderr)
    if not differing:
        print("svar report: every figure made again is the one that was counted", file=sys.stderr)
    return made


def _run(work: Callable[[Config], Awaitable[T]], config: Path) -> T:
    Terminal(sys.stderr).hide_logs()

    async def run(settings: Config) -> T:
        return await work(settings)

    try:
        return asyncio.run(run(load(config, os.environ)))
    except FAULTS as fault:
        _refuse(fault)


def _refuse(fault: Exception) -> NoReturn:
    print(f"svar report: {fault}", file=sys.stderr)
    raise typer.Exit(1) from None


def _keep(html: Path | None, pdf_file: Path | None, text: str) -> None:
    try:
        if html is not None:
            html.write_text(text)
        if pdf_file is not None:
            pdf.write(text, pdf_file)
    except FAULTS as fault:
        _refuse(fault)
    for file in (html, pdf_file):
        if file is not None:
            print(f"written: {file}", file=sys.stderr)


def _breakdown(text: str) -> tuple[By, ...]:
    try:
        return tuple(dict.fromkeys(By(one.strip()) for one in text.split(",")))
    except ValueError:
        known = ", ".join(By)
        raise typer.BadParameter(f"{text!r}: expected some of {known}, with commas", param_hint="--by") from None


def _of_a_page(kind: Kind) -> tuple[By, ...]:
    return (By.QUEUE, By.SITE, By.HALF_HOUR) if kind is Kind.DAY else (By.QUEUE, By.SITE, By.DAY, By.HALF_HOUR)


def _console() -> Console:
    terminal = Console(highlight=False)
    return terminal if terminal.is_terminal else Console(highlight=False, width=max(WIDTH, 140))


def _today(zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(time.time(), zone).date()
