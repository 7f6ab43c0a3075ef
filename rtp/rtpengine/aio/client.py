"""The way to one rtpengine: a command goes out until its answer comes, a bounded number of times."""

import asyncio
import itertools
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Final

import structlog

from rtp.engine import MediaError, WorkerGone
from rtp.rtpengine import ng
from rtp.rtpengine.ng import Command, NgError, Reply

Address = tuple[str, int]

WAITS_S: Final = (0.2, 0.4, 0.6)
"""How long each repetition waits: a dead rtpengine costs one command 1.2 s, and those after it nothing."""
PING_S: Final = 1.0
MOST_WAITING: Final = 5000
MOST_UNDER_WAY: Final = 64
"""rtpengine works them off one by one; more would only wait in its socket, and overflow it."""
LONGEST: Final = 65_535
MOST_AT_ONCE: Final = 64

UNKNOWN: Final = ("unknown call-id", "call-id not found")
FULL: Final = ("out of ports", "limit", "no more sessions", "failed to allocate")

log = structlog.get_logger()


class NgClient:
    """Construct it in the loop it is to run in. `died` and `revived` are told when that changes."""

    def __init__(self, address: Address, died: Callable[[Address], None], revived: Callable[[Address], None]) -> None:
        self.address = address
        self.alive = True
        self._died = died
        self._revived = revived
        self._loop = asyncio.get_running_loop()
        self._pending: dict[str, asyncio.Future[Reply]] = {}
        self._cookies = map(f"{secrets.token_hex(4)}{{:x}}".format, itertools.count())
        self._waiting = 0
        self._room = asyncio.Semaphore(MOST_UNDER_WAY)
        self._heard_at = -inf
        self._reviving: asyncio.Task[None] | None = None
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._sock = socket.socket(family, socket.SOCK_DGRAM)
        self._sock.setblocking(False)  # noqa: FBT003
        self._sock.connect(address)
        self._loop.add_reader(self._sock, self._readable)

    async def ask(self, command: Command) -> Reply:
        """Raises MediaError: 503 without an answer or without room, 481 for a call that rtpengine does not know."""
        self._check_alive()
        if self._waiting >= MOST_WAITING:
            raise MediaError(f"{self._name} has {MOST_WAITING} commands to answer already", 503)
        self._waiting += 1
        try:
            return await self._asked(command)
        finally:
            self._waiting -= 1

    async def _asked(self, command: Command) -> Reply:
        begun = self._loop.time()
        try:
            async with self._room:
                self._check_alive()
                begun = self._loop.time()
                return ng.result(await self._repeated(command, WAITS_S))
        except TimeoutError:
            if self._heard_at >= begun:
                raise MediaError(f"{self._name} answers others, but not {command['command']!r}", 503) from None
            self._bury()
            raise WorkerGone(f"{self._name} does not answer; is it running, and is this its listen-ng?") from None
        except NgError as error:
            what = f"{self._name} refuses {command['command']!r}: {error.reason}"
            raise MediaError(what, _status(error.reason)) from error

    def _check_alive(self) -> None:
        if not self.alive:
            raise WorkerGone(f"{self._name} does not answer; it is asked again every {PING_S:g} s")

    async def tell(self, command: Command) -> None:
        """Ask for what may fail: nothing depends on it."""
        with suppress(MediaError):
            await self.ask(command)

    @property
    def _name(self) -> str:
        return f"rtpengine {self.address[0]}:{self.address[1]}"

    async def _repeated(self, command: Command, waits_s: tuple[float, ...]) -> Reply:
        cookie = next(self._cookies)
        data = ng.datagram(cookie, command)
        if len(data) > LONGEST:
            raise NgError(f"a command of {len(data)} bytes")
        answered: asyncio.Future[Reply] = self._loop.create_future()
        self._pending[cookie] = answered
        try:
            for wait_s in waits_s:
                with suppress(OSError):
                    self._sock.send(data)
                await asyncio.wait((answered,), timeout=wait_s)
                if answered.done():
                    return answered.result()
            raise TimeoutError
        finally:
            del self._pending[cookie]
            answered.cancel()

    def _readable(self) -> None:
        for _ in range(MOST_AT_ONCE):
            try:
                data = self._sock.recv(LONGEST)
            except BlockingIOError:
                return
            except OSError:
                continue
            try:
                cookie, said = ng.reply(data)
            except NgError as error:
                log.warning("not understood", rtpengine=self._name, reason=error.reason)
                continue
            self._heard_at = self._loop.time()
            answered = self._pending.get(cookie)
            if answered is not None and not answered.done():
                answered.set_result(said)

    def _bury(self) -> None:
        if self.alive:
            self.alive = False
            log.error("rtpengine does not answer", rtpengine=self._name)
            self._died(self.address)
            self._reviving = self._loop.create_task(self._revive())

    async def _revive(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            with suppress(TimeoutError, NgError):
                ng.result(await self._repeated(ng.ping(), (PING_S,)))
                break
        self.alive = True
        log.warning("rtpengine answers again", rtpengine=self._name)
        self._revived(self.address)

    async def close(self) -> None:
        if self._reviving is not None:
            self._reviving.cancel()
            with suppress(asyncio.CancelledError):
                await self._reviving
        self._loop.remove_reader(self._sock)
        self._sock.close()


def _status(reason: str) -> int:
    low = reason.lower()
    if any(words in low for words in UNKNOWN):
        return 481
    return 503 if any(words in low for words in FULL) else 500
