"""Every measure of today by queue and together, as reports have them."""

import asyncio
from dataclasses import replace

import pytest

from metrics.half_hour_rows import Key
from metrics.measured import ALL, MOST_QUEUES, SLICE, Measured
from metrics.measures import BY_KEY
from metrics.pipeline import Folds
from metrics.sums import Sums
from tests.metrics.told import DAY_MS, answered, became, left, queued, stream, whole_call


def of(folds: Folds) -> Measured:
    return Measured(lambda: folds.half_hours.rows, lambda: DAY_MS)


def shown(measured: Measured) -> dict[tuple[str, str], float]:
    found = {}
    for family in measured.labelled():
        for (queue, measure, version), value in family.read().items():
            assert version == str(BY_KEY[measure].version)
            found[queue, measure] = value
    return found


async def test_measures_of_a_queue_and_of_all_are_those_of_the_registry() -> None:
    folds = Folds("nav")
    other = "uføre"
    folds.apply(stream([
        *whole_call("c1"), queued("c2"), left("c2", 50_000), queued("c3", other),
        answered("c3", 60_000, other, DAY_MS + 60_000), queued("old", at_ms=DAY_MS - 1), left("old", 1),
        became("kari", "ready", "talking", DAY_MS + 90_000),
    ]))  # fmt: skip
    measured = of(folds)
    await measured.look()
    found = shown(measured)
    expected = {
        ("pensjon", "tilbudte"): 2,
        ("pensjon", "svargrad"): 1 / 2,
        (other, "svargrad"): 1,
        (other, "servicegrad_45"): 0,
        (ALL, "tilbudte"): 3,
        (ALL, "svargrad"): 2 / 3,
        (ALL, "reelt_tapte"): 1,
    }
    assert {key: found.get(key) for key in expected} == pytest.approx(expected)
    whole = Sums()
    for key, row in folds.half_hours.rows.items():
        if key[2] >= DAY_MS:
            whole.add(row)
    assert {key: found.get((ALL, key)) for key in BY_KEY} == {key: one.of(whole) for key, one in BY_KEY.items()}


async def test_what_has_nothing_to_divide_by_is_left_out() -> None:
    folds = Folds("nav")
    folds.apply(stream([queued("a")]))
    measured = of(folds)
    await measured.look()
    assert ("pensjon", "svargrad") not in shown(measured)
    assert shown(measured)["pensjon", "ventende"] == 1


async def test_adding_up_a_day_lets_others_run_and_more_queues_than_labels_count_in_all() -> None:
    rows: dict[Key, Sums] = {}
    for number in range(MOST_QUEUES + 5):
        rows[f"q{number}", "oslo", DAY_MS] = sums = Sums()
        sums.arrivals = replace(sums.arrivals, offered=1)
    measured = Measured(lambda: rows, lambda: DAY_MS)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    await measured.look()
    beside.cancel()
    assert turns > len(rows) // SLICE
    found = shown(measured)
    assert found[ALL, "tilbudte"] == MOST_QUEUES + 5
    assert len({queue for queue, _ in found}) == MOST_QUEUES + 1


async def test_it_is_added_up_again_and_again() -> None:
    folds = Folds("nav")
    measured = Measured(lambda: folds.half_hours.rows, lambda: DAY_MS, every_s=0.001)
    running = asyncio.create_task(measured.run())
    folds.apply(stream([queued("a")]))
    async with asyncio.timeout(5):
        while ("pensjon", "tilbudte") not in shown(measured):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.001)
    running.cancel()
