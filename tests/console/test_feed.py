"""The wallboard live: all at first, then what changes, one rendering for all, a bounded line for each."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from console.events import Events
from console.feed import MOST_BEHIND, MOST_VIEWERS, Feed, Full, Viewer
from console.server import ConsoleServer
from tests.console.house import House
from tests.metrics.told import queued, stream


def data(text: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.decode().removeprefix("data: "))
    return found


async def news(texts: AsyncGenerator[bytes]) -> dict[str, Any]:
    """The next that is more than a sign of life."""
    async with asyncio.timeout(30):
        while (text := await anext(texts)).startswith(b":"):
            pass
    return data(text)


@asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[None]:
    task = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_who_watches_gets_all_then_what_changes() -> None:
    house = House()
    async with running(house.feed), aclosing(house.feed.watch()) as texts:
        first = await news(texts)
        assert first["whole"]
        assert first["state"]["q|pensjon|waiting"] == 0
        house.folds.apply(stream([queued("c1", at_ms=house.now_ms)]))
        house.feed.tell()
        change = await news(texts)
        assert not change["whole"]
        assert change["state"]["q|pensjon|waiting"] == 1
        assert "q|pensjon|answered" not in change["state"]
        assert change["alarms"] == [
            ["bad", "Pensjon: 1 venter, og ingen er på jobb", "Pensjon: 1 waiting, nobody at work"]
        ]


async def test_one_rendering_serves_all_who_watch() -> None:
    house = House()
    async with running(house.feed):
        watching = [house.feed.watch() for _ in range(50)]
        for texts in watching:
            await news(texts)
        before = house.feed.rendered
        house.folds.apply(stream([queued("c1", at_ms=house.now_ms)]))
        house.feed.tell()
        told = [await news(texts) for texts in watching]
        assert all(one == told[0] for one in told)
        assert house.feed.rendered == before + 1
        for texts in watching:
            await texts.aclose()
        assert house.feed.viewers == 0


async def test_who_reads_too_slowly_gets_the_whole_board_and_not_what_was_before() -> None:
    house = House()
    feed = house.feed
    texts = feed.watch()
    await news(texts)
    (viewer,) = feed._viewers
    for n in range(MOST_BEHIND + 5):
        feed._send(b"data: %d\n\n" % n, 0.0)
        assert viewer.texts.qsize() <= MOST_BEHIND
    assert viewer.stale
    assert (await anext(texts)).startswith(b":")
    assert data(await anext(texts))["whole"]
    await texts.aclose()


async def test_so_many_may_watch_and_no_more() -> None:
    feed = House().feed
    feed._viewers |= {Viewer() for _ in range(MOST_VIEWERS)}
    assert not feed.room
    with pytest.raises(Full):
        await anext(feed.watch())


async def test_nothing_is_looked_at_while_nobody_watches() -> None:
    house = House()
    async with running(house.feed):
        house.feed.tell()
        for _ in range(10):
            await asyncio.sleep(0)
        assert house.feed.rendered == 0


async def test_events_end_with_the_session() -> None:
    house = House()
    app = Starlette(routes=[Route("/events", Events(house.gate, house.feed, look_again_s=0))])
    server = ConsoleServer(app)
    await server.start()
    await house.user()
    account = await house.accounts.get("kari")
    assert account is not None
    cookie = {"svar_session": await house.sessions.begin(account)}
    url = f"http://127.0.0.1:{server.port}/events"
    async with running(house.feed), aiohttp.ClientSession(cookies=cookie) as http, asyncio.timeout(60):
        async with http.get(url) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert data(await answer.content.readuntil(b"\n\n"))["whole"]
            await house.sessions.end_all("kari")
            house.folds.apply(stream([queued("c1", at_ms=house.now_ms)]))
            house.feed.tell()
            await answer.content.read()
        async with http.get(url) as answer:
            assert answer.status == 401
    await server.stop()


async def test_when_too_many_watch_one_more_is_asked_to_come_again() -> None:
    house = House()
    async with house.visited("kari") as visitor:
        house.feed._viewers |= {Viewer() for _ in range(MOST_VIEWERS)}
        answer = await visitor.get("/events")
        assert (answer.status, answer.headers["retry-after"]) == (503, "30")


async def test_a_viewer_who_leaves_is_forgotten() -> None:
    house = House()
    async with house.visited("kari") as visitor, running(house.feed):
        async with aiohttp.ClientSession(cookie_jar=visitor.http.cookie_jar) as other:
            answer = await other.get(f"{visitor.base}/events")
            await answer.content.readuntil(b"\n\n")
            assert house.feed.viewers == 1
            answer.close()
        async with asyncio.timeout(30):
            while house.feed.viewers:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)
