"""svar records: show, export and erase call records, and tell who did."""

import json
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from metrics.call_record import CallRecord
from metrics.records import Access, Records, RecordsError
from svar import erasing, records_in_service
from svar.accessing import access_of, whoever
from svar.commands.publish import CONFIGURATION
from svar.commands.serve import EXAMPLE
from svar.commands.telling import tell
from svar.config import Config, ConfigError, load
from svar.erasing import Erasure
from svar.logs import harmless
from svar.records_export import as_csv, shown

Work = Callable[[Config, Records], Coroutine[Any, Any, list[str]]]

records = typer.Typer(no_args_is_help=True, help="Call records: show, export, erase, and who looked at them.")

Why = Annotated[str, typer.Option(help="why, for the log of accesses")]
WithCallers = Annotated[bool, typer.Option("--with-callers", help="with callers' numbers and pseudonyms")]
Since = Annotated[str, typer.Option(help="first day, or moment: 2026-11-22 or 2026-11-22T08:00")]
Until = Annotated[str, typer.Option(help="last day, or the moment before which")]


@records.command()
def show(
    contact: Annotated[str, typer.Argument(help="its id")],
    why: Why = "",
    with_callers: WithCallers = False,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Show the record of CONTACT: its way, waits, offers, legs, and what became of it."""

    async def work(settings: Config, opened: Records) -> list[str]:
        await opened.note(settings.node.tenant, access_of("show", contact, why))
        found = await opened.find(contact)
        if found is None or found["tenant"] != settings.node.tenant:
            raise ConfigError(f"there is no record of {contact!r}; a contact has one when it is over")
        return list(_lines(shown(found, with_callers=with_callers), ZoneInfo(settings.node.zone)))

    _do("show", work, config)


@records.command()
def export(
    csv: Annotated[bool, typer.Option("--csv", help="as CSV (RFC 4180), which is what there is")] = True,
    since: Since = "",
    until: Until = "",
    queue: Annotated[str, typer.Option(help="only contacts that were in it")] = "",
    why: Why = "",
    with_callers: WithCallers = False,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Write the records to standard output, by when their contacts began; without --since all of them."""

    async def work(settings: Config, opened: Records) -> list[str]:
        zone, tenant = ZoneInfo(settings.node.zone), settings.node.tenant
        first_ms, before_ms = _moment(since, zone, last=False), _moment(until, zone, last=True)
        what = f"{since or 'the beginning'} to {until or 'now'}{f', {queue}' if queue else ''}"
        await opened.note(tenant, access_of("export", f"{what}{', with callers' if with_callers else ''}", why))
        rows = opened.rows(tenant, first_ms, before_ms, queue=queue)
        async for text in as_csv(rows, zone, with_callers=with_callers):
            sys.stdout.write(text)
        return []

    assert csv
    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    _do("export", work, config)


@records.command()
def erase(
    caller: Annotated[str, typer.Option(help="the number whose caller is to be forgotten")],
    why: Why = "",
    only_look: Annotated[bool, typer.Option("--only-look", help="tell what there is, and change nothing")] = False,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Take one caller out of records, decisions, events and promises; figures stay. Tells what is out of reach."""

    async def work() -> list[str]:
        return await erasing.erase(load(config, os.environ), Erasure(caller, whoever(), why, only_look))

    tell("records erase", work(), RecordsError)


@records.command()
def accesses(
    since: Since = "",
    until: Until = "",
    contact: Annotated[str, typer.Option(help="only looks at this one")] = "",
    most: Annotated[int, typer.Option(help="how many are listed", min=1, max=100_000)] = 1_000,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Tell who looked at which records, when and why; the last one first."""

    async def work(settings: Config, opened: Records) -> list[str]:
        zone, tenant = ZoneInfo(settings.node.zone), settings.node.tenant
        first_ms, before_ms = _moment(since, zone, last=False), _moment(until, zone, last=True)
        found = await opened.noted(tenant, first_ms, before_ms, subject=contact, most=most)
        await opened.note(tenant, access_of("accesses", contact or "all", ""))
        return [_told(access, zone) for access in found] or ["nobody has looked at a record"]

    _do("accesses", work, config)


def _do(command: str, work: Work, path: Path) -> None:
    async def opened() -> list[str]:
        config = load(path, os.environ)
        if not records_in_service.are_there(config):
            raise ConfigError(records_in_service.NONE_YET.format(config.node.state))
        async with records_in_service.opened(config) as kept:
            return [harmless(None, "", line) for line in await work(config, kept)]

    try:
        tell(f"records {command}", opened(), RecordsError)
    except BrokenPipeError:
        os._exit(0)  # whoever read it has seen enough


def _moment(text: str, zone: ZoneInfo, *, last: bool) -> int:
    """Epoch milliseconds: of a day its beginning, or with `last` its end. Nothing: the beginning or the end of time."""
    if not text:
        return 2**62 if last else 0
    try:
        if len(text) <= len("2026-11-22"):
            day = date.fromisoformat(text) + timedelta(days=int(last))
            return round(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp() * 1000)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ConfigError(f"{text!r} is no day or moment: 2026-11-22, 2026-11-22T08:00") from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)


def _lines(record: CallRecord, zone: ZoneInfo) -> Iterator[str]:
    for name, value in record.items():
        if isinstance(value, list):
            for number, one in enumerate(value, 1):
                yield f"{name + ' ' + str(number):<18} {_flat(one, zone)}"
        elif value not in ("", 0):
            yield f"{name:<18} {_one(name, value, zone)}"


def _flat(one: Any, zone: ZoneInfo) -> str:
    if not isinstance(one, dict):
        return str(one)
    return ", ".join(f"{name} {_one(name, value, zone)}" for name, value in one.items() if value not in ("", 0))


_MOMENTS = ("at_ms", "arrived_ms", "begun_ms", "started_ms", "answered_ms", "ended_ms")


def _one(name: str, value: Any, zone: ZoneInfo) -> str:
    if name in _MOMENTS:
        return f"{datetime.fromtimestamp(value / 1000, zone):%Y-%m-%d %H:%M:%S}"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _told(access: Access, zone: ZoneInfo) -> str:
    when = f"{datetime.fromtimestamp(access.at_ms / 1000, zone):%Y-%m-%d %H:%M:%S}"
    return f"{when}  {access.who:<16} {access.deed:<18} {access.subject}{f'  ({access.why})' if access.why else ''}"
