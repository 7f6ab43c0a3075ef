"""Half-hours in a file."""

from pathlib import Path

import pytest

from tests.metrics.half_hours_contract import HalfHoursContract


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


class TestSqlite(HalfHoursContract):
    """The contract."""
