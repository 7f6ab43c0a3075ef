"""The registry of measures: all of the definitions' table, each with its formula, and what each gives of known sums."""

import json
from pathlib import Path

import pytest

from metrics.measures import BY_KEY, MEASURES, SERVICE_LEVELS, Group
from metrics.service_level import Tally
from metrics.sums import Passed, Staff, Sums, Told, Whole, Work, read

TABLE = """\
| name | English | definition |
|---|---|---|
| svargrad | answer rate | A / (A + L) |
| servicegrad_45 | service level 70/45 | A within 45 s / (A + L), by arrival cohort |
| its variants, shown beside it | | A≤T / A · (A≤T + L≤T) / (A + L) · A≤T / (A + L − L<s) · A≤T / O |
| tapte anrop | lost calls | L; *reelt tapte*: waited ≥ s, no successful callback, no answered redial within 60 min |
| svartid | speed of answer | mean and median wait of the answered, from entering the queue |
| svartid_total | | the same from the first ring, menus included, over all queues of the contact |
| avslutningsgrad | first-contact conclusion | concluded with a topic code, not transferred, no callback task / A |
| overføringssvargrad | transfer answer rate | transfers answered / transfers, per target |
| kasteball | bounces | units or agencies that one case met |
| AHT | handling time | (talk + hold + wrap-up) / A |
| belegg | occupancy | handling / (handling + ready) |
| RONA | missed offers | offers not answered / offers |
| EWT | estimated wait | method public; its coverage and bias are measures of their own |
"""
"""The measures of the glossary, word for word."""

KEYS = {
    "svargrad": ["svargrad"],
    "servicegrad_45": ["servicegrad_45"],
    "its variants, shown beside it": [
        "servicegrad_of_answered",
        "servicegrad_with_lost",
        "servicegrad_without_short",
        "servicegrad_of_offered",
    ],
    "tapte anrop": ["tapte", "reelt_tapte"],
    "svartid": ["svartid_mean", "svartid_median"],
    "svartid_total": ["svartid_total_mean", "svartid_total_median"],
    "avslutningsgrad": ["avslutningsgrad"],
    "overføringssvargrad": ["overforingssvargrad"],
    "kasteball": ["kasteball", "kasteball_share"],
    "AHT": ["aht"],
    "belegg": ["belegg"],
    "RONA": ["rona"],
    "EWT": ["ewt_coverage", "ewt_bias"],
}

VERSIONS = {
    "svargrad": (1, "A / (A + L)"),
    "servicegrad_45": (1, "A≤T / (A + L)"),
    "servicegrad_of_answered": (1, "A≤T / A"),
    "servicegrad_with_lost": (1, "(A≤T + L≤T) / (A + L)"),
    "servicegrad_without_short": (1, "A≤T / (A + L − L<s)"),
    "servicegrad_of_offered": (1, "A≤T / O"),
    "aht": (1, "(talk + hold + wrap-up) / A"),
    "belegg": (1, "handling / (handling + ready)"),
    "rona": (1, "offers not answered / offers"),
    "overforingssvargrad": (1, "transfers answered / transfers, per target"),
    "avslutningsgrad": (1, "concluded with a topic code, not transferred, no callback task / A"),
}

SUMS = Sums(
    Tally(100, 80, 12, 5, 60, 4, 2, 2_400_000, {10: 40, 40: 40}),
    Work(80, 80 * 398_000, 80 * 60_000, 48, 90, 9),
    Staff(30_000_000, 6_000_000, 12_000_000),
    Whole(7, 3, 80, 4_800_000, {50: 41, 70: 39}, {1: 70, 2: 8, 3: 2}, {"answered": 80}),
    Told(60, 10, 20, 5, 1, 80, -160_000),
    Passed({"skatt": 8, "help": 2}, {"skatt": 2, "help": 1}, {"caller_hung_up": 12}, {"callback": 5}, {"reached": 3}),
)

VALUES = {
    "tilbudte": 100,
    "besvarte": 80,
    "tapte": 12,
    "reelt_tapte": 7,
    "viderefort": 5,
    "ventende": 3,
    "svargrad": 80 / 92,
    "servicegrad_45": 60 / 92,
    "servicegrad_of_answered": 60 / 80,
    "servicegrad_with_lost": 64 / 92,
    "servicegrad_without_short": 60 / 90,
    "servicegrad_of_offered": 60 / 100,
    "svartid_mean": 30.0,
    "svartid_median": 25.0,
    "svartid_total_mean": 60.0,
    "svartid_total_median": 50.0,
    "aht": 458.0,
    "belegg": 0.75,
    "rona": 0.1,
    "avslutningsgrad": 0.6,
    "overforingssvargrad": 0.3,
    "kasteball": (70 + 16 + 6) / 80,
    "kasteball_share": 10 / 80,
    "ewt_coverage": 60 / 90,
    "ewt_bias": -2.0,
}


def test_every_measure_of_the_definitions_is_in_the_registry() -> None:
    named = [line.split("|")[1].strip() for line in TABLE.splitlines()[2:]]
    assert named == list(KEYS)
    assert {key for keys in KEYS.values() for key in keys} <= BY_KEY.keys()


def test_the_glossary_says_the_same() -> None:
    assert TABLE in (Path(__file__).parents[2] / "docs/glossary.md").read_text()


def test_variants_stand_beside_the_service_level() -> None:
    assert [m.key for m in SERVICE_LEVELS] == [*KEYS["servicegrad_45"], *KEYS["its variants, shown beside it"]]
    assert {m.variant_of for m in SERVICE_LEVELS[1:]} == {"servicegrad_45"}


def test_a_formula_that_changes_takes_a_new_version() -> None:
    assert {key: (BY_KEY[key].version, BY_KEY[key].formula) for key in VERSIONS} == VERSIONS


def test_every_measure_has_its_words_in_both_languages() -> None:
    assert len(BY_KEY) == len(MEASURES)
    for measure in MEASURES:
        assert all((measure.norwegian, measure.english, measure.formula, *measure.meaning, measure.since))
        assert measure.key.isascii()
        assert measure.variant_of in ("", *BY_KEY)


@pytest.mark.parametrize("key", VALUES)
def test_a_measure_of_known_sums(key: str) -> None:
    assert BY_KEY[key].of(SUMS) == pytest.approx(VALUES[key])


def test_all_measures_are_checked_above() -> None:
    assert VALUES.keys() == BY_KEY.keys()


def test_nothing_counted_gives_no_share_and_no_time() -> None:
    for measure in MEASURES:
        assert measure.of(Sums()) == (0 if measure.group is Group.COUNTS else None)


def test_sums_add_up_and_come_back_from_json_as_they_were() -> None:
    twice = read(json.loads(json.dumps(SUMS.written())))
    assert twice == SUMS
    twice.add(SUMS)
    for key in ("svargrad", "svartid_median", "svartid_total_median", "belegg", "kasteball", "ewt_bias"):
        assert BY_KEY[key].of(twice) == pytest.approx(VALUES[key])
    assert BY_KEY["tilbudte"].of(twice) == 200


def test_sums_of_an_older_release_are_read_with_noughts() -> None:
    old = SUMS.written()[:2]
    old[1] = old[1][:3]
    assert read(old) == Sums(SUMS.arrivals, Work(80, 80 * 398_000, 80 * 60_000))
