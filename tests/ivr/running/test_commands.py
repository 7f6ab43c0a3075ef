"""Commands that are finished whatever becomes of the caller."""

import asyncio

import pytest

from acd.distributor import Refused, Unavailable
from ivr.running.commands import Chain, Commands, repeated

VIRTUAL_TIME = True


class Store:
    """Away until `back_at_s`; each command takes a second."""

    def __init__(self, back_at_s: float = 0.0) -> None:
        self.back_at_s = back_at_s
        self.tries = 0
        self.done: list[str] = []

    async def command(self, name: str) -> str:
        self.tries += 1
        if asyncio.get_running_loop().time() < self.back_at_s:
            raise Unavailable("away")
        await asyncio.sleep(1)
        self.done.append(name)
        return name


async def test_a_command_is_repeated_until_the_store_is_back() -> None:
    store = Store(back_at_s=5)
    assert await repeated(lambda: store.command("a"), 10) == "a"
    assert store.tries < 10


async def test_it_is_given_up_in_time() -> None:
    store = Store(back_at_s=1_000)
    with pytest.raises(Unavailable):
        await repeated(lambda: store.command("a"), 10)
    assert 8 <= asyncio.get_running_loop().time() <= 10


async def test_a_refusal_is_not_repeated() -> None:
    async def refused() -> None:
        raise Refused("FULL", "full")

    with pytest.raises(Refused):
        await repeated(refused, 10)
    assert asyncio.get_running_loop().time() == 0


async def test_commands_of_a_contact_never_overtake_each_other() -> None:
    store, commands = Store(back_at_s=3), Commands()
    chain = Chain(commands)
    first = asyncio.ensure_future(chain.do(lambda: store.command("first"), patience_s=10))
    await asyncio.sleep(0.1)
    chain.later(lambda: store.command("second"), patience_s=10)
    assert await first == "first"
    assert await commands.drain(10) == 0
    assert store.done == ["first", "second"]


async def test_a_command_goes_on_when_its_caller_is_gone() -> None:
    store, commands = Store(), Commands()
    asked = asyncio.ensure_future(Chain(commands).do(lambda: store.command("a"), patience_s=1))
    await asyncio.sleep(0.5)
    asked.cancel()
    await asyncio.sleep(0.1)
    assert len(commands) == 1
    await commands.drain(5)
    assert store.done == ["a"]
    assert len(commands) == 0


async def test_the_next_command_is_done_though_the_one_before_failed() -> None:
    store, commands = Store(back_at_s=2), Commands()
    chain = Chain(commands)
    with pytest.raises(Unavailable):
        await chain.do(lambda: store.command("a"), patience_s=0.5)
    chain.later(lambda: store.command("b"), patience_s=5)
    await commands.drain(10)
    assert store.done == ["b"]


async def test_what_does_not_end_in_time_is_cancelled_and_counted() -> None:
    store, commands = Store(back_at_s=1_000), Commands()
    Chain(commands).later(lambda: store.command("a"), patience_s=2_000)
    assert await commands.drain(3) == 1
    await asyncio.sleep(0.1)
    assert len(commands) == 0
    assert await commands.drain(3) == 0
