"""What outlives a kill -9 of svar, and of its Redis, at the worst moment."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.ivr.sip_lab import Handset
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at, talks_for

pytestmark = pytest.mark.interop

PARTS = """
[[queue]]
name = "work"
wrap_up_s = 1
offer_s = 4
[[agent]]
name = "anna"
skills = { work = 5 }
[[agent]]
name = "bjorn"
skills = { work = 5 }
[[agent]]
name = "never"
skills = { work = 5 }
"""
HOUR_S = 3600


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Installation]:
    async with running(Installation(tmp_path, PARTS)) as installation:
        yield installation


async def waiting_caller(node: Installation, phones: Phones, waiting: int) -> Handset:
    """A caller in the queue, behind those that wait already."""
    caller = await phones.answered_call()
    await phones.press(caller, "2")
    await eventually(lambda: _waits(node, waiting), f"caller number {waiting} in the queue")
    return caller


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def _waits(node: Installation, waiting: int) -> bool:
    return (await node.balance())[4] == waiting


async def _agents(node: Installation, **states: int) -> bool:
    return await node.agents() == states


async def _has_begun(node: Installation, contacts: int) -> bool:
    return await node.total("svar_contacts_started_total") == contacts


async def test_after_a_kill_nobody_is_stuck_and_what_was_counted_stays_counted(node: Installation) -> None:
    async with phones_at(node) as phones:
        await phones.register("anna", talks_for(0.5), expires_s=HOUR_S)
        first = await phones.answered_call()
        await phones.press(first, "2")
        await until(lambda: first.ended, "end of the first call", deadline_s=10)
        await node.quiet()

        phones.behaviours["anna"] = answers
        await phones.register("bjorn", answers, expires_s=HOUR_S)
        talking = [await phones.answered_call(), await phones.answered_call()]
        for caller in talking:
            await phones.press(caller, "2")
        await eventually(lambda: _agents(node, talking=2), "two talks", instead=node.agents)
        await waiting_caller(node, phones, 1)
        await waiting_caller(node, phones, 2)
        await phones.answered_call()
        before = await node.balance()
        assert before == (5, 3, 0, 0, 2)
        await eventually(lambda: _has_begun(node, 6), "the sixth contact")

        await node.kill()
        await node.start()
        await eventually(lambda: _agents(node, ready=2), "two ready agents", instead=node.agents)
        await node.quiet()
        assert await node.balance() == (5, 3, 2, 0, 0)
        records = node.records()
        assert len({record["contact"] for record in records}) == len(records) == 6
        assert sum(record["answered_ms"] > 0 for record in records) == 3

        phones.behaviours["anna"] = phones.behaviours["bjorn"] = talks_for(0.2)
        rung = len(phones.rung)
        after = await phones.answered_call()
        await phones.press(after, "2")
        await phones.rings(rung + 1)
        await until(lambda: after.ended, "end of the call after the restart", deadline_s=10)
        await node.quiet()
        assert await node.balance() == (6, 4, 2, 0, 0)


async def test_agents_whose_registration_ran_out_meanwhile_are_logged_out(node: Installation) -> None:
    async with phones_at(node) as phones:
        await phones.register("anna", answers, expires_s=60)
        await eventually(lambda: _agents(node, ready=1), "a ready agent", instead=node.agents)
        phones.unregister("anna")
        await eventually(lambda: _agents(node, logged_out=1), "nobody", instead=node.agents)
        await node.kill()
        await node.start()
        await eventually(lambda: _agents(node, logged_out=1), "nobody", instead=node.agents)


async def test_an_orderly_stop_ends_every_call_and_keeps_every_record(node: Installation) -> None:
    async with phones_at(node) as phones:
        caller = await waiting_caller(node, phones, 1)
        redis = node.child("-server")
        assert await node.stop() == 0
        await until(lambda: caller.ended, "BYE to the caller")
        assert [record["outcome"] for record in node.records()] == ["abandoned"]
        assert not lives(redis)
        await node.start()
        assert await node.balance() == (1, 0, 1, 0, 0)


async def test_callers_keep_their_place_when_redis_is_killed(node: Installation) -> None:
    async with phones_at(node) as phones:
        callers = [await waiting_caller(node, phones, number) for number in (1, 2, 3)]
        killed = node.child("-server")
        os.kill(killed, signal.SIGKILL)
        await eventually(lambda: _has_other_redis(node, killed), "another Redis")
        await phones.register("anna", talks_for(0.3))
        for count in (1, 2, 3):
            await until(callers[count - 1].is_over, f"end of call {count}", deadline_s=15)
            assert [caller.ended for caller in callers] == [True] * count + [False] * (3 - count)
        await node.quiet(20)
        assert await node.balance() == (3, 3, 0, 0, 0)


async def _has_other_redis(node: Installation, killed: int) -> bool:
    try:
        return node.child("-server") != killed
    except (AssertionError, FileNotFoundError):
        return False


async def test_talks_and_waits_survive_ten_seconds_without_redis(node: Installation) -> None:
    async with phones_at(node) as phones:
        await phones.register("anna", answers)
        talker = await phones.answered_call()
        await phones.press(talker, "2")
        await eventually(lambda: _agents(node, talking=1), "a talk", instead=node.agents)
        waiter = await waiting_caller(node, phones, 1)
        redis = node.child("-server")
        os.kill(redis, signal.SIGSTOP)
        try:
            await asyncio.sleep(10)
            assert not talker.ended
            assert not waiter.ended
            assert '"redis": {"ok": false' in await node.get("/health")
            newcomer = await phones.answered_call()
            await phones.press(newcomer, "2")
        finally:
            os.kill(redis, signal.SIGCONT)
        agent = await phones.rings()
        phones.behaviours["anna"] = talks_for(0.3)
        agent.hang_up()
        for caller in (talker, waiter, newcomer):
            await until(caller.is_over, "end of a call", deadline_s=20)
        await node.quiet(20)
        assert await node.balance() == (3, 3, 0, 0, 0)


async def test_a_redis_that_comes_back_empty_costs_nobody_the_place(node: Installation) -> None:
    """A store without persistence that was restarted, or an empty replica that was promoted."""
    async with phones_at(node) as phones:
        await phones.register("bjorn", answers)
        await eventually(lambda: _agents(node, ready=1), "a ready agent", instead=node.agents)
        phones.behaviours["bjorn"] = lets_it_ring
        await phones.dial_code("bjorn", "*2")
        callers = [await waiting_caller(node, phones, number) for number in (1, 2)]
        store = Redis.from_url(f"unix://{node.state}/redis/redis.sock")
        await store.flushall()
        await store.aclose()
        phones.behaviours["bjorn"] = talks_for(0.3)
        for caller in callers:
            await until(caller.is_over, "end of a call", deadline_s=15)
        assert [name for name, _ in phones.rung] == ["bjorn", "bjorn"]
        await node.quiet()
        assert await node.balance() == (2, 2, 0, 0, 0)
