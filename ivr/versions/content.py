"""The flows' folder as the content of a version, and back."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from acd.versions import LARGEST_FILE, MOST_FILES, Content, TooLarge, VersionError, listing


def read_content(folder: Path) -> dict[str, bytes]:
    """Every file in the folder and below it, but those that are hidden or an editor's copies.

    Raises VersionError for what no version may hold, and where the folder cannot be read.
    """
    content: dict[str, bytes] = {}
    try:
        for file in _files(folder):
            if len(content) >= MOST_FILES:
                raise TooLarge(f"{folder}: more than {MOST_FILES} files, which is the most that a version has")
            if not file.resolve().is_relative_to(folder.resolve()):
                raise VersionError(f"{file}: leads out of the folder; put the file itself here")
            if file.stat().st_size > LARGEST_FILE:
                raise TooLarge(f"{file}: a file of a version has at most {LARGEST_FILE:,} bytes")
            content[file.relative_to(folder).as_posix()] = file.read_bytes()
    except OSError as error:
        raise VersionError(f"{error.filename or folder}: {error.strerror}") from None
    if not content:
        raise VersionError(f"{folder}: there is nothing in it that could be published")
    listing(content)
    return content


def stamps(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Path, time and size of each file: when they are the same, so is the content. Nothing where it cannot be read."""
    found = set()
    try:
        for file in _files(folder):
            seen = file.stat()
            found.add((str(file), seen.st_mtime_ns, seen.st_size))
    except OSError:
        # A file that goes while it is looked at; the next look sees the rest.
        pass
    return frozenset(found)


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(where) / name
            if not name.startswith(".") and not name.endswith("~") and file.is_file():
                yield file


def write_content(content: Content, folder: Path) -> None:
    """Make `folder` with these files; it appears whole or not at all. Raises OSError, also when it is there already."""
    if folder.exists():
        raise FileExistsError(f"{folder}: is there already")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as temporary:
        made = Path(temporary) / "flows"
        made.mkdir()
        for path, data in content.items():
            file = made / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        made.rename(folder)
