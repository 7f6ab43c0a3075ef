"""A flow sends callers to a destination of the dial plan, and to nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ivr.prompts.cache import speech_name
from ivr.prompts.speech import VOICES
from tests.ivr.sip_lab import hears, talk
from tests.ivr.sounds import tone
from tests.ports import free_port
from tests.rtp.hearing import contains
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import Behaviour, Phones, answers, lets_it_ring, phones_at, refuses

pytestmark = pytest.mark.interop

FLOW = """
flow: out
title: Ut
numbers: [5100]
languages: [nb]
start: send
nodes:
  send: {type: transfer, to: partner, failed: sorry}
  sorry: {type: hangup, say: {nb: De svarer ikke.}}
"""


PARTS = """
[[destination]]
name = "partner"
uri = "sip:partner@127.0.0.1:{port}"
ring_s = 4
"""


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[tuple[Installation, Phones]]:
    """A node, and phones of which one is the destination's."""
    port = free_port()
    node = Installation(tmp_path, PARTS.format(port=port), flows={"out.yaml": FLOW})
    async with running(node), phones_at(node, port=port) as phones:
        yield node, phones


async def test_a_caller_is_sent_to_a_destination_and_both_hear_each_other(
    outside: tuple[Installation, Phones],
) -> None:
    node, phones = outside
    phones.behaviours["partner"] = answers
    caller = await phones.answered_call("5100")
    partner = await phones.rings()
    await partner.connected()
    caller_says, partner_says = tone("caller says", 0.6), tone("partner says", 0.6)
    await asyncio.gather(talk(caller, caller_says), talk(partner, partner_says))
    await until(lambda: hears(partner, caller_says), "the caller at the destination")
    await until(lambda: hears(caller, partner_says), "the destination at the caller's phone")
    partner.hang_up()
    await until(caller.is_over, "end of the call")
    await node.quiet()
    (record,) = node.records()
    assert (record["outcome"], record["number"]) == ("transferred", "5100")


@pytest.mark.parametrize("behaviour", [refuses(486), refuses(503), lets_it_ring], ids=["busy", "failing", "silent"])
async def test_a_caller_whom_the_destination_does_not_take_hears_so(
    outside: tuple[Installation, Phones], behaviour: Behaviour
) -> None:
    node, phones = outside
    phones.behaviours["partner"] = behaviour
    caller = await phones.answered_call("5100")
    await until(caller.is_over, "end of the call", deadline_s=10)
    said = node.state / "prompts" / speech_name("De svarer ikke.", VOICES["nb"])
    assert contains(caller.rtp.heard, said.read_bytes()) > 0.9
    await until(phones.rung[0][1].is_over, "the destination's phone on the hook")
    await node.quiet()
    assert [record["outcome"] for record in node.records()] == ["completed"]


async def test_a_destination_rings_no_longer_than_the_caller_waits(outside: tuple[Installation, Phones]) -> None:
    node, phones = outside
    phones.behaviours["partner"] = lets_it_ring
    caller = await phones.answered_call("5100")
    partner = await phones.rings()
    caller.hang_up()
    await until(partner.is_over, "CANCEL at the destination", deadline_s=3.5)
    await node.quiet()
    assert [record["outcome"] for record in node.records()] == ["menu_ended"]
