"""HTTPS: by our certificate, the newest that could be read, and by nothing that is too old."""

import asyncio
import ssl
from pathlib import Path

import aiohttp
import pytest

from console.handshakes import MOST_HANDSHAKES
from console.server import ConsoleServer
from console.tls import Certificate, CertificateError
from tests.console.test_server import HELLO
from tests.sip.aio.authority import Authority


async def subject(port: int, authority: str) -> str:
    """Whose certificate is shown, to one who knows the authority and is answered."""
    context = ssl.create_default_context(cafile=authority)
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        found = dict(pair for (pair,) in writer.get_extra_info("peercert")["subject"])
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"hello")
        writer.close()
        await writer.wait_closed()
    return str(found["commonName"])


async def test_a_certificate_that_changed_serves_the_next_connection(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("first.example", "127.0.0.1", file="server")
    ours = Certificate(certificate, key)
    server = ConsoleServer(HELLO, context=ours.context)
    await server.start()
    assert await subject(server.port, authority.file) == "first.example"
    authority.issue("second.example", "127.0.0.1", file="server")
    assert ours.reload()
    assert await subject(server.port, authority.file) == "second.example"
    await asyncio.to_thread(Path(key).write_text, "half a key")
    assert not ours.reload()
    assert await subject(server.port, authority.file) == "second.example"
    await server.stop()


async def test_old_versions_of_tls_are_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = ConsoleServer(HELLO, context=Certificate(*authority.issue("a.example", "127.0.0.1")).context)
    await server.start()
    old = ssl.create_default_context(cafile=authority.file)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientError):
            await http.get(f"https://127.0.0.1:{server.port}/", ssl=old)
    await server.stop()


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_files_that_cannot_be_used_are_named(tmp_path: Path, missing: str) -> None:
    certificate, key = Authority(tmp_path).issue("a.example", "127.0.0.1")
    Path(certificate if missing == "certificate" else key).unlink()
    with pytest.raises(CertificateError, match=r"a\.example\.pem and .*expected PEM files that belong together"):
        Certificate(certificate, key)


async def test_connections_that_begin_no_handshake_are_bounded(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    server = ConsoleServer(HELLO, context=Certificate(*authority.issue("a.example", "127.0.0.1")).context)
    await server.start()
    silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(MOST_HANDSHAKES)]
    try:
        async with asyncio.timeout(60):
            with pytest.raises((ConnectionError, ssl.SSLError, asyncio.IncompleteReadError)):
                await subject(server.port, authority.file)
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            assert await reader.read() == b""
            writer.close()
    finally:
        for _, writer in silent:
            writer.transport.abort()
        await server.stop()
