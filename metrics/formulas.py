"""The formulas of the measures, as functions of sums. All give None while there is nothing to divide by."""

from collections.abc import Callable

from metrics.service_level import Tally, median_s, ratio
from metrics.sums import Sums


def of_tally(measure: Callable[[Tally], float | None]) -> Callable[[Sums], float | None]:
    """A measure of arrivals alone, as one of sums."""
    return lambda sums: measure(sums.arrivals)


def svartid_total_mean_s(sums: Sums) -> float | None:
    """Mean wait from the first ring to the first answer, menus included."""
    whole = sums.whole
    return whole.first_ring_ms / whole.first_answers / 1000 if whole.first_answers else None


def svartid_total_median_s(sums: Sums) -> float | None:
    """Its median, each wait cut to whole seconds."""
    return median_s(sums.whole.first_ring_waits, sums.whole.first_answers)


def aht_s(sums: Sums) -> float | None:
    """Handling time: (talk + hold + wrap-up) / A."""
    work = sums.work
    return (work.talk_ms + work.wrap_up_ms) / work.answered / 1000 if work.answered else None


def belegg(sums: Sums) -> float | None:
    """Occupancy: handling / (handling + ready)."""
    handling = sums.staff.talking_ms + sums.staff.wrap_up_ms
    return ratio(handling, handling + sums.staff.ready_ms)


def avslutningsgrad(sums: Sums) -> float | None:
    """First-contact conclusion: concluded / A."""
    return ratio(sums.work.concluded, sums.work.answered)


def rona(sums: Sums) -> float | None:
    """Missed offers / offers."""
    return ratio(sums.work.missed, sums.work.offers)


def overforingssvargrad(sums: Sums) -> float | None:
    """Transfer answer rate over all targets."""
    return ratio(sum(sums.passed.transfers_answered.values()), sum(sums.passed.transfers.values()))


def overforingssvargrad_by_target(sums: Sums) -> dict[str, float]:
    """Transfer answer rate by target."""
    answered = sums.passed.transfers_answered
    return {target: answered.get(target, 0) / count for target, count in sorted(sums.passed.transfers.items())}


def kasteball(sums: Sums) -> float | None:
    """Units that one contact met, on average, of those that met any."""
    units = sums.whole.units
    return ratio(sum(count * contacts for count, contacts in units.items()), sum(units.values()))


def kasteball_share(sums: Sums) -> float | None:
    """The share of contacts that met more units than one."""
    units = sums.whole.units
    return ratio(sum(contacts for count, contacts in units.items() if count > 1), sum(units.values()))


def ewt_coverage(sums: Sums) -> float | None:
    """Answered within what they were told / those of whom it is known."""
    told = sums.told
    return ratio(told.within, told.within + told.sooner + told.later)


def ewt_bias_s(sums: Sums) -> float | None:
    """By how much the answered waited longer than estimated, on average; below 0: shorter."""
    return sums.told.error_ms / sums.told.answered / 1000 if sums.told.answered else None
