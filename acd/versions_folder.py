"""Versions of the flows in a folder: a backup, and what a node served last when Redis forgets or is away.

`blobs/HASH`, `versions/ID.json`, `pointer.json`, `moves.jsonl`; files appear whole or not at all, moves are locked.
"""

import asyncio
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import orjson

from acd.distributor import Unavailable
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
from events.sink import Sink

P = ParamSpec("P")
T = TypeVar("T")

LOOK_S = 0.1
"""Between two looks of who waits for a move."""


class FolderVersions:
    """All work is done in threads. `sink` hears the events of moves made here."""

    def __init__(
        self,
        folder: Path,
        *,
        sink: Sink | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        most: int = MOST_VERSIONS,
    ) -> None:
        self._folder = folder
        self._sink = sink
        self._now_ms = now_ms
        self._most = most

    async def keep(self, version: Version, content: Content) -> Version:
        return await _work(self._keep, version, content)

    async def version(self, id_: VersionId) -> Version:
        return (await _work(self._read, id_))[0]

    async def versions(self) -> list[Version]:
        found = await _work(self._all)
        return sorted(found, key=lambda one: (-one.at_ms, one.id))

    async def content(self, id_: VersionId) -> dict[str, bytes]:
        return await _work(self._content, id_)

    async def pointer(self) -> Pointer:
        return await _work(self._pointer)

    async def move(self, expected: int, to: Pointer, move: Move, events: Iterable[Event]) -> Pointer:
        now_ms = self._now_ms()
        moved = await _work(self._move, expected, to, replace(move, at_ms=now_ms))
        if self._sink is not None:
            for event in events:
                self._sink.emit(replace(event, at_ms=now_ms))
        return moved

    async def moves(self, most: int = MOST_MOVES) -> list[Move]:
        return (await _work(self._moves))[::-1][:most]

    async def moved(self, after: int, within_s: float) -> None:
        end = asyncio.get_running_loop().time() + within_s
        while (await self.pointer()).sequence <= after and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110
            await asyncio.sleep(min(LOOK_S, within_s))

    async def mirror(self, pointer: Pointer) -> None:
        """Remember where another store's pointer stands."""
        await _work(self._mirror, pointer)

    # --- In threads -------------------------------------------------------------------------------------------------

    def _keep(self, version: Version, content: Content) -> Version:
        files = listing(content)
        with self._locked():
            try:
                return self._read(version.id)[0]
            except NoVersion:
                pass
            for file in files:
                if not (blob := self._blob(file.sha256)).exists():
                    _write(blob, content[file.path])
            size = sum(file.size for file in files)
            kept = replace(version, at_ms=self._now_ms(), files=len(files), size=size)
            rows = [(file.path, file.sha256, file.size) for file in files]
            _write(self._record(version.id), orjson.dumps({"version": asdict(kept), "files": rows}))
            self._prune(kept.id)
            return kept

    def _prune(self, newest: VersionId) -> None:
        pointer = self._pointer()
        spared = {newest, pointer.active, pointer.canary.version if pointer.canary else ""}
        versions = sorted(self._all(), key=lambda one: one.at_ms)
        gone = [one for one in versions if one.id not in spared][: max(0, len(versions) - self._most)]
        if not gone:
            return
        for one in gone:
            self._record(one.id).unlink(missing_ok=True)
        named = {file.sha256 for one in self._all() for file in self._read(one.id)[1]}
        for blob in (self._folder / "blobs").iterdir():
            if blob.name not in named:
                blob.unlink(missing_ok=True)

    def _read(self, id_: VersionId) -> tuple[Version, list[File]]:
        record = _json(self._record(id_))
        if record is None:
            raise NoVersion(f"there is no version {short(id_)} in {self._folder}")
        try:
            return version_of(record["version"]), [File(*row) for row in record["files"]]
        except (KeyError, TypeError) as error:
            raise Damaged(f"{self._record(id_)}: no record of a version: {error!r}") from None

    def _all(self) -> list[Version]:
        names = sorted((self._folder / "versions").glob("*.json"))
        return [self._read(VersionId(path.stem))[0] for path in names]

    def _content(self, id_: VersionId) -> dict[str, bytes]:
        files = self._read(id_)[1]
        blobs = {}
        for file in files:
            try:
                blobs[file.sha256] = self._blob(file.sha256).read_bytes()
            except FileNotFoundError:
                continue
        return verified(id_, files, blobs)

    def _pointer(self) -> Pointer:
        record = _json(self._folder / "pointer.json")
        return Pointer() if record is None else pointer_of(record)

    def _moves(self) -> list[Move]:
        try:
            lines = (self._folder / "moves.jsonl").read_bytes().splitlines()
        except FileNotFoundError:
            return []
        # A line that a crash left half written is none; the pointer itself stands in a file of its own.
        return [move_of(orjson.loads(line)) for line in lines[-MOST_MOVES:] if line.endswith(b"}")]

    def _move(self, expected: int, to: Pointer, move: Move) -> Pointer:
        with self._locked():
            pointer = self._pointer()
            if pointer.sequence != expected:
                raise Overtaken(pointer, [one for one in self._moves()[::-1] if one.sequence > expected])
            canary = to.canary
            for id_ in (to.active, *([canary.version] if canary else ())):
                self._read(id_)
            if canary is not None and not canary.since_ms:
                canary = replace(canary, since_ms=move.at_ms)
            to = replace(to, sequence=expected + 1, canary=canary)
            moves = [*self._moves(), replace(move, sequence=to.sequence)][-MOST_MOVES:]
            _write(self._folder / "moves.jsonl", b"".join(orjson.dumps(asdict(one)) + b"\n" for one in moves))
            _write(self._folder / "pointer.json", orjson.dumps(asdict(to)))
            return to

    def _mirror(self, pointer: Pointer) -> None:
        with self._locked():
            _write(self._folder / "pointer.json", orjson.dumps(asdict(pointer)))

    def _blob(self, sha256: str) -> Path:
        return self._folder / "blobs" / sha256

    def _record(self, id_: str) -> Path:
        if not id_.isalnum():
            raise NoVersion(f"there is no version {id_!r}")
        return self._folder / "versions" / f"{id_}.json"

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{error.filename or 'the folder of versions'}: {error.strerror}") from error


async def _work(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """In a thread; what the disk refuses is Unavailable."""

    def done() -> T:
        with _told():
            return call(*args, **kwargs)

    return await asyncio.to_thread(done)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _json(path: Path) -> Any:
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Damaged(f"{path}: {error}") from None
