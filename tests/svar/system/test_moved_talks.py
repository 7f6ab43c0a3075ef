"""An agent goes on with a talk at another phone of theirs, by INVITE with Replaces, and nobody else does."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sip.events import Accepted
from sip.message.uri import SipUri
from tests.ivr.sip_lab import Handset
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import Phones, answers, phones_at
from tests.svar.system.test_talks import FLOW, PARTS, TRUNK, Scene, music, together

pytestmark = pytest.mark.interop


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    parts, port = PARTS.format(port=free_port()), free_port()
    node = Installation(tmp_path, parts, flows={"test.yaml": FLOW}, trunks=TRUNK)
    async with (
        running(node),
        phones_at(node, port=port, proves="kari") as phones,
        phones_at(node, "127.0.0.2") as callers,
    ):
        for agent in ("kari", "berit"):
            await phones.register(agent, answers)
        made = Scene(node, phones, callers)
        await made.begin()
        yield made


async def replacing(scene: Scene, at: Phones, user: str) -> Handset:
    """A phone that wants to take the place of kari's, until it has an answer."""
    named = scene.phones.user_agent.core.named_to_others(scene.kari.session)
    assert named is not None
    handset, server = at._handset(), scene.phones.server
    uri = SipUri(user, server.host, server.port)
    handset.dial(uri, server, handset.rtp.sdp(), user=user, headers=named.lines)
    await until(lambda: handset.count(Accepted) > 0 or handset.ended, "an answer")
    return handset


async def test_an_agent_goes_on_at_another_phone(scene: Scene) -> None:
    other = await replacing(scene, scene.phones, "kari")
    assert not other.ended
    await until(scene.kari.is_over, "BYE at the phone that was left")
    await together(scene.caller, other)
    other.hang_up()
    await until(scene.caller.is_over, "the end", deadline_s=8)
    await scene.node.quiet()
    assert await scene.node.agents() == {"ready": 2}


async def test_a_caller_on_hold_is_back_at_the_other_phone(scene: Scene) -> None:
    scene.kari.reoffer("sendonly")
    await music(scene.caller)
    other = await replacing(scene, scene.phones, "kari")
    await together(scene.caller, other)
    scene.caller.hang_up()
    await until(other.is_over, "the other phone on the hook")
    await scene.node.quiet()


async def test_neither_a_colleague_nor_a_trunk_nor_a_stranger_takes_a_talk(scene: Scene) -> None:
    async with (
        phones_at(scene.node, proves="berit") as hers,
        phones_at(scene.node, "127.0.0.3") as strangers,
    ):
        statuses = [(await replacing(scene, at, "kari")).status for at in (hers, scene.callers, strangers)]
    assert statuses == [403, 403, 401]
    await together(scene.caller, scene.kari)
