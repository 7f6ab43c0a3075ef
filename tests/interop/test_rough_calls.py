"""What `make soak` does at length about calls: bad networks, and callers whose connections are torn."""

from pathlib import Path

import pytest

from tests.soak_abandons import SHORT_RESETS, left_alone
from tests.soak_lossy import lossy

pytestmark = pytest.mark.interop

CALLS = 100


async def test_calls_succeed_where_a_tenth_is_lost_and_some_comes_late_or_twice(tmp_path: Path) -> None:
    found = await lossy(tmp_path, 10, CALLS, 25, seed=20_26, short=True)
    print(found.text)
    assert found.successful == CALLS, found.text


async def test_callers_whose_connections_are_torn_leave_nothing_behind(tmp_path: Path) -> None:
    text = await left_alone(tmp_path, SHORT_RESETS, CALLS // 2, 40, seed=20_26)
    print(text)
    assert "torn" in text
