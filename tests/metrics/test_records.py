import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from metrics.cdr import CallRecord, blank
from metrics.records import Records, RecordsError


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    opened = await Records.open(tmp_path / "records.db")
    yield opened
    await opened.close()


def record(contact: str, **values: object) -> CallRecord:
    return blank(contact, "nav", "n1") | values


async def test_a_new_file_has_no_checkpoint_and_no_state(records: Records) -> None:
    assert await records.load("nav") == ("0-0", {})
    assert await records.count() == 0
    assert await records.find("c1") is None


async def test_records_state_and_checkpoint_are_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "records.db"
    first = await Records.open(path)
    row = record("c1", topic="uføre", visits=[{"queue": "pensjon"}], talked_ms=2**40)
    await first.commit("nav", "5-1", [row], {("fold", "a"): "[1]", ("fold", "b"): "[2]"})
    await first.commit("nav", "6-0", [], {("fold", "a"): None, ("fold", "b"): "[3]"})
    await first.close()
    second = await Records.open(path)
    assert await second.load("nav") == ("6-0", {"fold": {"b": "[3]"}})
    assert await second.find("c1") == row
    await second.close()


async def test_a_contacts_record_is_written_once(records: Records) -> None:
    await records.commit("nav", "1-0", [record("c1", topic="first")], {})
    await records.commit("nav", "1-0", [record("c1", topic="second"), record("c2")], {})
    assert await records.count() == 2
    found = await records.find("c1")
    assert found is not None
    assert found["topic"] == "first"


async def test_tenants_have_state_of_their_own(records: Records) -> None:
    await records.commit("nav", "1-0", [], {("fold", "a"): "1"})
    await records.commit("bydel", "2-0", [], {("fold", "a"): "2"})
    await records.commit("bydel", "3-0", [], {("fold", "a"): None})
    assert await records.load("nav") == ("1-0", {"fold": {"a": "1"}})
    assert await records.load("bydel") == ("3-0", {})


async def test_what_cannot_be_written_whole_is_not_written_at_all(records: Records) -> None:
    await records.commit("nav", "1-0", [], {("fold", "a"): "old"})
    broken = record("c2") | {"number": None}
    with pytest.raises(RecordsError, match=r"cannot write the call records in .*records\.db"):
        await records.commit("nav", "2-0", [record("c1"), broken], {("fold", "a"): "new"})
    assert await records.load("nav") == ("1-0", {"fold": {"a": "old"}})
    assert await records.count() == 0


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


async def test_state_that_cannot_be_read_is_told(tmp_path: Path, records: Records) -> None:
    await records.close()
    (tmp_path / "records.db-wal").unlink(missing_ok=True)
    (tmp_path / "records.db").write_bytes(b"x" * 8192)
    with pytest.raises(RecordsError, match="cannot read the call records"):
        await records.load("nav")


async def test_whoever_is_cancelled_while_writing_leaves_the_file_to_the_next(tmp_path: Path) -> None:
    parts: dict[tuple[str, str], str | None] = {("fold", str(number)): "1" for number in range(500)}
    for turns in range(0, 1200, 25):
        first = await Records.open(tmp_path / "records.db")
        writing = asyncio.create_task(first.commit("nav", "1-0", [record(f"c{turns}")], parts))
        for _ in range(turns):
            await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await first.close()
        second = await Records.open(tmp_path / "records.db")
        await second.commit("nav", "2-0", [record(f"next-{turns}")], parts)
        assert (await second.load("nav"))[0] == "2-0"
        await second.close()
