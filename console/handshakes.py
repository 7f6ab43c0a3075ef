"""TLS before HTTP: handshakes are bounded in time and number, so that who begins none holds nothing of a node."""

import asyncio
import ssl
from collections.abc import Callable

HANDSHAKE_S = 10.0
MOST_HANDSHAKES = 200


class Handshakes:
    """Those that are under way. `context` is the certificate's, `protocol` makes what speaks after it."""

    def __init__(self, context: ssl.SSLContext, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._context = context
        self._protocol = protocol
        self._tasks: set[asyncio.Task[None]] = set()

    def opening(self) -> asyncio.Protocol:
        """For a connection that was accepted."""
        return Opening(self)

    def begin(self, transport: asyncio.Transport) -> None:
        """Closed at once where there are too many."""
        if len(self._tasks) >= MOST_HANDSHAKES:
            transport.abort()
            return
        transport.pause_reading()  # until the handshake reads
        task = asyncio.get_running_loop().create_task(self._shake(transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End those that are not done."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _shake(self, transport: asyncio.Transport) -> None:
        early = Early()
        secured: asyncio.Transport | None = None
        try:
            secured = await asyncio.get_running_loop().start_tls(
                transport, early, self._context, server_side=True, ssl_handshake_timeout=HANDSHAKE_S
            )
        except (OSError, ssl.SSLError):
            pass  # who cannot or will not speak TLS is none of ours
        finally:
            if secured is None:
                transport.abort()
        if secured is not None and not early.lost:
            protocol = self._protocol()
            secured.set_protocol(protocol)
            protocol.connection_made(secured)
            if early.data:
                protocol.data_received(bytes(early.data))


class Early(asyncio.Protocol):
    """Keeps what comes with the end of the handshake, before anybody reads."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


class Opening(asyncio.Protocol):
    """A connection before its handshake."""

    def __init__(self, handshakes: Handshakes) -> None:
        self._handshakes = handshakes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._handshakes.begin(transport)
