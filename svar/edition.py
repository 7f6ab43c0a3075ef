"""One version of the flows as this node serves it: its book, the sound of its prompts, and who is still in it."""

import asyncio
import gc
import shutil
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol
from weakref import WeakValueDictionary

from acd.versions import Content, VersionId, identify, listing, short
from ivr.book import FlowBook
from ivr.contact import serve
from ivr.files.flow import Flow
from ivr.language.problems import FlowFileError, Problem
from ivr.language.prompting import Prompts
from ivr.ports.call import Call
from ivr.running.run import Services
from ivr.versions.content import read_content, write_content

READY_S = 60.0
"""The longest wait for the sound of a new version's prompts."""
GIL_S = 0.0005
"""How soon a thread that loads flows lets the loop go on: by Python's own 5 ms each step of a call waited for it, and
the loop was 16 ms late at worst, instead of 6, while 200 flows were loaded.
"""
_USUAL_S = sys.getswitchinterval()
COPIES = 4
"""Folders of versions that a node keeps, to start from; more only while more are in use."""


class Sound(Prompts, Protocol):
    """Prompts that belong to one edition."""

    async def close(self) -> None: ...


Load = Callable[[Path], FlowBook]
"""The book of a folder, as this node's configuration has it. Raises FlowFileError."""
Speak = Callable[[FlowBook, Path], Awaitable[Sound]]
"""The sound of a book, ready, with the recordings of its folder."""


class Edition:
    """A contact stays with the edition that it began with; one without contacts may be closed."""

    def __init__(self, id_: VersionId, book: FlowBook, sound: Sound) -> None:
        """`id_` is empty for the configured folder, where nothing is published. `begun` is whoever's that counts it."""
        self.id = id_
        self.book = book
        self.sound = sound
        self.contacts = 0
        self.begun = 0
        self._services: tuple[Services, Services] | None = None

    @property
    def name(self) -> str:
        """What contacts' records call it."""
        return self.book.version

    async def serve(self, call: Call, flow: Flow, services: Services) -> None:
        """Lead a contact through one of the edition's flows."""
        self.contacts += 1
        self.begun += 1
        try:
            await serve(call, self.book, flow, self._with_sound(services))
        finally:
            self.contacts -= 1

    def _with_sound(self, services: Services) -> Services:
        """The node's services with this edition's prompts, at its site if that is one of the edition's."""
        if self._services is None or self._services[0] is not services:
            sites = self.book.routing.sites
            # At a site that is none, nobody would be the caller's own: all are.
            site = services.site if not sites or services.site in sites else ""
            self._services = (services, replace(services, prompts=self.sound, site=site))
        return self._services[1]


class Press:
    """Makes editions, without holding up the loop. `folder` keeps copies of versions, and is made when needed."""

    def __init__(self, folder: Path, load: Load, speak: Speak) -> None:
        self._folder = folder
        self._load = load
        self._speak = speak
        self._in_use: WeakValueDictionary[Path, Edition] = WeakValueDictionary()

    async def of_folder(self, folder: Path) -> Edition:
        """The edition of a folder of flows as it stands now. Raises FlowFileError."""
        return await self._made(VersionId(""), folder)

    async def of_content(self, id_: VersionId, content: Content, shown_as: Path | None = None) -> Edition:
        """The edition of a version. Raises FlowFileError, OSError, TimeoutError.

        Mistakes are told as if the files stood in `shown_as`.
        """
        folder = self._folder / short(id_)
        await asyncio.to_thread(_copy, id_, content, folder, frozenset(self._in_use))
        try:
            edition = self._in_use[folder] = await self._made(id_, folder)
        except FlowFileError as error:
            if shown_as is None:
                raise
            raise FlowFileError([_moved(problem, folder, shown_as) for problem in error.problems]) from None
        return edition

    async def _made(self, id_: VersionId, folder: Path) -> Edition:
        with patient():
            book = await asyncio.to_thread(self._load, folder)
        if id_:
            book = replace(book, version=short(id_))
        async with asyncio.timeout(READY_S):
            return Edition(id_, book, await self._speak(book, folder))


def _moved(problem: Problem, folder: Path, to: Path) -> Problem:
    path = Path(problem.path)
    return replace(problem, path=str(to / path.relative_to(folder))) if path.is_relative_to(folder) else problem


def _copy(id_: VersionId, content: Content, folder: Path, in_use: Collection[Path]) -> None:
    """A copy that is there already may have been changed by somebody. One in use stays: music is read when it is
    first wanted.
    """
    if folder.exists():
        if identify(listing(read_content(folder))) == id_:
            folder.touch()
            return
        shutil.rmtree(folder)
    copies = sorted(folder.parent.glob("[!.]*"), key=lambda path: path.stat().st_mtime)
    for old in copies[: max(0, len(copies) - COPIES + 1)]:
        if old not in in_use:
            shutil.rmtree(old, ignore_errors=True)
    write_content(content, folder)


@contextmanager
def patient() -> Iterator[None]:
    """While a thread works that must not hold up the loop. Nothing looks for cyclic garbage meanwhile: with all that
    is new it would look for 30 ms in one go.
    """
    collects = gc.isenabled()
    gc.disable()
    sys.setswitchinterval(GIL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(_USUAL_S)
        if collects:
            gc.enable()
