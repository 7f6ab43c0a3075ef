"""Versions of the flows: what one is, where they are kept (a port), and which one is in service.

A version is the content of the flows' folder, named by the SHA-256 of its listing, and never changes. The pointer says
which is in service; it moves by compare-and-set alone, so that of two who move it at once the second is told.
`acd.versions_redis` keeps them in Redis, `acd.versions_folder` in a folder.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NewType, Protocol

from acd.distributor import DistributorError
from events.catalogue import Event

VersionId = NewType("VersionId", str)
Content = Mapping[str, bytes]
"""The files of a version by path, `/` between folders."""

MOST_FILES = 2_000
LARGEST_FILE = 16 * 2**20
LARGEST_VERSION = 256 * 2**20
LONGEST_PATH = 200
LONGEST_MESSAGE = 500
LONGEST_AUTHOR = 100
MOST_VERSIONS = 200
"""Of one tenant; the oldest that is not in service goes when another comes."""
MOST_MOVES = 500
"""How many moves of the pointer are remembered."""
SHORT = 12
"""Characters of an id that people and events are given."""


class VersionError(DistributorError):
    """Base of what is wrong with a version or its store."""


class TooLarge(VersionError):
    """More than a version may hold; the message names the file and the bound."""


class NoVersion(VersionError):
    """There is no such version, or several that begin so."""


class Damaged(VersionError):
    """What the store gave is not what was kept: a file is missing, or its hash is another."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a version; `size` in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Gate:
    """What one check said when the version was published."""

    name: str
    passed: bool
    told: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version's record: who made it, when (epoch), what for, after which, and what the gates said then."""

    id: VersionId
    author: str
    message: str
    parent: str = ""
    gates: tuple[Gate, ...] = ()
    forced: bool = False
    at_ms: int = 0
    files: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class Canary:
    """A version that gets `share` (0 to 1) of the new contacts. `promote_after_s` 0: only somebody promotes it."""

    version: VersionId
    share: float
    by: str
    since_ms: int = 0
    promote_after_s: int = 0


@dataclass(frozen=True, slots=True)
class Pointer:
    """What is in service. `active` is empty where nothing was ever published; `salt` keeps callers' arms a secret."""

    sequence: int = 0
    active: VersionId = VersionId("")
    canary: Canary | None = None
    salt: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the pointer, as it is remembered.

    `what`: published, rolled_back, canary_started, canary_ended, promoted. `active` and `canary` stand after it.
    """

    what: str
    author: str
    message: str
    active: VersionId
    canary: str = ""
    share: float = 0.0
    cause: str = ""
    sequence: int = 0
    at_ms: int = 0


class Overtaken(VersionError):
    """Somebody else moved the pointer first; `pointer` is where it stands, `moves` what was done, the newest first."""

    def __init__(self, pointer: Pointer, moves: Sequence[Move]) -> None:
        told = "; ".join(f"{move.author}: {move.what} {short(move.canary or move.active)}" for move in moves)
        super().__init__(f"somebody else was faster ({told or 'unknown'}); look at it, and do it again")
        self.pointer = pointer
        self.moves = tuple(moves)


class VersionStore(Protocol):
    """Every method raises Unavailable when the store cannot be reached, and Damaged when what it gives is wrong."""

    async def keep(self, version: Version, content: Content) -> Version:
        """Keep it, for good. One that is there stays as it was first kept, and is given. Raises TooLarge."""

    async def version(self, id_: VersionId) -> Version:
        """Raises NoVersion."""

    async def versions(self) -> list[Version]:
        """All, the newest first."""

    async def content(self, id_: VersionId) -> dict[str, bytes]:
        """Its files, their hashes verified. Raises NoVersion."""

    async def pointer(self) -> Pointer: ...

    async def move(self, expected: int, to: Pointer, move: Move, events: Iterable[Event]) -> Pointer:
        """Move the pointer from `expected` (its sequence) to `to`, and tell the events, in one step.

        The store sets one time (of the canary, where it is 0, of the move and the events) and the sequence. Raises
        Overtaken, and NoVersion when it would point to nothing.
        """

    async def moves(self, most: int = MOST_MOVES) -> list[Move]:
        """The newest first."""

    async def moved(self, after: int, within_s: float) -> None:
        """Return when the pointer has moved past `after`, at the latest after `within_s`."""


def listing(content: Content) -> tuple[File, ...]:
    """The files by path. Raises TooLarge, and VersionError for a path that no version may hold."""
    if len(content) > MOST_FILES:
        raise TooLarge(f"{len(content)} files: a version has at most {MOST_FILES}")
    for path, data in content.items():
        if len(data) > LARGEST_FILE:
            raise TooLarge(f"{path}: {len(data):,} bytes: a file of a version has at most {LARGEST_FILE:,}")
        _check_path(path)
    total = sum(map(len, content.values()))
    if total > LARGEST_VERSION:
        raise TooLarge(f"{total:,} bytes in all: a version has at most {LARGEST_VERSION:,}")
    return tuple(File(path, digest(content[path]), len(content[path])) for path in sorted(content))


def _check_path(path: str) -> None:
    parts = path.split("/")
    if len(path) > LONGEST_PATH or not all(path.isprintable() and part not in ("", ".", "..") for part in parts):
        raise VersionError(f"{path[:LONGEST_PATH]!r}: not a path that a version may hold: at most {LONGEST_PATH} "
                           "printable characters, and no '.' or '..' in it")  # fmt: skip


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def identify(files: Iterable[File]) -> VersionId:
    """The id of a version with these files: the SHA-256 of its canonical listing, sorted by path."""
    lines = [f"{file.sha256} {file.size} {file.path}\n" for file in sorted(files, key=lambda file: file.path)]
    return VersionId(digest("".join(["svar flows 1\n", *lines]).encode()))


def verified(id_: VersionId, files: Sequence[File], blobs: Mapping[str, bytes]) -> dict[str, bytes]:
    """The content by path, from blobs by hash. Raises Damaged, and VersionError for a path that leads elsewhere."""
    if identify(files) != id_:
        raise Damaged(f"version {short(id_)}: its listing has another hash; the store is damaged")
    content = {}
    for file in files:
        _check_path(file.path)
        data = blobs.get(file.sha256)
        if data is None:
            raise Damaged(f"version {short(id_)}: {file.path} is missing in the store")
        if digest(data) != file.sha256:
            raise Damaged(f"version {short(id_)}: {file.path} has another hash than when it was published")
        content[file.path] = data
    return content


def found(versions: Iterable[Version], beginning: str) -> Version:
    """The one version whose id begins so. Raises NoVersion."""
    matching = [version for version in versions if beginning and version.id.startswith(beginning.lower())]
    if len(matching) == 1:
        return matching[0]
    if not matching:
        raise NoVersion(f"there is no version {beginning!r}; `svar versions` lists them")
    raise NoVersion(f"{len(matching)} versions begin with {beginning!r}; give more of it")


def short(id_: str) -> str:
    """The beginning of an id, for people and events."""
    return id_[:SHORT]
