"""Where the Redis is that serves a tenant: the master that Sentinels name, or the cluster's node that has the slot.

One hash tag keeps all of a tenant in one slot, so that a cluster is to all others one Redis that moves. A connection
finds out where to go when it opens, and ends when a server says that it is not (any more) the one.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from redis.asyncio.connection import Connection, SSLConnection
from redis.crc import key_slot
from redis.exceptions import (
    ConnectionError,  # noqa: A004 - the library's
    MasterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

Place = tuple[str, int]
ASKED_S = 0.7
"""How long one server may take to say where to go."""
_MOST_PLACES = 64


class Finder(Protocol):
    """Knows where to connect."""

    async def find(self) -> Place:
        """Raises the library's ConnectionError where nobody says."""

    def moved(self, place: Place) -> None:
        """A server said that it is there now."""


async def _ask(place: Place, question: Sequence[str], how: Mapping[str, Any]) -> Any:
    """The answer of one server, None where there is none in time."""
    kind = SSLConnection if how.get("tls") else Connection
    given = {name: value for name, value in how.items() if name != "tls"}
    connection: Any = kind(host=place[0], port=place[1], decode_responses=True, **given)
    try:
        async with asyncio.timeout(ASKED_S):
            await connection.connect()
            await connection.send_command(*question)
            return await connection.read_response()
    except (RedisError, OSError, TimeoutError):
        return None
    finally:
        await connection.disconnect(nowait=True)


class Sentinels:
    """The master of `name`, as most of those that answer have it."""

    def __init__(self, places: Sequence[Place], name: str, how: Mapping[str, Any]) -> None:
        self._places = tuple(places)
        self._name = name
        self._how = how

    async def find(self) -> Place:
        question = ("SENTINEL", "get-master-addr-by-name", self._name)
        answers = await asyncio.gather(*(_ask(place, question, self._how) for place in self._places))
        named = Counter((str(answer[0]), int(answer[1])) for answer in answers if answer)
        if not named:
            raise ConnectionError(f"no sentinel of {len(self._places)} knows where {self._name!r} is")
        return named.most_common(1)[0][0]

    def moved(self, place: Place) -> None:
        """Sentinels are asked anyway."""


class ClusterNodes:
    """The node that has the slot of `key`. Each question goes to another of the nodes that are known."""

    def __init__(self, places: Sequence[Place], key: str, how: Mapping[str, Any]) -> None:
        self._places = list(places)
        self._slot = key_slot(key.encode())
        self._how = how
        self._hint: Place | None = None

    async def find(self) -> Place:
        if self._hint is not None:
            hint, self._hint = self._hint, None
            return hint
        for _ in range(len(self._places)):
            asked = self._places.pop(0)
            self._places.append(asked)
            ranges = await _ask(asked, ("CLUSTER", "SLOTS"), self._how)
            found = self._read(ranges, asked)
            if found is not None:
                return found
        raise ConnectionError(f"no node of the cluster, of {len(self._places)}, knows where slot {self._slot} is")

    def moved(self, place: Place) -> None:
        self._hint = place

    def _read(self, ranges: Any, asked: Place) -> Place | None:
        """The master of our slot. All the nodes that are named are known from now on."""
        found = None
        for first, last, *nodes in ranges or ():
            places = [(str(one[0] or asked[0]), int(one[1])) for one in nodes]
            if first <= self._slot <= last:
                found = places[0]
            self._places += [one for one in places if one not in self._places][: _MOST_PLACES - len(self._places)]
        return found


class Following:
    """What a connection does besides: `finder` says where to, and only a master will do."""

    def __init__(self, *, finder: Finder, **kwargs: Any) -> None:
        self._finder = finder
        super().__init__(**kwargs)

    async def _connect(self) -> None:
        connection: Any = self
        connection.host, connection.port = await self._finder.find()
        await super()._connect()  # type: ignore[misc]  # the library's

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        connection: Any = self
        await super().on_connect_check_health(check_health=check_health)  # type: ignore[misc]  # the library's
        try:
            async with asyncio.timeout(ASKED_S):
                await connection.send_command("ROLE", check_health=False)
                role = await connection.read_response()
        except TimeoutError:
            role = ["silent"]
        if role[0] not in ("master", b"master"):
            await connection.disconnect(nowait=True)
            raise ConnectionError(f"redis at {connection.host}:{connection.port} is {role[0]!r}, no master")

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Whoever says that it is not the one has done nothing: the command goes to the one that is."""
        connection: Any = self
        try:
            return await super().read_response(*args, **kwargs)  # type: ignore[misc]  # the library's
        except MovedError as error:
            self._finder.moved((error.host, error.port))
            await connection.disconnect(nowait=True)
            raise ConnectionError(f"redis: {error}") from error
        except (ReadOnlyError, MasterDownError) as error:
            await connection.disconnect(nowait=True)
            raise ConnectionError(f"redis: {error}") from error
        except ResponseError as error:
            if not str(error).startswith("UNBLOCKED"):
                raise
            await connection.disconnect(nowait=True)
            raise ConnectionError(f"redis: {error}") from error


class FollowingConnection(Following, Connection):
    """Over TCP."""


class FollowingTlsConnection(Following, SSLConnection):
    """Over TLS."""
