"""/events: the wallboard's changes as server-sent events, for those who are logged in."""

import asyncio
from contextlib import aclosing, suppress

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from acd.distributor import DistributorError
from console.asked import Asked
from console.feed import Feed, Full
from console.gate import Gate

LOOK_AGAIN_S = 30.0
"""So often it is looked whether who watches is still logged in."""
READ_WITHIN_S = 20.0
_HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"x-accel-buffering", b"no"),
    ],
}


class Events:
    """Written to ASGI itself: a viewer costs one task and one write a change."""

    def __init__(self, gate: Gate, feed: Feed, look_again_s: float = LOOK_AGAIN_S) -> None:
        self._gate = gate
        self._feed = feed
        self._look_again_s = look_again_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        asked = self._gate.stranger(request)
        with suppress(DistributorError):
            asked = await self._gate.ask(request)
        if asked.session is None or request.method != "GET":
            refused = PlainTextResponse("not logged in\n", 401, headers={"Cache-Control": "no-store"})
            await refused(scope, receive, send)
            return
        if not self._feed.room:
            full = PlainTextResponse("too many watch\n", 503, headers={"Retry-After": "30"})
            await full(scope, receive, send)
            return
        await send(_HEAD)
        sending = asyncio.ensure_future(self._send(asked, send))
        gone = asyncio.ensure_future(_gone(receive))
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
        with suppress(RuntimeError):
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, asked: Asked, send: Send) -> None:
        """Until the session is over, or nobody reads."""
        clock = asyncio.get_running_loop().time
        looked_s = clock()
        with suppress(Full, TimeoutError):
            async with aclosing(self._feed.watch()) as texts:
                async for text in texts:
                    async with asyncio.timeout(READ_WITHIN_S):
                        await send({"type": "http.response.body", "body": text, "more_body": True})
                    if clock() - looked_s >= self._look_again_s:
                        looked_s = clock()
                        if not await self._goes_on(asked):
                            return

    async def _goes_on(self, asked: Asked) -> bool:
        assert asked.session is not None
        try:
            return await self._gate.still(asked.session, asked.secret)
        except DistributorError:
            return True  # the session was good a moment ago, and this is when people watch


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
