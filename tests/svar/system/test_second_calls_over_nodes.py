"""A phone's second line, where its caller is at another node: asked, given away, taken back, by nobody else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sip.events import Accepted, ReferProgress
from sip.message.transfer import ReferTo
from sip.message.uri import SipUri
from tests.ivr.sip_lab import Handset
from tests.rtp.phone import until
from tests.svar.system.phones import Phones, answers, phones_at
from tests.svar.system.sites import Country, country
from tests.svar.system.test_talks import together

PARTS = """
[[queue]]
name = "work"
[[agent]]
name = "anna"
skills = { work = 5 }
[[agent]]
name = "bjorn"
skills = { other = 5 }
"""
TRUNKS = '[[trunk]]\nname = "carrier"\nnetworks = ["127.0.0.2/32"]\n'


@dataclass
class Scene:
    """A caller at one node talks to anna, whose phone is at the other; bjorn's is at the caller's."""

    made: Country
    caller: Handset
    anna: Handset
    phones: Phones
    colleagues: Phones

    async def second_line(self, at: Phones, user: str = "anna") -> Handset:
        """anna's phone rings bjorn by a second call, until it has an answer."""
        node = self.made.nodes[1]
        aside, server = at._handset(), at.server
        aside.dial(SipUri("bjorn", "127.0.0.1", node.sip_port), server, aside.rtp.sdp(), user=user)
        await until(
            lambda: aside.count(Accepted) > 0 or aside.ended, "an end of the second call's ringing", deadline_s=8
        )
        return aside


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with country(tmp_path, PARTS, ["anna", "bjorn"], trunks=TRUNKS) as made:
        here, there = made.nodes
        async with (
            phones_at(here, "127.0.0.2") as callers,
            phones_at(there, proves="anna") as phones,
            phones_at(here) as colleagues,
        ):
            await phones.register("anna", answers)
            await colleagues.register("bjorn", answers)
            caller = await callers.answered_call()
            anna = await phones.rings()
            await anna.connected()
            await asyncio.sleep(0.3)
            yield Scene(made, caller, anna, phones, colleagues)


async def test_the_caller_is_given_to_who_was_asked_by_the_phones_button(scene: Scene) -> None:
    scene.anna.reoffer("sendonly")
    aside = await scene.second_line(scene.phones)
    assert not aside.ended
    bjorn = await scene.colleagues.rings()
    await together(aside, bjorn)
    assert (scene.colleagues.invites[0].request.headers.get("P-Asserted-Identity") or "").startswith('"anna: work"')
    named = scene.phones.user_agent.core.named_to_others(aside.session)
    target = ReferTo(SipUri("bjorn", "127.0.0.1", scene.made.nodes[1].sip_port), named)
    assert scene.phones.user_agent.refer(scene.anna.session, target)
    told = scene.anna.heard_of
    await until(lambda: any(isinstance(one, ReferProgress) and one.over for one in told), "the end of the referral")
    assert [one.status for one in told if isinstance(one, ReferProgress) and one.over] == [200]
    await until(lambda: scene.anna.ended and aside.ended, "anna on the hook")
    await together(scene.caller, bjorn)
    bjorn.hang_up()
    await until(lambda: scene.caller.ended, "the goodbye to the caller", deadline_s=8)


async def test_who_ends_the_second_call_has_the_caller_back(scene: Scene) -> None:
    scene.anna.reoffer("sendonly")
    aside = await scene.second_line(scene.phones)
    bjorn = await scene.colleagues.rings()
    await together(aside, bjorn)
    aside.hang_up()
    await until(lambda: bjorn.ended, "bjorn on the hook")
    scene.anna.reoffer("sendrecv")
    await asyncio.sleep(0.5)
    await together(scene.caller, scene.anna)
    scene.caller.hang_up()
    await until(lambda: scene.anna.ended, "anna on the hook")


async def test_nobody_else_asks_in_that_talk(scene: Scene) -> None:
    there = scene.made.nodes[1]
    async with phones_at(there, proves="bjorn") as his, phones_at(there) as strangers:
        asked = [
            await scene.second_line(his),
            await scene.second_line(his, "bjorn"),
            await scene.second_line(strangers),
        ]
    assert [one.status for one in asked] == [404, 404, 401]
    assert scene.colleagues.rung == []
    await together(scene.caller, scene.anna)
