"""svar crisis: switch a prepared crisis on and off, and see what is on, until when, and what it does."""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from acd.crises import By, CrisisError, Running, Standing, make, swept, switch_off, switch_on
from ivr.language.crises import Crisis
from metrics.crises import Crises, CrisisFigures, figures_of
from metrics.records import RecordsError
from svar import endpoint, records_in_service
from svar.commands.publish import AUTHOR, CONFIGURATION, MESSAGE, whoever
from svar.commands.serve import EXAMPLE
from svar.commands.telling import tell
from svar.config import Config, load
from svar.crises_prepared import Prepared, in_service, in_words
from svar.crises_shown import when
from svar.crisis_ends import end_ms, lasting, left
from svar.flow_store import FlowStore, open_store

ASKED_S, FOLLOW_S = 0.05, 3.0
"""Nodes are asked so often, and for so long, whether they follow."""
SHOWN_MS = 31 * 86_400_000
"""What is over is told for so long."""

Work = Callable[[Config], Coroutine[Any, Any, list[str]]]

crisis = typer.Typer(no_args_is_help=True, help="Crises: list, show, on, status, off. Each ends by itself.")

NAME = typer.Argument(help="the crisis, as its file under flows/crises calls it")


@crisis.command()
def on(
    name: Annotated[str, NAME],
    until: Annotated[str, typer.Option(help='when it ends by itself, as in "2026-11-24 15:00" or 15:00')] = "",
    for_: Annotated[str, typer.Option("--for", help="or for how long it is on, as in 4h or 90m")] = "",
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    author: Annotated[str, AUTHOR] = "",
    message: Annotated[str, MESSAGE] = "",
    force: Annotated[bool, typer.Option("--force", help="though it was not rehearsed; this is written down")] = False,
) -> None:
    """Switch a crisis on: new callers meet it within a second. For one that is on: give it another end."""

    async def work(settings: Config) -> list[str]:
        return await _on(settings, name, (until, for_), by(settings, author, message), force=force)

    _do(work, config)


@crisis.command()
def off(
    name: Annotated[str, typer.Argument(help="which; without it the one that is on")] = "",
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    author: Annotated[str, AUTHOR] = "",
    message: Annotated[str, MESSAGE] = "",
) -> None:
    """Switch a crisis off: new callers meet none within a second."""

    async def work(settings: Config) -> list[str]:
        return await _off(settings, name, by(settings, author, message))

    _do(work, config)


@crisis.command()
def status(config: Annotated[Path, CONFIGURATION] = EXAMPLE) -> None:
    """Tell what is on, since when, until when, by whom, what it does to whom, and what it has done so far."""
    _do(_status, config)


@crisis.command()
def show(name: Annotated[str, NAME], config: Annotated[Path, CONFIGURATION] = EXAMPLE) -> None:
    """Tell what a crisis would do to whom; nothing is switched."""

    async def work(settings: Config) -> list[str]:
        async with open_store(settings) as store, in_service(settings, store.versions) as prepared:
            found = prepared.find(name)
            return [f"{found.title} ({name}), at most {lasting(found.longest_s)}", *in_words(found)]

    _do(work, config)


@crisis.command(name="list")
def list_(config: Annotated[Path, CONFIGURATION] = EXAMPLE) -> None:
    """Tell what is prepared, how long each may be on, and by how many scenarios it is rehearsed."""
    _do(_list, config)


def _do(work: Work, config: Path) -> None:
    async def opened() -> list[str]:
        return await work(load(config, os.environ))

    tell("crisis", opened())


# --- The work -----------------------------------------------------------------------------------------------------


async def _on(config: Config, name: str, end: tuple[str, str], who: By, *, force: bool) -> list[str]:
    async with open_store(config) as store, in_service(config, store.versions) as prepared:
        found = prepared.find(name)
        zone, now_ms = ZoneInfo(config.node.zone), _now_ms()
        until_ms = end_ms(*end, now_ms, zone)
        latest_ms = now_ms + round(found.longest_s * 1000)
        if until_ms > latest_ms:
            raise CrisisError(f"{when(until_ms, zone)} is too far away: {name} may be on for {lasting(found.longest_s)}"
                              f" (`longest` in its file), now until {when(latest_ms, zone)}")  # fmt: skip
        mistakes = await asyncio.to_thread(prepared.rehearse, name)
        if mistakes and not force:
            raise CrisisError("\n".join([f"{name} is not switched on, it was not rehearsed:", *mistakes,
                                         "`--force` switches it on all the same, and is written down"]))  # fmt: skip
        if mistakes:
            who = By(who.author, who.tenant, who.node, f"{who.message} (forced, not rehearsed)".strip())
        standing = await swept(store.crises, now_ms, who.tenant, who.node)
        before = standing.running(name)
        wish = Running(name, 0, until_ms, who.author, version=prepared.version)
        made = await make(store.crises, lambda seen: switch_on(seen, wish, who, secrets.token_hex(16)))
        what = "is ON" if before is None else f"was on and goes on, no longer until {when(before.until_ms, zone)} but"
        ends = f"until {when(until_ms, zone)}, in {left(until_ms, now_ms)}; then it ends by itself"
        others = [one.crisis for one in standing.on if one.crisis != name]
        return [
            f"{found.title} ({name}) {what} {ends}",
            *_mentioned(others),
            *in_words(found),
            *await _followed(store, made.sequence, FOLLOW_S),
            f"`svar crisis off {name}` ends it before; `svar crisis status` tells what it does",
        ]


def _mentioned(others: list[str]) -> list[str]:
    if not others:
        return []
    return [f"{', '.join(others)} is on too; of several a caller meets the one that was switched on last"]


async def _off(config: Config, name: str, who: By) -> list[str]:
    async with open_store(config) as store:
        standing = await swept(store.crises, _now_ms(), who.tenant, who.node)
        running = [one.crisis for one in standing.on]
        if not name:
            if len(running) != 1:
                several = f"{len(running)} are on: say which one, {' or '.join(running)}"
                raise CrisisError(several if running else "no crisis is on")
            name = running[0]
        made = await make(store.crises, lambda seen: switch_off(seen, name, who))
        still = [f"still on: {', '.join(one for one in running if one != name)}"] if len(running) > 1 else []
        told = "is OFF: new callers meet it no more; who waits keeps the place that they have"
        return [f"{name} {told}", *still, *await _followed(store, made.sequence, FOLLOW_S)]


async def _status(config: Config) -> list[str]:
    zone, now_ms = ZoneInfo(config.node.zone), _now_ms()
    async with open_store(config) as store, in_service(config, store.versions) as prepared:
        standing = await swept(store.crises, now_ms, config.node.tenant, endpoint.node_name(config))
        measured = await measures(config)
        lines: list[str] = []
        for one in reversed(standing.on):
            lines += _running(one, prepared.book.crises.get(one.crisis), measured, zone, now_ms)
        if not standing.on:
            lines.append("no crisis is on")
        for name, figures in measured.items():
            if standing.running(name) is None and figures.since_ms > now_ms - SHOWN_MS:
                lines += ["", f"{name}, on from {when(figures.since_ms, zone)} and over:", *_measured(figures)]
        return [*lines, "", *_prepared(prepared, standing), *await _followed(store, standing.sequence)]


def _running(
    one: Running, prepared: Crisis | None, measured: dict[str, CrisisFigures], zone: ZoneInfo, now_ms: int
) -> list[str]:
    title = prepared.title if prepared is not None else "unknown to the flows in service: nobody hears it"
    said = f": {one.message}" if one.message else ""
    lines = [
        f"ON: {title} ({one.crisis})",
        f"  since {when(one.since_ms, zone)} by {one.author}{said}",
        f"  until {when(one.until_ms, zone)}, in {left(one.until_ms, now_ms)}",
    ]
    lines += [f"  {line}" for line in (in_words(prepared) if prepared is not None else ())]
    return [*lines, *_measured(measured.get(one.crisis, CrisisFigures()))]


def _measured(figures: CrisisFigures) -> list[str]:
    tally = figures.last
    deflected = tally.ended + tally.stayed + tally.told
    lines = [
        f"  heard the message: {tally.heard}; hung up at it: {_share(tally.hung_up, tally.heard)}",
        f"  deflected: {deflected} ({tally.ended} went, {tally.stayed} chose to wait, {tally.told} waited anyhow)",
        f"  rang again within 24 hours: {_share(tally.rang_again, tally.known + tally.forgotten)} callers",
    ]
    if tally.forgotten:
        lines.append(f"  ({tally.forgotten} callers from before a restart would not be recognised)")
    return lines


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else f"{part} of {whole}"


def _prepared(prepared: Prepared, standing: Standing) -> list[str]:
    names = [name for name in prepared.book.crises if standing.running(name) is None]
    if not prepared.book.crises:
        return [f"nothing is prepared in {prepared.where}: docs/crisis.md tells how"]
    return [f"prepared in {prepared.where}: {', '.join(sorted(names)) or 'no other'}"]


async def _list(config: Config) -> list[str]:
    async with open_store(config) as store, in_service(config, store.versions) as prepared:
        standing = await swept(store.crises, _now_ms(), config.node.tenant, endpoint.node_name(config))
        zone = ZoneInfo(config.node.zone)
        lines = []
        for name, found in sorted(prepared.book.crises.items()):
            running = standing.running(name)
            state = f"ON until {when(running.until_ms, zone)}" if running is not None else "off"
            count = len(prepared.rehearsals(name))
            rehearsed = f"{count} scenario{'s' if count > 1 else ''}" if count else "NOT rehearsed"
            lines.append(f"{name:<20} {state:<25} at most {lasting(found.longest_s):<5} {rehearsed:<14} {found.title}")
        lines += [f"{name:<20} not published: `svar publish` puts it into service" for name in prepared.unpublished]
        return lines or _prepared(prepared, standing)


async def _followed(store: FlowStore, sequence: int, within_s: float = 0.0) -> list[str]:
    """Which nodes say that they follow what was done; waited for that long."""
    if not store.nodes:
        return [f"no node runs; it stands in {store.where}, and the next start follows it"]
    end = time.monotonic() + within_s
    while True:
        said = await store.crises.said(store.nodes)
        follow = [node for node in store.nodes if said.get(node, -1) >= sequence]
        if len(follow) == len(store.nodes) or time.monotonic() >= end:
            break
        await asyncio.sleep(ASKED_S)
    lines = [f"nodes that follow: {', '.join(follow)}"] if follow else []
    late = [node for node in store.nodes if node not in follow]
    if late:
        lines.append(f"NOT YET: {', '.join(late)}; look at it, and ask again by `svar crisis status`")
    return lines


async def measures(config: Config) -> dict[str, CrisisFigures]:
    """What was counted, by crisis; nothing where no node ever ran."""
    if not records_in_service.are_there(config):
        return {}
    try:
        async with records_in_service.opened(config) as records:
            _, parts = await records.load(config.node.tenant)
    except RecordsError as error:
        raise CrisisError(str(error)) from None
    return {crisis: figures_of(json.loads(text)) for crisis, text in parts.get(Crises.name, {}).items()}


def by(config: Config, author: str, message: str) -> By:
    """Who does this, for the record. Raises VersionError, CrisisError."""
    who = whoever(config, author, message)
    return By(who.author, who.tenant, who.node, who.message)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
