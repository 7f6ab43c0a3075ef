"""The registry of measures: every number that svar shows of its service, its names, its formula and its version.

A formula that changes takes a new version, so that figures of different years are not taken for the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from metrics import formulas, service_level
from metrics.formulas import of_tally
from metrics.sums import Sums

FIRST = "2026-11-22"
SYMBOLS = {
    "O": ("tilbudte: kom i køen", "offered: entered a queue"),
    "A": ("besvarte av en veileder", "answered by an agent"),
    "L": ("tapte: ikke besvart, uansett årsak", "lost: left unanswered, whatever the cause"),
    "F": (
        "videreført: til en annen kø, en partner, talepostkasse eller tilbakeringing",
        "flowed out: to another queue, a partner, voicemail or a callback",
    ),
    "W": ("venter fortsatt", "still waiting"),
    "T": ("målet for køen, 45 s der ikke annet er satt", "the queue's target, 45 s unless set"),
    "s": ("grensen for kort ventetid, 10 s der ikke annet er satt", "the short limit, 10 s unless set"),
}
"""The letters of the formulas, in Norwegian and English. Always O = A + L + F + W."""


class Unit(StrEnum):
    """What a value counts. A share is between 0 and 1."""

    CONTACTS = "contacts"
    OFFERS = "offers"
    SHARE = "share"
    SECONDS = "seconds"
    UNITS = "units"


class Group(StrEnum):
    """Measures that are shown together."""

    COUNTS = "counts"
    ANSWERING = "answering"
    SERVICE_LEVEL = "service_level"
    WAITS = "waits"
    WORK = "work"
    JOURNEY = "journey"
    ESTIMATES = "estimates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure. `of` gives None while there is nothing to divide by; `meaning` is in Norwegian and English."""

    key: str
    norwegian: str
    english: str
    formula: str
    meaning: tuple[str, str]
    unit: Unit
    group: Group
    of: Callable[[Sums], float | None]
    version: int = 1
    since: str = FIRST
    variant_of: str = ""
    """The measure beside which it is shown, and in whose place it never stands."""


MEASURES: tuple[Measure, ...] = (
    # --- Counts
    Measure(
        key="tilbudte",
        norwegian="Tilbudte anrop",
        english="Offered calls",
        formula="O",
        meaning=("Anrop som kom i køen i perioden.", "Calls that entered the queue in the period."),
        unit=Unit.CONTACTS,
        group=Group.COUNTS,
        of=lambda sums: sums.arrivals.offered,
    ),
    Measure(
        key="besvarte",
        norwegian="Besvarte anrop",
        english="Answered calls",
        formula="A",
        meaning=("Av dem, de som en veileder svarte.", "Of them, those that an agent answered."),
        unit=Unit.CONTACTS,
        group=Group.COUNTS,
        of=lambda sums: sums.arrivals.answered,
    ),
    Measure(
        key="tapte",
        norwegian="Tapte anrop",
        english="Lost calls",
        formula="L",
        meaning=(
            "Av dem, de som ingen svarte: innringeren la på, eller en annen årsak.",
            "Of them, those that nobody answered: the caller gave up, or any other cause.",
        ),
        unit=Unit.CONTACTS,
        group=Group.COUNTS,
        of=lambda sums: sums.arrivals.lost,
    ),
    Measure(
        key="reelt_tapte",
        norwegian="Reelt tapte anrop",
        english="Really lost calls",
        formula="L that waited ≥ s − those served by a callback or an answered redial within 60 min",
        meaning=(
            "Tapte som ventet minst s og ikke fikk svar ved å ringe igjen innen 60 minutter eller bli ringt tilbake. "
            "Der innringere ikke kjennes igjen, er tallet en øvre grense.",
            "Lost calls that waited s or longer and got no answer by ringing again within 60 minutes or by a callback. "
            "Where callers are not recognised it is an upper bound.",
        ),
        unit=Unit.CONTACTS,
        group=Group.COUNTS,
        of=lambda sums: sums.whole.really_lost,
        variant_of="tapte",
    ),
    Measure(
        key="viderefort",
        norwegian="Videreførte anrop",
        english="Flowed out",
        formula="F",
        meaning=(
            "Av dem, de som gikk til en annen kø, en partner, talepostkasse eller tilbakeringing.",
            "Of them, those that went on to another queue, a partner, voicemail or a callback.",
        ),
        unit=Unit.CONTACTS,
        group=Group.COUNTS,
        of=lambda sums: sums.arrivals.flowed_out,
    ),
    Measure(
        key="ventende",
        norwegian="Ventende",
        english="Waiting",
        formula="W = O − A − L − F",
        meaning=("Av dem, de som fortsatt venter.", "Of them, those that still wait."),
        unit=Unit.CONTACTS,
        group=Group.COUNTS,
        of=lambda sums: sums.arrivals.waiting,
    ),
    # --- Answering
    Measure(
        key="svargrad",
        norwegian="Svargrad",
        english="Answer rate",
        formula="A / (A + L)",
        meaning=(
            "Andelen av dem som ville snakke med en veileder, og som fikk det.",
            "The share of those who wanted an agent and got one.",
        ),
        unit=Unit.SHARE,
        group=Group.ANSWERING,
        of=of_tally(service_level.svargrad),
    ),
    # --- Service level
    Measure(
        key="servicegrad_45",
        norwegian="Servicegrad 70/45",
        english="Service level 70/45",
        formula="A≤T / (A + L)",
        meaning=(
            "Andelen besvart innen målet, av besvarte og tapte, etter når de kom.",
            "The share answered within the target, of the answered and the lost, by when they arrived.",
        ),
        unit=Unit.SHARE,
        group=Group.SERVICE_LEVEL,
        of=of_tally(service_level.servicegrad_45),
    ),
    Measure(
        key="servicegrad_of_answered",
        norwegian="– av besvarte",
        english="– of the answered",
        formula="A≤T / A",
        meaning=("Uten tapte anrop i nevneren.", "Without the lost in the denominator."),
        unit=Unit.SHARE,
        group=Group.SERVICE_LEVEL,
        of=of_tally(service_level.servicegrad_of_answered),
        variant_of="servicegrad_45",
    ),
    Measure(
        key="servicegrad_with_lost",
        norwegian="– med raskt tapte",
        english="– with those lost in time",
        formula="(A≤T + L≤T) / (A + L)",
        meaning=("Den som la på innen målet, teller som betjent.", "Who gave up within the target counts as served."),
        unit=Unit.SHARE,
        group=Group.SERVICE_LEVEL,
        of=of_tally(service_level.servicegrad_with_lost),
        variant_of="servicegrad_45",
    ),
    Measure(
        key="servicegrad_without_short",
        norwegian="– uten korte tapte",
        english="– without short lost ones",
        formula="A≤T / (A + L − L<s)",
        meaning=("Den som la på straks, teller ikke.", "Who gave up at once does not count."),
        unit=Unit.SHARE,
        group=Group.SERVICE_LEVEL,
        of=of_tally(service_level.servicegrad_without_short),
        variant_of="servicegrad_45",
    ),
    Measure(
        key="servicegrad_of_offered",
        norwegian="– av tilbudte",
        english="– of the offered",
        formula="A≤T / O",
        meaning=("Videreførte og ventende er med i nevneren.", "Flowed out and waiting are in the denominator."),
        unit=Unit.SHARE,
        group=Group.SERVICE_LEVEL,
        of=of_tally(service_level.servicegrad_of_offered),
        variant_of="servicegrad_45",
    ),
    # --- Waits
    Measure(
        key="svartid_mean",
        norwegian="Svartid, snitt",
        english="Speed of answer, mean",
        formula="Σ wait of the answered / A",
        meaning=("Fra anropet kom i køen til en veileder svarte.", "From entering the queue to an agent's answer."),
        unit=Unit.SECONDS,
        group=Group.WAITS,
        of=of_tally(service_level.svartid_mean_s),
    ),
    Measure(
        key="svartid_median",
        norwegian="Svartid, median",
        english="Speed of answer, median",
        formula="median wait of the answered",
        meaning=("Halvparten fikk svar raskere.", "Half of the answered waited less."),
        unit=Unit.SECONDS,
        group=Group.WAITS,
        of=of_tally(service_level.svartid_median_s),
        variant_of="svartid_mean",
    ),
    Measure(
        key="svartid_total_mean",
        norwegian="Svartid total, snitt",
        english="Speed of answer from the first ring, mean",
        formula="Σ (first answer − first ring) / contacts answered",
        meaning=(
            "Fra første ring til første svar, med menyer og alle køer.",
            "From the first ring to the first answer, menus and all queues included.",
        ),
        unit=Unit.SECONDS,
        group=Group.WAITS,
        of=formulas.svartid_total_mean_s,
    ),
    Measure(
        key="svartid_total_median",
        norwegian="Svartid total, median",
        english="Speed of answer from the first ring, median",
        formula="median (first answer − first ring)",
        meaning=("Halvparten fikk svar raskere.", "Half of the answered waited less."),
        unit=Unit.SECONDS,
        group=Group.WAITS,
        of=formulas.svartid_total_median_s,
        variant_of="svartid_total_mean",
    ),
    # --- Work
    Measure(
        key="aht",
        norwegian="Behandlingstid (AHT)",
        english="Handling time (AHT)",
        formula="(talk + hold + wrap-up) / A",
        meaning=(
            "Samtale, venting underveis og etterarbeid per besvart anrop.",
            "Talk, hold and wrap-up for each answered call.",
        ),
        unit=Unit.SECONDS,
        group=Group.WORK,
        of=formulas.aht_s,
    ),
    Measure(
        key="belegg",
        norwegian="Belegg",
        english="Occupancy",
        formula="handling / (handling + ready)",
        meaning=(
            "Andelen av tiden i samtale og etterarbeid, av den og tiden de var klare. Etter klokken.",
            "The share of time in talks and wrap-up, of that and the time ready. By the clock.",
        ),
        unit=Unit.SHARE,
        group=Group.WORK,
        of=formulas.belegg,
    ),
    Measure(
        key="rona",
        norwegian="Ubesvarte tilbud (RONA)",
        english="Missed offers (RONA)",
        formula="offers not answered / offers",
        meaning=(
            "Tilbud som veilederen ikke tok. Et tilbud som endte fordi innringeren la på, er ikke ubesvart.",
            "Offers that the agent did not take. One that ended because the caller left was not missed.",
        ),
        unit=Unit.SHARE,
        group=Group.WORK,
        of=formulas.rona,
    ),
    # --- The whole journey
    Measure(
        key="avslutningsgrad",
        norwegian="Avslutningsgrad",
        english="First-contact conclusion",
        formula="concluded with a topic code, not transferred, no callback task / A",
        meaning=("Andelen besvarte som ble avsluttet i samtalen.", "The share of the answered that were concluded."),
        unit=Unit.SHARE,
        group=Group.JOURNEY,
        of=formulas.avslutningsgrad,
    ),
    Measure(
        key="overforingssvargrad",
        norwegian="Overføringssvargrad",
        english="Transfer answer rate",
        formula="transfers answered / transfers, per target",
        meaning=(
            "Andelen overføringer som ble besvart. Overføring til en kø telles i køens svargrad.",
            "The share of transfers that were answered. A transfer to a queue counts in the queue's answer rate.",
        ),
        unit=Unit.SHARE,
        group=Group.JOURNEY,
        of=formulas.overforingssvargrad,
    ),
    Measure(
        key="kasteball",
        norwegian="Kasteball",
        english="Bounces",
        formula="Σ units or agencies that one case met / cases that met any",
        meaning=("Enheter som én henvendelse møtte, i snitt.", "Units that one contact met, on average."),
        unit=Unit.UNITS,
        group=Group.JOURNEY,
        of=formulas.kasteball,
    ),
    Measure(
        key="kasteball_share",
        norwegian="– møtte flere enn én",
        english="– met more than one",
        formula="cases that met more units than one / cases that met any",
        meaning=("Andelen som ble sendt videre.", "The share that was passed on."),
        unit=Unit.SHARE,
        group=Group.JOURNEY,
        of=formulas.kasteball_share,
        variant_of="kasteball",
    ),
    # --- Estimates
    Measure(
        key="ewt_coverage",
        norwegian="Anslått ventetid: treffsikkerhet",
        english="Estimated wait: coverage",
        formula="answered within what was told / told, of whom it is known",
        meaning=(
            "Andelen som fikk svar innenfor det de fikk vite.",
            "The share that was answered within what they were told.",
        ),
        unit=Unit.SHARE,
        group=Group.ESTIMATES,
        of=formulas.ewt_coverage,
    ),
    Measure(
        key="ewt_bias",
        norwegian="Anslått ventetid: skjevhet",
        english="Estimated wait: bias",
        formula="Σ (wait − estimate) / answered with an estimate",
        meaning=(
            "Hvor mye lenger enn anslått de besvarte ventet, i snitt.",
            "By how much longer than estimated the answered waited, on average.",
        ),
        unit=Unit.SECONDS,
        group=Group.ESTIMATES,
        of=formulas.ewt_bias_s,
    ),
)
BY_KEY = {measure.key: measure for measure in MEASURES}
SERVICE_LEVELS = tuple(measure for measure in MEASURES if measure.group is Group.SERVICE_LEVEL)
"""The service level and its variants, which are shown side by side or not at all."""
