"""The scenario of a fault fails in the simulator until the fault is mended: what is proven is what runs."""

from pathlib import Path

import pytest

from ivr.book import FlowBook, book_of
from ivr.files.load import read_folder
from ivr.prover.prove import prove_folder
from ivr.simulator.scenario import run_text
from tests.ivr.prover.cases import CASES, FROM_MS, Case


def book_in(folder: Path) -> FlowBook:
    """The flows of a folder, though `svar check` may refuse them too."""
    read = read_folder(folder)
    crises = {name: loaded.file.made() for name, loaded in read.crises.items()}
    flows = [loaded.flow for loaded in read.flows]
    return book_of(*flows, calendars=read.calendars, crises=crises, version="-")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_faults_scenario_fails_until_it_is_mended(case: Case, tmp_path: Path) -> None:
    faulty = case.write(tmp_path / "faulty")
    (fault,) = prove_folder(read_folder(faulty), FROM_MS).faults
    (shown,) = run_text(book_in(faulty), "shown.yaml", fault.scenario)
    assert [str(failure) for failure in shown.failures] != [], f"{fault.scenario}\n{shown.story}"
    mended = book_in(case.write(tmp_path / "mended", repaired=True))
    (again,) = run_text(mended, "shown.yaml", fault.scenario)
    assert [str(failure) for failure in again.failures] == []
