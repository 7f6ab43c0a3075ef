"""Records in a file."""

import asyncio
import os
from pathlib import Path

import pytest

from metrics.records import Records, RecordsError
from tests.metrics.records_contract import RecordsContract, record


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
    for turns in range(0, 1200, 50):
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
