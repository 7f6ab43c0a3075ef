"""Versions of the flows by what people call them: a folder, a file, a published version, a git revision."""

import asyncio
import io
import re
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from acd.versions import Content, NoVersion, VersionError, found, listing, short
from ivr.versions.content import write_content
from svar.config import Config
from svar.flow_store import open_store

GIT_S = 30.0
_VERSION = re.compile(r"[0-9a-f]{4,64}\Z")


class RefError(Exception):
    """Nothing is called so; the message says what was tried."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A version made ready to be read: its folder, what to call it, and the one file that is meant, if any."""

    name: str
    folder: Path
    file: str = ""


def load_ref(text: str, config: Config, into: Path) -> Ref:
    """A folder or file as it stands; else a version of the store, else a git revision, written below `into`.

    Raises RefError, and what `svar.flow_store.open_store` raises.
    """
    path = Path(text)
    if path.is_dir():
        return Ref(text, path)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise RefError(f"there is no file {text}")
        return Ref(text, path.parent, path.name)
    if _VERSION.match(text) and has_store(config):
        version = asyncio.run(_version(config, text))
        if version is not None:
            return _written(*version, into)
    return of_git(text, Path(config.flows.folder), into)


def in_service(config: Config, into: Path) -> Ref | None:
    """What new callers get, by the store; None where nothing was ever published."""
    if not has_store(config):
        return None
    version = asyncio.run(_version(config, ""))
    return None if version is None else _written(*version, into)


def has_store(config: Config) -> bool:
    """Whether there can be a store at all: to look at flows starts no Redis that was never there."""
    return bool(config.redis.url) or (Path(config.node.state) / "redis").is_dir()


async def _version(config: Config, beginning: str) -> tuple[str, Content] | None:
    """A version's name and content; without a beginning the one in service."""
    async with open_store(config) as store:
        id_ = beginning or (await store.versions.pointer()).active
        if not id_:
            return None
        try:
            version = found(await store.versions.versions(), id_)
        except NoVersion:
            return None
        return f"version {short(version.id)}", await store.versions.content(version.id)


def of_git(revision: str, folder: Path, into: Path) -> Ref:
    """The folder as it was in a revision of the repository that it stands in. Raises RefError."""
    place = folder.resolve()
    if revision.startswith("-") or not place.is_dir():
        raise RefError(f"{revision!r} is no folder, flow file, version or git revision")
    checked = _git(place, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if checked.returncode:
        raise RefError(
            f"{revision!r} is no folder, flow file or published version, and no revision of the repository of {folder}"
        )
    commit = checked.stdout.decode().strip()
    archive = _git(place, "archive", "--format=tar", commit)
    if archive.returncode:
        raise RefError(f"git cannot read {folder} in {revision}: {archive.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        content = {
            member.name: file.read()
            for member in tar.getmembers()
            if member.isreg() and (file := tar.extractfile(member)) is not None
        }
    if not content:
        raise RefError(f"{folder} is not there in {revision}")
    return _written(f"{revision} ({commit[:9]})", content, into)


def _git(place: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", "-C", str(place), *words], capture_output=True, check=False, timeout=GIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RefError(f"git cannot be asked: {error}") from None


def _written(name: str, content: Mapping[str, bytes], into: Path) -> Ref:
    try:
        listing(content)
    except VersionError as error:
        raise RefError(str(error)) from None
    folder = into / str(len(list(into.iterdir()))) / "flows"
    write_content(content, folder)
    return Ref(name, folder)
