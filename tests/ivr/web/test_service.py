"""Requests to a web service, well-behaved and not."""

import asyncio
import gzip
import itertools
import os

import pytest
from aiohttp import web

from ivr.ports.lookups import Cause, Failed
from ivr.web.service import Body, WebClient, WebRequest
from tests.ivr.web.servers import client, hang, raw, says, serving

ASK = WebRequest("/cases")
POST = WebRequest("/cases", b"{}")


class Counting:
    """Fails by `status` the first `times`, then answers."""

    def __init__(self, times: int, status: int = 503) -> None:
        self.times = times
        self.status = status
        self.asked = 0

    async def __call__(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.Response(status=self.status if self.asked <= self.times else 200)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_an_answer_is_given_whole() -> None:
    async with serving(says({"a": 1})) as url, client(url) as one:
        assert await one.exchange(ASK) == Body(b'{"a": 1}')


async def test_a_request_carries_the_configured_headers_and_says_little_of_us() -> None:
    seen: dict[str, str] = {}

    async def answer(request: web.Request) -> web.Response:
        seen.update(request.headers)
        return web.Response()

    async with serving(answer) as url, client(url, headers={"Authorization": "Bearer secret"}) as one:
        await one.exchange(ASK)
    assert seen.pop("Host").startswith("127.0.0.1:")
    assert seen == {
        "User-Agent": "svar",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Authorization": "Bearer secret",
    }


async def test_a_secret_is_not_in_what_python_shows_of_a_service() -> None:
    async with client("http://127.0.0.1:9", headers={"Authorization": "Bearer secret"}) as one:
        assert "secret" not in repr(one.service)


@pytest.mark.parametrize("status", [201, 204])
async def test_every_status_of_success_is_one(status: int) -> None:
    async with serving(says({}, status)) as url, client(url) as one:
        assert isinstance(await one.exchange(ASK), Body)


@pytest.mark.parametrize("status", [300, 304, 400, 404, 500])
async def test_every_other_status_is_told(status: int) -> None:
    async with serving(says({}, status)) as url, client(url) as one:
        assert await one.exchange(ASK) == Failed(Cause.STATUS, status)


async def test_a_service_that_is_away_is_told_and_asked_again() -> None:
    async with serving(says({})) as url:
        pass
    async with client(url) as one:
        began = now()
        assert await one.exchange(ASK, retries=1) == Failed(Cause.REFUSED)
        assert now() - began >= 0.1


@pytest.mark.parametrize(("retries", "asked"), [(0, 1), (1, 2), (3, 3)])
async def test_a_question_is_repeated_as_often_as_was_said(retries: int, asked: int) -> None:
    counting = Counting(2)
    async with serving(counting) as url, client(url) as one:
        answer = await one.exchange(ASK, retries=retries)
    assert counting.asked == asked
    assert isinstance(answer, Body) is (retries > 1)


async def test_a_mistake_of_ours_is_not_repeated() -> None:
    counting = Counting(2, status=400)
    async with serving(counting) as url, client(url) as one:
        assert await one.exchange(ASK, retries=3) == Failed(Cause.STATUS, 400)
    assert counting.asked == 1


@pytest.mark.parametrize(("repeats", "asked"), [(False, 1), (True, 2)])
async def test_a_post_is_repeated_only_where_the_configuration_says_so(repeats: bool, asked: int) -> None:
    counting = Counting(1)
    async with serving(counting) as url, client(url, repeats_posts=repeats) as one:
        await one.exchange(POST, retries=1)
    assert counting.asked == asked


async def test_repeats_end_with_the_time() -> None:
    counting = Counting(100)
    async with serving(counting) as url, client(url) as one:
        began = now()
        answer = await one.exchange(ASK, timeout_s=0.35, retries=100)
        # On a busy machine the time is up in the middle of a try.
        assert answer in (Failed(Cause.STATUS, 503), Failed(Cause.TIMEOUT))
        assert now() - began < 1
    assert counting.asked <= 4


async def test_failures_in_a_row_open_the_circuit_and_a_success_closes_it() -> None:
    counting = Counting(3)
    async with serving(counting) as url, client(url, failures=3, rest_s=0.3) as one:
        for _ in range(3):
            assert await one.exchange(ASK) == Failed(Cause.STATUS, 503)
        assert await one.exchange(ASK) == Failed(Cause.CIRCUIT_OPEN)
        assert counting.asked == 3
        await asyncio.sleep(0.35)
        tries = await asyncio.gather(*(one.exchange(ASK) for _ in range(5)))
        assert sorted(type(answer).__name__ for answer in tries) == ["Body", "Failed", "Failed", "Failed", "Failed"]
        assert isinstance(await one.exchange(ASK), Body)


async def test_what_is_not_found_opens_no_circuit() -> None:
    async with serving(says({}, 404)) as url, client(url, failures=2) as one:
        for _ in range(5):
            assert await one.exchange(ASK) == Failed(Cause.STATUS, 404)


async def test_callers_who_hang_up_open_no_circuit() -> None:
    async with serving(hang) as url, client(url, failures=1) as one:
        for _ in range(3):
            asking = asyncio.ensure_future(one.exchange(ASK))
            await asyncio.sleep(0.05)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        assert await one.exchange(ASK, timeout_s=0.1) == Failed(Cause.TIMEOUT)
        assert await one.exchange(ASK) == Failed(Cause.CIRCUIT_OPEN)


async def test_a_caller_who_hangs_up_ends_the_connection() -> None:
    ended = asyncio.Event()

    async def watch(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()

    async with raw(watch) as url, client(url) as one:
        asking = asyncio.ensure_future(one.exchange(ASK))
        await asyncio.sleep(0.1)
        asking.cancel()
        await asyncio.wait_for(ended.wait(), 5)


async def test_who_finds_no_place_is_turned_away() -> None:
    async with serving(hang) as url, client(url, at_once=1, failures=100) as one:
        waiting = [asyncio.ensure_future(one.exchange(ASK, timeout_s=0.5)) for _ in range(5)]
        await asyncio.sleep(0.05)
        began = now()
        assert await one.exchange(ASK, timeout_s=0.5) == Failed(Cause.OVERLOADED)
        assert now() - began < 0.2
        outcomes = await asyncio.gather(*waiting)
    assert outcomes.count(Failed(Cause.TIMEOUT)) >= 1
    assert set(outcomes) == {Failed(Cause.TIMEOUT), Failed(Cause.OVERLOADED)}


async def test_no_place_is_lost_by_callers_who_hang_up() -> None:
    async with serving(says({})) as url, client(url, at_once=2) as one:
        for _ in range(20):
            asking = [asyncio.ensure_future(one.exchange(ASK)) for _ in range(6)]
            await asyncio.sleep(0)
            for each in asking:
                each.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        assert isinstance(await one.exchange(ASK), Body)


async def _bomb(_: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"})


async def _endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"400\r\n" + b"x" * 0x400 + b"\r\n")
        await writer.drain()


async def _until_closed(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 0x400)
        await writer.drain()


async def _large(_: web.Request) -> web.Response:
    return web.Response(body=b" " * 2000)


async def test_what_is_packed_is_refused() -> None:
    async with serving(_bomb) as url, client(url) as one:
        assert await one.exchange(ASK) == Failed(Cause.NOT_JSON)


async def test_what_is_too_large_is_not_read_to_its_end() -> None:
    async with serving(_large) as url, client(url, most_bytes=1999) as small, client(url, most_bytes=2000) as enough:
        assert await small.exchange(ASK) == Failed(Cause.TOO_LARGE)
        assert isinstance(await enough.exchange(ASK), Body)


@pytest.mark.parametrize("answer", [_endless, _until_closed])
async def test_what_has_no_end_is_left(answer: object) -> None:
    async with raw(answer) as url, client(url) as one:  # type: ignore[arg-type]
        began = now()
        assert await one.exchange(ASK) == Failed(Cause.TOO_LARGE)
        assert now() - began < 2


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "])
async def test_what_drips_is_left_when_the_time_is_over(head: bytes) -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with raw(drip) as url, client(url) as one:
        began = now()
        assert await one.exchange(ASK, timeout_s=0.3) == Failed(Cause.TIMEOUT)
        assert now() - began < 1


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    ],
)
async def test_what_is_no_http_fails(sent: bytes) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()

    async with raw(answer) as url, client(url) as one:
        assert await one.exchange(ASK, timeout_s=2) in (Failed(Cause.REFUSED), Failed(Cause.NOT_JSON))


async def test_connections_are_kept_for_the_next_question() -> None:
    ports = set()

    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response()

    async with serving(answer) as url, client(url) as one:
        for _ in range(5):
            await one.exchange(ASK)
    assert len(ports) == 1


async def test_ipv6_is_spoken() -> None:
    async with serving(says({"a": 1}), "::1") as url, client(url) as one:
        assert isinstance(await one.exchange(ASK), Body)


def test_authorities_that_cannot_be_read_are_told_at_the_start() -> None:
    from ivr.web.service import WebService

    async def make() -> WebClient:
        return WebClient(WebService("cases", "https://cases.example", ca="/nowhere.pem"))

    with pytest.raises(OSError):
        asyncio.run(make())


async def test_many_failures_leave_nothing_behind() -> None:
    async def moody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mood = next(moods) % 4
        if mood == 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
        elif mood == 2:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort")
        elif mood == 3:
            await reader.read()
        await writer.drain()

    moods = itertools.count()
    async with raw(moody) as url, client(url, failures=1000, at_once=8) as one:
        await one.exchange(ASK, timeout_s=0.05)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(25):
            asking = [asyncio.ensure_future(one.exchange(ASK, timeout_s=0.05)) for _ in range(8)]
            await asyncio.sleep(0.01)
            asking[0].cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        async with asyncio.timeout(5):
            while len(os.listdir("/proc/self/fd")) > before + 8:  # noqa: ASYNC110 - descriptors have no event
                await asyncio.sleep(0.02)
        assert one._waiting == 0
        assert not one._places.locked()
