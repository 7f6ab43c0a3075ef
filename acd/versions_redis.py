"""Versions of the flows in Redis, for all nodes of an installation."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.client import NEVER_DECODE

from acd.commands import beside
from acd.connection import available
from acd.distributor import Unavailable
from acd.kept_record import WITHIN_S, encoded, run_once, wait_past
from acd.keys import Keys
from acd.versions import (
    MOST_MOVES,
    MOST_VERSIONS,
    Content,
    Damaged,
    File,
    Move,
    NoVersion,
    Overtaken,
    Pointer,
    Version,
    VersionId,
    listing,
    short,
    verified,
)
from acd.versions_records import move_of, pointer_of, version_of
from events.catalogue import Event

UNREFERENCED_S = 3600
"""How long content stays that no version names: that of a publisher who never came to the end."""
BATCH_BYTES = 4 * 2**20
"""Content is fetched and given in such portions, so that a busy Redis is held up for some milliseconds at most."""
TRIES = 3
"""A version that goes as another takes its place may take content along that the other had found there."""
CONTENT_S = 60.0
"""The longest for the content of a whole version."""


class RedisVersions:
    """One tenant's. `client` decodes its answers (`command_client`); `watching` is a `blocking_client` of its own, only
    for whoever waits by `moved`.
    """

    def __init__(self, client: Redis, tenant: str, *, watching: Redis | None = None, most: int = MOST_VERSIONS) -> None:
        self._client: Any = client
        self._watching = watching
        self._keys = Keys(tenant)
        self._most = most

    async def keep(self, version: Version, content: Content) -> Version:
        files = listing(content)
        blobs = {file.sha256: content[file.path] for file in files}
        record = asdict(version) | {"files": len(files), "size": sum(file.size for file in files)}
        args = (version.id, orjson.dumps(record), _listing_text(files), self._most)
        async with available(CONTENT_S):
            for _ in range(TRIES):
                await self._give(blobs)
                reply = await run_once(self._client, self._keys, beside("versions")["keep"], *args)
                if "record" in reply:
                    return version_of(orjson.loads(reply["record"]))
        raise Unavailable(f"version {short(version.id)}: its content does not stay in the store; is its memory full?")

    async def version(self, id_: VersionId) -> Version:
        text = await self._ask(self._client.hget(self._key("versions"), id_))
        if text is None:
            raise NoVersion(f"there is no version {short(id_)} in the store")
        return version_of(_read(text))

    async def versions(self) -> list[Version]:
        texts = await self._ask(self._client.hvals(self._key("versions")))
        return sorted((version_of(_read(text)) for text in texts), key=lambda one: (-one.at_ms, one.id))

    async def content(self, id_: VersionId) -> dict[str, bytes]:
        text = await self._ask(self._client.hget(self._key("listings"), id_))
        if text is None:
            raise NoVersion(f"there is no version {short(id_)} in the store")
        files = [File(*row) for row in _read(text)]
        blobs: dict[str, bytes] = {}
        async with available(CONTENT_S):
            for portion in _portions({file.sha256: file.size for file in files}):
                names = [self._key(f"blob:{sha}") for sha in portion]
                found = await self._client.execute_command("MGET", *names, **{NEVER_DECODE: []})
                blobs |= {sha: data for sha, data in zip(portion, found, strict=True) if data is not None}
        return await asyncio.to_thread(verified, id_, files, blobs)

    async def pointer(self) -> Pointer:
        text = await self._ask(self._client.get(self._key("pointer")))
        return pointer_of(_read(text)) if text is not None else Pointer()

    async def move(self, expected: int, to: Pointer, move: Move, events: Iterable[Event]) -> Pointer:
        args = (expected, orjson.dumps(asdict(to)), orjson.dumps(asdict(move)), encoded(events), MOST_MOVES)
        async with available(WITHIN_S):
            reply = await run_once(self._client, self._keys, beside("versions")["move"], *args)
        if "overtaken" in reply:
            newer = [one for one in await self.moves() if one.sequence > expected]
            raise Overtaken(await self.pointer(), newer)
        if "lacking" in reply:
            raise NoVersion(f"there is no version {short(reply['lacking'])!r} in the store")
        return pointer_of(orjson.loads(reply["pointer"]))

    async def moves(self, most: int = MOST_MOVES) -> list[Move]:
        entries = await self._ask(self._client.xrevrange(self._key("moves"), count=most))
        return [move_of(_read(fields["m"])) for _, fields in entries]

    async def moved(self, after: int, within_s: float) -> None:
        await wait_past(self._watching, self._key("moves"), after, within_s)

    async def _give(self, blobs: Mapping[str, bytes]) -> None:
        """Give the content that is not there."""
        for portion in _portions({sha: len(data) for sha, data in blobs.items()}):
            pipeline = self._client.pipeline(transaction=False)
            for sha in portion:
                pipeline.exists(self._key(f"blob:{sha}"))
            there = await pipeline.execute()
            pipeline = self._client.pipeline(transaction=False)
            for sha, known in zip(portion, there, strict=True):
                if not known:
                    # Only where there is none: content that a version names must never expire.
                    pipeline.set(self._key(f"blob:{sha}"), blobs[sha], ex=UNREFERENCED_S, nx=True)
            await pipeline.execute()

    def _key(self, name: str) -> str:
        return self._keys.named(f"flows:{name}")

    async def _ask(self, answer: Awaitable[Any]) -> Any:
        async with available(WITHIN_S):
            return await answer


def _portions(sizes: Mapping[str, int]) -> Iterable[Sequence[str]]:
    portion: list[str] = []
    total = 0
    for sha, size in sizes.items():
        if portion and total + size > BATCH_BYTES:
            yield portion
            portion, total = [], 0
        portion.append(sha)
        total += size
    if portion:
        yield portion


def _listing_text(files: Iterable[File]) -> bytes:
    return orjson.dumps([(file.path, file.sha256, file.size) for file in files])


def _read(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise Damaged(f"a record in the store cannot be read: {error}") from None
