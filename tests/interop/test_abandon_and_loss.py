"""Callers who leave at any moment, and networks that lose packets: nothing is left behind, and the counts add up."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.interop.peers import chaos_relay, child, require, run, sipp, until_bound
from tests.ivr.sip_lab import Handset
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at, refuses, talks_for

pytestmark = pytest.mark.interop

SCENARIOS = Path(__file__).parent / "scenarios"
AGENTS = 8
PARTS = f"""
[[queue]]
name = "work"
wrap_up_s = 1
offer_s = 2
[[agent]]
name = "agent{{n}}"
count = {AGENTS}
skills = {{ work = 5 }}
"""
LEAVING = 150
LONGEST_MS = 6000


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Installation]:
    async with running(Installation(tmp_path, PARTS)) as installation:
        yield installation


class Flapping:
    """Agents who answer, refuse, let it ring, come and go, as a seeded chance has it."""

    def __init__(self, phones: Phones, chance: random.Random) -> None:
        self._phones = phones
        self._chance = chance

    async def behave(self, handset: Handset) -> None:
        await asyncio.sleep(self._chance.uniform(0, 0.3))
        if not handset.ended:
            ways = (answers, answers, answers, lets_it_ring, refuses(486), refuses(603), refuses(480), talks_for(0.2))
            await self._chance.choice(ways)(handset)

    async def flap(self, agent: str) -> None:
        """Ready again, not ready, gone and back, again and again."""
        while True:
            await asyncio.sleep(self._chance.uniform(0.1, 1.5))
            if self._chance.random() < 0.2:
                self._phones.unregister(agent)
                await asyncio.sleep(self._chance.uniform(0, 0.5))
                await self._phones.register(agent, self.behave)
            await self._phones.dial_code(agent, self._chance.choice(("*1", "*1", "*1", "*2", "*3")))


async def test_callers_who_leave_at_random_moments_leave_nothing_behind(node: Installation, tmp_path: Path) -> None:
    chance = random.Random(20_26)
    times = tmp_path / "times.csv"
    times.write_text("SEQUENTIAL\n" + "".join(f"{chance.randrange(LONGEST_MS)};\n" for _ in range(LEAVING)))
    command = sipp(
        "-sf", str(SCENARIOS / "caller_leaves.xml"), "-inf", str(times), "-s", "5000", "-m", str(LEAVING), "-r", "30",
        "-default_behaviors", "all", f"127.0.0.1:{node.sip_port}", port=free_port(),
    )  # fmt: skip
    async with phones_at(node) as phones:
        flapping = Flapping(phones, chance)
        names = [f"agent{number}" for number in range(1, AGENTS + 1)]
        for name in names:
            await phones.register(name, flapping.behave)
        flaps = [asyncio.ensure_future(flapping.flap(name)) for name in names]
        finished = await run(command, timeout_s=60)
        for flap in flaps:
            flap.cancel()
        ended = await asyncio.gather(*flaps, return_exceptions=True)
        assert {type(error) for error in ended} == {asyncio.CancelledError}, ended
        assert finished.code in (0, 1), finished.output[-3000:]  # 1: an agent hung up before the caller did

        await node.quiet(25)
        offered, answered, lost, flowed_out, waiting = await node.balance()
        assert offered == answered + lost + flowed_out + waiting
        assert waiting == 0
        assert answered > LEAVING / 20
        assert lost > LEAVING / 20
        assert offered < await node.total("svar_contacts_started_total")
        assert len(phones.rung) >= await node.total("svar_offers_total") - await node.total("svar_offers_failed_total")
        await until(lambda: all(handset.ended for _, handset in phones.rung), "every phone on the hook")
        await _serves_still(node, phones)


async def _serves_still(node: Installation, phones: Phones) -> None:
    """Every agent can still be reached: one after the other takes a call."""
    for agent in list(phones.behaviours):
        await phones.register(agent, talks_for(0.1))
        await phones.dial_code(agent, "*1")
    before = await node.balance()
    callers = [await phones.answered_call() for _ in range(AGENTS)]
    for caller in callers:
        await phones.press(caller, "2")
    for caller in callers:
        await until(caller.is_over, "end of a call", deadline_s=15)
    await node.quiet()
    assert (await node.balance())[1] == before[1] + AGENTS


FIXED = """
[[queue]]
name = "work"
offer_s = 20
[[agent]]
name = "agent{{n}}"
contact = "sip:agent{{n}}@127.0.0.1:{port}"
count = 60
skills = {{ work = 5 }}
"""
CALLS = 200
LEAST_PERCENT = {1: 100, 5: 100, 10: 99, 20: 95}
_SUCCESSFUL = re.compile(r"Successful call\s*\|\s*\d+\s*\|\s*(\d+)")


async def test_calls_come_through_networks_that_lose_packets(tmp_path: Path) -> None:
    """From the INVITE over menu, queue, agent and talk to the BYE, every datagram of SIP through a relay each way."""
    require("sipp")
    levels = list(LEAST_PERCENT)
    outcomes = await asyncio.gather(*(_calls_through(tmp_path / str(loss), loss) for loss in levels))
    for loss, (successful, answered, retransmissions) in zip(levels, outcomes, strict=True):
        print(f"{loss} % lost: {successful} of {CALLS} calls whole, {answered} answered, {retransmissions:.0f} repeats")
        assert successful >= CALLS * LEAST_PERCENT[loss] / 100
        assert answered >= CALLS * LEAST_PERCENT[loss] / 100
        assert retransmissions > 0


async def _calls_through(folder: Path, loss_percent: int) -> tuple[int, int, float]:
    """How many callers had a whole call, how many were answered, and what svar had to send again."""
    phone, caller = free_port(), free_port()
    async with AsyncExitStack() as stack:

        async def relay(to_port: int) -> int:
            return await stack.enter_async_context(chaos_relay(to_port, loss_percent=loss_percent, seed=loss_percent))

        agents, back = await relay(phone), await relay(caller)
        command = sipp("-sf", str(SCENARIOS / "agent_talks.xml"), "-key", "relay", str(agents), port=phone)
        await stack.enter_async_context(child(command))
        await until_bound(phone)
        node = await stack.enter_async_context(running(Installation(folder, FIXED.format(port=agents))))
        command = sipp(
            "-sf", str(SCENARIOS / "caller_served.xml"), "-s", "5000", "-m", str(CALLS), "-r", "15",
            "-key", "relay", str(back), "-recv_timeout", "40000",
            f"127.0.0.1:{await relay(node.sip_port)}", port=caller,
        )  # fmt: skip
        finished = await run(command, timeout_s=90)
        found = _SUCCESSFUL.findall(finished.output)
        assert found, finished.output[-3000:]
        await node.quiet(40)
        offered, answered, lost, flowed_out, waiting = await node.balance()
        assert offered == answered + lost + flowed_out + waiting
        return int(found[-1]), answered, await node.total("svar_sip_retransmissions_total")
