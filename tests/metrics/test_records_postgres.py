"""Records in a real PostgreSQL."""

import pytest

from tests.metrics.postgres_server import PostgresServer
from tests.metrics.records_contract import RecordsContract

pytestmark = pytest.mark.interop


@pytest.fixture
def place(postgres_server: PostgresServer) -> str:
    return postgres_server.new()


class TestPostgres(RecordsContract):
    """The contract."""
