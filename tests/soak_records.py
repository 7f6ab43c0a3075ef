"""The soak of call records: 10,000 contacts, whose writers are killed at every step again and again."""

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.acd.redis_server import RedisServer
from tests.metrics.exactly_once import proven
from tests.metrics.killed_writer import STEPS, Killed
from tests.metrics.postgres_server import PostgresServer

ROUNDS = 5


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--records", type=int, default=10_000, help="contacts whose writers are killed at every step")


def rows(known: argparse.Namespace) -> list[tuple[str, str]]:
    """Raises AssertionError where one is missing, or is there twice."""
    if not known.records:
        return []
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, Killed() as killed:
        redis, postgres = (Path(folder) / name for name in ("redis", "postgres"))
        redis.mkdir()
        postgres.mkdir()
        Path(folder).chmod(0o755)
        with RedisServer(redis) as store, PostgresServer(postgres) as database:
            places = {
                "SQLite": (str(Path(folder) / "records.sqlite"), 1),
                "PostgreSQL": (database.new(), 1),
                "PostgreSQL of two nodes": (database.new(), 2),
            }
            return [row(killed, store, place, where, known.records, n) for place, (where, n) in places.items()]


def row(killed: Killed, store: RedisServer, place: str, where: str, contacts: int, writers: int) -> tuple[str, str]:
    store.empty()
    seed, began = random.SystemRandom().randrange(2**31), time.monotonic()
    kills = proven(killed, store.url, where, contacts, ROUNDS, seed, writers=writers)
    told = (
        f"{kills} writers killed at {len(STEPS)} steps, seed {seed}: {contacts} records, one a contact; figures equal"
    )
    return f"{contacts} contacts into {place}", f"{told}; {time.monotonic() - began:.0f} s"
