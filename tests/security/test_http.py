"""What may be tried over HTTP: connections that get nowhere, heads that are forged, names and numbers that are none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote, urlsplit

import pytest

from console.patience import HEAD_WITHIN_S
from console.server import MOST_CONNECTIONS
from console.tokens import Role
from tests.console.api.desks import Client, Office, served
from tests.console.web import ask

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PATHS = ("/api/v1/agents/", "/api/v1", "/api/v1/", "/api/v1/agents/anna/", "/metrics/", "//evil.example/", "/live/")


def port_of(client: Client) -> int:
    port = urlsplit(client.base).port
    assert port is not None
    return port


@asynccontextmanager
async def connections(port: int, count: int, head: bytes) -> AsyncIterator[list[Streams]]:
    opened = []
    try:
        for _ in range(count):
            opened.append(await asyncio.open_connection("127.0.0.1", port))
            opened[-1][1].write(head)
        yield opened
    finally:
        for _, writer in opened:
            writer.transport.abort()


async def sent(port: int, head: str) -> str:
    """The whole answer to a request that is written as it stands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.encode("latin-1"))
        async with asyncio.timeout(20):
            return (await reader.read()).decode()
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("head", [b"", b"GET /live HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["nothing", "half a head"])
async def test_connections_that_say_nothing_keep_nobody_out(head: bytes) -> None:
    async with served(Office()) as client, connections(port_of(client), 3 * MOST_CONNECTIONS, head):
        for _ in range(5):
            assert (await ask(port_of(client), "/live")).status == 200


async def test_who_asks_and_reads_no_answer_keeps_nobody_out() -> None:
    """Many requests in one connection, whose answers pile up."""
    many = b"GET /api/v1/agents HTTP/1.1\r\nHost: x\r\n\r\n" * 500
    async with served(Office()) as client, connections(port_of(client), MOST_CONNECTIONS + 20, many):
        assert (await ask(port_of(client), "/live")).status == 200


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    async with served(Office()) as client, connections(port_of(client), 1, b"GET / HTTP/1.1\r\n") as opened:
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(HEAD_WITHIN_S + 5):
                await opened[0][0].readexactly(1)


@pytest.mark.parametrize("path", PATHS)
async def test_the_header_host_leads_nobody_elsewhere(path: str) -> None:
    async with served(Office()) as client:
        answer = await sent(port_of(client), f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert answer.split(" ")[1] in ("401", "404")
    assert "evil.example" not in answer
    assert "location" not in answer.lower()


FORGED = {
    "a token in the address": "GET /api/v1/me?access_token=TOKEN&token=TOKEN HTTP/1.1\r\nHost: x\r\n",
    "a token as a user": "GET http://TOKEN@x/api/v1/me HTTP/1.1\r\nHost: x\r\n",
    "a token as a cookie": "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nCookie: token=TOKEN; Authorization=Bearer TOKEN\r\n",
    "a basic password": "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Basic TOKEN\r\n",
    "another header": "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nX-Authorization: Bearer TOKEN\r\nX-Api-Key: TOKEN\r\n",
    "two headers": "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nAuthorization: Bearer TOKEN\r\n",
    "a preflight": "OPTIONS /api/v1/me HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\n"
    "Access-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: authorization\r\n",
    "no ASCII": "GET /api/v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n",
}


@pytest.mark.parametrize("name", FORGED)
async def test_only_the_header_authorization_opens_and_no_other_page_may_ask(name: str) -> None:
    office = Office()
    async with served(office) as client:
        token = await office.token(Role.ADMIN)
        answer = await sent(port_of(client), FORGED[name].replace("TOKEN", token) + "Connection: close\r\n\r\n")
    assert answer.split(" ")[1] in ("400", "401", "404")
    assert "agent" not in answer
    assert token not in answer
    assert "access-control" not in answer.lower()


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"])
async def test_no_header_makes_a_deed_of_a_question(header: str) -> None:
    office = Office()
    async with served(office) as client:
        token = await office.token(Role.ADMIN)
        head = f"GET /api/v1/agents/anna HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{header}: DELETE\r\n"
        answer = await sent(port_of(client), head + "Connection: close\r\n\r\n")
    assert answer.split(" ")[1] == "200"
    assert office.agents.asked == []


@pytest.mark.parametrize(
    "name",
    ["..", "%2e%2e", "%2e%2e%2fqueues", "anna%00", "anna%0d%0aX-Y:%20z", "%e2%80%ae", "a" * 300, "anna%2fready", "*"],
)
async def test_no_name_in_a_path_reaches_anything_but_an_agent(name: str) -> None:
    office = Office()
    async with served(office) as client:
        token = await office.token(Role.ADMIN)
        head = f"PUT /api/v1/agents/{name}/skills HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        body = '{"skills": {"pension": 9}}'
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
        answer = await sent(port_of(client), head)
    assert answer.split(" ")[1] in ("404", "405")
    assert office.agents.specs == {}
    assert "\r\nX-Y" not in answer
    assert all(event.target in ("?", unquote(name)) for event in office.events)


@pytest.mark.parametrize("value", ["1e400", "-1e400", "9" * 4000, "1.0", "true", '"5"', "[5]", "null", "1e2"])
async def test_no_number_is_taken_that_is_no_level(value: str) -> None:
    office = Office()
    async with served(office) as client:
        asking = client.by(await office.token(Role.ADMIN))
        data = b'{"skills": {"pension": %s}}' % value.encode()
        assert (await asking.ask("PUT", "/agents/anna/skills", data=data)).status == 422
    assert office.agents.specs == {}
