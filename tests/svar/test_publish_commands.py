"""`svar publish`, `svar rollback` and `svar versions` as an admin types them."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.connection import command_client
from acd.model import NodeId
from acd.serving import Serving, ServingReports
from acd.store import RedisDistributor
from acd.versions import Move, Pointer, Version
from acd.versions_redis import RedisVersions
from svar.cli import app
from svar.config import load
from svar.flow_store import open_store
from tests.svar.editions import flow
from tests.svar.test_check_command import as_it_was

Svar = Callable[..., Result]


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    folder = tmp_path / "flows"
    folder.mkdir()
    (folder / "main.yaml").write_text(flow("one"))
    return folder


@pytest.fixture
def config(tmp_path: Path, flows: Path, redis_url: str) -> Path:
    config = tmp_path / "svar.toml"
    node = f'[node]\ntenant = "t"\nname = "n1"\nstate = "{tmp_path / "state"}"\n'
    config.write_text(f'{node}[redis]\nurl = "{redis_url}"\n[flows]\nfolder = "flows"\n')
    return config


@pytest.fixture
def embedded(config: Path, redis_url: str) -> Path:
    """The same without a Redis that is given."""
    config.write_text(config.read_text().replace(f'[redis]\nurl = "{redis_url}"\n', ""))
    return config


@pytest.fixture
def svar(config: Path) -> Svar:
    def run(*words: str) -> Result:
        with as_it_was():
            return CliRunner().invoke(app, [*words, "--config", str(config)])

    return run


def told(result: Result, code: int = 0) -> str:
    """What a command that went well said."""
    assert result.exit_code == code, result.output
    return result.output


def id_in(output: str) -> str:
    found = re.search(r"^version ([0-9a-f]{12}):", output, re.MULTILINE)
    assert found is not None, output
    return found[1]


def stored(redis_url: str) -> tuple[Pointer, list[Version], list[Move]]:
    async def read() -> tuple[Pointer, list[Version], list[Move]]:
        client = command_client(redis_url)
        store = RedisVersions(client, "t")
        try:
            return await store.pointer(), await store.versions(), await store.moves()
        finally:
            await client.aclose()

    return asyncio.run(read())


def test_a_folder_is_published_and_the_next_replaces_it(svar: Svar, flows: Path, redis_url: str) -> None:
    first = id_in(told(svar("publish", "-m", "first", "--author", "kari")))
    (flows / "main.yaml").write_text(flow("two"))
    output = told(svar("publish", "-m", "second", "--author", "ola"))
    second = id_in(output)
    assert f"all new contacts get {second}" in output
    assert "no node runs" in output
    pointer, versions, moves = stored(redis_url)
    assert pointer.active.startswith(second)
    by_id = {version.id[:12]: version for version in versions}
    assert (by_id[second].author, by_id[second].message, by_id[second].parent[:12]) == ("ola", "second", first)
    assert [(gate.name, gate.passed) for gate in by_id[second].gates][:3] == [
        ("check", True), ("prompts", True), ("test", True),
    ]  # fmt: skip
    assert [move.author for move in moves] == ["ola", "kari"]
    again = svar("publish")
    assert again.exit_code == 1
    assert "in service already" in again.output


def test_flows_with_mistakes_are_refused_with_their_lines(svar: Svar, flows: Path, redis_url: str) -> None:
    told(svar("publish"))
    (flows / "main.yaml").write_text(flow("two").replace("start: bye", "start: by"))
    refused = svar("publish")
    assert refused.exit_code == 1
    assert f"{flows}/main.yaml:5:" in refused.output
    assert "did you mean 'bye'" in refused.output
    assert "nothing was published" in refused.output
    assert "--force" not in refused.output, "nodes would refuse it all the same"
    assert re.search(r"^test +not run$", refused.output, re.MULTILINE)
    assert len(stored(redis_url)[1]) == 1


def test_a_gate_that_may_be_overruled_is_told_with_how(svar: Svar, flows: Path) -> None:
    (flows / "scenarios").mkdir()
    wrong = "number: 5000\nscenarios:\n  - name: x\n    at: 2026-11-23 10:00\n    expect: {path: [nowhere]}\n"
    (flows / "scenarios" / "x.yaml").write_text(wrong)
    refused = svar("publish")
    assert refused.exit_code == 1
    assert "goes on; --force publishes it though test refuses it, and is written down" in refused.output


def test_a_queue_that_the_configuration_lacks_is_a_mistake(svar: Svar, flows: Path) -> None:
    (flows / "main.yaml").write_text(
        "flow: main\ntitle: T\nnumbers: [5000]\nlanguages: [nb]\nstart: wait\nnodes:\n"
        "  wait: {type: queue, queue: nowhere, overflow: bye, unavailable: bye, next: bye}\n  bye: {type: hangup}\n"
    )
    refused = svar("publish")
    assert refused.exit_code == 1
    assert "nowhere" in refused.output


def test_what_is_forced_is_written_down(svar: Svar, flows: Path, redis_url: str) -> None:
    told(svar("publish"))
    (flows / "main.yaml").write_text(flow("two").replace("start: bye", "start: by"))
    assert "published against a gate" in told(svar("publish", "--force", "--author", "kari", "-m", "we know"))
    _, versions, moves = stored(redis_url)
    assert versions[0].forced
    assert versions[0].gates[0].told.startswith("1 mistake")
    assert (moves[0].cause, moves[0].author) == ("forced", "kari")
    assert "forced: check" in told(svar("versions"))


def test_a_share_is_tried_shown_and_promoted(svar: Svar, flows: Path, redis_url: str) -> None:
    first = id_in(told(svar("publish")))
    (flows / "main.yaml").write_text(flow("two"))
    output = told(svar("publish", "--share", "10%", "--promote-after", "2h"))
    second = id_in(output)
    assert f"10 % of new contacts get {second}, the others {first}" in output
    assert "after 120 min" in output
    canary = stored(redis_url)[0].canary
    assert canary is not None
    assert (canary.share, canary.promote_after_s) == (0.1, 7200)
    listed = told(svar("versions"))
    assert re.search(rf"^{second} .* 10 %", listed, re.MULTILINE)
    assert re.search(rf"^{first} .* 90 %", listed, re.MULTILINE)
    assert "canary  0 contacts since the trial began" in listed
    assert f"version {second} is promoted" in told(svar("publish", "--promote"))
    pointer = stored(redis_url)[0]
    assert (pointer.active[:12], pointer.canary) == (second, None)
    nothing = svar("publish", "--promote")
    assert nothing.exit_code == 1
    assert "no version is on trial" in nothing.output


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--share", "10"), "write a share"),
        (("--share", "0%"), "write a share"),
        (("--share", "100%"), "write a share"),
        (("--share", "10%"), "nothing is published yet"),
        (("--promote", "--share", "10%"), "--promote stands alone"),
        (("--promote-after", "2h"), "goes with --share"),
        (("--author", "a\nb"), "author"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(svar: Svar, words: tuple[str, ...], complaint: str) -> None:
    refused = svar("publish", *words)
    assert refused.exit_code == 1
    assert complaint in refused.output


def test_a_rollback_takes_back_the_trial_first_and_then_the_version(svar: Svar, flows: Path, redis_url: str) -> None:
    ids = []
    for text in ("one", "two"):
        (flows / "main.yaml").write_text(flow(text))
        ids.append(id_in(told(svar("publish"))))
    (flows / "main.yaml").write_text(flow("three"))
    trial = id_in(told(svar("publish", "--share", "5%")))
    assert f"version {trial} is taken back" in told(svar("rollback", "-m", "no good"))
    assert f"all new contacts get {ids[0]}" in told(svar("rollback"))
    assert f"all new contacts get {trial}" in told(svar("rollback", trial[:5]))
    refused = svar("rollback", "nosuch")
    assert refused.exit_code == 1
    assert "no version 'nosuch'" in refused.output
    assert [move.what for move in stored(redis_url)[2]][:3] == ["rolled_back", "rolled_back", "canary_ended"]


def test_with_nothing_before_there_is_nothing_to_go_back_to(svar: Svar) -> None:
    told(svar("publish"))
    refused = svar("rollback")
    assert refused.exit_code == 1
    assert "no version is known to have been in service before" in refused.output


def test_a_version_is_shown_and_exported_as_it_was(svar: Svar, flows: Path, tmp_path: Path) -> None:
    (flows / "prompts").mkdir()
    (flows / "prompts" / "README.md").write_bytes(b"\xff\x00")
    id_ = id_in(told(svar("publish", "-m", "[bold]not markup[/bold]")))
    (flows / "main.yaml").write_text(flow("two"))
    shown = told(svar("versions", "show", id_))
    assert "[bold]not markup[/bold]" in shown
    assert "prompts/README.md" in shown
    told(svar("versions", "export", id_, str(tmp_path / "out")))
    assert (tmp_path / "out" / "main.yaml").read_text() == flow("one")
    assert (tmp_path / "out" / "prompts" / "README.md").read_bytes() == b"\xff\x00"
    again = svar("versions", "export", id_, str(tmp_path / "out"))
    assert again.exit_code == 1
    assert "there already" in again.output


def test_before_anything_is_published_the_list_says_what_is_served(svar: Svar, flows: Path) -> None:
    assert f"nodes serve {flows}" in told(svar("versions"))


def test_what_the_nodes_made_of_it_is_told(svar: Svar, redis_url: str) -> None:
    async def beat() -> None:
        client = command_client(redis_url)
        reports = ServingReports(client, "t")
        lacking = "main.yaml:9:3: voicemail 'box': there is no mailbox 'x'"
        for name, refused in (("n7", ""), ("n8", "version 1: main.yaml:1:1: it is older"), ("n9", lacking)):
            await RedisDistributor(client, "t", NodeId(name)).beat(NodeId(name), 0)
            await reports.tell(Serving(name, 1, refused))
        await client.aclose()

    asyncio.run(beat())
    output = told(svar("publish"), code=3)
    assert "n7 serves it" in output
    assert "n8 refuses it, and goes on as before: version 1: main.yaml:1:1: it is older\nn9" in output
    assert "there is no mailbox 'x'\n  put it into the configuration that this node reads" in output


async def test_a_node_that_says_nothing_is_not_waited_for_without_end(config: Path, redis_url: str) -> None:
    client = command_client(redis_url)
    reports = ServingReports(client, "t")
    for name, sequence in (("n7", 4), ("n8", 3)):
        await RedisDistributor(client, "t", NodeId(name)).beat(NodeId(name), 0)
        await reports.tell(Serving(name, sequence))
    async with open_store(load(config, {})) as store:
        assert store.nodes == ("n7", "n8")
        assert [one.node for one in await store.taken(4, 0.2)] == ["n7"]
        assert [one.node for one in await store.taken(3, 10)] == ["n7", "n8"]
    await client.aclose()


def test_a_store_that_cannot_be_reached_is_said_in_one_line(svar: Svar, config: Path, redis_url: str) -> None:
    config.write_text(config.read_text().replace(redis_url, "unix:///nowhere/r.sock"))
    for words in (("publish",), ("rollback",), ("versions",)):
        refused = svar(*words)
        assert refused.exit_code == 1
        assert f"svar {words[0]}: redis: " in refused.output


@pytest.mark.usefixtures("embedded")
def test_without_a_node_the_state_folders_own_redis_keeps_it(svar: Svar) -> None:
    id_ = id_in(told(svar("publish")))
    assert id_ in told(svar("versions"))


async def test_a_second_process_finds_the_redis_of_a_node_that_runs(embedded: Path) -> None:
    settings = load(embedded, {})
    async with open_store(settings) as running, open_store(settings) as other:
        assert (await other.versions.pointer()) == (await running.versions.pointer())
    async with open_store(settings):
        pass
