"""The agent's phone, with another test phone in the place of the server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from sip.config import Address
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from svar.phones.agent_phone import AgentPhone
from svar.phones.dialling import account
from svar.phones.ladder import Ladder
from svar.phones.phone import Phone
from svar.phones.phone_call import PhoneCall


@asynccontextmanager
async def phone(user: str, port: int = 9) -> AsyncIterator[Phone]:
    made = Phone(account(user, f"127.0.0.1:{port}"), Ladder(asyncio.get_running_loop().time))
    await made.start()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def desk(
    server: Phone, *, auto_answer_s: float | None = None, talk_s: float | None = None
) -> AsyncIterator[tuple[AgentPhone, Phone]]:
    async with phone("kari", server.port) as ours:
        agent = AgentPhone(ours, auto_answer_s=auto_answer_s, talk_s=talk_s)
        try:
            yield agent, ours
        finally:
            await agent.close()


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not there():  # noqa: ASYNC110 - packets tell nobody
            await asyncio.sleep(0.01)


def notes(of: Phone) -> list[str]:
    return [rung.what for rung in of.ladder.rungs if rung.way == "note"]


@asynccontextmanager
async def caller_of(agent: Phone) -> AsyncIterator[Phone]:
    async with phone("ola", agent.port) as made:
        yield made


async def test_an_unattended_agent_answers_talks_and_quits_after_so_many_calls() -> None:
    async with phone("server") as server, desk(server, auto_answer_s=0.05, talk_s=0.1) as (agent, ours):
        agent.until(2)
        async with caller_of(ours) as caller:
            for _ in range(2):
                call = await caller.call("kari")
                assert await asyncio.wait_for(call.ended, 5) == "remote"
            await asyncio.wait_for(agent.quit.wait(), 5)
    assert agent.talked == 2


async def test_keys_answer_and_hang_up_and_a_second_call_meanwhile_is_busy() -> None:
    async with phone("server") as server, desk(server) as (agent, ours), caller_of(ours) as caller:
        agent.key("a")  # nobody rings yet
        call = await caller.call("kari")
        await until(lambda: "ringing: ola" in notes(ours))
        agent.key("a")
        await asyncio.wait_for(call.answered, 5)
        second = await caller.call("kari")
        assert (await asyncio.wait_for(second.ended, 5)).startswith("486")
        agent.key("h")
        assert await asyncio.wait_for(call.ended, 5) == "remote"
        await until(lambda: agent.talked == 1)


async def test_keys_ring_the_feature_codes() -> None:
    rung: list[str] = []
    answering: set[asyncio.Task[None]] = set()

    async def serve(call: PhoneCall) -> None:
        assert call.invite is not None
        uri = call.invite.request.uri
        assert isinstance(uri, SipUri)
        rung.append(uri.user)
        await call.answer()
        call.hang_up()

    async with phone("server") as server:
        server.on_ring = lambda call: answering.add(asyncio.get_running_loop().create_task(serve(call)))
        async with desk(server) as (agent, _):
            for key, code in zip("rnw", ("*1", "*2", "*3"), strict=True):
                agent.key(key)
                await until(partial(rung.count, code))
            assert rung == ["*1", "*2", "*3"]
            assert await agent.dial_code("*1")
            assert not agent.code_failed


async def test_a_code_that_the_server_does_not_know_is_told() -> None:
    async with phone("server") as server, desk(server) as (agent, ours):
        assert not await agent.dial_code("*1")
        assert "*1 was not taken: 486 Busy Here" in notes(ours)


async def test_an_unknown_key_shows_the_keys_and_q_quits() -> None:
    async with phone("server") as server, desk(server) as (agent, ours):
        agent.key("?")
        assert "q quit" in notes(ours)[-1]
        agent.key("q")
        assert agent.quit.is_set()


async def test_the_queue_and_the_wait_are_shown_while_it_rings() -> None:
    async with phone("server") as server, desk(server) as (_, ours), phone("svar", ours.port) as caller:
        target = SipUri(user="kari", host="127.0.0.1", port=ours.port)
        caller.user_agent.invite(
            target,
            lambda _event: None,
            local=NameAddr(SipUri(user="4799999999", host="127.0.0.1"), display="Pensjon"),
            remote=NameAddr(target),
            destination=Address("127.0.0.1", ours.port),
            sdp="v=0\r\n",
            headers=(("X-Svar-Queue", "pension"), ("X-Svar-Waited-Ms", "65400")),
        )
        await until(lambda: "ringing: 4799999999, queue Pensjon, waited 65 s" in notes(ours))
