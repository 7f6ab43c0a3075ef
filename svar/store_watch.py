"""Looks every few seconds at what the node stands on, so that a scrape need not: Redis, its replicas, disk, health."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import structlog

from acd.distributor import DistributorError
from acd.replication import Replicas
from metrics.counters import Labels
from metrics.health import HealthReport
from metrics.prometheus import Labelled

_log = structlog.get_logger(__name__)

EVERY_S = 5.0


class Asked(Protocol):
    """Redis, or one that a test plays (`acd.replication`)."""

    async def ping(self) -> None: ...

    async def read(self) -> Replicas: ...


class StoreWatch:
    """`redis` and `disk` are figures for /metrics, as the last look saw them."""

    def __init__(
        self,
        redis: Asked,
        folder: Path,
        health: Callable[[], Awaitable[HealthReport]],
        *,
        needed: int = 0,
        every_s: float = EVERY_S,
    ) -> None:
        """`needed`: the replicas that have to confirm (`[redis] wait_replicas`). `folder`: the state folder."""
        self._redis = redis
        self._folder = folder
        self._health = health
        self._every_s = every_s
        self.redis: dict[str, float] = {"up": 1, "replicas_needed": needed}
        self.disk: dict[str, float] = {}
        self._checks: dict[str, float] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """See how they are now."""
        await self._look_at_redis()
        report = await self._health()
        self._checks = {name: float(outcome.ok) for name, outcome in report.checks.items()}
        try:
            room = await asyncio.to_thread(os.statvfs, self._folder)
        except OSError as error:
            _log.warning("the disk cannot be looked at", error=str(error))
            return
        self.disk = {"free_bytes": room.f_bavail * room.f_frsize, "size_bytes": room.f_blocks * room.f_frsize}

    async def _look_at_redis(self) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            await self._redis.ping()
            round_trip_s = clock() - began
            found = await self._redis.read()
        except DistributorError:
            self.redis["up"] = 0
            return
        self.redis |= {
            "up": 1,
            "round_trip_seconds": round_trip_s,
            "replicas": found.in_step,
            "replica_behind_bytes": found.behind_bytes,
        }

    def labelled(self) -> list[Labelled]:
        """The outcome of each check of /health."""

        def checks() -> dict[Labels, float]:
            return {(name,): ok for name, ok in self._checks.items()}

        return [Labelled("health_check_ok", "Helse: 1: the check of /health is well, 0: not", ("check",), checks)]
