"""Callers at one node, agents' phones at another, one Redis between them."""

import asyncio
from pathlib import Path

from tests.ivr.sip_lab import Handset, hears, talk
from tests.ivr.sounds import tone
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually
from tests.svar.system.phones import Phones, answers, phones_at
from tests.svar.system.sites import country

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
rest_s = 600
[[agent]]
name = "bjorn"
skills = { work = 5 }
"""
AGENTS = ["anna", "bjorn"]
VOICE, REPLY = tone("the caller"), tone("the agent")


async def in_talk(callers: Phones, agents: Phones) -> tuple[Handset, Handset]:
    """A caller who has reached an agent."""
    caller = await callers.answered_call()
    agent = await agents.rings()
    await until(lambda: agent.rtp.engine[1] > 0, "the media of the agent's call")
    await asyncio.sleep(0.3)
    return caller, agent


async def test_caller_at_one_node_talks_to_a_phone_at_another(tmp_path: Path) -> None:
    async with country(tmp_path, PARTS, AGENTS) as made:
        here, there = made.nodes
        async with phones_at(here) as callers, phones_at(there) as agents:
            await agents.register("anna", answers)
            caller, agent = await in_talk(callers, agents)
            caller.rtp.hear()
            since = len(caller.rtp.heard)
            await asyncio.gather(talk(caller, VOICE), talk(agent, REPLY))
            await until(lambda: hears(agent, VOICE) and hears(caller, REPLY, since=since), "both voices")
            agent.hang_up()
            await until(lambda: caller.ended, "the goodbye to the caller", deadline_s=15)
            await eventually(lambda: state(here, "ready"), "an agent who is ready again")
            second = await callers.answered_call()
            await agents.rings(2)
            await asyncio.sleep(0.3)
            second.hang_up()
            await until(lambda: agents.rung[1][1].ended, "BYE at the agent's phone")
            await eventually(lambda: state(here, "ready"), "an agent who is ready again")
            await here.quiet()
            assert await here.balance() == (2, 2, 0, 0, 0)


async def state(node: Installation, wanted: str, count: int = 1) -> bool:
    return (await node.agents()).get(wanted, 0) == count
