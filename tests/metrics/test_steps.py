"""Steps counted from the stream: over days, sub-flows and restarts."""

import json
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from events.catalogue import Event, StepEntered
from metrics.pipeline import Folds
from metrics.records import Records
from metrics.steps import StepCounts, Walked, walked
from tests.metrics.told import DAY_MS, NODE, TENANT, ended, started, stepped, stream, tell

OSLO = ZoneInfo("Europe/Oslo")
DAY = datetime.fromtimestamp(DAY_MS / 1000, OSLO).date()


def of(fold: StepCounts, flow: str = "main", first: date = DAY, last: date = DAY) -> Walked:
    return walked(fold.snapshot(), flow, first, last)


def inside(contact: str, flow: str, step: str) -> StepEntered:
    return StepEntered(at_ms=DAY_MS, tenant=TENANT, node=NODE, contact=contact, flow=flow, step=step, type="say")


def call(contact: str, *steps: str, outcome: str = "answered", at_ms: int = DAY_MS) -> list[Event]:
    return [started(contact, at_ms), *(stepped(contact, step, at_ms) for step in steps), ended(contact, outcome, at_ms)]


def test_steps_are_counted_from_where_callers_came_in_to_where_they_left() -> None:
    fold = StepCounts(OSLO)
    tell(fold, [*call("a", "menu", "wait"), *call("b", "menu", outcome="menu_ended"),
                *call("c", "menu", "wait", outcome="abandoned")])  # fmt: skip
    found = of(fold)
    assert found.went == {("", "menu"): 3, ("menu", "wait"): 2}
    assert found.left == {"menu": 1, "wait": 1}
    assert found.ended == {"wait": 1}
    assert found.versions == {"v1"}


def test_totals_say_where_callers_came_and_where_they_left_over_all_days_and_restarts() -> None:
    fold = StepCounts(OSLO)
    tell(
        fold,
        [*call("a", "menu", "wait"), *call("b", "menu", outcome="menu_ended"), *call("c", "menu", at_ms=DAY_MS + 1)],
    )
    tell(fold, [started("d"), stepped("d", "menu"), inside("d", "identify", "ask"), ended("d", "abandoned")])
    again = StepCounts(OSLO)
    again.restore(json.loads(json.dumps(fold.snapshot())))
    tell(again, call("e", "menu", outcome="menu_ended"))
    totals = {name: dict(series.counts) for name, series in again.totals.items()}
    menu, wait, ask = ("main", "menu"), ("main", "wait"), ("identify", "ask")
    assert totals == {
        "entered": {menu: 5, wait: 1, ask: 1},
        "left": {menu: 2, ask: 1},
        "ended": {wait: 1, menu: 1},
    }
    assert fold.changes() == fold.snapshot() | {f"c|{contact}": None for contact in "abcd"}


def test_days_are_those_of_the_zone_and_of_the_contact_s_beginning() -> None:
    fold = StepCounts(OSLO)
    tell(fold, [*call("a", "menu"), *call("b", "menu", at_ms=DAY_MS - 1)])
    assert of(fold).went == {("", "menu"): 1}


def test_a_sub_flow_is_counted_by_itself_and_the_caller_goes_on_from_the_step_that_called() -> None:
    fold = StepCounts(OSLO)
    tell(fold, [started("a"), stepped("a", "who"), inside("a", "identify", "ask"), inside("a", "identify", "back"),
                stepped("a", "menu"), inside("a", "identify", "ask"), ended("a", "menu_ended")])  # fmt: skip
    everything = date.min, date.max
    assert walked(fold.snapshot(), "main", *everything).went == {("", "who"): 1, ("who", "menu"): 1}
    assert walked(fold.snapshot(), "identify", *everything).went == {("", "ask"): 2, ("ask", "back"): 1}
    assert walked(fold.snapshot(), "identify", *everything).left == {"ask": 1}
    assert walked(fold.snapshot(), "main", *everything).left == {"menu": 1}


def test_what_is_told_of_strangers_is_left_out() -> None:
    fold = StepCounts(OSLO)
    tell(fold, [stepped("a", "menu"), ended("a")])
    assert fold.snapshot() == {}


def test_a_restart_goes_on_in_the_middle_of_a_call() -> None:
    events = call("a", "menu", "wait")
    whole, first, second = StepCounts(OSLO), StepCounts(OSLO), StepCounts(OSLO)
    tell(whole, events)
    tell(first, events[:2])
    second.restore(json.loads(json.dumps(first.snapshot())))
    tell(second, events[2:])
    assert second.snapshot() == whole.snapshot()


def test_changes_are_the_parts_that_changed_and_lead_to_the_snapshot() -> None:
    fold, parts = StepCounts(OSLO), {}
    for event in [*call("a", "menu"), *call("b", "menu", "wait")]:
        tell(fold, [event])
        parts.update(fold.changes())
    assert {key: part for key, part in parts.items() if part is not None} == fold.snapshot()
    assert fold.changes() == {}


def test_old_days_are_let_go() -> None:
    fold = StepCounts(OSLO)
    tell(fold, call("a", "menu"))
    tell(fold, call("b", "menu", at_ms=DAY_MS + 401 * 86_400_000))
    assert walked(fold.snapshot(), "main", date.min, date.max).went == {("", "menu"): 1}
    few = StepCounts(OSLO, most_parts=4)
    for day in range(4):
        tell(few, call(f"c{day}", "menu", at_ms=DAY_MS + day * 86_400_000))
    assert walked(few.snapshot(), "main", date.min, date.max).went == {("", "menu"): 2}


async def test_counts_are_on_disk_with_the_records(tmp_path: Path) -> None:
    records = await Records.open(tmp_path / "records.sqlite")
    folds = Folds(TENANT, records, further=[StepCounts(OSLO)])
    await folds.load()
    await folds(stream(call("a", "menu", "wait")))
    _, parts = await records.load(TENANT)
    await records.close()
    saved = {key: json.loads(part) for key, part in parts["steps.1"].items()}
    assert walked(saved, "main", date.min, date.max).went == {("", "menu"): 1, ("menu", "wait"): 1}
