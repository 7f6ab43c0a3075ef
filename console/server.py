"""The web server: uvicorn as a guest in our event loop, which leaves signals and logs to us."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from console.handshakes import Handshakes
from console.patience import Patience

MOST_CONNECTIONS = 400
"""Those of viewers who see the wallboard live among them (`console.feed.MOST_VIEWERS`)."""
LISTEN_QUEUE = 128


class ConsoleError(Exception):
    """The web server cannot be started; the message names the address and the cause."""


class _Guest(uvicorn.Server):
    handshakes: Handshakes | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to whoever runs the loop."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's for the sockets that it is given, with bounds on handshakes."""
        config, loop = self.config, asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return Patience(config=config, server_state=self.server_state, app_state={}, _loop=loop)

        first: Callable[[], asyncio.Protocol] = protocol
        if config.ssl is not None:
            self.handshakes = Handshakes(config.ssl, protocol)
            first = self.handshakes.opening
        self.servers = [await loop.create_server(first, sock=one, backlog=config.backlog) for one in sockets or ()]
        self.started = True


class ConsoleServer:
    """Serves `app` on `host` and `port` (0: the system chooses; `port` then says which), over TLS with a `context`."""

    def __init__(
        self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0, context: ssl.SSLContext | None = None
    ) -> None:
        self.host = host
        self.port = port
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            http=Patience,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
            proxy_headers=False,
            ssl_context_factory=(lambda *_: context) if context is not None else None,
        )
        self._server = _Guest(config)
        self._serving: asyncio.Task[None] | None = None

    async def start(self, *, within_s: float = 5.0) -> None:
        """Returns when requests are answered. Raises ConsoleError."""
        listener = self._listen()
        self.host, self.port = listener.getsockname()[:2]
        self._serving = asyncio.create_task(self._server.serve([listener]), name="console")
        deadline = asyncio.get_running_loop().time() + within_s
        while not self._server.started:
            if self._serving.done() or asyncio.get_running_loop().time() > deadline:
                await self.stop()
                listener.close()
                raise ConsoleError(f"the web server on {self.host}:{self.port} did not start within {within_s:g} s")
            await asyncio.sleep(0.01)

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self.host, self.port))
            listener.listen(LISTEN_QUEUE)
        except OSError as error:
            listener.close()
            place = f"{self.host}:{self.port}"
            hint = "SVAR_HTTP_PORT=8081 chooses another port, 0 any that is free"
            raise ConsoleError(f"cannot listen for HTTP on {place}: {error.strerror}; {hint}") from error
        return listener

    async def stop(self, *, within_s: float = 5.0) -> None:
        """Answers what is under way, for a bounded time, and closes. Nothing when it does not run."""
        serving, self._serving = self._serving, None
        if serving is None:
            return
        self._server.should_exit = True
        if self._server.handshakes is not None:
            await self._server.handshakes.close()
        await asyncio.wait([serving], timeout=within_s)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
