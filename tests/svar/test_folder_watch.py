"""A changed folder is served in development, and one with mistakes changes nothing."""

from pathlib import Path

import pytest

from acd.versions_folder import FolderVersions
from ivr.language.problems import FlowFileError
from svar.folder_watch import FolderWatch
from tests.svar.editions import Bench, content, flow, publish


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(FolderVersions(tmp_path / "store"), tmp_path)


async def test_a_changed_folder_is_served(bench: Bench) -> None:
    await publish(bench.store, content("published"))
    watch = FolderWatch(bench.flows, bench.configured)
    await watch.start()
    assert bench.heard() == "folder"
    (bench.configured / "main.yaml").write_text(flow("changed"))
    await watch.look()
    assert bench.heard() == "changed"
    (bench.configured / "other.yaml").write_text(flow("other", 5001, "other"))
    await watch.look()
    assert bench.heard("5001") == "other"
    assert bench.loads == 3
    await watch.look()
    assert bench.loads == 3


async def test_mistakes_leave_what_was_served_and_are_told_once(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = FolderWatch(bench.flows, bench.configured)
    await watch.start()
    (bench.configured / "main.yaml").write_text(flow("changed").replace("hangup", "hangip"))
    await watch.look()
    await watch.look()
    assert bench.heard() == "folder"
    told = capsys.readouterr().out
    assert told.count("hangip") == 1
    assert f"{bench.configured}/main.yaml:" in told
    (bench.configured / "main.yaml").unlink()
    await watch.look()
    assert bench.heard() == "folder"
    (bench.configured / "main.yaml").write_text(flow("mended"))
    await watch.look()
    assert bench.heard() == "mended"


async def test_a_folder_with_mistakes_is_no_start(bench: Bench) -> None:
    (bench.configured / "main.yaml").write_text("flow: 7")
    with pytest.raises(FlowFileError):
        await FolderWatch(bench.flows, bench.configured).start()
