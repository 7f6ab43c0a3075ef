"""Versions of the flows on whole nodes, with calls in progress. Real SIP and RTP on loopback, a real Redis."""

import asyncio
import os
import random
import re
import signal
from pathlib import Path

from acd.distributor import Unavailable
from sip.events import Accepted
from tests.light.callers import Callers, Plan
from tests.rtp.phone import until
from tests.soak_reload import reloaded
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import phones_at
from tests.svar.system.publishing import Publisher, publisher, redis_of, serving

PARTS = '[[queue]]\nname = "work"\n[[agent]]\nname = "anna"\nskills = { work = 5 }\n'


def menu(goodbye: str, wait: str = "20s") -> dict[str, bytes]:
    """A menu that waits long, and by 2 a goodbye; `goodbye` makes the version another."""
    return {
        "test.yaml": (
            f"flow: test\ntitle: {goodbye}\nnumbers: [5000]\nlanguages: [nb]\nstart: menu\nnodes:\n"
            f"  menu: {{type: menu, say: {{nb: Tast to.}}, keys: {{2: bye}}, wait: {wait}, attempts: 1,\n"
            "         no_choice: bye}\n"
            "  bye: {type: hangup, say: {nb: Ha det bra.}}\n"
        ).encode()
    }


def installation(folder: Path, name: str = "n1", url: str = "") -> Installation:
    texts = {path: text.decode() for path, text in menu("folder").items()}
    node = Installation(folder, PARTS, flows=texts, environment={"SVAR_REDIS_URL": url} if url else None)
    node.config.write_text(node.config.read_text().replace('name = "n1"', f'name = "{name}"', 1))
    return node


async def test_two_nodes_take_a_version_within_a_second(tmp_path: Path, redis_url: str) -> None:
    one, two = installation(tmp_path / "1", "n1", redis_url), installation(tmp_path / "2", "n2", redis_url)
    async with running(one), running(two), publisher(redis_url) as admin:
        for text in ("first", "second", "third"):
            id_ = await admin.publish(menu(text))
            await asyncio.gather(serving(one, active=id_), serving(two, active=id_))
        trial = await admin.canary(menu("trial"), 0.5)
        await asyncio.gather(*(serving(node, active=id_, canary=trial) for node in (one, two)))
        slowest_ms = max([1000 * (await node.metrics())["svar_flows_reload_seconds"] for node in (one, two)])
        assert slowest_ms < 2000
        moves = await admin.store.moves()
        assert [move.sequence for move in moves] == [4, 3, 2, 1]


async def test_a_caller_stays_on_the_version_that_was_there_first(tmp_path: Path) -> None:
    node = installation(tmp_path)
    async with running(node), phones_at(node) as phones, publisher(redis_of(node)) as admin:
        first = await admin.publish(menu("first"))
        await serving(node, active=first)
        early = await phones.answered_call()
        second = await admin.publish(menu("second", "1s"))
        await serving(node, active=second)
        assert (await node.metrics())["svar_flows_held"] == 2
        late = await phones.answered_call()
        await until(lambda: late.ended, "end of the new version's call", deadline_s=15)
        assert not early.ended, "it waits 20 s for a key"
        await phones.press(early, "2")
        await until(lambda: early.ended, "end of the old version's call", deadline_s=15)
        assert early.count(Accepted) == late.count(Accepted) == 1
        await node.quiet()
        versions = [record["flow_version"] for record in node.records()]
        assert versions == [first[:12], second[:12]]
        await until_held(node, 1)


async def until_held(node: Installation, count: int) -> None:
    async with asyncio.timeout(10):
        while (await node.metrics())["svar_flows_held"] != count:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.2)


async def test_what_was_published_outlives_a_restart_and_the_greeting_tells_that_the_folder_differs(
    tmp_path: Path,
) -> None:
    node = installation(tmp_path)
    async with running(node):
        assert "as it was at the start" in node.log()
        async with publisher(redis_of(node)) as admin:
            id_ = await admin.publish(menu("published"))
        await serving(node, active=id_)
    async with running(node):
        await serving(node, active=id_)
        assert f"Flows: version {id_[:12]}, which was published" in node.log()
        assert "differs and is not served" in node.log()


async def test_who_publishes_is_told_what_the_node_made_of_it(tmp_path: Path) -> None:
    node = installation(tmp_path)
    flow_file = tmp_path / "flows" / "test.yaml"
    async with running(node):
        told = await svar(node, "publish", "-m", "first")
        assert "n1 serves it" in told, told
        flow_file.write_text(flow_file.read_text() + "nodes: {}\n")
        refused = await svar(node, "publish")
        assert "nothing was published" in refused, refused
        forced = await svar(node, "publish", "--force")
        assert "n1 refuses it, and goes on as before: version " in forced, forced
        assert forced.endswith("exit code 3")
        back = await svar(node, "rollback")
        assert "n1 serves it" in back, back


async def svar(node: Installation, *words: str) -> str:
    code, told = await node.command(*words, "--author", "kari")
    return f"{told}exit code {code}"


async def test_what_is_served_goes_on_while_redis_dies_and_the_next_version_is_taken(tmp_path: Path) -> None:
    node = installation(tmp_path)
    async with running(node), phones_at(node) as phones, publisher(redis_of(node)) as admin:
        first = await admin.publish(menu("first", "1s"))
        await serving(node, active=first)
        os.kill(node.child("redis"), signal.SIGKILL)
        call = await phones.answered_call()
        await until(lambda: call.ended, "end of the call", deadline_s=15)
        await eventually(lambda: answers(admin), "a Redis again", 20)
        second = await admin.publish(menu("second"))
        await serving(node, within_s=10, active=second)
        assert (await admin.store.pointer()).sequence == 2


async def answers(admin: Publisher) -> bool:
    try:
        await admin.store.pointer()
    except Unavailable:
        return False
    return True


async def test_a_canary_that_loses_callers_in_its_menu_is_taken_back(tmp_path: Path) -> None:
    """In the new version 2 leads nowhere, so that callers hear the menu again, and go."""
    node = installation(tmp_path)
    worse = {
        path: text.replace(b"keys: {2: bye}", b"keys: {3: bye}").replace(b"attempts: 1", b"attempts: 3")
        for path, text in menu("worse").items()
    }
    async with running(node), publisher(redis_of(node)) as admin:
        active = await admin.publish(menu("first"))
        trial = await admin.canary(worse, 0.5)
        await serving(node, active=active, canary=trial)
        callers = Callers(("127.0.0.1", node.sip_port), random.Random(2026))
        await callers.open()
        try:
            for n in range(70):
                callers.ring(n, Plan("5000", key="2", key_s=0.3, patience_s=4.0))
                await asyncio.sleep(0.03)
            await serving(node, within_s=20, active=active)
            await until(lambda: not callers.open_calls, "the end of the calls", deadline_s=20)
        finally:
            callers.close()
        metrics = await node.metrics()
        assert metrics["svar_canary_taken_back_total"] == 1
        arms = {arm: metrics[f'svar_flows_contacts_total{{arm="{arm}"}}'] for arm in ("active", "canary")}
        assert sum(arms.values()) == 70
        assert 15 <= arms["canary"] <= 55
        [last, *_] = await admin.store.moves()
        assert (last.what, last.cause, last.author, last.canary) == ("canary_ended", "worse", "svar", trial)
        assert re.match(r"100\.0% of (20|30) contacts hung up in the menu, 0\.0% of", last.message), last.message


async def test_bad_versions_under_calls_disturb_no_call(tmp_path: Path) -> None:
    """What `make soak` does with a thousand of them."""
    text = await reloaded(tmp_path, bad=30, good_every=10, rate=20, seed=2026)
    assert "30 bad versions refused" in text
