"""svar versions: which there are, who gets which, how one on trial does; one of them in full, or as a folder."""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from acd.versions import Move, Pointer, Version, found, short
from ivr.versions.arms import NAMES
from ivr.versions.canary import Tally
from ivr.versions.content import write_content
from svar.commands.publish import CONFIGURATION
from svar.commands.serve import EXAMPLE
from svar.commands.telling import FAULTS, REFUSED
from svar.config import Config, load
from svar.flow_store import open_store

MOST_SHOWN, MOVES_SHOWN = 20, 10
PIPED_WIDTH = 160

versions = typer.Typer(invoke_without_command=True, help="Versions of the flows: list, show, export.")


@versions.callback()
def list_(
    context: typer.Context,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    most: Annotated[int, typer.Option("--most", "-n", min=1, max=200, help="how many, the newest first")] = MOST_SHOWN,
) -> None:
    """List the versions, the newest first, and the last changes of what is in service."""
    if context.invoked_subcommand is not None:
        return
    try:
        asyncio.run(_list(load(config, os.environ), most))
    except FAULTS as fault:
        _fail(fault)


@versions.command()
def show(
    version: Annotated[str, typer.Argument(help="the beginning of a version's id")],
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Tell everything about one version: who, when, why, what the gates said, its files."""
    try:
        asyncio.run(_show(load(config, os.environ), version))
    except FAULTS as fault:
        _fail(fault)


@versions.command()
def export(
    version: Annotated[str, typer.Argument(help="the beginning of a version's id")],
    folder: Annotated[Path, typer.Argument(help="folder to make; it must not be there yet")],
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Write the files of a version into a new folder, as they were published."""
    try:
        count = asyncio.run(_export(load(config, os.environ), version, folder))
    except FAULTS as fault:
        _fail(fault)
    print(f"{count} files in {folder}")


async def _list(config: Config, most: int) -> None:
    async with open_store(config) as store:
        there, moves = await store.versions.versions(), await store.versions.moves(MOVES_SHOWN)
        pointer = await store.versions.pointer()
        arms = await store.arms(pointer.canary) if pointer.canary is not None else None
    console = _console()
    if not there:
        console.print(
            f"nothing is published: nodes serve {config.flows.folder}; `svar publish` makes the first version"
        )
        return
    zone = ZoneInfo(config.node.zone)
    console.print(_table(there[:most], pointer, zone))
    if arms is not None:
        for name, tally in zip(NAMES, arms.tallies, strict=True):
            console.print(f"{name:<7} {_shares(tally)}")
    console.print("[bold]What was done last[/bold]")
    for move in moves:
        console.print(f"  {_line(move, zone)}")


def _table(there: Sequence[Version], pointer: Pointer, zone: ZoneInfo) -> Table:
    table = Table("id", "published", "who", "message", "gates", "callers", box=None, pad_edge=False)
    for version in there:
        refused = [gate.name for gate in version.gates if not gate.passed]
        gates = f"[red]forced: {', '.join(refused)}[/red]" if refused else "[green]passed[/green]"
        cells = [short(version.id), _when(version.at_ms, zone), escape(version.author), escape(version.message[:60])]
        table.add_row(*cells, gates, callers(version, pointer))
    return table


def callers(version: Version, pointer: Pointer) -> str:
    """Who gets a version now."""
    canary = pointer.canary
    if canary is not None and canary.version == version.id:
        return f"[yellow]{canary.share * 100:.3g} %[/yellow]"
    if version.id != pointer.active:
        return ""
    return "[green]in service[/green]" if canary is None else f"[green]{(1 - canary.share) * 100:.3g} %[/green]"


def _shares(tally: Tally) -> str:
    contacts = max(tally.contacts, 1)
    return (
        f"{tally.contacts} contacts since the trial began, {tally.menu_ended / contacts:.1%} hung up in the menu, "
        f"{tally.failed / contacts:.1%} failed, {tally.typical_s:.0f} s to a queue or the end"
    )


def _line(move: Move, zone: ZoneInfo) -> str:
    what = move.what.replace("_", " ")
    share = f" for {move.share * 100:.3g} %" if move.share else ""
    cause = f" ({move.cause})" if move.cause else ""
    said = f": {move.message}" if move.message else ""
    return escape(
        f"{_when(move.at_ms, zone)}  {short(move.canary or move.active)} {what}{share}{cause} by {move.author}{said}"
    )


async def _show(config: Config, beginning: str) -> None:
    async with open_store(config) as store:
        version = found(await store.versions.versions(), beginning)
        content, pointer = await store.versions.content(version.id), await store.versions.pointer()
    console, zone = _console(), ZoneInfo(config.node.zone)
    rows = {
        "id": version.id,
        "published": f"{_when(version.at_ms, zone)} by {version.author}",
        "message": version.message or "none",
        "after": short(version.parent) or "nothing",
        "callers": callers(version, pointer) or "none",
        "size": f"{version.files} files, {version.size:,} bytes",
    }
    for name, value in rows.items():
        console.print(f"{name:<10} {value if name == 'callers' else escape(value)}")
    for gate in version.gates:
        console.print(f"{gate.name:<10} {escape(gate.told)}")
    for path in sorted(content):
        console.print(f"  {len(content[path]):>10,}  {escape(path)}")


async def _export(config: Config, beginning: str, folder: Path) -> int:
    async with open_store(config) as store:
        version = found(await store.versions.versions(), beginning)
        content = await store.versions.content(version.id)
    await asyncio.to_thread(write_content, content, folder)
    return len(content)


def _when(at_ms: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


def _fail(fault: Exception) -> NoReturn:
    print(f"svar versions: {fault}", file=sys.stderr)
    raise typer.Exit(REFUSED) from None
