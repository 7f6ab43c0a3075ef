"""Numbers and words of reports in Norwegian and English."""

from datetime import date
from enum import StrEnum

from metrics.measures import Measure, Unit
from svar.reports.gathering import By, Labels, Names
from svar.reports.period import Kind, Period

NOTHING = "–"
"""Where there is nothing to divide by."""


class Language(StrEnum):
    """The one that stands first; the other one stands beside it."""

    NORWEGIAN = "nb"
    ENGLISH = "en"

    def of(self, both: tuple[str, str]) -> str:
        return both[self is Language.ENGLISH]

    def beside(self, both: tuple[str, str]) -> str:
        return both[self is Language.NORWEGIAN]


BY = {
    By.QUEUE: ("Tjeneste", "Service"),
    By.SITE: ("Kontor", "Site"),
    By.HALF_HOUR: ("Halvtime", "Half-hour"),
    By.DAY: ("Dag", "Day"),
}
NO_SITE = ("(uten eget kontor)", "(no site of their own)")
ALL = ("Alle", "All")
KINDS = {Kind.DAY: ("Dag", "Day"), Kind.WEEK: ("Uke", "Week"), Kind.MONTH: ("Måned", "Month")}
DAYS = (
    ("mandag", "Monday"),
    ("tirsdag", "Tuesday"),
    ("onsdag", "Wednesday"),
    ("torsdag", "Thursday"),
    ("fredag", "Friday"),
    ("lørdag", "Saturday"),
    ("søndag", "Sunday"),
)
MONTHS = (
    ("januar", "January"),
    ("februar", "February"),
    ("mars", "March"),
    ("april", "April"),
    ("mai", "May"),
    ("juni", "June"),
    ("juli", "July"),
    ("august", "August"),
    ("september", "September"),
    ("oktober", "October"),
    ("november", "November"),
    ("desember", "December"),
)
UNITS = {
    Unit.CONTACTS: ("antall", "count"),
    Unit.OFFERS: ("antall", "count"),
    Unit.SHARE: ("andel", "share"),
    Unit.SECONDS: ("tid", "time"),
    Unit.UNITS: ("enheter", "units"),
}
OUTCOMES = {
    "menu_ended": ("la på i menyen", "hung up in the menu"),
    "completed": ("fikk svar av en melding", "served by a message"),
    "refused": ("avvist", "refused"),
}
"""How contacts end that enter no queue."""
CAUSES = {
    "caller_hung_up": ("la på mens de ventet", "gave up waiting"),
    "queue_closed": ("køen stengte", "the queue closed"),
    "no_agents": ("ingen veiledere", "no agents"),
    "node_lost": ("teknisk feil: node tapt", "fault: node lost"),
    "error": ("teknisk feil", "fault"),
    "ordered": ("avsluttet av driften", "ended by the operators"),
    "shutdown": ("stans av tjenesten", "the service stopped"),
    "not_told": ("slutten ble aldri fortalt", "the end was never told"),
    "key": ("valgte noe annet", "chose something else"),
    "queue": ("til en annen kø", "to another queue"),
    "overflow": ("sendt videre av køen", "sent on by the queue"),
    "partner": ("besvart av partner", "answered by a partner"),
    "voicemail": ("til talepostkasse", "to voicemail"),
    "callback": ("til tilbakeringing", "to a callback"),
    "promised": ("lovet", "promised"),
    "reached": ("nådd", "reached"),
    "gave_up": ("ikke nådd", "not reached"),
    "cancelled": ("avbestilt", "cancelled"),
    "expired": ("utløpt", "expired"),
    "not_allowed": ("ikke tillatt", "not allowed"),
}
"""Why callers were lost or flowed out, and what became of callbacks."""
HEADS = {
    "tilbudte": ("tilbudt", "offered", "O"),
    "besvarte": ("besvart", "answered", "A"),
    "tapte": ("tapt", "lost", "L"),
    "reelt_tapte": ("reelt tapt", "really lost", ""),
    "viderefort": ("videreført", "flowed out", "F"),
    "ventende": ("venter", "waiting", "W"),
    "svargrad": ("svargrad", "answer rate", ""),
    "servicegrad_45": ("servicegrad", "service level", "70/45"),
    "svartid_mean": ("svartid", "answer time", "snitt|mean"),
    "svartid_median": ("svartid", "answer time", "median"),
    "aht": ("behandling", "handling", "AHT"),
    "belegg": ("belegg", "occupancy", ""),
    "rona": ("ubesvarte tilbud", "missed offers", "RONA"),
    "avslutningsgrad": ("avsluttet", "concluded", ""),
}
"""Short heads of columns: Norwegian, English, and what tells it from its neighbour (in both where they differ)."""


def after(key: str, language: Language) -> str:
    """What tells a column from its neighbour."""
    norwegian, _, english = HEADS[key][2].partition("|")
    return english if english and language is Language.ENGLISH else norwegian


def number(count: float, language: Language) -> str:
    """A count with thin spaces (`15 000`), or English commas."""
    written = f"{round(count):,}"
    return written if language is Language.ENGLISH else written.replace(",", "\u202f")


def decimal(value: float, digits: int, language: Language) -> str:
    written = f"{value:.{digits}f}"
    return written if language is Language.ENGLISH else written.replace(".", ",").replace("-", "\u2212")


def share(value: float | None, language: Language) -> str:
    if value is None:
        return NOTHING
    return f"{decimal(100 * value, 1, language)}{'' if language is Language.ENGLISH else chr(0x202F)}%"


def goal(part: float, language: Language) -> str:
    """`70 %`, and `92,5 %` where somebody wants it so."""
    return share(part, language).replace(",0", "").replace(".0", "")


def length(seconds: float | None, language: Language) -> str:
    """`38 s`, `6 min 38 s`."""
    if seconds is None:
        return NOTHING
    sign, whole = ("\u2212" if seconds < 0 else ""), round(abs(seconds))
    if whole < 10:
        return f"{sign}{decimal(abs(seconds), 1, language)} s"
    return f"{sign}{whole} s" if whole < 60 else f"{sign}{whole // 60} min {whole % 60:02d} s"


def value(measure: Measure, found: float | None, language: Language) -> str:
    """As people read it."""
    if found is None:
        return NOTHING
    if measure.unit is Unit.SHARE:
        return share(found, language)
    if measure.unit is Unit.SECONDS:
        return length(found, language)
    return decimal(found, 2, language) if measure.unit is Unit.UNITS else number(found, language)


def label(by: By, text: str, names: Names, language: Language) -> str:
    """What people call a row."""
    if by is By.QUEUE:
        return names.queues.get(text, text)
    if by is By.SITE:
        return names.sites.get(text, text) if text else language.of(NO_SITE)
    return _day(date.fromisoformat(text), language) if by is By.DAY else text


def _day(day: date, language: Language) -> str:
    """`to. 1. okt.`, `Thu 1 Oct`."""
    name, month = language.of(DAYS[day.weekday()]), language.of(MONTHS[day.month - 1])
    if language is Language.ENGLISH:
        return f"{name[:3]} {day.day} {month[:3]}"
    return f"{name[:2]}. {day.day}. {month if len(month) < 5 else month[:3] + '.'}"


def labels(by: tuple[By, ...], texts: Labels, names: Names, language: Language) -> list[str]:
    return [label(one, text, names, language) for one, text in zip(by, texts, strict=True)]


def title(period: Period, language: Language) -> str:
    """`fredag 20. november 2026`, `uke 47, 16.–22. november 2026`, `november 2026`."""
    first, last = period.first, period.after.fromordinal(period.after.toordinal() - 1)
    month, year = language.of(MONTHS[first.month - 1]), first.year
    english = language is Language.ENGLISH
    if period.kind is Kind.MONTH:
        return f"{month} {year}"
    if period.kind is Kind.DAY:
        day = language.of(DAYS[first.weekday()])
        return f"{day} {first.day} {month} {year}" if english else f"{day} {first.day}. {month} {year}"
    number_of, ends = first.isocalendar()[1], language.of(MONTHS[last.month - 1])
    dot = "" if english else "."
    begins = f"{first.day}{dot}" + ("" if first.month == last.month else f" {month}")
    return f"{'week' if english else 'uke'} {number_of}, {begins}–{last.day}{dot} {ends} {last.year}"
