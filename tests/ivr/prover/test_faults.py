"""Every seeded fault is found, by its kind and node, and its repaired twin is proven."""

from pathlib import Path

import pytest

from ivr.files.load import read_folder
from ivr.prover.prove import Proof, prove_folder
from ivr.prover.report import story
from tests.ivr.prover.cases import CASES, FROM_MS, Case


def proof_of(folder: Path) -> Proof:
    read = read_folder(folder)
    assert [str(problem) for problem in read.problems] == []
    assert [str(problem) for loaded in read.flows for problem in loaded.marked.problems] == []
    return prove_folder(read, FROM_MS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_seeded_fault_is_found_where_it_is(case: Case, tmp_path: Path) -> None:
    proof = proof_of(case.write(tmp_path))
    found = [(fault.kind, f"{fault.flow}.{fault.node}") for fault in proof.faults]
    assert found == [(case.kind, case.node)], [line for fault in proof.faults for line in story(fault)]
    (fault,) = proof.faults
    lines = "\n".join(fault.story.lines())
    place = 0
    for words in case.tells:
        assert words in lines[place:], lines
        place = lines.index(words, place)
    path, line, _ = fault.place.rsplit(":", 2)
    assert f"{fault.node}:" in Path(path).read_text().splitlines()[int(line) - 1]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_repaired_twin_is_proven(case: Case, tmp_path: Path) -> None:
    proof = proof_of(case.write(tmp_path, repaired=True))
    assert [line for fault in proof.faults for line in story(fault)] == []


def test_there_are_enough_of_every_kind() -> None:
    assert len(CASES) >= 20
    assert len({case.kind for case in CASES}) >= 10
