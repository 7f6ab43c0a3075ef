"""What every figure means: the registry of measures, in both languages."""

from collections.abc import Mapping

from console.asked import Asked
from console.pages.frame import Content
from console.pages.markup import Html, el, join
from console.pages.words import say
from console.view import View
from metrics.measures import MEASURES, SYMBOLS, Group, Measure, Unit

GROUPS = {
    Group.COUNTS: ("Antall", "Counts"),
    Group.ANSWERING: ("Svar", "Answering"),
    Group.SERVICE_LEVEL: ("Servicegrad", "Service level"),
    Group.WAITS: ("Ventetid", "Waits"),
    Group.WORK: ("Arbeid", "Work"),
    Group.JOURNEY: ("Innringerens vei", "The caller's journey"),
    Group.ESTIMATES: ("Anslått ventetid", "Estimated waits"),
}
UNITS = {
    Unit.CONTACTS: ("henvendelser", "contacts"),
    Unit.OFFERS: ("tilbud", "offers"),
    Unit.SHARE: ("andel", "share"),
    Unit.SECONDS: ("sekunder", "seconds"),
    Unit.UNITS: ("enheter", "units"),
}


async def show(asked: Asked, _: View, __: Mapping[str, str]) -> Content:
    """The page."""
    words = asked.language
    groups = [_group(words, group, name) for group, name in GROUPS.items()]
    body = join(
        el("h1", say(words, "measures")),
        el("p", say(words, "measures_text"), class_="quiet"),
        _letters(words),
        groups,
    )
    return Content(say(words, "measures"), body)


def _letters(words: str) -> Html:
    at = _at(words)
    pairs = [el("div", el("dt", letter), el("dd", meaning[at])) for letter, meaning in SYMBOLS.items()]
    return el("section", el("h2", say(words, "letters")), el("dl", pairs, class_="letters"),
              el("p", el("b", "O = A + L + F + W")))  # fmt: skip


def _group(words: str, group: Group, name: tuple[str, str]) -> Html | None:
    rows = [_row(words, one) for one in MEASURES if one.group is group]
    if not rows:
        return None
    title = name[_at(words)]
    head = [el("th", say(words, word), scope="col") for word in ("measure", "measure_other", "formula", "definition",
                                                                  "unit", "version")]  # fmt: skip
    table = el("table", el("caption", title, class_="unseen"), el("thead", el("tr", head)), el("tbody", rows),
               class_="list definitions")  # fmt: skip
    return el(
        "section", el("h2", title), el("div", table, class_="wide", tabindex="0", role="region", aria_label=title)
    )


def _row(words: str, one: Measure) -> Html:
    at = _at(words)
    names = (one.norwegian, one.english)
    return el(
        "tr",
        el("th", names[at], el("code", one.key), scope="row", id=one.key, class_="variant" if one.variant_of else None),
        el("td", names[1 - at], lang=("en", "nb")[at]),
        el("td", one.formula, class_="formula"),
        el("td", one.meaning[at], class_="long"),
        el("td", UNITS[one.unit][at]),
        el("td", f"{one.version} ({one.since})", class_="num"),
    )


def _at(words: str) -> int:
    return 0 if words == "nb" else 1
