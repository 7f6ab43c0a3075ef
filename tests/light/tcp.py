"""Callers with a connection each, which they may tear (RST)."""

import asyncio
import random
import re
import socket
import struct

from tests.light.callers import Call, Callers

_LENGTH = re.compile(rb"^(?:content-length|l)[ \t]*:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_RESET = struct.pack("ii", 1, 0)


class Wire(asyncio.Protocol):
    """A caller's connection, or one that svar opened to a caller, which closes after a second without a word."""

    def __init__(self, callers: "TcpCallers", *, lasting: bool) -> None:
        self._callers = callers
        self._lasting = lasting
        self._idle: asyncio.TimerHandle | None = None
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, text: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(text.encode())

    def data_received(self, data: bytes) -> None:
        if not self._lasting:
            if self._idle is not None:
                self._idle.cancel()
            self._idle = asyncio.get_running_loop().call_later(1.0, self.close)
        self._buffer = (self._buffer + data).lstrip(b"\r\n")
        while (ends := self._buffer.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._buffer[:ends])
            whole = ends + 4 + (int(found[1]) if found else 0)
            if len(self._buffer) < whole:
                return
            message, self._buffer = self._buffer[:whole], self._buffer[whole:].lstrip(b"\r\n")
            self._callers.heard(message, self.send)

    def tear(self) -> None:
        """RST, not FIN."""
        if self._transport is not None:
            sock: socket.socket = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class TcpCallers(Callers):
    """Each call by a connection of its own. Half of them can be reached by a new one, the others cannot."""

    def __init__(self, target: tuple[str, int], chance: random.Random) -> None:
        super().__init__(target, chance)
        self._server: asyncio.Server | None = None
        self._connecting: set[asyncio.Task[None]] = set()
        self._wires: dict[str, Wire] = {}
        self._listens_at = 0

    @property
    def transport_name(self) -> str:
        return "TCP"

    async def open(self, port: int = 0) -> None:
        await super().open(port)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Wire(self, lasting=False), "127.0.0.1", 0)
        self._listens_at = self._server.sockets[0].getsockname()[1]

    def contact(self, call: Call) -> str:
        reachable = int(call.name[1:].partition("-")[0]) % 2
        return f"sip:{call.name}@127.0.0.1:{self._listens_at if reachable else self.port};transport=tcp"

    def _connect(self, call: Call) -> None:
        task = asyncio.get_running_loop().create_task(self._dial(call))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _dial(self, call: Call) -> None:
        try:
            _, wire = await asyncio.get_running_loop().create_connection(lambda: Wire(self, lasting=True), *self.target)
        except OSError:
            self._over(call, "not connected")
            return
        self._wires[call.name] = wire
        call.send, call.tear = wire.send, wire.tear
        self._begin(call)

    def _over(self, call: Call, how: str) -> None:
        super()._over(call, how)
        wire = self._wires.pop(call.name, None)
        if wire is not None and how != "torn":
            self.later(0.5, wire.close)

    def close(self) -> None:
        super().close()
        for wire in self._wires.values():
            wire.close()
        if self._server is not None:
            self._server.close()
