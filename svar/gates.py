"""What a version of the flows has to pass before callers get it. A new gate is one more row of GATES."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from acd.versions import Gate
from ivr.checks.flows import check_folder
from ivr.files.load import read_folder
from ivr.language.calendar import OSLO
from ivr.language.problems import FlowFileError, errors
from ivr.prompts.parity import parity_problems
from ivr.prompts.recordings import Listing, Recordings
from ivr.prover.prove import prove_folder
from ivr.simulator.scenario import run_folder
from svar import deployment
from svar.config import Config
from svar.crises_prepared import unrehearsed
from svar.terminal import without_logs

MOST_LINES = 50
"""Of what one gate says; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one gate says: in few words for the record, and every mistake on a line of its own for the publisher."""

    name: str
    passed: bool
    told: str
    lines: tuple[str, ...] = ()

    def record(self) -> Gate:
        return Gate(self.name, self.passed, self.told)


Examine = Callable[[Config, Path], Sequence[str]]
"""The mistakes in a folder of flows, in words; none: it passes."""


def _check(config: Config, folder: Path) -> Sequence[str]:
    return [str(problem) for problem in errors(check_folder(folder, deployment.names(config)))]


def _prompts(config: Config, folder: Path) -> Sequence[str]:
    listing = Listing.of(Recordings(folder / "prompts"))
    return [str(problem) for problem in parity_problems(read_folder(folder), listing)]


def _scenarios(config: Config, folder: Path) -> Sequence[str]:
    with without_logs():
        return [str(failure) for result in run_folder(folder) for failure in result.failures]


def _crises(config: Config, folder: Path) -> Sequence[str]:
    return unrehearsed(config, folder)


def _prove(config: Config, folder: Path) -> Sequence[str]:
    today = datetime.now(OSLO).replace(hour=0, minute=0, second=0, microsecond=0)
    proof = prove_folder(read_folder(folder), round(today.timestamp()) * 1000, settings=config.flows.settings)
    return [str(fault) for fault in proof.faults]


GATES: tuple[tuple[str, Examine], ...] = (
    ("check", _check),
    ("prompts", _prompts),
    ("test", _scenarios),
    ("crises", _crises),
    ("prove", _prove),
)
"""In this order; what comes after one that was not passed is not run, since it would say the same again."""


def examine(config: Config, folder: Path, shown_as: Path) -> list[Verdict]:
    """What every gate says of the flows in `folder`; its lines name files as if they stood in `shown_as`."""
    verdicts: list[Verdict] = []
    for name, gate in GATES:
        if any(not verdict.passed for verdict in verdicts):
            verdicts.append(Verdict(name, passed=False, told="not run"))
            continue
        try:
            mistakes = list(gate(config, folder))
        except FlowFileError as error:
            mistakes = [str(problem) for problem in error.problems]
        verdicts.append(_verdict(name, [line.replace(str(folder), str(shown_as)) for line in mistakes]))
    return verdicts


def _verdict(name: str, mistakes: Sequence[str]) -> Verdict:
    if not mistakes:
        return Verdict(name, passed=True, told="passed")
    lines = tuple(mistakes[:MOST_LINES])
    more = len(mistakes) - len(lines)
    if more:
        lines += (f"... and {more} more",)
    told = f"{len(mistakes)} mistake{'s' if len(mistakes) > 1 else ''}"
    return Verdict(name, passed=False, told=told, lines=lines)
