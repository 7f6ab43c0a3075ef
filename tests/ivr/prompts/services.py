"""A service in three languages, one of them without a voice, for tests of recordings."""

from pathlib import Path

from ivr.files.load import LoadedFlow, load_flow
from ivr.prompts.recordings import Listing, Recordings
from tests.ivr.prompts.wavs import sine, written

SERVICE = """\
flow: line
title: A line
numbers: [5010]
languages: [nb, se, en]
FALLBACK
start: menu
nodes:
  bye:
    type: hangup
    say: {nb: Ha det bra., se: Báze dearvan., en: Goodbye.}
  menu:
    type: menu
    say: {nb: "Velkommen. Tast 1.", se: Bures boahtin. Deaddil 1., en: Welcome. Press 1.}
    keys: {1: place}
    no_choice: bye
  place:
    type: say
    say:
      nb: Du er nummer {number} i køen.
      se: Don leat nummir {number:number}.
      en: You are number {number} in the queue.
    next: bye
"""
SAMI = ("line/menu.say", "line/place.say.1", "line/bye.say")


def service(fallback: str = "", text: str = SERVICE) -> LoadedFlow:
    declared = f"fallback: {fallback}\n" if fallback else ""
    flow, marked = load_flow("flows/line.yaml", text.replace("FALLBACK\n", declared))
    assert flow is not None, marked.problems
    assert marked.problems == []
    return LoadedFlow(flow, marked)


def record(folder: Path, name: str, seconds: float = 0.5, level: float = 0.3) -> Path:
    """A tone in place of speech, as the recording `name`."""
    path = folder / f"{name}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(sine(seconds, level), 16))
    return path


def listing(folder: Path) -> Listing:
    return Listing.of(Recordings(folder))
