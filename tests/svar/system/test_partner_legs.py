"""A partner over a trunk: rung while the caller waits on, with what is known of the contact, and joined when a person
answers.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.ivr.sip_lab import Handset
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at, refuses
from tests.svar.system.test_talks import TRUNK, in_queue, music, together

pytestmark = pytest.mark.interop

PARTS = """
[[agent]]
name = "kari"
skills = {{work = 5}}
[[destination]]
name = "tax"
uri = "sip:tax@127.0.0.1:{port}"
ring_s = 20
answer = "{answer}"
"""
FLOWS = {
    "test.yaml": """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: work, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
""",
    "queues.yaml": """
queues:
  - name: work
    tiers:
      - {sites: all}
      - {partner: tax, after: 1s}
""",
    "partners.yaml": """
partners:
  - {name: tax, capacity: 2, rings: 3s, rest: 2s}
""",
}


@asynccontextmanager
async def served(folder: Path, answer: str = "call") -> AsyncIterator[tuple[Installation, Phones, Phones]]:
    port = free_port()
    node = Installation(folder, PARTS.format(port=port, answer=answer), flows=FLOWS, trunks=TRUNK)
    async with running(node), phones_at(node, port=port) as phones, phones_at(node, "127.0.0.2") as callers:
        yield node, phones, callers


async def test_a_partners_person_gets_the_caller_and_is_told_of_the_contact(tmp_path: Path) -> None:
    async with served(tmp_path) as (node, phones, callers):
        phones.behaviours["tax"] = lets_it_ring
        caller = await callers.answered_call()
        tax = await phones.rings()
        await music(caller)
        headers = phones.invites[0].request.headers
        assert headers.get("X-Svar-Service") == "5000"
        assert headers.get("X-Svar-Queue") == "work"
        assert int(headers.get("X-Svar-Total-Waited-Ms") or 0) >= 900
        assert headers.get("X-Svar-Contact")
        assert headers.get(
            "X-Svar-Reason",
        ).startswith("longest_idle;tier=2")  # type: ignore[union-attr]
        tax.answer()
        await tax.connected()
        await together(caller, tax)
        tax.hang_up()
        await until(caller.is_over, "the end", deadline_s=8)
        await node.quiet()
        assert (await node.balance())[3] == 1, "flowed out"


@pytest.mark.parametrize("behaviour", [refuses(486), refuses(503), lets_it_ring], ids=["busy", "failing", "silent"])
async def test_a_caller_whom_the_partner_does_not_take_keeps_the_place(tmp_path: Path, behaviour: object) -> None:
    async with served(tmp_path) as (node, phones, callers):
        phones.behaviours |= {"tax": behaviour, "kari": answers}  # type: ignore[dict-item]
        caller = await callers.answered_call()
        await phones.rings()
        await asyncio.sleep(0.5)
        await music(caller)
        await eventually(lambda: in_queue(node, "work"), "the caller in the queue", 5)
        await phones.register("kari", answers)
        await until(lambda: any(name == "kari" for name, _ in phones.rung), "kari's phone", deadline_s=10)
        kari = next(handset for name, handset in phones.rung if name == "kari")
        await kari.connected()
        await together(caller, kari)
        caller.hang_up()
        await node.quiet()
        assert (await node.balance())[:2] == (1, 1)


async def test_a_machine_at_the_partners_gets_nobody_until_a_person_presses_1(tmp_path: Path) -> None:
    async with served(tmp_path, "key") as (node, phones, callers):
        pressed: list[Handset] = []

        async def presses(handset: Handset) -> None:
            await answers(handset)
            await handset.connected()
            pressed.append(handset)

        phones.behaviours["tax"] = presses
        caller = await callers.answered_call()
        await phones.rings()
        await until(lambda: len(pressed) > 0, "an answer")
        await music(caller)
        assert await in_queue(node, "work"), "the caller waits until a person is there"
        pressed[0].rtp.press("1")
        await asyncio.sleep(0.7)
        await together(caller, pressed[0])
        caller.hang_up()
        await node.quiet()


OUT = {
    "test.yaml": """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: send
nodes:
  send: {type: transfer, to: tax, how: attended, context: [number], failed: sorry}
  sorry: {type: hangup, say: {nb: De svarer ikke.}}
"""
}


@pytest.mark.parametrize(("key", "taken"), [("1", True), ("2", False)])
async def test_who_answers_an_attended_transfer_is_told_and_may_refuse(tmp_path: Path, key: str, taken: bool) -> None:
    port = free_port()
    node = Installation(tmp_path, PARTS.format(port=port, answer="call"), flows=OUT, trunks=TRUNK)
    async with running(node), phones_at(node, port=port) as phones, phones_at(node, "127.0.0.2") as callers:
        phones.behaviours["tax"] = answers
        caller = await callers.answered_call()
        tax = await phones.rings()
        await tax.connected()
        await music(caller)
        assert phones.invites[0].request.headers.get("X-Svar-Context") == "number=5000"
        tax.rtp.press(key)
        if taken:
            await asyncio.sleep(0.7)
            await together(caller, tax)
            tax.hang_up()
        await until(lambda: tax.ended, "the phone on the hook")
        await until(caller.is_over, "the end", deadline_s=8)
        await node.quiet()
        assert [record["outcome"] for record in node.records()] == ["transferred" if taken else "completed"]
