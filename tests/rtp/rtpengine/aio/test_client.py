import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest

from rtp.engine import MediaError
from rtp.rtpengine import ng
from rtp.rtpengine.aio.client import MOST_UNDER_WAY, MOST_WAITING, WAITS_S, Address, NgClient
from rtp.rtpengine.bencode import Encodable, Value
from tests.rtp.phone import until
from tests.rtp.rtpengine.fake import FakeRtpengine


class Told:
    def __init__(self) -> None:
        self.died: list[Address] = []
        self.revived: list[Address] = []


@pytest.fixture
async def server() -> AsyncIterator[FakeRtpengine]:
    server = await FakeRtpengine.start()
    yield server
    server.close()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
async def client(server: FakeRtpengine, told: Told) -> AsyncIterator[NgClient]:
    client = NgClient(server.address, told.died.append, told.revived.append)
    yield client
    await client.close()


async def test_a_command_gets_its_own_answer(server: FakeRtpengine, client: NgClient) -> None:
    def answers(said: Mapping[str, Value]) -> Mapping[str, Encodable]:
        call = said["call-id"]
        assert isinstance(call, bytes)
        return {"result": "ok", "call": call}

    server.answers = answers
    replies = await asyncio.gather(*[client.ask(ng.query(str(i))) for i in range(20)])
    assert [ng.text(reply, "call") for reply in replies] == [str(i) for i in range(20)]


async def test_a_command_that_is_lost_is_repeated_under_its_cookie(server: FakeRtpengine, client: NgClient) -> None:
    server.answers = lambda _said: {"result": "ok"} if len(server.heard) > 1 else None
    await client.ask(ng.ping())
    assert len(server.heard) == 2
    assert len({cookie for cookie, _ in server.heard}) == 1


async def test_one_that_is_silent_costs_a_bounded_time_once_and_is_asked_until_it_is_back(
    server: FakeRtpengine, client: NgClient, told: Told
) -> None:
    loop = asyncio.get_running_loop()
    server.answers = lambda _said: None
    began = loop.time()
    with pytest.raises(MediaError, match="does not answer") as error:
        await client.ask(ng.query("c"))
    assert error.value.status == 503
    assert loop.time() - began < sum(WAITS_S) + 5
    assert len(server.heard) == len(WAITS_S)
    assert told.died == [server.address]
    with pytest.raises(MediaError, match="asked again"):
        await client.ask(ng.query("c"))
    assert len(server.heard) == len(WAITS_S)
    server.answers = lambda _said: {"result": "pong"}
    await until(lambda: told.revived == [server.address], "sign of life")
    assert client.alive
    await client.ask(ng.ping())


async def test_one_command_without_an_answer_among_others_with_one_buries_nobody(
    server: FakeRtpengine, client: NgClient, told: Told
) -> None:
    server.answers = lambda said: None if said["command"] == b"query" else {"result": "pong"}
    asked = asyncio.create_task(client.ask(ng.query("c")))
    await until(lambda: bool(server.heard), "command")
    await client.ask(ng.ping())
    with pytest.raises(MediaError, match="answers others, but not 'query'"):
        await asked
    assert client.alive
    assert told.died == []


async def test_only_so_many_commands_are_under_way_at_once(server: FakeRtpengine, client: NgClient) -> None:
    server.answers = lambda _said: None
    asked = [asyncio.create_task(client.ask(ng.query("c"))) for _ in range(MOST_UNDER_WAY + 10)]
    await until(lambda: len(server.heard) >= MOST_UNDER_WAY, "commands")
    await asyncio.sleep(0.05)
    assert len(server.heard) == MOST_UNDER_WAY
    server.answers = lambda _said: {"result": "ok"}
    await asyncio.gather(*asked)


async def test_who_waits_for_one_that_dies_meanwhile_waits_no_longer(server: FakeRtpengine, client: NgClient) -> None:
    loop = asyncio.get_running_loop()
    server.answers = lambda _said: None
    began = loop.time()
    asked = [asyncio.create_task(client.ask(ng.query("c"))) for _ in range(3 * MOST_UNDER_WAY)]
    errors = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(error, MediaError) and error.status == 503 for error in errors)
    assert loop.time() - began < sum(WAITS_S) + 5


async def test_more_commands_than_can_wait_are_refused(server: FakeRtpengine, client: NgClient) -> None:
    server.answers = lambda _said: None
    asked = [asyncio.create_task(client.ask(ng.ping())) for _ in range(MOST_WAITING)]
    await until(lambda: bool(server.heard), "commands")
    with pytest.raises(MediaError, match="to answer already"):
        await client.ask(ng.ping())
    for task in asked:
        task.cancel()
    await asyncio.wait(asked)


@pytest.mark.parametrize(
    ("reason", "status"),
    [("Unknown call-id", 481), ("Ran out of ports", 503), ("Parallel session limit", 503), ("other", 500)],
)
async def test_a_refusal_is_an_error_with_a_status(
    server: FakeRtpengine, client: NgClient, reason: str, status: int
) -> None:
    server.answers = lambda _said: {"result": "error", "error-reason": reason}
    with pytest.raises(MediaError, match=f"refuses 'query': {reason}") as error:
        await client.ask(ng.query("c"))
    assert error.value.status == status
    await client.tell(ng.query("c"))


async def test_what_cannot_be_understood_is_no_answer(server: FakeRtpengine, client: NgClient) -> None:
    answers: list[bytes | None] = [b"nonsense", b"other d6:result2:oke"]
    server.answers = lambda _said: answers.pop() if answers else {"result": "ok"}
    await client.ask(ng.ping())
    assert len(server.heard) == 3


async def test_a_command_that_no_datagram_holds_is_refused(client: NgClient) -> None:
    with pytest.raises(MediaError, match="bytes"):
        await client.ask(ng.play("c", "a", "x" * 70_000))
