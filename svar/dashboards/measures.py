"""Mål: every measure of the registry today, with its definition beside it."""

from grafana_foundation_sdk.models.dashboard import Panel

from metrics.measured import ALL, NAMES, UNITS
from metrics.measures import MEASURES, SYMBOLS, Unit
from svar.dashboards.chosen import TENANT, T
from svar.dashboards.panels import Column, Page, Row, Variable, note, rows, told

QUEUE = Variable("queue", "Tjeneste · Service", "svar_queue_waiting", single=True)
WORDS = {
    Unit.SHARE: ("Andeler", "Shares", "percentunit"),
    Unit.SECONDS: ("Tider", "Times", "s"),
    Unit.CONTACTS: ("Antall", "Counts", "short"),
    Unit.UNITS: ("Enheter", "Units", "short"),
}


def page() -> Page:
    return Page(
        "svar-maal",
        "Mål i dag · Measures today",
        "Alle mål slik rapportene har dem, for landet og én tjeneste. Every measure, as reports have it.",
        (
            Row(11, ((12, _table(Unit.SHARE)), (12, _table(Unit.SECONDS)))),
            Row(9, ((12, _table(Unit.CONTACTS)), (12, _table(Unit.UNITS)))),
            Row(26, ((24, note("Definisjoner · Definitions", _definitions())),)),
        ),
        (TENANT, QUEUE),
    )


def _table(unit: Unit) -> Panel:
    norwegian, english, looks = WORDS[unit]
    name = f"svar:measure_{NAMES.get(unit, unit.value)}:today"
    about = (
        "Av dagens anrop, slik rapportene regner (docs/measures.md), lagt sammen hvert kvarte minutt. "
        "Of today's arrivals, as reports count; added up every quarter of a minute."
    )
    return rows(
        told(f"{norwegian} i dag", f"{english} today", about),
        "measure",
        "Mål · Measure",
        (
            Column("Hele landet · Country", f'max by (measure) ({name}{{{T}, queue="{ALL}"}})', looks),
            Column("Tjenesten · Service", f'max by (measure) ({name}{{{T}, queue=~"$queue"}})', looks),
        ),
        {one.key: f"{one.norwegian} · {one.english}" for one in MEASURES if one.unit is unit},
    )


def _definitions() -> str:
    assert set(WORDS) == set(UNITS), "a unit of the registry has no table"
    letters = " · ".join(f"**{letter}** {words[0]} ({words[1]})" for letter, words in SYMBOLS.items())
    lines = ["| mål · measure | formel · formula | versjon |", "|---|---|---|"]
    lines += [f"| {one.norwegian} · {one.english} | `{one.formula}` | {one.version} |" for one in MEASURES]
    return f"{letters}\n\n" + "\n".join(lines) + "\n"
