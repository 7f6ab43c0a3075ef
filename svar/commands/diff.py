"""svar diff: what callers will hear, and where they will get, that they didn't before."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from acd.distributor import DistributorError
from ivr.difference import telling
from ivr.difference.changes import Difference
from ivr.difference.folders import Side, compare, flow_pairs
from ivr.difference.phrases import Phrases
from ivr.difference.picture import graph_of_difference
from ivr.files.load import read_folder
from ivr.language.problems import FlowFileError, did_you_mean, errors
from ivr.language.routing import NO_ROUTING
from ivr.picture.graph import Around
from ivr.picture.svg import svg
from ivr.picture.words import LANGUAGES
from svar import logs
from svar.commands.graph import titles_of
from svar.commands.serve import EXAMPLE
from svar.config import Config, ConfigError, load
from svar.embedded.child import EmbeddedError
from svar.flow_refs import Ref, RefError, in_service, load_ref, of_git
from svar.written import refusal, write_out

FAULTS = (ConfigError, RefError, FlowFileError, EmbeddedError, DistributorError, OSError)
_COLOURS = {"added": "green", "removed": "red", "changed": "yellow", "heading": "bold", "inside": "dim"}


class Format(StrEnum):
    """How the difference is told."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    SVG = "svg"


def diff(
    old: Annotated[str, typer.Argument(help="folder, flow file, version, git revision; or what is in service")] = "",
    new: Annotated[str, typer.Argument(help="the same; without it the flows' folder")] = "",
    flow: Annotated[str, typer.Option(help="only this flow")] = "",
    language: Annotated[str, typer.Option(help="en or nb: of the words")] = "en",
    form: Annotated[
        Format, typer.Option("--format", help="for people, pages, programs, or as a picture")
    ] = Format.TEXT,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="the file; of pictures the folder")] = None,
    config: Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")] = EXAMPLE,
) -> None:
    """Compare two versions of the flows, in the words of those who call.

    Without OLD it is what is in service, or, where nothing was published, the folder as last committed.
    """
    logs.configure(json=False, debug=False)
    if language not in LANGUAGES:
        raise _refused(f"there are no words in {language!r}; there are {', '.join(LANGUAGES)}")
    try:
        settings = load(config, os.environ)
        with tempfile.TemporaryDirectory() as temporary:
            sides = _sides(settings, old, new, flow, Path(temporary))
    except FAULTS as fault:
        raise _refused(str(fault)) from None
    phrases = Phrases(language, titles_of(settings))
    if form is Format.SVG:
        _draw(*sides, phrases, output)
        return
    _tell(compare(*sides, phrases), phrases, form, output)


def _sides(settings: Config, old: str, new: str, flow: str, into: Path) -> tuple[Side, Side]:
    """Both versions. A file on one side means that flow alone on both."""
    later = load_ref(new or settings.flows.folder, settings, into)
    earlier = load_ref(old, settings, into) if old else _before(settings, into)
    before, now = _side(earlier, into), _side(later, into)
    only = (
        {flow} if flow else {name for ref, side in ((earlier, before), (later, now)) if ref.file for name in side.flows}
    )
    if not only:
        return before, now
    known = {*before.flows, *now.flows}
    if not only & known:
        raise RefError(f"there is no flow {flow!r} in either{did_you_mean(flow, known)}")
    pairs = flow_pairs(before, now)
    only |= {now_ for name, now_ in pairs.items() if name in only} | {
        name for name, now_ in pairs.items() if now_ in only
    }
    return _only(before, only), _only(now, only)


def _only(side: Side, names: set[str]) -> Side:
    flows = {name: flow for name, flow in side.flows.items() if name in names}
    return replace(side, flows=flows, routing=NO_ROUTING, rosters={})


def _before(settings: Config, into: Path) -> Ref:
    served = in_service(settings, into)
    if served is not None:
        return served
    folder = Path(settings.flows.folder)
    try:
        return of_git("HEAD", folder, into)
    except RefError:
        raise RefError(
            f"nothing was ever published, and {folder} has no commit: name what to compare with, as `svar diff OLD`"
        ) from None


def _side(ref: Ref, into: Path) -> Side:
    """Raises FlowFileError where flows cannot be read; a difference of half of them would mislead."""
    folder = read_folder(ref.folder)
    marks = [*(loaded.marked for loaded in folder.flows), *folder.routing.marks]
    problems = errors([*folder.problems, *(one for marked in marks for one in marked.problems)])
    if problems:
        shown = [replace(one, path=_named(one.path, ref, into)) for one in problems]
        raise FlowFileError(shown)
    flows = {loaded.flow.flow: loaded.flow for loaded in folder.flows}
    if ref.file:
        flows = {one.flow.flow: one.flow for one in folder.flows if Path(one.marked.path).name == ref.file}
    crises = {name: loaded.file for name, loaded in folder.crises.items()}
    routing = NO_ROUTING if ref.file else folder.routing.made()
    rosters = {} if ref.file else {name: loaded.file.made() for name, loaded in folder.rosters.items()}
    return Side(ref.name, flows, folder.calendars, {} if ref.file else crises, routing, rosters)


def _named(path: str, ref: Ref, into: Path) -> str:
    """A file of a version that was written out for this, by the version's name."""
    place = Path(path)
    return f"{ref.name}:{place.relative_to(ref.folder)}" if place.is_relative_to(into) else path


def _tell(difference: Difference, phrases: Phrases, form: Format, output: Path | None) -> None:
    if form is Format.TEXT and output is None:
        console = Console(highlight=False, soft_wrap=True)
        for line in telling.as_text(difference, phrases, _coloured):
            console.print(line)
        return
    write_out("diff", "\n".join(_lines(difference, phrases, form)) + "\n", output)


def _lines(difference: Difference, phrases: Phrases, form: Format) -> Iterator[str]:
    if form is Format.JSON:
        yield telling.as_json(difference, phrases)
    elif form is Format.MARKDOWN:
        yield from telling.as_markdown(difference, phrases)
    else:
        yield from telling.as_text(difference, phrases)


def _coloured(text: str, role: str) -> str:
    return f"[{_COLOURS[role]}]{escape(text)}[/]"


def _draw(before: Side, now: Side, phrases: Phrases, output: Path | None) -> None:
    """A picture of every flow that both have and that changed."""
    around = Around(now.calendars, phrases.titles)
    pairs = {name: other for name, other in flow_pairs(before, now).items()
             if before.flows[name].version != now.flows[other].version}  # fmt: skip
    remark = f"{before.name} → {now.name}"
    drawn = {
        other: svg(graph_of_difference(before.flows[name], now.flows[other], phrases, around, remark))
        for name, other in pairs.items()
    }
    if not drawn:
        raise _refused(f"no flow differs between {before.name} and {now.name}")
    if len(drawn) == 1 and (output is None or output.suffix == ".svg"):
        write_out("diff", next(iter(drawn.values())), output)
    elif output is None or output.suffix == ".svg":
        raise _refused(f"several flows differ ({', '.join(drawn)}): name one by --flow, or a folder by -o")
    else:
        for name, text in drawn.items():
            write_out("diff", text, output / f"{name}.svg")


def _refused(message: str) -> typer.Exit:
    return refusal("diff", message)
