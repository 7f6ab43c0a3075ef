"""The flows that are shipped are proven, within seconds."""

from pathlib import Path

import pytest

from ivr.files.load import read_folder
from ivr.prover.prove import prove_folder
from ivr.prover.report import story

ROOT = Path(__file__).parent.parent.parent.parent
FROM_MS = 1_795_388_400_000
"""The beginning of 23 November 2026, a Monday."""


@pytest.mark.parametrize("demo", [False, True])
def test_the_shipped_flows_are_proven(demo: bool) -> None:
    proof = prove_folder(read_folder(ROOT / "flows"), FROM_MS, settings={"demo": demo})
    assert [line for fault in proof.faults for line in story(fault)] == []
    assert len(proof.flows) >= 12
    assert proof.unproven == ()
    assert all(flow.ends.get("person") and flow.ends.get("goodbye") for flow in proof.flows)
    assert sum(flow.took_s for flow in proof.flows) < 20
