"""Half-hours in a real PostgreSQL."""

import pytest

from tests.metrics.half_hours_contract import HalfHoursContract
from tests.metrics.postgres_server import PostgresServer

pytestmark = pytest.mark.interop


@pytest.fixture
def place(postgres_server: PostgresServer) -> str:
    return postgres_server.new()


class TestPostgres(HalfHoursContract):
    """The contract."""
