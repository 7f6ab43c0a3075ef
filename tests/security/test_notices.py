"""Where a notice of a reserve may go: as look-ups, to what the configuration names, and no further."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from ivr.ports.lookups import Cause, Failed
from ivr.web.service import WebClient, WebRequest
from svar.config import Config
from svar.config.schema import Notice
from svar.web import mistakes, notices
from tests.ivr.web.servers import serving
from tests.security.test_lookups import Seen, port_of

TOLD = WebRequest("", b"{}")


@asynccontextmanager
async def told_at(url: str, *networks: str) -> AsyncIterator[WebClient]:
    """The service of a configuration that names the networks."""
    client = notices(Config(notice=[Notice(name="duty", url=url, networks=list(networks))]), {})["duty"]
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0x7f.1", "127.0.0.1.", "0.0.0.0"],
)
async def test_a_notice_reaches_nothing_inside_that_is_not_named(host: str) -> None:
    inside = Seen()
    async with serving(inside) as secret, told_at(f"http://{host}:{port_of(secret)}") as client:
        answer = await client.exchange(TOLD)
    assert isinstance(answer, Failed)
    assert inside.asked == 0


async def test_a_notice_is_not_redirected() -> None:
    inside = Seen()
    async with serving(inside) as secret:

        async def away(_: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": f"{secret}/admin"})

        async with serving(away) as url, told_at(url, "127.0.0.0/8") as client:
            assert await client.exchange(TOLD) == Failed(Cause.STATUS, 307)
    assert inside.asked == 0


@pytest.mark.parametrize(
    "url",
    ["http://duty.example/", "ftp://duty.example/", "file:///etc/passwd", "https://user:secret@duty.example/", "gopher://x",
     "https://", "javascript:alert(1)"],
)  # fmt: skip
def test_a_notice_goes_over_https_or_into_a_network_that_is_named(url: str) -> None:
    assert list(mistakes(Config(notice=[Notice(name="duty", url=url)])))
