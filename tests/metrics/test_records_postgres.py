"""Records in a real PostgreSQL."""

import asyncio

import pytest

from metrics.pipeline import Folds
from metrics.records import Records, RecordsError
from tests.metrics.postgres_server import PostgresServer
from tests.metrics.records_contract import RecordsContract
from tests.metrics.told import DAY_MS, TENANT, stream, whole_call

pytestmark = pytest.mark.interop


@pytest.fixture
def place(postgres_server: PostgresServer) -> str:
    return postgres_server.new()


class TestPostgres(RecordsContract):
    """The contract."""


async def test_a_wrong_password_is_in_no_error_and_the_right_one_opens(postgres_server: PostgresServer) -> None:
    url = postgres_server.new()
    name = url.partition("@/")[2].partition("?")[0]
    postgres_server.do("CREATE ROLE guarded LOGIN PASSWORD '5ec4e7'", name)
    postgres_server.do(f"GRANT ALL ON DATABASE {name} TO guarded; GRANT ALL ON SCHEMA public TO guarded", name)
    try:
        with postgres_server.asking("guarded"):
            theirs = url.replace("//svar@", "//guarded@")
            with pytest.raises(RecordsError, match="password authentication failed for user") as told:
                await Records.open(theirs, password="wr0ng")
            assert "wr0ng" not in str(told.value)
            with pytest.raises(RecordsError, match="cannot open"):
                await Records.open(theirs.replace("guarded@", "guarded:wr0ng@"))
            records = await Records.open(theirs, password="5ec4e7")
            assert await records.count() == 0
            assert "5ec4e7" not in records.database.place
            await records.close()
    finally:
        postgres_server.do("DROP OWNED BY guarded; DROP ROLE guarded", name)


async def test_an_address_without_a_server_is_told_without_its_password() -> None:
    with pytest.raises(
        RecordsError, match=r"cannot open the call records in postgresql://svar:\*\*\*@127\.0\.0\.1:1/x"
    ) as told:
        await Records.open("postgresql://svar:5ec4e7@127.0.0.1:1/x")
    assert "5ec4e7" not in str(told.value)


async def test_nodes_that_start_together_make_the_tables_once(postgres_server: PostgresServer) -> None:
    url = postgres_server.new()
    opened = await asyncio.gather(*(Records.open(url) for _ in range(4)))
    for records in opened:
        assert await records.count() == 0
        await records.close()


async def test_nodes_that_write_the_same_stretch_leave_each_contact_once(postgres_server: PostgresServer) -> None:
    url = postgres_server.new()
    opened = [await Records.open(url) for _ in range(3)]
    told = stream([event for n in range(30) for event in whole_call(f"c{n}", DAY_MS + n * 500_000)])
    nodes = [Folds(TENANT, records, commit_every_s=0) for records in opened]
    for at, size in ((0, 100), (100, 33), (133, 227)):
        await asyncio.gather(*(node(told[at : at + size]) for node in nodes))
    assert {node.saved for node in nodes} == {told[-1][0]}
    assert await opened[0].count() == 30
    last = Folds(TENANT, opened[1])
    await last.load()
    assert last.service_level.snapshot() == nodes[0].service_level.snapshot()
    for records in opened:
        await records.close()
