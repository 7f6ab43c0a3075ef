"""The crises that are prepared in the flows in service, whether they were rehearsed, and what they do in words."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from acd.crises import CrisisError
from acd.versions import Content, short
from acd.versions_redis import RedisVersions
from ivr.book import FlowBook, load_book
from ivr.files.load import read_folder
from ivr.language.crises import Crisis
from ivr.language.expression import Expression
from ivr.language.lengths import length_text
from ivr.language.problems import did_you_mean
from ivr.language.prompting import Said
from ivr.simulator.cases import Case, cases_in
from ivr.simulator.prompts import prompts_of
from ivr.simulator.scenario import run_case
from ivr.versions.content import write_content
from svar import deployment
from svar.config import Config


@dataclass(frozen=True, slots=True)
class Prepared:
    """The flows that callers get: those of `version` (its short id), or of the configured folder where it is empty."""

    version: str
    folder: Path
    book: FlowBook
    cases: tuple[Case, ...]
    unpublished: tuple[str, ...] = ()
    """Crises that stand in the configured folder only."""

    @property
    def where(self) -> str:
        """The flows in words."""
        return f"version {self.version}, which is in service" if self.version else f"the folder {self.folder}"

    def find(self, name: str) -> Crisis:
        """Raises CrisisError for a name that is none, or one that is not in service."""
        crisis = self.book.crises.get(name)
        if crisis is not None:
            return crisis
        if name in self.unpublished:
            raise CrisisError(f"the crisis {name!r} is not in {self.where}; it stands in the configured folder only: "
                              "`svar publish` puts that into service")  # fmt: skip
        known = sorted({*self.book.crises, *self.unpublished})
        told = f"there are: {', '.join(sorted(self.book.crises))}" if self.book.crises else "there is none"
        raise CrisisError(f"there is no crisis {name!r} in {self.where}{did_you_mean(name, known)} ({told})")

    def rehearsals(self, name: str) -> list[Case]:
        """The scenarios in which it is on."""
        return [case for case in self.cases if case.scenario.crisis == name]

    def rehearse(self, name: str) -> list[str]:
        """Play its scenarios; what went wrong in them, or that there is none. Nothing: it was rehearsed."""
        cases, prompts = self.rehearsals(name), prompts_of(self.folder)
        if not cases:
            return [f"no scenario has `crisis: {name}`, so nobody knows what callers would hear"]
        results = [run_case(self.book, case, prompts) for case in cases]
        return [str(failure) for result in results for failure in result.failures]


@asynccontextmanager
async def in_service(config: Config, versions: RedisVersions) -> AsyncIterator[Prepared]:
    """What most callers get; of a version on trial nothing is said. Raises Unavailable, FlowFileError, Damaged."""
    configured = Path(config.flows.folder)
    pointer = await versions.pointer()
    if not pointer.active:
        yield await asyncio.to_thread(_read, config, configured, "")
        return
    content = await versions.content(pointer.active)
    with tempfile.TemporaryDirectory(prefix="svar-crisis-") as temporary:
        yield await asyncio.to_thread(_unpacked, config, content, Path(temporary) / "flows", short(pointer.active))


def _unpacked(config: Config, content: Content, folder: Path, version: str) -> Prepared:
    write_content(content, folder)
    return _read(config, folder, version)


def _read(config: Config, folder: Path, version: str) -> Prepared:
    book = load_book(folder, deployment.names(config))
    unpublished = read_folder(Path(config.flows.folder)).crises.keys() - book.crises.keys() if version else set()
    return Prepared(version, folder, book, tuple(cases_in(folder, book)), tuple(sorted(unpublished)))


def unrehearsed(config: Config, folder: Path) -> list[str]:
    """For the gate: a crisis without a scenario, at its file. Raises FlowFileError."""
    loaded = read_folder(folder).crises
    if not loaded:
        return []
    prepared = _read(config, folder, "")
    return [
        f"{loaded[name].marked.path}:1:1: no scenario has `crisis: {name}`: rehearse it before it is needed"
        for name in sorted(prepared.book.crises)
        if not prepared.rehearsals(name)
    ]


def in_words(crisis: Crisis, languages: tuple[str, ...] = ()) -> Iterator[str]:
    """What it does to whom, a line each; of the texts only those in `languages`, where there are some."""
    where = f"in {', '.join(sorted(crisis.flows))}" if crisis.flows else "in every flow with a crisis message"
    yield f"new callers {where} hear:"
    yield from _texts(crisis.message, languages)
    for first in crisis.first:
        start = f"{length_text(first.by_s)} before the others"
        yield f"let through first: callers of queue {first.queue}{_when(first.when)}, as if they had come {start}"
    for deflection in crisis.deflect:
        ends = "then the call ends" if deflection.ends else "then they wait"
        if deflection.stay:
            ends += f", unless they press {deflection.stay} to wait all the same"
        yield f"deflected: callers of queue {deflection.queue}{_when(deflection.when)} hear this, {ends}:"
        yield from _texts(deflection.say, languages)
    if not crisis.first and not crisis.deflect:
        yield "queues stay as they are: nobody is let through first, nobody is deflected"


def _when(when: Expression | None) -> str:
    return f" for whom {when.text}" if when is not None else ""


def _texts(said: Said, languages: tuple[str, ...]) -> Iterator[str]:
    for language, text in said.texts.items():
        if not languages or language in languages:
            yield f"  {language}  {text}"
