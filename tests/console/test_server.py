import asyncio
import signal
import socket

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from console.patience import Patience
from console.server import ConsoleError, ConsoleServer
from tests.console.web import ask


async def hello(_: Request) -> Response:
    return PlainTextResponse("hello")


HELLO = Starlette(routes=[Route("/", hello)])


async def test_port_0_lets_the_system_choose_and_says_which() -> None:
    server = ConsoleServer(HELLO)
    await server.start()
    assert server.port > 0
    answer = await ask(server.port, "/")
    assert (answer.status, answer.body) == (200, "hello")
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await ask(server.port, "/")
    await server.stop()


async def test_it_listens_on_loopback_unless_told_otherwise() -> None:
    server = ConsoleServer(HELLO)
    await server.start()
    assert server.host == "127.0.0.1"
    await server.stop()


async def test_it_listens_on_ipv6() -> None:
    server = ConsoleServer(HELLO, host="::1")
    await server.start()
    assert (await ask(server.port, "/", host="::1")).status == 200
    await server.stop()


async def test_a_port_that_is_taken_is_told_with_a_hint() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConsoleError, match=f"cannot listen for HTTP on 127.0.0.1:{port}: Address already in use"):
            await ConsoleServer(HELLO, port=port).start()


async def test_signals_are_left_to_whoever_runs_the_loop() -> None:
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    server = ConsoleServer(HELLO)
    await server.start()
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == before
    await server.stop()


async def test_a_request_that_never_ends_does_not_hold_up_the_end() -> None:
    entered = asyncio.Event()

    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        entered.set()
        await asyncio.get_running_loop().create_future()

    server = ConsoleServer(hang)
    await server.start()
    asking = asyncio.create_task(ask(server.port, "/"))
    async with asyncio.timeout(20):
        await entered.wait()
        await server.stop()
        await asyncio.gather(asking, return_exceptions=True)


async def test_a_server_that_is_not_ready_in_time_is_given_up() -> None:
    with pytest.raises(ConsoleError, match="did not start within -1 s"):
        await ConsoleServer(HELLO).start(within_s=-1)


async def test_who_reads_nothing_of_an_answer_without_end_is_closed() -> None:
    over = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        request = Request(scope, receive)
        while not await request.is_disconnected():
            await send({"type": "http.response.body", "body": bytes(65_536), "more_body": True})
        over.set()

    server = ConsoleServer(endless)
    await server.start()
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1)
        writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readexactly(1)
        (connection,) = server._server.server_state.connections
        assert isinstance(connection, Patience)
        while not connection.flow.write_paused:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)
        connection._overdue()
        assert not connection.transport.is_closing()
        connection._overdue()
        await over.wait()
        writer.close()
        await server.stop()
