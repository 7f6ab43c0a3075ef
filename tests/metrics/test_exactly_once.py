"""A writer that is killed at any step leaves no contact out and writes none twice (10,000 of them in `make soak`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.metrics.exactly_once import proven
from tests.metrics.killed_writer import STEPS, Killed
from tests.metrics.postgres_server import PostgresServer

CONTACTS = 200


@pytest.fixture(scope="module")
def killed() -> Iterator[Killed]:
    with Killed() as program:
        yield program


def test_in_a_file(killed: Killed, redis_url: str, tmp_path: Path) -> None:
    assert proven(killed, redis_url, str(tmp_path / "records.sqlite"), CONTACTS, 1, 1) >= len(STEPS) - 2


@pytest.mark.interop
def test_in_postgresql(killed: Killed, redis_url: str, postgres_server: PostgresServer) -> None:
    assert proven(killed, redis_url, postgres_server.new(), CONTACTS, 1, 2) >= len(STEPS) - 2


@pytest.mark.interop
def test_by_two_nodes_that_write_the_same_postgresql(
    killed: Killed, redis_url: str, postgres_server: PostgresServer
) -> None:
    """Each reads the whole stream; one of them is killed, again and again."""
    assert proven(killed, redis_url, postgres_server.new(), CONTACTS, 1, 3, writers=2) >= 3
