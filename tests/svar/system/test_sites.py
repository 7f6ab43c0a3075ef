"""Callers at one node, agents' phones at another, one Redis between them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from acd.connection import command_client
from acd.model import NODE_LEASE_MS
from acd.orders import Order, Orders, Outcome
from sip.events import ReferProgress
from sip.message.transfer import ReferTo
from sip.message.uri import SipUri
from tests.acd.redis_group import sentinels
from tests.acd.redis_server import RedisServer
from tests.ivr.sip_lab import Handset, hears, talk
from tests.ivr.sounds import tone
from tests.ports import free_port
from tests.rtp.phone import until
from tests.sip.aio.authority import Authority
from tests.svar.system.installation import Installation, eventually, running
from tests.svar.system.phones import Phones, answers, lets_it_ring, phones_at, talks_for
from tests.svar.system.sites import Country, country, knows, node, same_passwords

pytestmark = pytest.mark.asyncio(loop_scope="module")

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
COLLEAGUE = """
[[agent]]
name = "cato"
skills = { other = 5 }
"""
AGENTS = ["anna", "bjorn"]
TRUNK = """
[[trunk]]
name = "carrier"
networks = ["127.0.0.2/32"]
"""
CALLERS = "127.0.0.2"
"""Where callers come from; from elsewhere none but agents may ask for anything."""
LOST_S = NODE_LEASE_MS / 1000 + 1.5
"""Until a node that was killed is missed, and what it left is put in order."""
Shared = tuple[Country, int, Authority]
"""Two nodes, the second one's port for TLS, and who signed its certificate."""
VOICE, REPLY = tone("the caller"), tone("the agent")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    folder = tmp_path_factory.mktemp("country")
    authority, port = Authority(folder), free_port()
    certificate, key = authority.issue("svar.example", "127.0.0.1")
    tls = {2: (port, certificate, key)}
    async with country(folder, PARTS + COLLEAGUE, [*AGENTS, "cato"], tls=tls, trunks=TRUNK) as made:
        yield made, port, authority


@pytest.fixture
def made(shared: Shared) -> Country:
    return shared[0]


@asynccontextmanager
async def left(made: Country, *phones: Phones) -> AsyncIterator[None]:
    """Nodes that the test has killed run again at its end, nobody waits, talks or is logged in."""
    yield
    for one in phones:
        one.hang_up()
    for one_node in made.nodes:
        if one_node.process is not None and one_node.process.returncode is not None:
            await one_node.start()
    await made.together()
    for one in phones:
        await one.register_again()
        one.log_out()
    for one_node in made.nodes:
        await eventually(
            partial(nobody_is_there, one_node), "a country without agents and callers", 20, one_node.agents
        )


async def nobody_is_there(node: Installation) -> bool:
    return not await node.logged_in() and (await node.balance())[4] == 0


async def in_talk(callers: Phones, agents: Phones) -> tuple[Handset, Handset]:
    """A caller who has reached an agent."""
    caller = await callers.answered_call()
    agent = await agents.rings()
    await until(lambda: agent.rtp.engine[1] > 0, "the media of the agent's call")
    await asyncio.sleep(0.3)
    return caller, agent


async def test_caller_at_one_node_talks_to_a_phone_at_another(made: Country) -> None:
    here, there = made.nodes
    before = await here.balance()
    async with phones_at(here, CALLERS) as callers, phones_at(there) as agents, left(made, callers, agents):
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
        assert counted(before, await here.balance()) == (2, 2, 0, 0, 0)


def counted(before: tuple[int, ...], after: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(one - other for one, other in zip(after, before, strict=True))


async def state(node: Installation, wanted: str, count: int = 1) -> bool:
    return (await node.agents()).get(wanted, 0) == count


async def test_an_order_ends_a_call_at_the_node_that_has_it(made: Country) -> None:
    here, _ = made.nodes
    client: Any = command_client(made.redis.url)
    orders = Orders(client, "t")
    try:
        async with phones_at(here, CALLERS) as callers, left(made, callers):
            caller = await callers.answered_call()
            await eventually(lambda: waiting(here), "a caller in the queue")
            contact = (await client.hkeys("svar:{t}:entries"))[0]
            assert await orders.owner(contact) == "n1"
            late = Order("o1", "kari", "hang_up", 1, {"contact": contact})
            await orders.send(late, "n1")
            assert (await orders.outcome("o1", 5)).outcome == "late"
            order = replace(late, order="o2", deadline_ms=time.time_ns() // 1_000_000 + 5_000)
            await orders.send(order, "n1", "n2")
            assert await orders.outcome("o2", 5) == Outcome("done")
            await until(lambda: caller.ended, "the end of the call")
            await here.quiet()
            told = [orjson.loads(fields["e"]) for _, fields in await client.xrange("svar:{t}:events")]
            done = [(one["order"], one["author"], one["outcome"]) for one in told if one["kind"] == "order_done"]
            assert done == [("o1", "kari", "late"), ("o2", "kari", "done")]
    finally:
        await client.aclose()


async def waiting(node: Installation, count: int = 1) -> bool:
    return (await node.metrics()).get('svar_queue_waiting{queue="work"}') == count


async def test_a_phone_at_another_node_gives_its_caller_to_a_colleague(made: Country) -> None:
    here, there = made.nodes
    async with (
        phones_at(here, CALLERS) as callers,
        phones_at(there, proves="anna") as agents,
        phones_at(here) as colleagues,
        left(made, callers, agents, colleagues),
    ):
        await agents.register("anna", answers)
        await colleagues.register("cato", answers)
        caller, anna = await in_talk(callers, agents)
        stranger = ReferTo(SipUri("cato", "192.0.2.99", there.sip_port))
        assert agents.user_agent.refer(anna.session, stranger)
        await until(lambda: told(anna) == [603], "the refusal")
        assert agents.user_agent.refer(anna.session, ReferTo(SipUri("cato", "127.0.0.1", there.sip_port)))
        cato = await colleagues.rings()
        await until(lambda: told(anna) == [603, 200], "the word that it is done")
        await until(lambda: anna.ended, "the phone on the hook")
        await asyncio.sleep(0.3)
        since = len(caller.rtp.heard)
        await asyncio.gather(talk(caller, VOICE), talk(cato, REPLY))
        await until(lambda: hears(cato, VOICE) and hears(caller, REPLY, since=since), "both voices")
        caller.hang_up()
        await until(lambda: cato.ended, "BYE at the colleague's phone")


def told(phone: Handset) -> list[int]:
    return [event.status for event in phone.heard_of if isinstance(event, ReferProgress) and event.over]


async def test_a_caller_keeps_the_place_when_the_node_of_the_ringing_phone_is_killed(made: Country) -> None:
    here, there = made.nodes
    async with (
        phones_at(here, CALLERS) as callers,
        phones_at(there) as agents,
        phones_at(here) as others,
        left(made, callers, agents, others),
    ):
        await agents.register("anna", lets_it_ring)
        caller = await callers.answered_call()
        await agents.rings()
        await others.register("bjorn", answers)
        await there.kill()
        await until(lambda: len(others.rung) == 1, "an offer to the next agent", deadline_s=LOST_S)
        assert others.rung[0][0] == "bjorn"
        bjorn = others.rung[0][1]
        await asyncio.sleep(0.3)
        await talk(bjorn, REPLY)
        assert not caller.ended
        await eventually(lambda: knows(here, 1), "one node less")
        bjorn.hang_up()
        await until(lambda: caller.ended, "the goodbye to the caller", deadline_s=15)


async def test_an_agent_is_free_when_the_node_of_the_caller_is_killed(made: Country) -> None:
    here, there = made.nodes
    async with phones_at(here, CALLERS) as callers, phones_at(there) as agents, left(made, callers, agents):
        await agents.register("anna", lets_it_ring)
        await callers.answered_call()
        phone = await agents.rings()
        await eventually(lambda: state(there, "offered"), "an offer")
        await here.kill()
        await until(lambda: phone.ended, "CANCEL at the agent's phone", deadline_s=LOST_S)
        await eventually(lambda: state(there, "ready"), "an agent who is free", LOST_S)


async def test_a_phone_over_tls_is_rung_from_elsewhere_and_gone_with_its_node(shared: Shared) -> None:
    made, port, authority = shared
    here, there = made.nodes
    secure = (port, authority.file)
    async with (
        phones_at(there, secure=secure) as agents,
        phones_at(there) as others,
        phones_at(here, CALLERS) as callers,
        left(made, callers, agents, others),
    ):
        await agents.register("anna", answers)
        await eventually(lambda: state(here, "ready"), "the first agent")
        await others.register("bjorn", answers)
        await eventually(lambda: state(here, "ready", 2), "two agents who are ready")
        caller, agent = await in_talk(callers, agents)
        await asyncio.gather(talk(caller, VOICE), talk(agent, REPLY))
        await until(lambda: hears(agent, VOICE) and hears(caller, REPLY), "both voices")
        caller.hang_up()
        await until(lambda: agent.ended, "BYE at the agent's phone")
        await there.kill()
        await eventually(lambda: state(here, "logged_out", 2), "the agent without a phone logged out", LOST_S + 1)
        assert await state(here, "ready")
        await callers.answered_call()
        await others.rings()


async def test_between_nodes_signalling_and_media_may_be_encrypted(tmp_path: Path) -> None:
    authority, ports = Authority(tmp_path), (free_port(), free_port())
    certificate, key = authority.issue("svar.example", "127.0.0.1")
    further = {
        number: f'[tls]\nport = {port}\ncertificate = "{certificate}"\nkey = "{key}"\nca = "{authority.file}"\n'
        f'[nodes]\naddress = "sip:127.0.0.1:{port};transport=tls"\nsrtp = "required"\n'
        for number, port in zip((1, 2), ports, strict=True)
    }
    async with country(tmp_path, PARTS, AGENTS, further=further) as made:
        here, there = made.nodes
        async with phones_at(here) as callers, phones_at(there) as agents:
            await agents.register("anna", answers)
            caller, agent = await in_talk(callers, agents)
            await asyncio.gather(talk(caller, VOICE), talk(agent, REPLY))
            await until(lambda: hears(agent, VOICE) and hears(caller, REPLY), "both voices")
            assert (await here.metrics())["svar_sip_connections"] == 1
            agent.hang_up()
            await until(lambda: caller.ended, "the goodbye to the caller", deadline_s=15)


async def test_two_tenants_share_a_redis_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    with RedisServer(tmp_path / "redis") as redis:
        first = node(tmp_path, 1, PARTS, redis.url)
        second = node(tmp_path, 2, PARTS, redis.url, tenant="u")
        same_passwords([first, second], AGENTS)
        async with running(first), running(second), phones_at(first) as ours, phones_at(second) as theirs:
            await ours.register("anna", answers)
            await eventually(lambda: state(first, "ready"), "an agent who is ready")
            caller = await theirs.answered_call()
            await asyncio.sleep(1)
            assert '"1: n2 (site-2)"' in await second.get("/health")
            assert (ours.rung, caller.ended) == ([], False)
            await theirs.register("anna", answers)
            await theirs.rings()
            assert ours.rung == []
            assert await state(first, "ready")
            assert await first.balance() == (0, 0, 0, 0, 0)
            caller.hang_up()
            await until(lambda: theirs.rung[0][1].ended, "BYE at the agent's phone")


async def test_callers_keep_their_places_when_the_master_under_sentinel_is_killed(tmp_path: Path) -> None:
    with sentinels(tmp_path) as group:
        nodes = [node(tmp_path, number, PARTS, group.url) for number in (1, 2)]
        for one in nodes:
            one.config.write_text(one.config.read_text() + "\n[redis]\nwait_replicas = 1\n")
        same_passwords(nodes, AGENTS)
        here, there = nodes
        async with running(here), running(there), phones_at(here) as callers, phones_at(there) as agents:
            first, second = await callers.answered_call(), await callers.answered_call()
            await eventually(lambda: waiting(here, 2), "two callers in the queue")
            master = await asyncio.to_thread(group.master)
            master.kill()
            await agents.register("anna", talks_for(0.5))
            await until(lambda: len(agents.rung) == 2, "both callers at the agent, one after the other", deadline_s=40)
            await until(lambda: first.ended and second.ended, "the goodbye to both", deadline_s=20)
            await here.quiet()
            assert await here.balance() == (2, 2, 0, 0, 0)
