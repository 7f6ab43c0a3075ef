"""A partner over a trunk: rung while the caller waits on, with what is known of the contact, and joined when a person
answers.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tests.ivr.sip_lab import Handset
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at, refuses
from tests.svar.system.test_talks import TRUNK, in_queue, music, together

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

PARTS = """
[[agent]]
name = "kari"
skills = {{work = 5, other = 5}}
[[destination]]
name = "tax"
uri = "sip:tax@127.0.0.1:{port}"
ring_s = 20
answer = "call"
[[destination]]
name = "machine"
uri = "sip:machine@127.0.0.1:{port}"
ring_s = 20
answer = "key"
"""
WAIT = """
flow: {queue}
title: Test
numbers: [{number}]
languages: [nb]
start: wait
nodes:
  wait: {{type: queue, queue: {queue}, overflow: bye, unavailable: bye, next: bye}}
  bye: {{type: hangup, say: {{nb: Ha det bra.}}}}
"""
SEND = """
flow: send
title: Test
numbers: [5002]
languages: [nb]
start: send
nodes:
  send: {type: transfer, to: tax, how: attended, context: [number], failed: sorry}
  sorry: {type: hangup, say: {nb: De svarer ikke.}}
"""
FLOWS = {
    "work.yaml": WAIT.format(queue="work", number=5000),
    "other.yaml": WAIT.format(queue="other", number=5001),
    "send.yaml": SEND,
    "queues.yaml": """
queues:
  - name: work
    tiers:
      - {sites: all}
      - {partner: tax, after: 1s}
  - name: other
    tiers:
      - {sites: all}
      - {partner: machine, after: 1s}
""",
    "partners.yaml": """
partners:
  - {name: tax, capacity: 2, rings: 3s, rest: 2s}
  - {name: machine, capacity: 2, rings: 3s, rest: 2s}
""",
}
REST_S = 2.0


@dataclass
class Scene:
    """A node on which nobody is in a call; what was counted before."""

    node: Installation
    phones: Phones
    callers: Phones
    before: tuple[int, ...]
    records_before: int

    async def balance(self) -> tuple[int, ...]:
        """Of the test alone."""
        now = await self.node.balance()
        return tuple(one - before for one, before in zip(now, self.before, strict=True))

    def outcomes(self) -> list[str]:
        return [str(record["outcome"]) for record in self.node.records()[self.records_before :]]


@pytest.fixture(scope="module")
def port() -> int:
    """Where the phones of agents and of partners are."""
    return free_port()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory, port: int) -> AsyncIterator[Installation]:
    folder = tmp_path_factory.mktemp("node")
    async with running(Installation(folder, PARTS.format(port=port), flows=FLOWS, trunks=TRUNK)) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def scene(node: Installation, port: int) -> AsyncIterator[Scene]:
    async with phones_at(node, port=port) as phones, phones_at(node, "127.0.0.2") as callers:
        yield Scene(node, phones, callers, await node.balance(), len(node.records()))
        callers.hang_up()
        await phones.leave()
    await asyncio.sleep(REST_S)  # of a partner that did not take a caller


async def test_a_partners_person_gets_the_caller_and_is_told_of_the_contact(scene: Scene) -> None:
    node, phones, callers = scene.node, scene.phones, scene.callers
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
    assert (await scene.balance())[3] == 1, "flowed out"


@pytest.mark.parametrize("behaviour", [refuses(486), refuses(503), lets_it_ring], ids=["busy", "failing", "silent"])
async def test_a_caller_whom_the_partner_does_not_take_keeps_the_place(scene: Scene, behaviour: object) -> None:
    node, phones, callers = scene.node, scene.phones, scene.callers
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
    assert (await scene.balance())[:2] == (1, 1)


async def test_a_machine_at_the_partners_gets_nobody_until_a_person_presses_1(scene: Scene) -> None:
    node, phones, callers = scene.node, scene.phones, scene.callers
    pressed: list[Handset] = []

    async def presses(handset: Handset) -> None:
        await answers(handset)
        await handset.connected()
        pressed.append(handset)

    phones.behaviours["machine"] = presses
    caller = await callers.answered_call("5001")
    await phones.rings()
    await until(lambda: len(pressed) > 0, "an answer")
    await music(caller)
    assert await in_queue(node, "other"), "the caller waits until a person is there"
    pressed[0].rtp.press("1")
    await asyncio.sleep(0.7)
    await together(caller, pressed[0])
    caller.hang_up()
    await node.quiet()


@pytest.mark.parametrize(("key", "taken"), [("1", True), ("2", False)])
async def test_who_answers_an_attended_transfer_is_told_and_may_refuse(scene: Scene, key: str, taken: bool) -> None:
    node, phones, callers = scene.node, scene.phones, scene.callers
    phones.behaviours["tax"] = answers
    caller = await callers.answered_call("5002")
    tax = await phones.rings()
    await tax.connected()
    await music(caller)
    assert phones.invites[0].request.headers.get("X-Svar-Context") == "number=5002"
    tax.rtp.press(key)
    if taken:
        await asyncio.sleep(0.7)
        await together(caller, tax)
        tax.hang_up()
    await until(lambda: tax.ended, "the phone on the hook")
    await until(caller.is_over, "the end", deadline_s=8)
    await node.quiet()
    assert scene.outcomes() == ["transferred" if taken else "completed"]
