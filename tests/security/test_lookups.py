"""What a web service, a name server or a caller may try through look-ups and text messages."""

import asyncio
import gzip
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import web

from ivr.ports.lookups import Cause, Failed, Question
from ivr.ports.texting import Sending, TextMessage
from ivr.web.caps import Caps
from ivr.web.gateway import GatewayTexts, TextTerms
from ivr.web.lookups import WebLookups
from ivr.web.service import Body, WebRequest
from tests.ivr.web.servers import client, raw, says, serving
from tests.sip.aio.authority import Authority

ASK = WebRequest("/cases")


class Seen:
    """A service inside: whoever reaches it has broken in."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response({})


def port_of(url: str) -> str:
    return url.rpartition(":")[2]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int) -> None:
    inside = Seen()
    async with serving(inside) as secret:

        async def away(_: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": f"{secret}/admin"})

        async with serving(away) as url, client(url) as one:
            assert await one.exchange(ASK) == Failed(Cause.STATUS, status)
    assert inside.asked == 0


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "127.1", "2130706433", "0x7f.1"]
)
async def test_no_url_leads_to_an_address_that_is_not_named(host: str) -> None:
    inside = Seen()
    async with serving(inside) as secret, client(f"http://{host}:{port_of(secret)}", networks=()) as one:
        assert await one.exchange(ASK) == Failed(Cause.NOT_ALLOWED)
    assert inside.asked == 0


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "169.254.169.254", "10.0.0.1", "fd00::1"]
)
async def test_no_name_leads_to_an_address_that_is_not_named(address: str) -> None:
    async def names(_: str) -> Sequence[str]:
        return [address]

    inside = Seen()
    async with serving(inside) as secret:
        url = f"http://cases.example:{port_of(secret)}"
        async with client(url, networks=(), names=names) as one:
            assert await one.exchange(ASK) == Failed(Cause.NOT_ALLOWED)
    assert inside.asked == 0


async def test_a_name_that_changes_its_address_after_the_check_leads_nowhere_else() -> None:
    """DNS rebinding: the first answer passes, every later one leads inside."""
    inside = Seen()
    turns = [["127.0.0.2"]]

    async def names(_: str) -> Sequence[str]:
        return turns.pop(0) if turns else ["127.0.0.1"]

    from ivr.web.addresses import networks as named

    async with serving(inside) as secret:
        url = f"http://cases.example:{port_of(secret)}"
        async with client(url, networks=named(["127.0.0.2"]), names=names) as one:
            assert await one.exchange(ASK) == Failed(Cause.REFUSED)
            assert (await one.exchange(ASK)) == Failed(Cause.REFUSED)
            one._session.connector.clear_dns_cache()  # type: ignore[union-attr]
            assert await one.exchange(ASK) == Failed(Cause.NOT_ALLOWED)
    assert inside.asked == 0


async def test_a_packed_bomb_is_not_unpacked() -> None:
    async def bomb(_: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b" " * 20_000_000), headers={"Content-Encoding": "gzip"})

    async with serving(bomb) as url, client(url) as one:
        assert await one.exchange(ASK) == Failed(Cause.NOT_JSON)


async def test_an_answer_without_end_costs_its_bound() -> None:
    sent = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            sent += 65_536
            await writer.drain()

    async with raw(flood) as url, client(url) as one:
        assert await one.exchange(ASK) == Failed(Cause.TOO_LARGE)
    assert sent < 20_000_000


async def test_no_cookie_goes_back() -> None:
    seen: list[str] = []

    async def baker(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie", ""))
        return web.Response(headers={"Set-Cookie": "who=caller1"})

    async with serving(baker) as url, client(url) as one:
        await one.exchange(ASK)
        await one.exchange(ASK)
    assert seen == ["", ""]


async def test_no_proxy_and_no_password_of_the_environment_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    between = Seen()
    passwords = tmp_path / "netrc"
    passwords.write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(passwords))
    heads: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heads.append(request.headers.get("Authorization", ""))
        return web.json_response({})

    async with serving(between) as proxy, serving(answer) as url:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "https_proxy"):
            monkeypatch.setenv(name, proxy)
        async with client(url) as one:
            assert isinstance(await one.exchange(ASK), Body)
    assert between.asked == 0
    assert heads == [""]


async def test_nothing_is_said_to_a_server_whose_certificate_is_not_vouched_for(tmp_path: Path) -> None:
    theirs, ours = Authority(tmp_path, "theirs"), Authority(tmp_path, "ours")
    inside = Seen()
    certificate, key = theirs.issue("localhost", "localhost")
    for ca, name, reached in ((theirs, "localhost", True), (ours, "localhost", False), (theirs, "127.0.0.1", False)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        app = web.Application()
        app.router.add_route("GET", "/cases", inside.__call__)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        async with client(f"https://{name}:{runner.addresses[0][1]}", ca=ca.file) as one:
            assert isinstance(await one.exchange(ASK), Body) is reached
        await runner.cleanup()
    assert inside.asked == 1


async def test_what_a_caller_pressed_leads_to_no_other_path() -> None:
    inside = Seen()
    async with serving(inside) as url, client(url) as one:
        lookups = WebLookups([one])
        for path in ("/cases/..", "/cases/../admin", "/cases/.", "//evil.example/", "/cases/1 HTTP/1.1\r\nX: y"):
            assert await lookups.ask(Question("cases", path)) == Failed(Cause.NOT_ALLOWED)
    assert inside.asked == 0


async def test_text_messages_cannot_be_pumped() -> None:
    terms = TextTerms({"to": "{to}"}, "NAV", ("+47",), "NO")
    async with serving(says({})) as url, client(url) as one:
        texts = GatewayTexts(one, terms, Caps(3, 20))
        to_one = [await texts.send(TextMessage("91234567", "hei", f"{caller}")) for caller in range(50)]
        by_one = [await texts.send(TextMessage(f"4123{n:04}", "hei", "22334455")) for n in range(50)]
        spread = [await texts.send(TextMessage(f"9{n:07}", "hei")) for n in range(1_000_000, 1_000_100)]
        dear = [await texts.send(TextMessage(number, "hei")) for number in ("+88213300000", "+37281234567", "82900000")]
    assert to_one.count(Sending.SENT) == 3
    assert by_one.count(Sending.SENT) == 3
    assert spread.count(Sending.SENT) <= 14
    assert dear == [Sending.NOT_ALLOWED] * 3
