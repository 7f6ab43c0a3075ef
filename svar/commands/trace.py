"""svar trace: one contact's story from the events, or the contacts that were here last."""

import asyncio
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from acd.distributor import DistributorError
from events.catalogue import ContactEnded, ContactStarted, Event, StepEntered
from ivr.book import load_book
from ivr.language.calendar import OSLO
from ivr.language.lengths import length_text
from ivr.language.problems import FlowFileError
from ivr.simulator.retelling import RetellingError
from ivr.simulator.retold import retold
from ivr.simulator.story import Moment, line_of
from metrics.records import RecordsError
from svar import ladders_in_service, records_in_service, trails
from svar.accessing import access_of
from svar.commands.serve import EXAMPLE
from svar.config import Config, ConfigError, load
from svar.embedded.child import EmbeddedError
from svar.ladder_lines import text_lines
from svar.logs import mask
from svar.records_export import shown
from svar.terminal import Terminal

FAULTS = (ConfigError, DistributorError, EmbeddedError, FlowFileError, RecordsError, RetellingError, OSError)
UNKNOWN = 1


def trace(
    contact: Annotated[str, typer.Argument(help="its id; without one, the contacts that were here last")] = "",
    as_scenario: Annotated[
        bool, typer.Option("--as-scenario", help="print a scenario for svar test that does the same again")
    ] = False,
    sip: Annotated[bool, typer.Option("--sip", help="the SIP messages too, as long as its nodes have them")] = False,
    config: Annotated[Path, typer.Option(help="configuration file")] = EXAMPLE,
    most: Annotated[int, typer.Option(help="how many contacts are listed", min=1, max=10_000)] = 20,
) -> None:
    """Tell step by step what happened to CONTACT, from the stream of events; of an older one, what its record has.

    Callers' numbers are masked, and keys are in no event: a scenario presses those that lead the same way.
    """
    terminal = Terminal(sys.stdout)
    Terminal(sys.stderr).hide_logs()
    try:
        settings = load(config, os.environ)
        if contact:
            events = asyncio.run(_of(settings, contact))
            terminal.print_all(_told(settings, contact, events, terminal, again=as_scenario))
            if sip:
                terminal.print_all(asyncio.run(_messages(settings, contact)))
        else:
            terminal.print_all(_listed(asyncio.run(_recent(settings, most))))
    except FAULTS as fault:
        print(f"svar trace: {fault}", file=sys.stderr)
        raise typer.Exit(UNKNOWN) from None


async def _recent(config: Config, most: int) -> list[tuple[ContactStarted, ContactEnded | None]]:
    async with trails.opened(config) as trail:
        return await trail.recent(most)


def _listed(found: Sequence[tuple[ContactStarted, ContactEnded | None]]) -> Iterator[str]:
    if not found:
        yield "there is no contact in the stream of events"
    for started, ended in found:
        how = f"{ended.outcome} ({ended.cause}), {length_text(round(ended.duration_ms / 1000))}" if ended else "goes on"
        yield f"{_clock(started.at_ms):%Y-%m-%d %H:%M:%S}  {started.contact}  {started.number} {started.flow}  {how}"


async def _of(config: Config, contact: str) -> list[Event]:
    async with trails.opened(config) as trail:
        return await trail.of(contact)


async def _messages(config: Config, contact: str) -> list[str]:
    async with trails.asking(config) as (orders, nodes):
        now_ms = time.time_ns() // 1_000_000
        found = await ladders_in_service.asked(orders, nodes, contact, "svar trace", now_ms)
    lines = [line for seen in found for line in ("", *text_lines(seen, OSLO))]
    return lines or ["", "no node that runs has its SIP messages (any more): they are kept in memory, the last ones"]


def _told(config: Config, contact: str, events: Sequence[Event], terminal: Terminal, *, again: bool) -> Iterable[str]:
    if again:
        return [_scenario(config, contact, events).rstrip()]
    return _story(events, terminal) if events else asyncio.run(_recorded(config, contact))


# --- the story ---


def _story(events: Sequence[Event], terminal: Terminal) -> Iterator[str]:
    began_ms = events[0].at_ms
    first = next((event.flow for event in events if isinstance(event, StepEntered)), "")
    yield from _head(events[0])
    for event in events:
        at_s = (event.at_ms - began_ms) / 1000
        line = line_of(Moment(at_s, event), first)
        if line is not None:
            text = line.words if line.step else f"  {line.words}"
            yield f"{_clock(event.at_ms):%H:%M:%S}  {at_s:8.1f} s  {_styled(terminal, text, line.step, line.role)}"


def _styled(terminal: Terminal, text: str, step: str, role: str) -> str:
    return terminal.style(text, "place" if step else role)


def _head(first: Event) -> Iterator[str]:
    when = f"{_clock(first.at_ms):%A %d %B %Y}"
    if not isinstance(first, ContactStarted):
        yield f"contact {first.contact}, {when}; what came before is not in the stream any more"
        return
    caller = mask(None, "", {"pii_caller": first.pii_caller})["pii_caller"] if first.pii_caller else "not kept"
    yield f"contact {first.contact}, {when}"
    yield f"rang {first.number} ({first.flow}, flows {first.flow_version}) by {first.trunk}; caller: {caller}"


def _clock(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, OSLO)


async def _recorded(config: Config, contact: str) -> list[str]:
    """What the record of a contact says whose events are gone."""
    record: dict[str, Any] | None = None
    if records_in_service.are_there(config):
        async with records_in_service.opened(config) as records:
            await records.note(config.node.tenant, access_of("trace", contact))
            record = await records.find(contact)
    if record is None or record["tenant"] != config.node.tenant:
        raise RetellingError(
            f"there is no contact {contact!r}; without one, svar trace lists those that were here last"
        )
    without_caller = shown(record, with_callers=False)
    told = [f"{name:<14} {value}" for name, value in without_caller.items() if value not in ("", 0, [])]
    return [f"contact {contact}: its steps are not in the stream any more; this is its record", *told]


# --- the scenario ---


def _scenario(config: Config, contact: str, events: Sequence[Event]) -> str:
    """One that goes the same way; with its times where it then still does. Raises RetellingError, FlowFileError."""
    if not events:
        raise RetellingError(f"contact {contact!r} has no events in the stream (any more)")
    book = load_book(Path(config.flows.folder))
    text, failures = retold(events, book, config.flows.settings)
    if failures:
        print("svar trace: this scenario does not go the same way yet:", *failures, sep="\n  ", file=sys.stderr)
    return text
