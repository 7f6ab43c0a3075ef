"""A report as a page that is sent on: one file, no script, nothing fetched, made to be read on paper too."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from metrics.formulas import overforingssvargrad_by_target
from metrics.measures import BY_KEY, MEASURES, SERVICE_LEVELS, SYMBOLS, Measure
from metrics.service_level import INTERVAL_MS
from metrics.sums import Sums
from svar.reports import plots, tables, words
from svar.reports.gathering import By, Report
from svar.reports.markup import Both, Markup, cell, head
from svar.reports.period import Kind
from svar.reports.words import Language

STYLE = Path(__file__).parent / "page.css"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
OF_CALLS = (
    "tilbudte",
    "besvarte",
    "tapte",
    "viderefort",
    "svargrad",
    "servicegrad_45",
    "svartid_mean",
    "svartid_median",
)
OF_SITES = ("tilbudte", "svargrad", "servicegrad_45", "aht", "belegg", "rona", "avslutningsgrad")
OF_TIMES = ("tilbudte", "besvarte", "tapte", "viderefort", "svargrad", "servicegrad_45", "svartid_median", "belegg")
FEW = 10
GOALED = {"svargrad": 0, "servicegrad_45": 1}


@dataclass(frozen=True, slots=True)
class Goals:
    """What the answer rate and the service level should be, as parts of 1; 0: no goal."""

    svargrad: float
    servicegrad: float

    def of(self, key: str) -> float:
        return (self.svargrad, self.servicegrad)[GOALED[key]] if key in GOALED else 0.0

    def judged(self, key: str, value: float | None) -> str:
        """The class of a cell."""
        goal = self.of(key)
        return "" if not goal or value is None else "good" if value >= goal else "bad"


def written(report: Report, language: Language, goals: Goals) -> str:
    """The whole page."""
    return Page(report, Markup(language), goals).html()


class Page:
    """One report as markup, section by section."""

    def __init__(self, report: Report, markup: Markup, goals: Goals) -> None:
        self._report = report
        self._markup = markup
        self._language = markup.language
        self._goals = goals

    def html(self) -> str:
        title = escape(words.title(self._report.period, self._language))
        meta = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
        opening = f'<!doctype html>\n<html lang="{self._language}"><head>{meta}{view}<title>{title}</title>'
        body = "\n".join(self._body())
        return f"{opening}<style>{STYLE.read_text()}</style></head>\n<body>\n{body}\n</body></html>\n"

    def _body(self) -> Iterator[str]:
        yield from self._opening()
        if not self._report.total.arrivals.offered:
            yield self._markup.paragraph(("Ingen anrop i perioden.", "No calls in the period."), "lead")
        else:
            yield from self._times()
            yield from self._services()
            yield from self._sites()
            yield from self._service_level()
            yield from self._ways_out()
        yield from self._measures()
        yield from self._not_counted()
        yield from self._closing()

    # --- What is seen first

    def _opening(self) -> Iterator[str]:
        report, markup = self._report, self._markup
        kinds = {Kind.DAY: ("Døgnrapport", "Daily report"), Kind.WEEK: ("Ukerapport", "Weekly report")}
        kind = kinds.get(report.period.kind, ("Månedsrapport", "Monthly report"))
        yield f'<header><p class="kicker">{markup.both(kind)}</p>'
        yield f"<h1>{escape(tables.heading(report, self._language))}</h1>"
        made = f"{report.made:%Y-%m-%d %H:%M}"
        yield markup.paragraph((f"Alle tjenester. Laget {made}.", f"All services. Made {made}."), "meta") + "</header>"
        if report.total.arrivals.offered:
            yield markup.paragraph(self._sentence(), "lead")
            yield f'<div class="tiles">{"".join(self._tiles())}</div>'

    def _sentence(self) -> Both:
        arrivals = self._report.total.arrivals
        wanted, got = arrivals.answered + arrivals.lost, arrivals.answered
        nb, en = Language.NORWEGIAN, Language.ENGLISH
        rate = BY_KEY["svargrad"].of(self._report.total)
        goal = self._goals.svargrad
        aim = (f" (mål {words.goal(goal, nb)})", f" (goal {words.goal(goal, en)})") if goal else ("", "")
        return (
            f"Av {words.number(wanted, nb)} som ville snakke med en veileder, fikk {words.number(got, nb)} svar: "
            f"{words.share(rate, nb)}{aim[0]}.",
            f"Of {words.number(wanted, en)} who wanted an agent, {words.number(got, en)} got one: "
            f"{words.share(rate, en)}{aim[1]}.",
        )

    def _tiles(self) -> Iterator[str]:
        total, language = self._report.total, self._language
        for key in GOALED:
            measure = BY_KEY[key]
            found, goal = measure.of(total), self._goals.of(key)
            judged = self._goals.judged(key, found)
            shown = words.goal(goal, language)
            over = {"good": (f"når målet: {shown}", f"meets the goal: {shown}")}
            against = (
                over.get(judged, (f"▾ under målet: {shown}", f"▾ below the goal: {shown}")) if judged else ("", "")
            )
            yield self._markup.tile(_names(measure), words.share(found, language), against, judged)
        lost = words.number(total.arrivals.lost, language)
        really = words.number(total.whole.really_lost, language)
        beside = (f"reelt tapte: {really}", f"really lost: {really}")
        yield self._markup.tile(_names(BY_KEY["tapte"]), lost, beside)
        median, mean = (
            words.value(BY_KEY[key], BY_KEY[key].of(total), language) for key in ("svartid_median", "svartid_mean")
        )
        yield self._markup.tile(_names(BY_KEY["svartid_median"]), median, (f"snitt: {mean}", f"mean: {mean}"))

    # --- Tables and plots

    def _times(self) -> Iterator[str]:
        by_day = self._report.period.kind is not Kind.DAY
        for by in (By.DAY, By.HALF_HOUR) if by_day else (By.HALF_HOUR,):
            yield self._markup.heading(_OF_TIME[by, by_day])
            yield from self._over_time(by)
            yield self._table(by, OF_TIMES, ("Etter når anropene kom", "By when the calls arrived"), total=False)

    def _over_time(self, by: By) -> Iterator[str]:
        groups, own = self._report.tables[by,], self._language.of
        times = self._times_of(by)
        sums = [groups.get((one,), Sums()) for one in times]
        shown = [one[8:].lstrip("0") + "." if by is By.DAY else one for one in times]
        names = [own(_names(BY_KEY[key])) for key in ("besvarte", "tapte", "viderefort")]
        parts = [(s.arrivals.answered, s.arrivals.lost, s.arrivals.flowed_out) for s in sums]
        found = [plots.Bar(time, part) for time, part in zip(shown, parts, strict=True)]
        caption = ("Anrop, og hva det ble av dem", "Calls, and what came of them")
        yield self._markup.figure(caption, plots.bars(own(caption), names, found))
        shares = [
            plots.Line(own(_names(BY_KEY[key])), [_of_enough(BY_KEY[key], s) for s in sums], self._goals.of(key))
            for key in GOALED
        ]
        caption = (
            f"Svargrad og servicegrad; målene er stiplet, tider med færre enn {FEW} anrop utelatt",
            f"Answer rate and service level; goals are dashed, times with fewer than {FEW} calls left out",
        )
        yield self._markup.figure(caption, plots.lines(own(caption), shown, shares))

    def _times_of(self, by: By) -> list[str]:
        """All times from the first at which somebody came to the last."""
        period, groups = self._report.period, self._report.tables[by,]
        starts = range(period.since_ms, period.until_ms, INTERVAL_MS)
        label = period.slot if by is By.HALF_HOUR else (lambda start: period.local(start).date().isoformat())
        times = list(dict.fromkeys(map(label, starts)))
        busy = [at for at, time in enumerate(times) if (time,) in groups and groups[time,].arrivals.offered]
        return times[min(busy) : max(busy) + 1] if busy else []

    def _services(self) -> Iterator[str]:
        yield self._markup.heading(("Tjenestene", "The services"))
        yield self._dots(By.QUEUE)
        yield self._table(By.QUEUE, OF_CALLS, ("Etter tjeneste", "By service"))

    def _sites(self) -> Iterator[str]:
        if len(self._report.tables[By.SITE,]) < 2:
            return
        yield self._markup.heading(("Kontorene", "The sites"))
        yield self._markup.paragraph(
            (
                "Anrop hører til innringerens eget kontor, hvem som enn svarte. Behandlingstid, belegg, ubesvarte "
                "tilbud og avslutning gjelder kontorets egne veiledere.",
                "Calls belong to the caller's own site, whoever answered. Handling, occupancy, missed offers and "
                "conclusion are those of the site's own agents.",
            )
        )
        yield self._table(By.SITE, OF_SITES, ("Etter kontor", "By site"))

    def _dots(self, by: By) -> str:
        report, own = self._report, self._language.of
        groups = [(texts[0], sums) for texts, sums in report.tables[by,].items() if sums.arrivals.offered]
        measures = [BY_KEY[key] for key in GOALED]
        groups.sort(key=lambda group: measures[1].of(group[1]) or 0.0)
        rows = [
            plots.Row(words.label(by, text, report.names, self._language), tuple(one.of(sums) for one in measures))
            for text, sums in groups
        ]
        caption = ("Svargrad og servicegrad, den laveste øverst", "Answer rate and service level, the lowest first")
        goals = [self._goals.of(key) for key in GOALED]
        return self._markup.figure(
            caption, plots.dots(own(caption), [own(_names(one)) for one in measures], rows, goals)
        )

    def _table(self, by: By, keys: Sequence[str], caption: Both, *, total: bool = True) -> str:
        report, language = self._report, self._language
        heads: list[Both] = [words.BY[by]]
        for key in keys:
            norwegian, english, letter = words.HEADS[key]
            if len(letter) > 1:
                norwegian += f" {words.after(key, Language.NORWEGIAN)}"
                english += f" {words.after(key, Language.ENGLISH)}"
            heads.append((norwegian, english))
        rows = [
            [head(words.label(by, texts[0], report.names, language)), *self._cells(sums, keys)]
            for texts, sums in report.tables[by,].items()
            if sums.arrivals.offered or (by is By.SITE and sums.work.answered)
        ]
        last = [head(language.of(words.ALL)), *self._cells(report.total, keys)] if total else []
        return self._markup.table(caption, heads, rows, last)

    def _cells(self, sums: Sums, keys: Sequence[str]) -> list[str]:
        found = [(key, BY_KEY[key].of(sums)) for key in keys]
        return [cell(words.value(BY_KEY[key], one, self._language), self._goals.judged(key, one)) for key, one in found]

    def _service_level(self) -> Iterator[str]:
        yield self._markup.heading(
            ("Servicegrad: samme trafikk, fem formler", "Service level: one traffic, five formulas")
        )
        yield self._markup.paragraph(
            (
                "Det første tallet måles mot målet. De andre står her for at ingen skal velge formel etter svar.",
                "The first is held against the goal. The others stand here so that nobody picks one by its answer.",
            )
        )
        rows = [
            [head(self._language.of(_names(one)).removeprefix("– ")), *self._formula(one)] for one in SERVICE_LEVELS
        ]
        heads = (("Variant", "Variant"), ("Formel", "Formula"), ("Verdi", "Value"), ("Betydning", "Meaning"))
        yield self._markup.table(("Etter ankomst", "By arrival"), heads, rows, kind="words")

    def _formula(self, measure: Measure) -> list[str]:
        found = words.value(measure, measure.of(self._report.total), self._language)
        meaning = self._markup.both(measure.meaning)
        return [f"<td><code>{escape(measure.formula)}</code></td>", cell(found, "number"), f"<td>{meaning}</td>"]

    def _ways_out(self) -> Iterator[str]:
        passed = self._report.total.passed
        yield self._markup.heading(("Hvor anropene tok veien", "Where the calls went"))
        for caption, counts in (
            (("Tapt fordi", "Lost because"), passed.lost_by),
            (("Videreført", "Flowed out"), passed.flowed_by),
            (("Tilbakeringinger (etter klokken)", "Callbacks (by the clock)"), passed.callbacks),
        ):
            if counts:
                told = (
                    f"{self._language.of(words.CAUSES.get(one, (one, one)))} {words.number(n, self._language)}"
                    for one, n in _sorted(counts)
                )
                yield f"<p><strong>{self._markup.own(caption)}:</strong> {escape(', '.join(told))}.</p>"
        rates = overforingssvargrad_by_target(self._report.total)
        if rates:
            rows = [
                [
                    head(target),
                    cell(words.number(passed.transfers[target], self._language)),
                    cell(words.share(rate, self._language)),
                ]
                for target, rate in rates.items()
            ]
            heads = (("Overført til", "Transferred to"), ("antall", "transfers"), ("besvart", "answered"))
            yield self._markup.table(("Overføringssvargrad", "Transfer answer rate"), heads, rows)

    # --- What the figures are

    def _measures(self) -> Iterator[str]:
        yield self._markup.heading(("Alle mål, med definisjon", "All measures, with definitions"))
        rows = []
        for one in MEASURES:
            name = f'<th scope="row">{self._markup.both(_names(one))}</th>'
            found = words.value(one, one.of(self._report.total), self._language)
            rows.append(
                [name, cell(found, "number"), f"<td><code>{escape(one.formula)}</code></td>", cell(f"v{one.version}")]
            )
        heads = (("Mål", "Measure"), ("Verdi", "Value"), ("Formel", "Formula"), ("Versjon", "Version"))
        letters = "; ".join(f"{letter} {self._language.of(both)}" for letter, both in SYMBOLS.items())
        since = max(one.since for one in MEASURES)
        yield self._markup.table(
            (f"Versjonene gjelder fra {since}", f"Versions since {since}"), heads, rows, kind="words"
        )
        yield f'<p class="meta">{escape(letters)}. O = A + L + F + W.</p>'

    def _not_counted(self) -> Iterator[str]:
        yield self._markup.heading(("Hva som ikke er regnet med", "What is not counted"))
        yield self._markup.items(self._left_out())

    def _left_out(self) -> Iterator[Both]:
        total, nb, en = self._report.total, Language.NORWEGIAN, Language.ENGLISH
        outcomes = total.whole.outcomes
        for outcome, (norwegian, english) in words.OUTCOMES.items():
            count = outcomes.get(outcome, 0)
            if count:
                yield (
                    f"{words.number(count, nb)} som {norwegian}: de kom aldri i en kø, og er ikke med i tilbudte.",
                    f"{words.number(count, en)} who {'were ' if outcome != 'menu_ended' else ''}{english}: "
                    "they never entered a queue, and are not among the offered.",
                )
        if total.arrivals.waiting:
            count = total.arrivals.waiting
            yield (f"{words.number(count, nb)} som fortsatt venter.", f"{words.number(count, en)} who still wait.")
        if total.whole.unknown:
            count = total.whole.unknown
            yield (
                f"Om {words.number(count, nb)} av de reelt tapte fikk svar senere: innringeren er ikke kjent.",
                f"Whether {words.number(count, en)} of the really lost got through later: the caller is not known.",
            )
        yield (
            "Tilbakeringinger som fikk svar: anropet er videreført (F), og teller ikke som besvart.",
            "Callbacks that were answered: the call flowed out (F), and does not count as answered.",
        )
        yield (
            "Samtaler og klartid som ikke er over når rapporten lages. Venting i samtalen er med i samtaletiden.",
            "Talks and time ready that are not over as the report is made. Hold is part of the talk.",
        )

    def _closing(self) -> Iterator[str]:
        period = self._report.period
        hours = (period.until_ms - period.since_ms) // 3_600_000
        zone = period.zone.key
        own = self._markup.own(
            (
                f"Halvtimer etter lokal tid ({zone}); perioden har {hours} timer. Laget av svar av hendelsene selv; "
                "hvert tall kan regnes ut på nytt med svar report --rebuild.",
                f"Half-hours by local time ({zone}); the period has {hours} hours. Made by svar of the events; "
                "every figure can be made again by svar report --rebuild.",
            )
        )
        yield f"<footer>{own}</footer>"


_OF_TIME: Mapping[tuple[By, bool], Both] = {
    (By.HALF_HOUR, False): ("Gjennom dagen", "Through the day"),
    (By.DAY, True): ("Dag for dag", "Day by day"),
    (By.HALF_HOUR, True): ("Gjennom døgnet, alle dager", "Through the hours, all days"),
}


def _names(measure: Measure) -> Both:
    return measure.norwegian, measure.english


def _of_enough(measure: Measure, sums: Sums) -> float | None:
    return measure.of(sums) if sums.arrivals.answered + sums.arrivals.lost >= FEW else None


def _sorted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
