"""A version on trial needs queues that are in service."""

from pathlib import Path

from ivr.versions.content import read_content
from svar.config import load
from svar.trials import lacking
from tests.ivr.files.routing_folders import FLOW, QUEUES, write


def test_a_trial_may_not_lead_to_a_queue_that_only_its_own_routing_has(tmp_path: Path) -> None:
    (tmp_path / "svar.toml").write_text('[[queue]]\nname = "old"\n')
    config = load(tmp_path / "svar.toml", {})
    served = read_content(write(tmp_path / "served"))
    other = write(
        tmp_path / "tried",
        flow=FLOW.replace("queue: family", "queue: familie"),
        queues=QUEUES.replace("name: family", "name: familie"),
    )
    assert lacking(config, read_content(other), served) == [
        "there is no queue 'familie' in service; did you mean 'family'?"
    ]
    old = write(tmp_path / "old", flow=FLOW.replace("queue: family", "queue: old"))
    assert lacking(config, read_content(old), served) == []
