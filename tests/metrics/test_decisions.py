"""Decisions as rows: each once with the checkpoint, as long as the records, bounded for each contact."""

import sqlite3
from contextlib import closing
from pathlib import Path

from events.routing import OfferWithheld, TierOpened
from metrics.decisions import Decisions
from metrics.pipeline import Folds
from metrics.records import Records
from tests.metrics.told import DAY_MS, NODE, TENANT, answered, failed, left, offered, queued, stream, whole_call


def kinds(rows: Decisions) -> list[str]:
    return [decision.kind for decision in rows.take()]


def noted(rows: Decisions, *events: object) -> None:
    for id_, event in stream(events):  # type: ignore[arg-type]
        rows.note(id_, event)


async def test_decisions_are_there_after_a_restart_each_once_and_in_their_order(tmp_path: Path) -> None:
    told = stream(whole_call("c1") + whole_call("c2", DAY_MS + 500_000))
    for part in (told[:6], told[:10], told[3:], told):  # told again and again, as after crashes
        records = await Records.open(tmp_path / "records.db")
        folds = Folds(TENANT, records, commit_every_s=0)
        await folds.load()
        await folds(part)
        await records.close()
    records = await Records.open(tmp_path / "records.db")
    found = await records.decided(TENANT, "c1")
    decisive = ("contact_queued", "offer_made", "contact_answered", "contact_released")
    assert found == {"c1": [event for _, event in told if event.contact == "c1" and event.kind in decisive]}
    assert set(await records.decided(TENANT, "c")) == {"c1", "c2"}
    assert await records.decided("another", "c") == {}
    await records.close()


async def test_a_file_of_an_older_version_gets_the_table_and_the_columns_that_have_come_since(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    records = await Records.open(path)
    folds = Folds(TENANT, records, commit_every_s=0)
    await folds(stream(whole_call("old")))
    await records.close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP TABLE decisions")
        for column in ("offers_made", "closed_by", "offers"):
            database.execute(f"ALTER TABLE call_records DROP COLUMN {column}")
    records = await Records.open(path)
    old = await records.find("old")
    assert old is not None
    assert (old["agent"], old["offers_made"], old["closed_by"], old["offers"]) == ("kari", 0, "", [])
    folds = Folds(TENANT, records, commit_every_s=0)
    await folds.load()
    await folds(stream([*whole_call("old"), *whole_call("new", DAY_MS + 500_000)]))
    assert list(await records.decided(TENANT, "")) == ["new"]
    await records.close()


def test_what_could_not_be_offered_is_a_decision_too() -> None:
    rows = Decisions()
    common = {"at_ms": DAY_MS, "tenant": TENANT, "node": NODE, "contact": "c1", "queue": "pensjon", "tier": 2}
    withheld = OfferWithheld(**common, reason="all_busy", there=3, working=3, ahead=1)  # type: ignore[arg-type]
    noted(rows, withheld, TierOpened(**common, why="after"))  # type: ignore[arg-type]
    assert kinds(rows) == ["offer_withheld", "tier_opened"]


def test_a_contact_has_a_bounded_number_of_rows_and_its_ends_have_room_of_their_own() -> None:
    rows = Decisions(most_rows=3, most_with_ends=5)
    misses = [event for n in range(10) for event in (offered("c1", f"o{n}"), failed("c1", offer=f"o{n}"))]
    noted(rows, queued("c1"), *misses, answered("c1"), left("c1"), left("c1"), queued("c2"))
    assert kinds(rows) == [
        "contact_queued", "offer_made", "offer_failed", "contact_answered", "contact_left_queue", "contact_queued",
    ]  # fmt: skip
    assert rows.left_out == 19


def test_without_a_store_no_decision_is_kept_in_memory() -> None:
    folds = Folds(TENANT)
    folds.apply(stream(whole_call("c1")))
    assert folds.decisions.take() == []
