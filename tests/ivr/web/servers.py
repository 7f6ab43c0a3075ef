"""Web services for tests: real ones on loopback, well-behaved and nasty."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web

from ivr.web.addresses import networks
from ivr.web.service import WebClient, WebService

LOOPBACK = networks(["127.0.0.0/8", "::1"])
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]
Raw = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answering, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """An HTTP server that answers everything by `answer`; gives its URL."""

    async def answered(request: web.Request) -> web.StreamResponse:
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answered)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw(answer: Raw) -> AsyncIterator[str]:
    """A server that does with each connection what `answer` says; the request's head is read first."""
    tasks: set[asyncio.Task[Any]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await reader.readuntil(b"\r\n\r\n")
                await answer(reader, writer)
        except asyncio.CancelledError:
            return
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def client(url: str, **settings: Any) -> AsyncIterator[WebClient]:
    """Asks the service at `url`; loopback is allowed unless the settings say otherwise."""
    names = settings.pop("names", None)
    made = WebClient(WebService(**{"name": "cases", "url": url, "networks": LOOPBACK, **settings}), names)
    try:
        yield made
    finally:
        await made.close()


def says(value: object, status: int = 200) -> Answering:
    """Always the same JSON."""

    async def answer(_: web.Request) -> web.Response:
        return web.json_response(value, status=status)

    return answer


async def hang(*_: object) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError
