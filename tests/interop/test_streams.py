"""SIPp, sipsak, baresip and openssl over TCP and TLS."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from sip.aio.tls import Tls, TlsFiles
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Digest
from sip.core import UserAgentCore
from sip.events import Accepted, Ended, Registered, Rejected, SipEvent, Unregistered
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from tests.interop.peers import child, require, run, sipp
from tests.interop.phones import baresip
from tests.interop.test_sipp_calls import CALLS, LOOPBACK, SCENARIOS, Callee, answer, ring_up, until
from tests.ports import free_port
from tests.sip.aio.authority import Authority
from tests.sip.aio.test_user_agent import Listener
from tests.sip.network import OFFER
from tests.sip.raw import raw

pytestmark = pytest.mark.interop

DIGEST = Digest("svar", {"anna": "right"}.get, b"secret")


@asynccontextmanager
async def listening(tls: Tls | None = None) -> AsyncIterator[UserAgent]:
    core = UserAgentCore(CoreConfig(trunks=(LOOPBACK,), digest=DIGEST), lambda: token_hex(8))
    agent = UserAgent(core, Address("127.0.0.1", 0, "TLS" if tls is not None else "TCP"), tls=tls)
    await agent.start()
    try:
        yield agent
    finally:
        await agent.close()


@pytest.mark.parametrize("sockets", ["t1", "tn"])
@pytest.mark.parametrize(("scenario", "cause"), [("caller_hangs_up.xml", "remote"), ("caller_is_hung_up.xml", "local")])
async def test_sipp_calls_over_tcp(sockets: str, scenario: str, cause: str) -> None:
    require("sipp")
    async with listening() as agent:
        callee = Callee(agent, answer)
        callee.hangs_up = cause == "local"
        arguments = (
            "-sf",
            str(SCENARIOS / scenario),
            "-m",
            str(CALLS),
            "-r",
            "40",
            "-t",
            sockets,
            "-max_socket",
            "500",
        )
        command = sipp(*arguments, f"127.0.0.1:{agent.address.port}", port=free_port())
        finished = await run(command, timeout_s=60)
        assert finished.code == 0, finished.output[-6000:]
        await until(lambda: len(callee.causes) == CALLS)
        assert set(callee.causes) == {cause}
        assert callee.confirmed == CALLS
        assert agent.stats["connections_accepted"] == (1 if sockets == "t1" else CALLS)
        assert agent.stats["connections_opened"] == 0
        assert agent.stats["retransmissions"] == 0


async def test_sipp_is_called_over_one_connection() -> None:
    require("sipp")
    results: list[str] = []
    port = free_port()
    phone = sipp("-sf", str(SCENARIOS / "phone.xml"), "-m", str(CALLS), "-t", "t1", port=port)
    async with listening() as agent, child(phone):
        await until_listening(port)

        def heard(event: SipEvent) -> None:
            if isinstance(event, Accepted):
                agent.bye(event.session)
            elif isinstance(event, Ended):
                results.append(event.cause)
            elif isinstance(event, Rejected):
                results.append(str(event.status))

        for _ in range(CALLS):
            ring_up(agent, Address("127.0.0.1", port, "TCP"), heard)
            await asyncio.sleep(0.01)
        await until(lambda: len(results) == CALLS)
        assert set(results) == {"local"}
        assert agent.stats["connections_opened"] == 1


async def until_listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                return


async def test_sipsak_asks_over_tcp() -> None:
    program = require("sipsak")
    async with listening() as agent:
        command = [program, "-vv", "--transport=tcp", "-s", f"sip:main@127.0.0.1:{agent.address.port}"]
        finished = await run(command, timeout_s=20)
        assert finished.code == 0, finished.output
        assert "200 OK" in finished.output


@pytest.mark.parametrize("transport", ["tcp", "tls"])
async def test_baresip_is_rung_over_the_connection_of_its_registration(tmp_path: Path, transport: str) -> None:
    require("baresip")
    authority = Authority(tmp_path)
    certificate, key = authority.issue("127.0.0.1", "127.0.0.1", "sip:127.0.0.1")
    folder = tmp_path / "phone"
    folder.mkdir()
    async with listening(Tls(TlsFiles(certificate, key)) if transport == "tls" else None) as agent:
        bound, near = Listener(), Listener()
        agent.on_register_change = bound
        ca = authority.file if transport == "tls" else ""
        port = agent.address.port
        async with baresip(folder, "anna", port, password="right", answers=True, transport=transport, ca=ca) as phone:
            registered = await bound.until(Registered)
            assert isinstance(registered, Registered)
            assert registered.source.transport == transport.upper()
            (binding,) = agent.locations("sip:anna@127.0.0.1")
            anna = NameAddr(SipUri("anna", "127.0.0.1"))
            session = agent.invite(
                binding.contact, near, local=anna, remote=anna, destination=binding.destination, sdp=OFFER
            )
            await near.until(Accepted)
            await phone.event("CALL_ESTABLISHED")
            assert agent.bye(session)
            await near.until(Ended)
            await phone.event("CALL_CLOSED")
            callee = Callee(agent, answer)
            await phone.dial(f"sip:600@127.0.0.1:{port};transport={transport}")
            await until(lambda: callee.confirmed == 1)
            await phone.hang_up()
            await until(lambda: callee.causes == ["remote"])
            assert agent.stats["connections_opened"] == 0
        gone = await bound.until(Unregistered)
        assert isinstance(gone, Unregistered)


async def test_openssl_speaks_to_us(tmp_path: Path) -> None:
    program = require("openssl")
    authority = Authority(tmp_path)
    certificate, key = authority.issue("svar.example", "svar.example")
    async with listening(Tls(TlsFiles(certificate, key))) as agent:
        verified = ["-CAfile", authority.file, "-verify_return_error", "-verify_hostname", "svar.example", "-brief"]
        process = await asyncio.create_subprocess_exec(
            program, "s_client", "-connect", f"127.0.0.1:{agent.address.port}", *verified,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(raw("OPTIONS", via="SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bK1"))
            async with asyncio.timeout(10):
                while not (line := await process.stdout.readline()).startswith(b"SIP/2.0 200"):
                    assert line, "it ended without an answer"
        finally:
            process.kill()
            await process.wait()
