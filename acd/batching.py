"""Commands in one order over one connection: what several callers want at once travels together.

Two commands on two connections may reach Redis in either order, so that a caller who came later got the earlier place
(16 of 1,600 at 80 calls a second). One pipeline at a time keeps the order in which they were given, and costs less.
"""

import asyncio
import builtins
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError, ResponseError, TimeoutError  # noqa: A004 - the library's

from acd.connection import ANSWER_S

MOST = 500
"""Commands in one pipeline."""
MOST_WAITING = 20_000
"""Groups that may wait for Redis; more are turned away at once."""

Command = tuple[str | int, ...]


class Batches:
    """Sends groups of commands in the order given; those that come while one pipeline is under way share the next.

    The commands of a group stay together on the connection, so that WAIT speaks of the ones before it. The connection
    is taken from the client's pool at the first command, and is closed with the pool.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._connection: AbstractConnection | None = None
        self._waiting: list[tuple[Sequence[Command], asyncio.Future[list[Any]]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def send(self, commands: Sequence[Command]) -> list[Any]:
        """The answers. Raises the first error that Redis or the connection gave to this group.

        Also ConnectionError of the library when too many wait already.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise ConnectionError(f"{MOST_WAITING} commands wait for Redis already")
        future: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((commands, future))
        if self._sender is None:
            self._sender = asyncio.get_running_loop().create_task(self._send_all())
        return await future

    async def _send_all(self) -> None:
        """Until nobody waits. Owned by nobody who could be cancelled."""
        try:
            while self._waiting:
                groups = self._take()
                try:
                    answers = await self._execute(groups)
                except Exception as error:  # noqa: BLE001 - whatever it was, it is told to those who wait
                    _fail(groups, error)
                else:
                    _answer(groups, answers)
        finally:
            self._sender = None

    def _take(self) -> list[tuple[Sequence[Command], asyncio.Future[list[Any]]]]:
        count = taken = 0
        for commands, _ in self._waiting:
            if taken and count + len(commands) > MOST:
                break
            count += len(commands)
            taken += 1
        groups, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return groups

    async def _execute(self, groups: Sequence[tuple[Sequence[Command], object]]) -> list[Any]:
        """The library's own pipeline fetches a connection and makes a task for each; that was half of a command."""
        packed = [command for commands, _ in groups for command in commands]
        connection = self._connection
        if connection is None:
            pool = self._client.connection_pool
            connection = self._connection = await pool.get_connection()  # type: ignore[no-untyped-call]  # library
            connection.socket_timeout = None  # one limit for the whole exchange stands below
        return await connection.retry.call_with_retry(
            lambda: _exchange(connection, packed), lambda _: connection.disconnect()
        )


async def _exchange(connection: AbstractConnection, commands: Sequence[Command]) -> list[Any]:
    """Errors of Redis are among the answers. A connection that fails is left disconnected, and opens itself anew."""
    answers: list[Any] = []
    try:
        async with asyncio.timeout(ANSWER_S):
            await connection.send_packed_command(connection.pack_commands(commands))
            for _ in commands:
                try:
                    answers.append(await connection.read_response())
                except ResponseError as error:
                    answers.append(error)
    except builtins.TimeoutError as error:
        raise TimeoutError(f"no answer within {ANSWER_S} s") from error
    return answers


def _answer(groups: Sequence[tuple[Sequence[Command], asyncio.Future[list[Any]]]], answers: list[Any]) -> None:
    at = 0
    for commands, future in groups:
        mine = answers[at : at + len(commands)]
        at += len(commands)
        if future.done():
            continue
        error = next((answer for answer in mine if isinstance(answer, Exception)), None)
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(mine)


def _fail(groups: Sequence[tuple[object, asyncio.Future[list[Any]]]], error: Exception) -> None:
    for _, future in groups:
        if not future.done():
            future.set_exception(error)
