"""Fixtures for all tests."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.acd.redis_server import RedisServer
from tests.metrics.postgres_server import PostgresServer

# No test is timed. In CI the same examples come every time; `make soak` draws new ones, many more of them.
settings.register_profile("svar", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("svar")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the whole run. Its folder's path is short: a unix socket's may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of an empty Redis (one server for the run, emptied before each test)."""
    redis_server.empty()
    return redis_server.url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run; `new` gives an empty database of it."""
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, PostgresServer(Path(folder)) as server:
        yield server
