"""Backup and restore of a node, by the commands of docs/operations.md as they stand there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.interop.peers import require
from tests.stack.guide import commands, do
from tests.stack.shipped import ROOT
from tests.svar.system.installation import Installation, eventually
from tests.svar.system.phones import answers, phones_at

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
"""
COUNTED = (
    "svar_queue_offered_total",
    "svar_queue_answered_total",
    "svar_queue_lost_total",
    "svar_contacts_started_total",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    require("redis-cli")
    made = Installation(tmp_path_factory.mktemp("node"), PARTS)
    try:
        await made.start()
        yield made
    finally:
        await made.kill()


async def figures(node: Installation) -> dict[str, float]:
    """What was counted, by name and labels."""
    return {name: value for name, value in (await node.metrics()).items() if name.partition("{")[0] in COUNTED}


async def test_a_node_that_was_restored_has_the_records_figures_and_passwords_of_the_day(
    node: Installation, tmp_path: Path
) -> None:
    password = node.password("anna")
    async with phones_at(node) as phones:
        await phones.register("anna", answers)
        for _ in range(3):
            caller = await phones.answered_call()
            await phones.press(caller, "2")
            await eventually(lambda: has(node, "talking"), "a talk", 30)
            caller.hang_up()
            await node.quiet(30)
    before, records = await figures(node), node.records()
    assert len(records) == 3
    changes = {f"/var/backups/svar/site-{day}": str(tmp_path / "kept") for day in ("$(date +%F)", "2026-11-22")}
    changes |= {"/var/lib/svar/site": str(node.state), "/opt/svar": str(ROOT), "chown -R svar:svar ": "ls "}
    (node.state / "trunk-carrier.password").write_text("secret")
    (node.state / "voicemail/main").mkdir(parents=True)
    for line in commands("### A node"):
        do(line, changes)
    copied = {file.name for file in (tmp_path / "kept").iterdir()}
    assert copied >= {"agents.json", "nonce.key", "trunk-carrier.password", "voicemail", "records.sqlite", "redis"}
    for line in commands("### A node comes back"):
        match line.removeprefix("sudo "):
            case "systemctl stop svar@site":
                assert await node.stop() == 0
            case "systemctl start svar@site":
                await node.start()
            case _:
                do(line, changes)
    assert node.records() == records
    assert await figures(node) == before
    async with phones_at(node) as phones:
        await phones.register("anna", answers, password=password)
        await eventually(lambda: has(node, "ready"), "an agent who is ready", 30)


async def test_a_copy_of_a_node_that_stands_still_has_its_redis_too(tmp_path: Path) -> None:
    kept = tmp_path / "state/redis/appendonlydir"
    kept.mkdir(parents=True)
    (kept / "appendonly.aof.manifest").write_text("all that Redis knows")
    command = [str(part) for part in (ROOT / "deploy/backup.sh", "state", tmp_path / "state", tmp_path / "copy")]
    assert await (await asyncio.create_subprocess_exec(*command)).wait() == 0
    assert (tmp_path / "copy/redis/appendonlydir/appendonly.aof.manifest").read_text() == "all that Redis knows"


async def has(node: Installation, state: str) -> bool:
    return (await node.agents()).get(state) == 1
