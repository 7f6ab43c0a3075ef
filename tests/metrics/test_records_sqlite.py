"""Records in a file."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from events.catalogue import Event
from metrics.pipeline import Folds
from metrics.records import Records, RecordsError
from tests.metrics.records_contract import RecordsContract, record
from tests.metrics.told import DAY_MS, ended, left, queued, started, stream


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


class TestSqlite(RecordsContract):
    """The contract."""


async def test_the_file_is_readable_for_its_owner_only(tmp_path: Path) -> None:
    opened = await Records.open(tmp_path / "records.db")
    await opened.close()
    assert os.stat(tmp_path / "records.db").st_mode & 0o777 == 0o600


async def test_a_file_that_cannot_be_made_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecordsError, match=r"cannot open the call records in .*nowhere/records.db"):
        await Records.open(tmp_path / "nowhere" / "records.db")


async def test_a_file_that_is_no_database_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_text("not a database, and long enough to be looked at " * 20)
    with pytest.raises(RecordsError, match="file is not a database"):
        await Records.open(tmp_path / "records.db")


async def test_state_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    records = await Records.open(tmp_path / "records.db")
    await records.close()
    (tmp_path / "records.db-wal").unlink(missing_ok=True)
    (tmp_path / "records.db").write_bytes(b"x" * 8192)
    with pytest.raises(RecordsError, match="cannot read the call records"):
        await records.load("nav")


async def test_nothing_of_a_caller_is_left_in_the_file(tmp_path: Path) -> None:
    records = await Records.open(tmp_path / "records.db")
    told = [record(f"c{n}", pii_caller="+4799887766", pseudonym="5eed5eed", trunk="x" * n) for n in range(50)]
    await records.commit("nav", "1-0", told, {})

    def left() -> list[bytes]:
        files = b"".join(path.read_bytes() for path in tmp_path.glob("records.db*"))
        return [text for text in (b"99887766", b"5eed5eed") if text in files]

    assert len(left()) == 2
    await records.erase("nav", [row["contact"] for row in told])
    assert left() == []
    await records.close()


async def test_whoever_is_cancelled_while_writing_leaves_the_file_to_the_next(tmp_path: Path) -> None:
    parts: dict[tuple[str, str], str | None] = {("fold", str(number)): "1" for number in range(500)}
    for turns in range(0, 1200, 100):
        first = await Records.open(tmp_path / "records.db")
        writing = asyncio.create_task(first.commit("nav", f"{turns}-1", [record(f"c{turns}")], parts))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await first.close()
        second = await Records.open(tmp_path / "records.db")
        await second.commit("nav", f"{turns}-2", [record(f"next-{turns}")], parts)
        assert (await second.load("nav"))[0] == f"{turns}-2"
        await second.close()


def calls(n: int) -> list[Event]:
    contact, at_ms = f"c{n}", DAY_MS + n
    return [started(contact, at_ms), queued(contact, at_ms=at_ms), left(contact, at_ms=at_ms), ended(contact)]


async def test_no_question_goes_through_a_whole_table(tmp_path: Path) -> None:
    """A year has tens of millions of rows; the plan is the same for a few hundred."""
    records = await Records.open(tmp_path / "records.db")
    told = [event for n in range(150) for event in calls(n)]
    await Folds("nav", records, commit_every_s=0)(stream(told))
    await records.tidy()
    await records.close()
    records = await Records.open(tmp_path / "records.db")
    asked: list[tuple[str, Any]] = []

    def executed(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    engine = records.database._engine.sync_engine
    event.listen(engine, "before_cursor_execute", executed)
    await records.expire("nav", 9)
    assert [row async for row in records.rows("nav", 1, 9)] == []
    await records.decided("nav", "c")
    assert await records.decided_among("nav", "pensjon", DAY_MS, DAY_MS + 2)
    await records.promised("nav", "c1", 9)
    await records.find("c1")
    event.remove(engine, "before_cursor_execute", executed)

    async def planned(connection: AsyncConnection) -> list[str]:
        plans = []
        for statement, parameters in asked:
            if statement.startswith(("SELECT", "DELETE")):
                found = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans += [str(row[-1]) for row in found]
        return plans

    plans = await records.database.read(planned)
    await records.close()
    looks = [plan for plan in plans if plan.startswith(("SEARCH", "SCAN")) and "accesses" not in plan]
    assert len(looks) > 9
    assert [plan for plan in looks if plan.startswith("SCAN") or plan.endswith("(tenant=?)")] == [], plans


async def test_a_file_of_an_older_version_gets_other_indexes(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    await (await Records.open(path)).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("DROP INDEX decisions_of_contacts")
        database.execute("CREATE INDEX ix_decisions_contact ON decisions (contact)")
    await (await Records.open(path)).close()
    with closing(sqlite3.connect(path)) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert "decisions_of_contacts" in names
    assert "ix_decisions_contact" not in names
