"""A media worker: a process of its own with a `LocalMediaEngine`, led over an inherited socket (`rtp.wire`).

`python -m rtp.aio.worker FD`; the pool (`rtp.aio.pool`) starts it. It ends when the other end of the socket closes,
however the process there ended, and by nothing else short of SIGKILL: a SIGINT or SIGTERM to the whole group or service
is for the node to answer, which has goodbyes to say.
"""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from rtp.aio.descriptors import raise_limit
from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.aio.link import Link
from rtp.engine import LegId, MediaError, MediaEvent
from rtp.wire import LOG, METHODS, WireError, decoder, event_frame, frame

END_WITHIN_S: Final = 1.0
MOST_BEHIND_BYTES: Final = 8 * 1024 * 1024
"""What may wait for a SIP process that does not read; further events and lines of log are lost."""
PING = "ping"
READY = "ready"

log = structlog.get_logger()
_settings, _ports = decoder(MediaSettings), decoder(tuple[int, ...])


class Worker:
    """Does what it is told, each command in a task, begun in the order in which they came."""

    def __init__(self) -> None:
        self.over = asyncio.Event()
        self._link: Link
        self._engine: LocalMediaEngine | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, sock: socket.socket) -> None:
        """Until the other end closes."""
        self._link = await Link.over(sock, self._heard, self.over.set)
        structlog.configure(processors=[structlog.processors.format_exc_info, self._log])
        await self.over.wait()
        structlog.reset_defaults()
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        if self._engine is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_WITHIN_S):
                    await self._engine.shutdown()

    def _log(self, _logger: Any, level: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The last processor: the SIP process writes the line, as it writes its own."""
        message = str(values.pop("event", ""))
        self._tell(frame([LOG, level, message, {key: str(value) for key, value in values.items()}]))
        raise structlog.DropEvent

    def _tell(self, data: bytes) -> None:
        if self._link.waiting_bytes < MOST_BEHIND_BYTES:
            self._link.send(data)

    def _happened(self, event: MediaEvent) -> None:
        self._tell(event_frame(event))

    def _heard(self, message: list[Any]) -> None:
        if self._engine is None:
            self._begin(message)
            return
        number, name, values = _split(message)
        if name == PING:
            self._link.send(frame([number, 0, [self._engine.legs, self._engine.skipped, self._engine.worst_late_s]]))
            return
        task = asyncio.get_running_loop().create_task(self._answer(self._engine, number, name, values))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin(self, message: list[Any]) -> None:
        """The first message says how."""
        self._engine = LocalMediaEngine(_settings(message[1]), _ports(message[2]))
        gc.collect()
        gc.freeze()
        self._link.send(frame([message[0], 0, READY]))

    async def _answer(self, engine: LocalMediaEngine, number: int, name: str, values: list[Any]) -> None:
        try:
            self._link.send(frame([number, 0, await self._do(engine, name, values)]))
        except (MediaError, WireError) as error:
            self._link.send(frame([number, getattr(error, "status", 400), str(error)]))
        except Exception as error:
            log.exception("media command failed", command=name)
            self._link.send(frame([number, 500, f"{name}: {type(error).__name__}: {error}"]))

    async def _do(self, engine: LocalMediaEngine, name: str, values: list[Any]) -> Any:
        method = METHODS.get(name)
        if method is None:
            raise WireError(f"{name}: no such command")
        by_place, by_name = method.decode(values)
        result = await getattr(engine, name)(*by_place, **by_name)
        if name == "open":
            engine.listen(LegId(by_place[0]), self._happened)
        return result


def _split(message: list[Any]) -> tuple[int, str, list[Any]]:
    if len(message) != 3 or not isinstance(message[1], str):
        raise WireError("expected a number, a command and its arguments")
    return message[0], message[1], message[2]


async def _run(sock: socket.socket) -> None:
    await Worker().serve(sock)


def main(descriptor: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise_limit()
    gc.set_threshold(5_000, 20, 50)
    with asyncio.Runner() as runner:
        runner.run(_run(socket.socket(fileno=descriptor)))
        sys.stderr.flush()
        os._exit(0)  # a thread that a disk holds up must not hold up the end


if __name__ == "__main__":
    main(int(sys.argv[1]))
