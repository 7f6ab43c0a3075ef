"""What agents do in a talk, by their phones' buttons and by keys: who hears whom, and that nobody is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.interop.peers import free_port
from tests.ivr.sip_lab import Handset, hears, talk
from tests.ivr.sounds import tone
from tests.rtp.hearing import contains
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import Phones, answers, phones_at

pytestmark = pytest.mark.interop

PARTS = """
[[queue]]
name = "work"
[[queue]]
name = "second"
[[agent]]
name = "kari"
skills = {{work = 5}}
[[agent]]
name = "berit"
skills = {{second = 5}}
[[agent]]
name = "olga"
skills = {{second = 5}}
[[destination]]
name = "hospital"
uri = "sip:hospital@127.0.0.1:{port}"
ring_s = 3
[talk.numbers]
21 = "agent:berit"
31 = "queue:second"
41 = "destination:hospital"
"""
FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""


class Scene:
    """A caller who talks to kari; berit is another agent, the hospital a destination."""

    def __init__(self, node: Installation, phones: Phones) -> None:
        self.node = node
        self.phones = phones
        self.caller: Handset
        self.kari: Handset

    async def begin(self) -> None:
        self.caller = await self.phones.answered_call()
        self.kari = await self.phones.rings()
        await self.kari.connected()
        await together(self.caller, self.kari)

    async def press(self, keys: str) -> None:
        for key in keys:
            self.kari.rtp.press(key)
            await asyncio.sleep(0.25)

    async def second_rings(self) -> Handset:
        second = await self.phones.rings(2)
        await second.connected()
        return second

    async def outcomes(self) -> list[str]:
        """How transfers ended, by the metrics' source: the log of events would be the same."""
        return [str(record["outcome"]) for record in self.node.records()]


async def together(*handsets: Handset) -> None:
    """All of them hear each other."""
    for n, speaker in enumerate(handsets):
        sound = tone(f"{id(speaker)} {n}", 0.6)
        since = {other: len(other.rtp.heard) for other in handsets}
        await talk(speaker, sound)
        for other in handsets:
            if other is not speaker:
                await until(lambda o=other, s=sound, at=since: hears(o, s, since=at[o]), "each other")


async def apart(speaker: Handset, other: Handset) -> None:
    """What one says the other does not hear."""
    sound = tone(f"apart {id(speaker)}", 0.6)
    since = len(other.rtp.heard)
    await talk(speaker, sound)
    await asyncio.sleep(0.1)
    assert contains(other.rtp.heard[since:], sound) < 0.3


async def music(handset: Handset) -> None:
    """It gets sound, and it is not silence."""
    since = len(handset.rtp.heard)
    await until(lambda: len(handset.rtp.heard) >= since + 4000, "music")
    assert len(set(handset.rtp.heard[since:])) > 20, "silence"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    port = free_port()
    node = Installation(tmp_path, PARTS.format(port=port), flows={"test.yaml": FLOW})
    async with running(node), phones_at(node, port=port) as phones:
        for agent in ("kari", "berit"):
            await phones.register(agent, answers)
        made = Scene(node, phones)
        await made.begin()
        yield made


async def test_an_agent_consults_another_by_keys_and_takes_the_caller_back(scene: Scene) -> None:
    await scene.press("*121#")
    berit = await scene.second_rings()
    await together(scene.kari, berit)
    await music(scene.caller)
    await apart(scene.kari, scene.caller)
    await scene.press("*3")
    await until(berit.is_over, "berit on the hook")
    await asyncio.sleep(2.5)
    await together(scene.caller, scene.kari)
    scene.caller.hang_up()
    await scene.node.quiet()
    assert await scene.node.agents() == {"ready": 2, "logged_out": 1}


async def test_an_agent_gives_the_caller_to_who_was_consulted(scene: Scene) -> None:
    await scene.press("*121#")
    berit = await scene.second_rings()
    await together(scene.kari, berit)
    await scene.press("*4")
    await until(scene.kari.is_over, "kari on the hook")
    await together(scene.caller, berit)
    scene.caller.hang_up()
    await until(berit.is_over, "berit on the hook")
    await scene.node.quiet()
    assert await scene.node.agents() == {"ready": 2, "logged_out": 1}


async def test_three_talk_and_the_third_leaves(scene: Scene) -> None:
    scene.phones.behaviours["hospital"] = answers
    await scene.press("*141#")
    interpreter = await scene.second_rings()
    await together(scene.kari, interpreter)
    await scene.press("*5")
    await asyncio.sleep(2.5)
    await together(scene.caller, scene.kari, interpreter)
    await scene.press("*6")
    await until(interpreter.is_over, "the interpreter on the hook")
    await asyncio.sleep(2.5)
    await together(scene.caller, scene.kari)
    scene.kari.hang_up()
    await until(scene.caller.is_over, "the end", deadline_s=8)
    await scene.node.quiet()
