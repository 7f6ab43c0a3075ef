"""The rule by which a canary is taken back: what it finds, how soon, and how often it is wrong."""

import math
import random
from dataclasses import dataclass

import pytest

from ivr.versions.canary import FALSE_ALARMS, LOOKS, MEASURES, Tally, Worse, fisher, in_canary, judge, level

SHARE = 0.1
SEED = 20261122


@dataclass(frozen=True)
class Service:
    """How one version is met by its callers: shares of contacts, and the median of the times."""

    menu_ended: float = 0.15
    failed: float = 0.004
    median_s: float = 40.0

    def tell(self, tally: Tally, chance: random.Random) -> None:
        took_s = chance.lognormvariate(math.log(self.median_s), 0.8)
        tally.add(took_s, menu_ended=chance.random() < self.menu_ended)
        tally.failed += chance.random() < self.failed


def taken_back(active: Service, canary: Service, contacts: int, chance: random.Random) -> tuple[int, Worse] | None:
    """After how many contacts of the canary it is found worse, with nine times as many of the other."""
    tallies = Tally(), Tally()
    look = 0
    while tallies[1].contacts < contacts:
        if chance.random() >= SHARE:
            active.tell(tallies[0], chance)
            continue
        canary.tell(tallies[1], chance)
        if tallies[1].contacts == LOOKS[look]:
            if worse := judge(look, *tallies):
                return tallies[1].contacts, worse
            look += 1
    return None


def runs(active: Service, canary: Service, contacts: int, number: int) -> list[tuple[int, Worse]]:
    chance = random.Random(SEED)
    found = [taken_back(active, canary, contacts, chance) for _ in range(number)]
    return [one for one in found if one is not None]


@pytest.mark.parametrize(
    "service", [Service(), Service(menu_ended=0.02, failed=0.0005), Service(menu_ended=0.5, failed=0.05, median_s=300)]
)
def test_a_version_that_is_no_worse_is_hardly_ever_taken_back(service: Service) -> None:
    """300 canaries of 600 contacts each, nine looks: 0.05 is allowed, about 0.01 is what is seen."""
    assert len(runs(service, service, 600, 300)) / 300 <= FALSE_ALARMS


@pytest.mark.parametrize(
    ("canary", "measure", "within"),
    [
        (Service(menu_ended=0.40), "menu_ended", 200),
        (Service(failed=0.10), "failed", 200),
        (Service(median_s=80), "time", 400),
        (Service(menu_ended=1.0), "menu_ended", 20),
        (Service(failed=1.0), "failed", 20),
    ],
)
def test_a_version_that_is_worse_is_taken_back(canary: Service, measure: str, within: int) -> None:
    found = runs(Service(), canary, 600, 60)
    assert len(found) >= 58
    assert sorted(contacts for contacts, _ in found)[len(found) // 2] <= within
    assert sum(worse.measure == measure for _, worse in found) >= 0.9 * len(found)


def test_a_version_that_is_better_stays() -> None:
    assert runs(Service(), Service(menu_ended=0.05, failed=0.0, median_s=20), 600, 60) == []


def test_what_is_hardly_worse_is_left_however_sure_it_is() -> None:
    active, canary = Tally(10**6, 100_000, 1000, 3.7e6, 1.4e7), Tally(10**6, 110_000, 3000, 3.75e6, 1.45e7)
    assert judge(29, active, canary) is None


def test_few_contacts_say_nothing() -> None:
    assert judge(0, Tally(contacts=19), Tally(contacts=20, menu_ended=20)) is None
    assert judge(0, Tally(contacts=200), Tally(contacts=19, menu_ended=19)) is None


def test_one_failure_among_twenty_is_no_proof() -> None:
    assert judge(0, Tally(contacts=180), Tally(contacts=20, failed=1)) is None


def test_what_was_seen_is_told_in_words() -> None:
    worse = judge(0, Tally(contacts=180, menu_ended=18), Tally(contacts=20, menu_ended=12))
    assert worse is not None
    assert worse.told == "60.0% of 20 contacts hung up in the menu, 10.0% of 180 with the other version"
    assert worse.chance < 1e-6


def test_times_that_are_all_alike_are_told_apart_too() -> None:
    fast, slow = Tally(), Tally()
    for _ in range(200):
        fast.add(10)
        slow.add(20)
    worse = judge(0, fast, slow)
    assert worse is not None
    assert worse.measure == "time"
    assert judge(0, slow, fast) is None
    assert Tally().typical_s == 0


def test_the_error_of_all_looks_together_is_bounded() -> None:
    assert MEASURES * sum(level(look) for look in range(100_000)) == pytest.approx(FALSE_ALARMS, rel=1e-4)
    assert LOOKS[:4] == (20, 30, 45, 68)


def test_fishers_test_is_exact() -> None:
    """The lady who tasted tea: 3 of 4 right and 4 of 4."""
    assert fisher(3, 4, 1, 4) == pytest.approx(17 / 70)
    assert fisher(4, 4, 0, 4) == pytest.approx(1 / 70)
    assert fisher(0, 4, 4, 4) == pytest.approx(1.0)
    assert fisher(0, 10, 0, 10) == pytest.approx(1.0)
    assert fisher(500_000, 10**6, 500_000, 10**6) == pytest.approx(0.5, abs=0.01)


def test_the_share_is_kept_and_a_caller_stays_in_the_same_arm() -> None:
    callers = [f"+47{number}" for number in range(20_000)]
    first = {caller for caller in callers if in_canary(caller, "salt", 0.1)}
    assert len(first) == pytest.approx(2000, abs=150)
    assert first == {caller for caller in callers if in_canary(caller, "salt", 0.1)}
    assert first < {caller for caller in callers if in_canary(caller, "salt", 0.3)}
    other = {caller for caller in callers if in_canary(caller, "another salt", 0.1)}
    assert len(first & other) < 400
