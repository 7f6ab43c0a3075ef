"""Statistics for the public: figures of services, in which no person can be seen."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import StringIO

from rich.console import Group
from rich.table import Table
from rich.text import Text

from metrics.measures import BY_KEY, SYMBOLS
from metrics.sums import Sums
from svar.reports.gathering import By, Report

LEAST = 10
PUBLISHED = ("svargrad", "servicegrad_45")


@dataclass(frozen=True, slots=True)
class Service:
    """One line. `contacts` is A + L; None, as are the figures, where it is withheld."""

    queue: str
    title: str
    target_s: int
    contacts: int | None
    svargrad: float | None
    servicegrad_45: float | None


def rule(least: int) -> str:
    return (
        f"Figures of a service with fewer than {least} answered and lost contacts in the month are withheld. Of the "
        f"others the smallest are withheld too, until what is withheld is two services and {least} contacts at least: "
        "it cannot be found by subtraction from the total."
    )


def published(report: Report, least: int) -> list[Service]:
    """All services where somebody came, and the whole, whose queue is `*`."""
    groups = {texts[0]: sums for texts, sums in report.tables[By.QUEUE,].items() if _contacts(sums)}
    withheld = _withheld(groups, least)
    found = [_service(report, queue, sums, queue not in withheld) for queue, sums in groups.items()]
    return [*found, _service(report, "*", report.total, _contacts(report.total) >= least)]


def _withheld(groups: Mapping[str, Sums], least: int) -> set[str]:
    found: set[str] = set()
    hidden = 0
    for queue in sorted(groups, key=lambda queue: (_contacts(groups[queue]), queue)):
        contacts = _contacts(groups[queue])
        if contacts >= least and (not found or (len(found) >= 2 and hidden >= least)):
            break
        found.add(queue)
        hidden += contacts
    return found


def _contacts(sums: Sums) -> int:
    return sums.arrivals.answered + sums.arrivals.lost


def _service(report: Report, queue: str, sums: Sums, shown: bool) -> Service:
    title = "Alle tjenester / all services" if queue == "*" else report.names.queues.get(queue, queue)
    target_s = 0 if queue == "*" else report.names.limits_of(queue).target_s
    if not shown:
        return Service(queue, title, target_s, None, None, None)
    shares = [BY_KEY[key].of(sums) for key in PUBLISHED]
    return Service(queue, title, target_s, _contacts(sums), *shares)


def as_csv(report: Report, services: list[Service]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["month", "service", "title", "target_s", "contacts", *(_versioned(key) for key in PUBLISHED)])
    for one in services:
        shares = [_share(one.svargrad), _share(one.servicegrad_45)]
        contacts = "" if one.contacts is None else one.contacts
        writer.writerow([report.period.name, one.queue, one.title, one.target_s or "", contacts, *shares])
    return out.getvalue()


def as_json(report: Report, services: list[Service], least: int) -> str:
    data = {
        "month": report.period.name,
        "zone": report.period.zone.key,
        "complete": report.over,
        "made": report.made.isoformat(timespec="seconds"),
        "rule": rule(least),
        "definitions": list(_definitions()),
        "symbols": {letter: {"nb": nb, "en": en} for letter, (nb, en) in SYMBOLS.items()},
        "services": [
            {
                "service": one.queue,
                "title": one.title,
                "target_s": one.target_s or None,
                "withheld": one.contacts is None,
                "contacts": one.contacts,
                "svargrad": _rounded(one.svargrad),
                "servicegrad_45": _rounded(one.servicegrad_45),
            }
            for one in services
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _definitions() -> Iterator[dict[str, object]]:
    for key in PUBLISHED:
        one = BY_KEY[key]
        names = {"nb": one.norwegian, "en": one.english}
        yield {"key": key, **names, "formula": one.formula, "version": one.version, "since": one.since}


def shown(report: Report, services: list[Service], least: int) -> Group:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for head in ("tjeneste\nservice", "henvendelser\ncontacts", "svargrad\nanswer rate", "servicegrad\n70/45"):
        table.add_column(head, justify="left" if "tjeneste" in head else "right")
    for one in services:
        cells = ["(tilbakeholdt, withheld)", "", ""]
        if one.contacts is not None:
            cells = [str(one.contacts), _share(one.svargrad), _share(one.servicegrad_45)]
        table.add_row(one.title, *cells)
    return Group(Text(report.period.name, style="bold"), table, Text(), Text(rule(least), style="dim"))


def _versioned(key: str) -> str:
    return f"{key}_v{BY_KEY[key].version}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
