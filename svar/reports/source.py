"""Where a report's figures come from: the table of half-hours, or the kept events once more."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.book import load_book
from ivr.language.problems import FlowFileError
from metrics.half_hour_rows import Key
from metrics.rebuilding import rebuilt
from metrics.records import Records, RecordsError
from metrics.service_level import Limits
from metrics.sums import Sums
from svar import endpoint, records_in_service
from svar.config import Config, ConfigError
from svar.reports.gathering import By, Gathering, Names, Report, gathered
from svar.reports.period import Period

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Source:
    """The records of one installation, and what its queues and sites are called."""

    records: Records
    tenant: str
    names: Names

    async def report(self, period: Period, tables: Iterable[tuple[By, ...]]) -> Report:
        """From the table. Raises RecordsError."""
        gathering = await gathered(period, self._half_hours(period), tables)
        return gathering.report(self.names, _now(period.zone))

    async def report_again(self, period: Period, tables: Iterable[tuple[By, ...]]) -> tuple[Report, list[str]]:
        """From the events, and which half-hours the table has otherwise. Raises RecordsError."""
        rows = await rebuilt(
            lambda since_ms, until_ms: self.records.kept_events(self.tenant, since_ms, until_ms),
            self.names.limits,
            period.since_ms,
            period.until_ms,
        )
        gathering = Gathering(period, tables)
        for key, row in rows.items():
            gathering.add(key, row)
        written = {key: row async for key, row in self._half_hours(period)}
        return gathering.report(self.names, _now(period.zone), rebuilt=True), list(_differing(period, rows, written))

    def _half_hours(self, period: Period) -> AsyncIterator[tuple[Key, Sums]]:
        return self.records.half_hours(self.tenant, period.since_ms, period.until_ms)


def _differing(period: Period, again: Mapping[Key, Sums], written: Mapping[Key, Sums]) -> Iterable[str]:
    for key in sorted({*again, *written}, key=lambda key: (key[2], key[0], key[1])):
        if again.get(key, Sums()) != written.get(key, Sums()):
            queue, site, start_ms = key
            yield f"{period.local(start_ms):%Y-%m-%d %H:%M}, queue {queue or '(none)'}, site {site or '(none)'}"


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Source]:
    """Reads and never writes, nor changes tables under a node that runs. Raises ConfigError where there is nothing to
    be read, and RecordsError.
    """
    if not records_in_service.are_there(config):
        raise ConfigError(
            f"there are no records in {config.node.state}: no node has run there; --config names the node's "
            "configuration, and SVAR_STATE its state folder where that does not"
        )
    records = records_in_service.at(config)
    try:
        yield Source(records, config.node.tenant, names(config))
    except RecordsError as error:
        if "half_hours" not in str(error):
            raise
        text = (
            "no node has written there yet, or only one of a release without reports: figures begin with the next start"
        )
        raise ConfigError(text) from None
    finally:
        await records.close()


def names(config: Config) -> Names:
    """Of the configuration and of the flows' folder; where that cannot be read, reports show the bare names."""
    queues = endpoint.titles(config)
    limits = {queue.name: Limits(queue.target_s, queue.short_s) for queue in config.queue}
    try:
        routing = load_book(Path(config.flows.folder)).routing
    except (FlowFileError, OSError):
        return Names(queues, {}, limits)
    queues |= {name: one.title or name for name, one in routing.queues.items()}
    limits |= {name: Limits(one.spec.target_s, one.spec.short_s) for name, one in routing.queues.items()}
    return Names(queues, {name: one.title or name for name, one in routing.sites.items()}, limits)


def _now(zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(time.time(), zone)
