"""svar why: for each decision of distribution, the reason in words."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from acd.distributor import DistributorError, Unavailable
from acd.model import Tier
from acd.trail import Trail
from events.catalogue import ContactLeftQueue, Event
from ivr.language.lengths import seconds_of
from ivr.language.problems import FlowFileError
from metrics.agents_day import told_of
from metrics.overtaking import served_before, stays
from metrics.reasons import Sentence, told
from metrics.records import Records, RecordsError
from svar import endpoint, records_in_service, tier_words, trails
from svar.accessing import access_of
from svar.commands.serve import EXAMPLE
from svar.config import Config, ConfigError, load
from svar.embedded.child import EmbeddedError
from svar.terminal import Terminal

FAULTS = (ConfigError, DistributorError, EmbeddedError, FlowFileError, RecordsError, OSError)
MOST_NAMED = 10
AGENTS_KINDS = frozenset({"agent_state_changed", "offer_made", "offer_failed", "contact_answered"})


class Format(StrEnum):
    """How the story is written."""

    TEXT = "text"
    JSON = "json"


class Unknown(ConfigError):
    """There is nothing to tell of what was asked for."""


def why(
    contact: Annotated[str, typer.Argument(help="its id, or the beginning of it")] = "",
    agent: Annotated[str, typer.Option(help="tell of an agent instead: why which contacts came, and no others")] = "",
    since: Annotated[str, typer.Option(help="how far back, with --agent: 10m, 2h")] = "10m",
    format_: Annotated[Format, typer.Option("--format", help="text, or json for programs")] = Format.TEXT,
    config: Annotated[Path, typer.Option(help="configuration file")] = EXAMPLE,
) -> None:
    """Tell why CONTACT was offered to whom and when, and why not: every decision with its reason and its time.

    From the stream of events, also while the contact waits, and from the records, as long as they are kept.
    """
    terminal = Terminal(sys.stdout)
    Terminal(sys.stderr).hide_logs()
    if bool(contact) == bool(agent):
        raise typer.BadParameter("name a contact, or an agent by --agent")
    seconds = seconds_of(since)
    if seconds is None:
        raise typer.BadParameter(f"{since!r} is no length of time: 10m, 2h, 90s", param_hint="--since")
    try:
        settings = load(config, os.environ)
        subject, story = asyncio.run(_of_agent(settings, agent, seconds) if agent else _of_contact(settings, contact))
        zone = ZoneInfo(settings.node.zone)
        terminal.print_all(_as_json(subject, story, zone) if format_ is Format.JSON else _as_text(subject, story, zone))
    except FAULTS as fault:
        print(f"svar why: {fault}", file=sys.stderr)
        raise typer.Exit(1) from None


# --- a contact ---


async def _of_contact(config: Config, beginning: str) -> tuple[str, list[Sentence]]:
    found, tiers = await _streamed(config, partial(_trailed, beginning), ({}, {}))
    if not records_in_service.are_there(config):
        name = _the_one(beginning, found)
        return f"contact {name}", list(told(found[name], tier_words.named(tiers)))
    async with records_in_service.opened(config) as records:
        for name, events in (await records.decided(config.node.tenant, beginning)).items():
            found[name] = _together(found.get(name, []), events)
        name = _the_one(beginning, found)
        await records.note(config.node.tenant, access_of("why", name))
        for event in list(found[name]):
            if isinstance(event, ContactLeftQueue) and event.cause == "callback":
                found[name] = _together(found[name], await records.promised(config.node.tenant, name, event.at_ms))
        story = [*told(found[name], tier_words.named(tiers)), *await _overtaking(config, records, found[name])]
    return f"contact {name}", sorted(story, key=lambda sentence: sentence.at_ms)


async def _trailed(beginning: str, trail: Trail) -> tuple[dict[str, list[Event]], dict[str, list[Tier]]]:
    return await trail.beginning_with(beginning), await trail.tiers()


async def _overtaking(config: Config, records: Records, events: Sequence[Event]) -> list[Sentence]:
    """For each stay in a queue, who came later and was answered before."""
    now_ms = time.time_ns() // 1_000_000
    told_so = []
    for stay in stays(events):
        queued, until_ms = stay.queued, stay.end.at_ms if stay.end is not None else now_ms
        others = await records.decided_among(config.node.tenant, queued.queue, queued.at_ms, until_ms)
        told_so.append(served_before(stay, others, now_ms))
    return told_so


def _the_one(beginning: str, found: dict[str, list[Event]]) -> str:
    if len(found) == 1 or beginning in found:
        return beginning if beginning in found else next(iter(found))
    if not found:
        raise Unknown(f"there is no contact {beginning!r}; svar trace lists those that were here last")
    named = sorted(found, key=lambda name: -found[name][0].at_ms)[:MOST_NAMED]
    raise Unknown(f"{len(found)} contacts begin with {beginning!r}: {', '.join(named)}")


async def _streamed(config: Config, read: Any, nothing: Any) -> Any:
    """What the stream has. Where Redis is away, nothing, and that is told."""
    try:
        async with trails.opened(config) as trail:
            return await read(trail)
    except Unavailable as fault:
        print(f"svar why: the stream of events cannot be read ({fault}); told from the records alone", file=sys.stderr)
        return nothing


def _together(streamed: Sequence[Event], kept: Sequence[Event]) -> list[Event]:
    """Each event once: the stream forgets the oldest, and the records may not have the newest yet."""
    have = set(streamed)
    return sorted([*(event for event in kept if event not in have), *streamed], key=lambda event: event.at_ms)


# --- an agent ---


async def _of_agent(config: Config, agent: str, seconds: float) -> tuple[str, list[Sentence]]:
    until_ms = time.time_ns() // 1_000_000
    since_ms = until_ms - round(seconds * 1000)

    async def around(trail: Trail) -> list[Event]:
        return await trail.around(agent, since_ms, AGENTS_KINDS)

    events: list[Event] = await _streamed(config, around, [])
    story = list(told_of(agent, events, since_ms, until_ms))
    if not any(getattr(sentence.event, "agent", "") == agent for sentence in story):
        known = {spec.agent for spec in endpoint.agent_specs(config)}
        hint = "never logged in since the stream begins" if agent in known else "is no agent of this configuration"
        raise Unknown(f"nothing is told of {agent}, who {hint}")
    return f"agent {agent}", story


# --- as it is shown ---


def _as_text(subject: str, story: Iterable[Sentence], zone: ZoneInfo) -> Iterator[str]:
    day = ""
    for sentence in story:
        at = datetime.fromtimestamp(sentence.at_ms / 1000, zone)
        if day != (today := f"{at:%A %d %B %Y}"):
            day = today
            yield f"{subject}, {day}"
        yield f"{at:%H:%M:%S}  {sentence.text}"


def _as_json(subject: str, story: Iterable[Sentence], zone: ZoneInfo) -> Iterator[str]:
    kind, _, name = subject.partition(" ")
    sentences = [
        {
            "at": datetime.fromtimestamp(one.at_ms / 1000, zone).isoformat(timespec="milliseconds"),
            "at_ms": one.at_ms,
            "text": one.text,
            "event": _shown(one.event),
        }
        for one in story
    ]
    yield json.dumps({kind: name, "sentences": sentences}, indent=1, ensure_ascii=False)


def _shown(event: Event) -> dict[str, Any]:
    values = {field.name: getattr(event, field.name) for field in fields(event) if not field.name.startswith("pii_")}
    return {"kind": event.kind} | values
