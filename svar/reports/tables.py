"""A report in the terminal, and as CSV."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from rich.console import Group
from rich.table import Table
from rich.text import Text

from metrics.formulas import overforingssvargrad_by_target
from metrics.measures import BY_KEY, MEASURES, SERVICE_LEVELS
from metrics.measures import Group as Kind
from metrics.sums import Sums
from svar.reports import words
from svar.reports.gathering import By, Report
from svar.reports.words import Language

COLUMNS = (
    "tilbudte",
    "besvarte",
    "tapte",
    "viderefort",
    "ventende",
    "svargrad",
    "servicegrad_45",
    "svartid_mean",
    "svartid_median",
    "aht",
)
BESIDE = (Kind.WAITS, Kind.WORK, Kind.JOURNEY, Kind.ESTIMATES)


def shown(report: Report, language: Language) -> Group:
    """Each table, then the service level by all its formulas, then the other measures."""
    parts: list[Text | Table] = [Text(heading(report, language), style="bold")]
    for by in report.tables:
        parts += [Text(), _table(report, by, language)]
    parts += [Text(), _variants(report.total, language), Text(), _others(report.total, language)]
    if report.total.passed.transfers:
        parts += [Text(), Text(_targets(report.total, language))]
    return Group(*parts, Text(), *(Text(line, style="dim") for line in remarks(report, language)))


def heading(report: Report, language: Language) -> str:
    so_far = ("" if report.over else language.of((", så langt", ", so far"))) + (
        language.of((", regnet ut på nytt fra hendelsene", ", made again from the events")) if report.rebuilt else ""
    )
    return f"{words.title(report.period, language)}{so_far}"


def remarks(report: Report, language: Language) -> Iterator[str]:
    """What a reader has to know of these figures."""
    balance = "O = A + L + F + W"
    yield language.of(
        (
            f"{balance}. Hvert anrop teller i halvtimen det kom, uansett hva som skjer senere.",
            f"{balance}. Each call counts in the half-hour in which it arrived, whatever happens later.",
        )
    )
    whole = report.total.whole
    if whole.unknown:
        count = words.number(whole.unknown, language)
        yield language.of(
            (
                f"Reelt tapte er en øvre grense: innringeren er ukjent ved {count} av dem.",
                f"Really lost is an upper bound: of {count} of them the caller is not known.",
            )
        )


def _table(report: Report, by: tuple[By, ...], language: Language) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for one in by:
        table.add_column("\n".join((language.of(words.BY[one]), language.beside(words.BY[one]))), overflow="fold")
    for key in COLUMNS:
        norwegian, english, _ = words.HEADS[key]
        both, third = (norwegian, english), words.after(key, language)
        table.add_column("\n".join((language.of(both), language.beside(both), third)), justify="right", no_wrap=True)
    for texts, sums in report.tables[by].items():
        table.add_row(*words.labels(by, texts, report.names, language), *cells(sums, COLUMNS, language))
    blank = [""] * (len(by) - 1)
    table.add_row(language.of(words.ALL), *blank, *cells(report.total, COLUMNS, language), style="bold")
    return table


def cells(sums: Sums, keys: Sequence[str], language: Language) -> list[str]:
    return [words.value(BY_KEY[key], BY_KEY[key].of(sums), language) for key in keys]


def _variants(total: Sums, language: Language) -> Table:
    title = language.of(
        ("Servicegrad etter alle formlene, side om side", "Service level by all formulas, side by side")
    )
    table = Table(box=None, padding=(0, 2, 0, 0), title=title, title_justify="left", title_style="bold")
    for measure in SERVICE_LEVELS:
        table.add_column(measure.formula, justify="right", no_wrap=True)
    table.add_row(*(words.share(measure.of(total), language) for measure in SERVICE_LEVELS))
    return table


def _others(total: Sums, language: Language) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_row(*_named("reelt_tapte", total, language))
    for measure in MEASURES:
        if measure.group in BESIDE:
            table.add_row(*_named(measure.key, total, language))
    return table


def _named(key: str, total: Sums, language: Language) -> tuple[str, str, str]:
    measure = BY_KEY[key]
    both = (measure.norwegian, measure.english)
    return language.of(both), language.beside(both), words.value(measure, measure.of(total), language)


def _targets(total: Sums, language: Language) -> str:
    rates = overforingssvargrad_by_target(total)
    written = ", ".join(
        f"{target} {words.share(rate, language)} ({words.number(total.passed.transfers[target], language)})"
        for target, rate in rates.items()
    )
    return language.of(("Overføringer besvart, etter mål: ", "Transfers answered, by target: ")) + written


def as_csv(report: Report) -> str:
    """One row a group of each table, every measure by its key, with a point in decimals; all of it ends the file."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    dimensions = list(dict.fromkeys(one for by in report.tables for one in by))
    writer.writerow(["period", *(one.replace("-", "_") for one in dimensions), *(measure.key for measure in MEASURES)])
    for by, groups in report.tables.items():
        for texts, sums in groups.items():
            named = dict(zip(by, texts, strict=True))
            writer.writerow([report.period.name, *(named.get(one, "") for one in dimensions), *_plain(sums)])
    writer.writerow([report.period.name, *("*" for _ in dimensions), *_plain(report.total)])
    return out.getvalue()


def _plain(sums: Sums) -> Iterator[str]:
    for measure in MEASURES:
        found = measure.of(sums)
        yield "" if found is None else f"{found:.4f}".rstrip("0").rstrip(".")
