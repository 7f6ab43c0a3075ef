"""svar prompts: what callers hear from a person, what from a voice, and what not at all; and the way to the studio."""

import os
import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from ivr.files.load import read_folder
from ivr.language.problems import FlowFileError, did_you_mean, errors
from ivr.prompts import importing, studio
from ivr.prompts.inventory import LONGEST_MENU_S, VALUES, Inventory, Section, State, crisis_section, section, take
from ivr.prompts.recordings import Listing, Recordings
from ivr.prompts.speech import PromptError
from svar import feature_codes, listening, logs
from svar.commands.serve import EXAMPLE
from svar.config import ConfigError, load
from svar.prompt_tables import as_json, print_inventory

RECORDINGS = "prompts"
SCRIPT = "script.csv"
PIPED_WIDTH = 200
"""Columns of the table where no terminal says how many there are."""

prompts = typer.Typer(no_args_is_help=True, help="What is recorded, and the way to the studio and back.")

Configuration = Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")]
Language = Annotated[str, typer.Option(help="only this language")]
OnlyFlow = Annotated[str, typer.Option("--flow", help="only what this flow (or crisis) says, by its name")]


class ListFormat(StrEnum):
    TABLE = "table"
    JSON = "json"


class ScriptFormat(StrEnum):
    TXT = "txt"
    CSV = "csv"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class _Read:
    """What the flows of the configuration say, and what is recorded of it."""

    sections: list[Section]
    mistakes: bool
    listing: Listing


def _read(config: Path) -> _Read:
    """Mistakes in flows are told and left out."""
    logs.configure(json=False, debug=False)
    try:
        folder = Path(load(config, os.environ).flows.folder)
        read = read_folder(folder)
        listing = Listing.of(Recordings(folder / RECORDINGS))
    except (ConfigError, FlowFileError) as error:
        _fail(str(error))
    problems = errors([*read.problems, *(problem for loaded in read.flows for problem in loaded.marked.problems)])
    for problem in problems:
        print(problem, file=sys.stderr)
    flows = [loaded.flow for loaded in read.flows]
    sections = [section(flow) for flow in flows]
    sections += [crisis_section(loaded.file.made(), flows) for loaded in read.crises.values()]
    agents = Section("agent", "Agents' own phones", ("nb", "en"), feature_codes.SPOKEN)
    if problems:
        print("the flows have mistakes (svar check): what they say there is left out here", file=sys.stderr)
    return _Read([*sections, agents], bool(problems), listing)


def _taken(config: Path, flow: str = "", longest_menu_s: float = LONGEST_MENU_S) -> tuple[Recordings, Inventory]:
    read = _read(config)
    sections = [each for each in read.sections if flow in ("", each.name)]
    if not sections:
        _fail(f"there is no flow {flow!r}{did_you_mean(flow, [each.name for each in read.sections])}")
    inventory = take(sections, read.listing, longest_menu_s=longest_menu_s)
    return read.listing.recordings, replace(inventory, unused=()) if read.mistakes or flow else inventory


def _fail(why: str) -> NoReturn:
    print(why, file=sys.stderr)
    raise typer.Exit(1)


@prompts.command("list")
def list_(
    config: Configuration = EXAMPLE,
    flow: OnlyFlow = "",
    language: Language = "",
    missing: Annotated[bool, typer.Option("--missing", help="what no caller can hear")] = False,
    stale: Annotated[bool, typer.Option("--stale", help="recordings of another text")] = False,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="what the synthetic voice speaks")] = False,
    values: Annotated[bool, typer.Option("--values", help="numbers, dates and other values word by word")] = False,
    longest_menu_s: Annotated[float, typer.Option(help="menus longer than this are told")] = LONGEST_MENU_S,
    format_: Annotated[ListFormat, typer.Option("--format", help="for people or for programs")] = ListFormat.TABLE,
) -> None:
    """Tell of each text whether it is recorded, stale, synthetic or missing, and which recordings are wrong or unused.

    Exits with 1 when something is missing.
    """
    _, inventory = _taken(config, flow, longest_menu_s)
    chosen = {State.MISSING: missing, State.STALE: stale, State.SYNTHETIC: synthetic}
    states = [state for state, wanted in chosen.items() if wanted] or list(State)
    entries = [entry for entry in inventory.of(*states) if language in ("", entry.language)]
    shown = [entry for entry in entries if values or entry.section != VALUES]
    if format_ is ListFormat.JSON:
        print(as_json(inventory, shown))
    else:
        console = Console()
        if not console.is_terminal:
            console.width = PIPED_WIDTH
        print_inventory(console, inventory, shown, len(entries) - len(shown), longest_menu_s)
    if inventory.of(State.MISSING):
        raise typer.Exit(1)


@prompts.command()
def script(
    config: Configuration = EXAMPLE,
    flow: OnlyFlow = "",
    language: Language = "",
    everything: Annotated[bool, typer.Option("--all", help="also what is recorded already")] = False,
    values: Annotated[bool, typer.Option(help="with numbers, dates and other values, word by word")] = True,
    format_: Annotated[ScriptFormat, typer.Option("--format", help="csv is what `import` reads")] = ScriptFormat.TXT,
    output: Annotated[Path | None, typer.Option(help="file or folder to write to; a folder gets all formats")] = None,
) -> None:
    """Write what a speaker has to read, numbered, in the order in which callers hear it."""
    _, inventory = _taken(config, flow)
    entries = [
        entry
        for entry in inventory.entries
        if language in ("", entry.language)
        and (everything or entry.state is not State.RECORDED)
        and (values or entry.section != VALUES)
    ]
    lines = studio.script(entries)
    if not lines:
        print("nothing is missing: everything is recorded (--all for a script of everything)", file=sys.stderr)
    title = f"Studio script{f' ({language})' if language else ''}"
    made = {
        ScriptFormat.TXT: studio.as_text(lines, title),
        ScriptFormat.CSV: studio.as_csv(lines),
        ScriptFormat.HTML: studio.as_html(lines, title),
    }
    if output is None:
        print(made[format_], end="")
        return
    if output.suffix:
        _write({output: made[format_]})
    else:
        _write({output / f"script.{kind.value}": text for kind, text in made.items()})
    print(f"{len(lines)} lines in {output}")


def _write(files: dict[Path, str]) -> None:
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as fault:
        _fail(f"the script cannot be written: {fault}")


@prompts.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="folder of WAV files, named by key or by number of the script")],
    config: Configuration = EXAMPLE,
    language: Annotated[str, typer.Option(help="of files that are named by key without a language")] = "",
    script: Annotated[Path | None, typer.Option(help="the script as CSV; FOLDER/script.csv without it")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="tell only what would be done")] = False,
) -> None:
    """Check a folder of recordings and copy them, as they are, to where svar looks for them.

    Exits with 1 when a file could not be placed.
    """
    recordings, inventory = _taken(config)
    if not folder.is_dir():
        _fail(f"{folder}: there is no such folder")
    try:
        planned = importing.plan(folder, inventory.entries, _script(folder, script), language)
        for each in planned.placed:
            targets = ", ".join(f"{place.language}/{place.key}" for place in each.places)
            print(f"{each.file.relative_to(folder)} -> {targets} ({each.duration_s:.1f} s)")
            for doubt in each.doubts:
                print(f"{each.file}: warning: {doubt}", file=sys.stderr)
        if not dry_run:
            importing.keep(planned, recordings)
    except (OSError, ValueError, FlowFileError) as fault:
        _fail(str(fault))
    for refused in planned.not_placed:
        print(f"{refused.file}: not placed: {refused.why}", file=sys.stderr)
    done = "would be placed" if dry_run else "placed"
    print(f"{len(planned.placed)} {done}, {len(planned.not_placed)} not")
    if planned.not_placed:
        raise typer.Exit(1)


def _script(folder: Path, script: Path | None) -> list[studio.Line]:
    path = script or folder / SCRIPT
    if script is None and not path.exists():
        return []
    try:
        return studio.from_csv(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise ValueError(f"{path}: {fault}") from fault


@prompts.command()
def listen(
    key: Annotated[str, typer.Argument(help="the text's key, as `list` shows it: main/menu.say")],
    config: Configuration = EXAMPLE,
    language: Annotated[str, typer.Option(help="the caller's language; the flow's first without it")] = "",
    output: Annotated[Path | None, typer.Option(help="write a WAV file in place of playing it")] = None,
) -> None:
    """Hear a text as callers do, values by example: through the sound card, or as a WAV file."""
    read = _read(config)
    found = next(((said, each.languages[0]) for each in read.sections for said in each.said if said.key == key), None)
    if found is None:
        keys = [said.key for each in read.sections for said in each.said]
        _fail(f"no text has the key {key!r}{did_you_mean(key, keys)}")
    said, first = found
    try:
        heard = listening.hear(said, language or first, read.listing)
        for clip in heard.clips:
            print(f"{clip.language} {'synthetic' if clip.synthetic else 'recorded '} {clip.text}")
        listening.give(heard, output)
    except (PromptError, OSError) as fault:
        _fail(str(fault))
