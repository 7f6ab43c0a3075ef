"""The scripts as text and digest: the constants, the libraries, then one command."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from acd.model import (
    FROM_THE_FIRST,
    GAP_MS,
    NODE_LEASE_MS,
    OFFER_GRACE_MS,
    RECHECK_MOST,
    RECHECK_MS,
    SLOW_STEP,
    STEP_LIMIT,
    TIERS_CHANGED,
)

FOLDER = Path(__file__).parent / "scripts"
LIBRARIES = ("_estimates", "_lib", "_foreseeing", "_deciding", "_steps", "_callbacks", "_pools")
"""What comes before every command, in this order: each may use those before it."""
CONSTANTS = {
    "OFFER_GRACE_MS": OFFER_GRACE_MS,
    "NODE_LEASE_MS": NODE_LEASE_MS,
    "GAP_MS": GAP_MS,
    "FROM_THE_FIRST": FROM_THE_FIRST,
    "TIERS_CHANGED": TIERS_CHANGED,
    "STEP_LIMIT": STEP_LIMIT,
    "SLOW_STEP": SLOW_STEP,
    "RECHECK_MS": RECHECK_MS,
    "RECHECK_MOST": RECHECK_MOST,
    "ANSWER_MS": 60_000,
    "ANSWERS_MOST": 20_000,
    "EVENTS_MOST": 1_000_000,
    "NODE_MESSAGES_MOST": 10_000,
}


@dataclass(frozen=True, slots=True)
class Script:
    """A command's text, and the digest under which EVALSHA finds it."""

    text: str
    sha: str

    @classmethod
    def of(cls, text: str) -> "Script":
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def assemble(folder: Path = FOLDER) -> dict[str, Script]:
    """Every command of `folder` by its file's name."""
    paths = (path for path in folder.glob("*.lua") if path.stem not in LIBRARIES)
    return _assembled(paths, [folder / f"{name}.lua" for name in LIBRARIES])


@cache
def beside(folder: str) -> dict[str, Script]:
    """Those of a folder beside the distributor's own, which need no more of its libraries than `_lib`."""
    return _assembled((FOLDER / folder).glob("*.lua"), [FOLDER / "_lib.lua"])


@cache
def alone(name: str) -> Script:
    """One that needs no library, by its path in the folder of scripts."""
    return Script.of((FOLDER / f"{name}.lua").read_text())


def _assembled(paths: Iterable[Path], libraries: Sequence[Path]) -> dict[str, Script]:
    constants = "".join(f"local {name} = {value}\n" for name, value in CONSTANTS.items())
    library = constants + "".join(path.read_text() for path in libraries)
    return {path.stem: Script.of(library + path.read_text()) for path in sorted(paths)}


@cache
def scripts() -> dict[str, Script]:
    return assemble()
