"""Why a caller was offered to whom: asked while the caller waits, afterwards, and when the node has stopped."""

import asyncio
import json
from pathlib import Path

from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import phones_at, talks_for

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
"""


async def latest(node: Installation) -> str:
    return (await node.told("trace")).split()[2]


async def test_why_is_told_while_the_caller_waits_afterwards_and_after_a_restart(tmp_path: Path) -> None:
    installation = Installation(tmp_path, PARTS)
    async with running(installation) as node:
        async with phones_at(node) as phones:
            caller = await phones.answered_call()
            await asyncio.sleep(0.5)
            await phones.press(caller, "2")

            async def waits() -> bool:
                return (await node.balance())[4] == 1

            await eventually(waits, "caller in the queue")
            contact = await latest(node)
            code, story = await node.command("why", contact[:6])
            assert (code, "queued in work as number 1" in story) == (0, True), story
            await phones.register("anna", talks_for(1.0))
            agent = await phones.rings()
            await until(lambda: agent.ended, "end of the talk", deadline_s=15)
            await until(lambda: caller.ended, "goodbye", deadline_s=10)
            await node.quiet()
        metrics = await node.metrics()
        assert metrics['svar_invariant_violations_total{invariant="two_offers_contact"}'] == 0
        assert metrics['svar_queue_balance{queue="work"}'] == 0
        assert metrics['svar_cohort_balance{queue="work"}'] == 0
        health = json.loads(await node.get("/health"))
        assert "none of 5 broken" in json.dumps(health), health
        code, about_anna = await node.command("why", "--agent", "anna")
        assert (code, f"offered contact {contact} of work" in about_anna) == (0, True), about_anna
    assert installation.process is not None
    code, story = await installation.command("why", contact)
    wanted = [
        "rang 5000",
        "queued in work",
        "offered to anna",
        "anna answered after",
        "the talk with anna ended",
        "over:",
    ]
    places = [story.find(words) for words in wanted]
    assert code == 0, story
    assert -1 not in places, story
    assert places == sorted(places), story
