"""svar roster: who is on duty today, who is away, and what reserves who are called in have said."""

import os
import time
from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from acd.call_ins import answered, released
from acd.duty import Away, By, Change, DutyError, Standing, come_back, go_away, make
from ivr.book import FlowBook
from ivr.language.problems import did_you_mean
from svar import deployment, roster_words
from svar.commands.publish import AUTHOR, CONFIGURATION, whoever
from svar.commands.serve import EXAMPLE
from svar.commands.telling import tell
from svar.config import Config, load
from svar.crises_prepared import Prepared, in_service
from svar.crises_shown import when
from svar.crisis_ends import end_ms
from svar.flow_store import FlowStore, open_store

roster = typer.Typer(no_args_is_help=True, help="Duty rosters: today, away, back, answer, release.")

AGENT = typer.Argument(help="the agent's name")

Work = Callable[[Config], Coroutine[Any, Any, list[str]]]


@roster.command()
def today(
    queue: Annotated[str, typer.Argument(help="of this queue alone")] = "",
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Tell who is on duty today and now, who is away, hours that nobody covers, and reserves who are called in."""

    async def work(settings: Config) -> list[str]:
        async with open_store(settings) as store, in_service(settings, store.versions) as prepared:
            return await _today(settings, store, prepared, queue)

    _do(work, config)


@roster.command()
def away(
    agent: Annotated[str, AGENT],
    until: Annotated[str, typer.Option(help='the end, as in "2026-11-24 15:00" or 15:00')] = "",
    for_: Annotated[str, typer.Option("--for", help="or for how long, as in 4h, 90m or 2d")] = "",
    instead: Annotated[str, typer.Option(help="who stands in")] = "",
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    author: Annotated[str, AUTHOR] = "",
) -> None:
    """Have an agent away from now on: off duty within a second on every node, until the end or `back`."""

    async def work(settings: Config) -> list[str]:
        return await _away(settings, agent, (until, for_), instead, _by(settings, author))

    _do(work, config)


@roster.command()
def back(
    agent: Annotated[str, AGENT],
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    author: Annotated[str, AUTHOR] = "",
) -> None:
    """Have an agent back before the absence ends by itself."""

    async def work(settings: Config) -> list[str]:
        async with open_store(settings) as store:
            by = _by(settings, author)
            await make(store.duty, lambda seen: come_back(seen, agent, _now_ms(), by))
            return [f"{agent} is back", _followed(store)]

    _do(work, config)


@roster.command()
def answer(
    agent: Annotated[str, AGENT],
    says: Annotated[str, typer.Argument(help="yes or no")],
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    author: Annotated[str, AUTHOR] = "",
) -> None:
    """Answer for a reserve who is being called; a yes counts later too, while the rule is at work."""

    async def work(settings: Config) -> list[str]:
        if says not in ("yes", "no"):
            raise DutyError(f"{says!r}: the answer is yes or no")
        by = _by(settings, author)

        def decide(seen: Standing) -> Change:
            change = answered(seen, agent, says, "command", _now_ms(), by)
            if change is None:
                raise DutyError(f"{agent} is not being called; `svar roster today` tells who is")
            return change

        async with open_store(settings) as store:
            await make(store.duty, decide)
            return [f"{agent} {'is on duty' if says == 'yes' else 'does not come'}", _followed(store)]

    _do(work, config)


@roster.command()
def release(
    agent: Annotated[str, AGENT],
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    author: Annotated[str, AUTHOR] = "",
) -> None:
    """Let a reserve go who was called in."""

    async def work(settings: Config) -> list[str]:
        by = _by(settings, author)

        def decide(seen: Standing) -> Change:
            change = released(seen, agent, _now_ms(), by)
            if change is None:
                raise DutyError(f"{agent} was not called in; `svar roster today` tells who was")
            return change

        async with open_store(settings) as store:
            await make(store.duty, decide)
            return [f"{agent} is released", _followed(store)]

    _do(work, config)


# --- The work -----------------------------------------------------------------------------------------------------


async def _today(config: Config, store: FlowStore, prepared: Prepared, queue: str) -> list[str]:
    book, zone = prepared.book, ZoneInfo(config.node.zone)
    rosters = [one for one in book.rosters.values() if queue in ("", one.queue)]
    if not rosters:
        known = sorted({one.queue for one in book.rosters.values()})
        of = f" of queue {queue!r}{did_you_mean(queue, known)}" if queue else ""
        raise DutyError(f"there is no roster{of} in {prepared.where}")
    standing, now_ms = await store.duty.standing(), _now_ms()
    return [line for one in rosters for line in roster_words.told(one, book.calendars, standing, now_ms, zone)]


async def _away(config: Config, agent: str, end: tuple[str, str], instead: str, by: By) -> list[str]:
    async with open_store(config) as store, in_service(config, store.versions) as prepared:
        known = _agents(config, prepared.book)
        for name in (agent, instead):
            if name and name not in known:
                raise DutyError(f"there is no agent {name!r}{did_you_mean(name, known)}")
        zone, now_ms = ZoneInfo(config.node.zone), _now_ms()
        until_ms = end_ms(*end, now_ms, zone)
        wish = Away(agent, until_ms, instead)
        standing = await make(store.duty, lambda seen: go_away(seen, wish, now_ms, by))
        stands_in = f", {instead} stands in" if instead else ""
        told = [f"{agent} is away until {when(until_ms, zone)}{stands_in}; `svar roster back {agent}` ends it before"]
        told += [
            f"NOBODY is on duty for {one.queue} now by the roster {one.name}"
            for one in prepared.book.rosters.values()
            if agent in one.on_duty(now_ms) and not one.on_duty(now_ms, standing.absent(now_ms))
        ]
        return [*told, _followed(store)]


def _agents(config: Config, book: FlowBook) -> Collection[str]:
    named = {agent for one in book.rosters.values() for agent in one.agents()}
    return {*named, *deployment.names(config).get("agent", ()), *book.routing.agents}


def _followed(store: FlowStore) -> str:
    if not store.nodes:
        return f"no node runs; it stands in {store.where}, and the next start follows it"
    return f"nodes that run: {', '.join(store.nodes)}; they follow within a second"


def _by(config: Config, author: str) -> By:
    who = whoever(config, author, "")
    return By(who.author, who.tenant, who.node)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _do(work: Work, config: Path) -> None:
    async def opened() -> list[str]:
        return await work(load(config, os.environ))

    tell("roster", opened())
