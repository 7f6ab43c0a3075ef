"""The way to Redis: commands with ids, scripts loaded where they are missing, replicas' word, errors mapped."""

import itertools
import secrets
import time
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from acd.batching import Batches, Command
from acd.commands import Script
from acd.distributor import DistributorError, Refused, Unavailable
from acd.keys import Keys
from acd.latency import Latency

REFUSALS = frozenset({"NOQUEUE", "NOAGENT", "NOCONTACT", "NOOFFER", "BADSTATE", "FULL", "CLOSING", "OVERTAKEN"})
PASSING = frozenset({"BUSY", "NOREPLICAS", "MISCONF"})
PASSING_KINDS = (ReadOnlyError, MasterDownError, TryAgainError, ClusterDownError, OutOfMemoryError)
"""Errors of a server that cannot serve now: a former master, a full disk. The library hides the codes of the latter."""


class Channel:
    """`interrupted` is set when Redis could not serve, until whoever mends that takes it back."""

    def __init__(self, client: Redis, keys: Keys, scripts: dict[str, Script], replicas: int, wait_ms: int) -> None:
        self.interrupted = False
        self.latency = Latency()
        self._client = client
        self._batches = Batches(client)
        self._scripts = scripts
        self._prefixes: dict[str, Command] = {
            name: ("EVALSHA", script.sha, len(keys.fixed), *keys.fixed) for name, script in scripts.items()
        }
        self._confirm = (replicas, wait_ms)
        self._ids = (f"{secrets.token_hex(6)}:{n}" for n in itertools.count())

    async def run(self, name: str, now: str, node: str, *args: str | int) -> str:
        """The answer of a script, confirmed by the replicas. Raises Refused, Unavailable, DistributorError."""
        command = (*self._prefixes[name], now, next(self._ids), node, *args)
        replicas, wait_ms = self._confirm
        if not replicas or name == "place":
            return str((await self.ask(command))[0])
        text, confirmed = await self.ask(command, ("WAIT", replicas, wait_ms))
        if confirmed < replicas:
            self.interrupted = True  # the offers that the answer tells of are not heard
            raise Unavailable(f"{name}: confirmed by {confirmed} of {replicas} replicas in {wait_ms} ms")
        return str(text)

    async def ask(self, *commands: Command) -> list[Any]:
        """The answers of Redis, over one connection. Raises like `run`."""
        began = time.perf_counter()
        try:
            return await self._ask(commands)
        finally:
            self.latency.observe(time.perf_counter() - began)

    async def _ask(self, commands: tuple[Command, ...]) -> list[Any]:
        try:
            try:
                return await self._batches.send(commands)
            except NoScriptError:
                for script in self._scripts.values():
                    await self._client.script_load(script.text)
                return await self._batches.send(commands)
        except NoScriptError as error:
            # It was started anew once more in between: what comes next finds the scripts.
            self.interrupted = True
            raise Unavailable(f"redis: {error}") from None
        except ResponseError as error:
            refusal = _refusal(error)
            self.interrupted = self.interrupted or isinstance(refusal, Unavailable)
            raise refusal from None
        except (RedisError, OSError, TimeoutError) as error:
            self.interrupted = True
            raise Unavailable(f"redis: {type(error).__name__}: {error}") from error


def _refusal(error: ResponseError) -> DistributorError:
    code, _, message = str(error).partition(" ")
    if code in REFUSALS:
        return Refused(code, message)
    if code in PASSING or isinstance(error, PASSING_KINDS):
        return Unavailable(f"redis: {type(error).__name__}: {error}")
    return DistributorError(f"redis: {error}")
