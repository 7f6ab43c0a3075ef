"""A folder from the studio: which file is the recording of what, and which can be used."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ivr.prompts.inventory import Entry, examined
from ivr.prompts.recordings import Recordings
from ivr.prompts.studio import Line
from ivr.prompts.wav_file import LARGEST, WavFileError

MOST_FILES = 10_000
LONGEST_S = 600.0

_NUMBER = re.compile(r"0*([0-9]{1,6})(?![0-9])")
_OF_NO_SOUND = {".csv", ".txt", ".html", ".yaml", ".md", ".ini", ".part"}
_OTHER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Place:
    """What a recording is for: a key in a language, and the text that was read."""

    language: str
    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Placed:
    """A file that can be used, for one or more places; `doubts` are told, and do not keep it out."""

    file: Path
    places: tuple[Place, ...]
    data: bytes
    duration_s: float
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NotPlaced:
    """A file that is not used, and why."""

    file: Path
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    placed: tuple[Placed, ...]
    not_placed: tuple[NotPlaced, ...]


def plan(folder: Path, entries: Iterable[Entry], lines: Sequence[Line], language: str = "") -> Plan:
    """What to do with the files of `folder`. Files are named by number, of the script `lines`, or by key.

    A key is written as in the folder of recordings (`nb/main/menu.say.wav`), or with other signs between its parts
    (`nb_main_menu_say.wav`); without its language where `language` is given. Raises OSError.
    """
    entries = list(entries)
    said = {(entry.language, entry.key) for entry in entries}
    by_key = _by_key(entries, language)
    by_number = {
        line.number: [Place(line.language, key, line.text) for key in line.keys if (line.language, key) in said]
        for line in lines
    }
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _may_be_sound(path))
    found = {file: _places(file.relative_to(folder), by_key, by_number) for file in files[:MOST_FILES]}
    takes = Counter(place for places in found.values() if isinstance(places, list) for place in places)
    made: list[Placed | NotPlaced] = [NotPlaced(file, f"more than {MOST_FILES} files") for file in files[MOST_FILES:]]
    for file, places in found.items():
        twice = isinstance(places, list) and any(takes[place] > 1 for place in places)
        made.append(_placed(file, "there are several files for this prompt: keep one" if twice else places))
    return Plan(
        tuple(each for each in made if isinstance(each, Placed)),
        tuple(each for each in made if isinstance(each, NotPlaced)),
    )


def keep(planned: Plan, recordings: Recordings) -> None:
    """Copy the files, as they are, to where their recordings are looked for, and note the texts in the manifest.

    Raises OSError, and FlowFileError for a manifest that cannot be read.
    """
    texts = recordings.texts()
    for placed in planned.placed:
        for place in placed.places:
            _copy(placed, recordings.folder / place.language / f"{place.key}.wav")
            texts.setdefault(place.language, {})[place.key] = place.text
    if planned.placed:
        recordings.write_texts(texts)


def _copy(placed: Placed, target: Path) -> None:
    if target.resolve() == placed.file.resolve():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    part.write_bytes(placed.data)
    part.replace(target)


def _may_be_sound(path: Path) -> bool:
    """Not the script, notes, or what an operating system leaves behind."""
    return not path.name.startswith(".") and path.suffix.lower() not in _OF_NO_SOUND


def _canonical(name: str) -> str:
    return _OTHER.sub("-", name.lower()).strip("-")


def _by_key(entries: Iterable[Entry], language: str) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {}
    for entry in entries:
        where = Place(entry.language, entry.key, entry.text)
        found.setdefault(_canonical(f"{entry.language}/{entry.key}"), []).append(where)
        if entry.language == language:
            found.setdefault(_canonical(entry.key), []).append(where)
    return found


def _places(name: Path, by_key: dict[str, list[Place]], by_number: dict[int, list[Place]]) -> list[Place] | str:
    """Where a file belongs, or why that is not known."""
    found = by_key.get(_canonical(str(name.with_suffix(""))))
    if found is not None:
        return found if len(found) == 1 else f"it may be {' or '.join(place.key for place in found)}"
    number = _NUMBER.match(name.stem)
    if number is None:
        return "no prompt has this name: a file is named by its key, nb/main/menu.say.wav, or its number in the script"
    if not by_number:
        return "which script is the number of? Give it by --script FILE.csv, or put script.csv into the folder"
    known = by_number.get(int(number[1]))
    if known is None:
        return f"the script has no number {number[1]}"
    return known or f"the flows no longer say number {number[1]} of the script"


def _placed(file: Path, places: list[Place] | str) -> Placed | NotPlaced:
    if isinstance(places, str):
        return NotPlaced(file, places)
    try:
        if file.stat().st_size > LARGEST:
            return NotPlaced(file, f"larger than {LARGEST // 2**20} MiB")
        data = file.read_bytes()
        doubts, duration_s = examined(data)
    except (OSError, WavFileError) as fault:
        return NotPlaced(file, str(fault))
    if duration_s > LONGEST_S:
        return NotPlaced(file, f"{duration_s:.0f} s are too long for a prompt")
    return Placed(file, tuple(places), data, duration_s, tuple(doubts))
