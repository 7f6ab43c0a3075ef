"""What the node stands on is looked at, and shown when it is away."""

from pathlib import Path

from acd.distributor import Unavailable
from acd.replication import Replicas
from metrics.health import Health, Unwell
from svar.store_watch import StoreWatch


class Redis:
    """Answers until it is away."""

    away = False

    async def ping(self) -> None:
        if self.away:
            raise Unavailable("away")

    async def read(self) -> Replicas:
        return Replicas(2, 512)


async def test_redis_is_shown_with_its_replicas_and_as_away_with_what_was_seen_last(tmp_path: Path) -> None:
    redis = Redis()
    watch = StoreWatch(redis, tmp_path, Health().report, needed=1)
    await watch.look()
    assert {name: watch.redis[name] for name in ("up", "replicas", "replicas_needed", "replica_behind_bytes")} == {
        "up": 1, "replicas": 2, "replicas_needed": 1, "replica_behind_bytes": 512,
    }  # fmt: skip
    assert 0 <= watch.redis["round_trip_seconds"] < 1
    redis.away = True
    await watch.look()
    assert (watch.redis["up"], watch.redis["replicas"]) == (0, 2)


async def test_the_disk_and_each_check_of_health_are_shown(tmp_path: Path) -> None:
    health = Health()

    async def well() -> str:
        return "well"

    async def ill() -> str:
        raise Unwell("ill")

    health.add("loop", well)
    health.add("tls", ill)
    watch = StoreWatch(Redis(), tmp_path, health.report)
    await watch.look()
    assert 0 < watch.disk["free_bytes"] <= watch.disk["size_bytes"]
    (checks,) = watch.labelled()
    assert checks.read() == {("loop",): 1, ("tls",): 0}


async def test_a_disk_that_cannot_be_looked_at_stops_nothing(tmp_path: Path) -> None:
    watch = StoreWatch(Redis(), tmp_path / "gone", Health().report)
    await watch.look()
    assert (watch.disk, watch.redis["up"]) == ({}, 1)
