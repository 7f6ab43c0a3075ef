"""`docs/measures.md`, written from the registry of measures."""

from itertools import groupby

from metrics.measures import MEASURES, SYMBOLS, Group, Measure

TITLES = {
    Group.COUNTS: ("Antall", "Counts"),
    Group.ANSWERING: ("Svargrad", "Answer rate"),
    Group.SERVICE_LEVEL: ("Servicegrad, med alle varianter", "Service level, with all variants"),
    Group.WAITS: ("Svartid", "Speed of answer"),
    Group.WORK: ("Arbeid", "Work"),
    Group.JOURNEY: ("Henvendelsen i sin helhet", "The whole contact"),
    Group.ESTIMATES: ("Anslått ventetid", "Estimated wait"),
}


def page(note: str) -> str:
    lines = [
        "# Measures",
        note,
        "Every number that svar shows of its service, in reports, on the wallboard, in Grafana and on the page of",
        "definitions, is one of these: same key, same formula. A formula that changes takes a new version. Words are",
        "those of [the glossary](glossary.md).",
        "",
        "A contact belongs to the half-hour in which it arrived, whatever happens later; *belegg* is by the clock.",
        "Always **O = A + L + F + W**, where",
        "",
        *(f"- **{letter}** {english} (*{norwegian}*)" for letter, (norwegian, english) in SYMBOLS.items()),
    ]
    for group, measures in groupby(MEASURES, lambda measure: measure.group):
        norwegian, english = TITLES[group]
        lines += ["", f"## {english} ({norwegian.lower()})", ""]
        lines += ["| key | norsk | English | formula | version | unit | meaning |", "|---|---|---|---|---|---|---|"]
        lines += map(_row, measures)
    return "\n".join(lines) + "\n"


def _row(measure: Measure) -> str:
    version = f"{measure.version}, {measure.since}"
    norwegian, english = measure.meaning
    cells = (f"`{measure.key}`", measure.norwegian, measure.english, measure.formula, version, measure.unit)
    return f"| {' | '.join(cells)} | {english} *{norwegian}* |"
