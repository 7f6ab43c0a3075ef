"""What systemd wants to hear of a service (sd_notify(3)): ready, alive, and how long the stop may take.

Nothing is told where nobody listens: systemd names its socket in NOTIFY_SOCKET.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress


class Supervisor:
    """Whoever started us, if it wants to hear of us."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._place = environment.get("NOTIFY_SOCKET", "")
        mine = environment.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        limit = environment.get("WATCHDOG_USEC", "")
        self.watchdog_s = int(limit) / 1e6 if mine and limit.isdigit() else 0.0
        """Within so many seconds it wants to hear from us; 0: never."""

    def tell(self, *words: str) -> None:
        """Assignments such as READY=1. One that does not arrive is lost: the service goes on without."""
        if not self._place:
            return
        # A name that begins with @ is an abstract one, whose first byte is 0.
        place = f"\0{self._place[1:]}" if self._place.startswith("@") else self._place
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0)
            sock.connect(place)
            sock.send("\n".join(words).encode())

    def ready(self, status: str) -> None:
        self.tell("READY=1", f"STATUS={status}")

    def stopping(self, within_s: float) -> None:
        """The stop may take so long; systemd waits for it whatever TimeoutStopSec= says."""
        self.tell("STOPPING=1", f"EXTEND_TIMEOUT_USEC={round(within_s * 1e6)}", "STATUS=calls in progress may end")

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Says that we live as long as the loop turns: one that hangs is started anew by systemd."""
        if not self.watchdog_s:
            yield
            return
        feeding = asyncio.get_running_loop().create_task(self._feed(self.watchdog_s / 3), name="watchdog")
        try:
            yield
        finally:
            feeding.cancel()
            await asyncio.wait({feeding})

    async def _feed(self, every_s: float) -> None:
        while True:
            self.tell("WATCHDOG=1")
            await asyncio.sleep(every_s)
