"""An MQTT broker of our own (amqtt), in a child process so that it takes no time from the calls."""

import asyncio
import contextlib
import sys
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from svar.embedded.child import Child, EmbeddedError, keep

READY_WITHIN_S = 15.0
ROOT = Path(__file__).parent.parent.parent


class EmbeddedBroker:
    """Our own broker on loopback, open to whoever can reach it there, or the one at the URL that was given."""

    def __init__(self, url: str, child: Child | None = None, folder: Path | None = None) -> None:
        self.url = url
        self._child = child
        self._folder = folder

    @classmethod
    async def start(
        cls,
        folder: Path,
        *,
        url: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        within_s: float = READY_WITHIN_S,
    ) -> "EmbeddedBroker":
        """Start one (port 0: the system chooses) and return when it listens; with `url`, start nothing.

        Raises EmbeddedError: an address beyond loopback, a port that is taken, or not ready within `within_s`.
        """
        if url:
            return cls(url)
        if not ip_address(host).is_loopback:
            raise EmbeddedError(
                f"the embedded MQTT broker lets everybody in and so listens on loopback only, not on {host}; "
                "set SVAR_MQTT_URL to a broker with users of its own"
            )
        child, port = await _started(folder, host, port, within_s)
        return cls(f"mqtt://{f'[{host}]' if ':' in host else host}:{port}", child, folder)

    @property
    def pid(self) -> int | None:
        """None for a broker that is not ours."""
        return self._child.pid if self._child is not None else None

    async def keep(self) -> None:
        """Start our broker again, at the same address, whenever it ends by itself, until this is cancelled."""
        folder, child = self._folder, self._child
        address = urlsplit(self.url)
        if folder is None or child is None:
            await asyncio.get_running_loop().create_future()
            raise AssertionError("unreachable")

        async def again() -> None:
            self._child, _ = await _started(folder, address.hostname or "", address.port or 0, READY_WITHIN_S)

        await keep(lambda: self._child or child, again)

    async def stop(self) -> None:
        """Nothing when it is not ours."""
        if self._child is not None:
            await self._child.stop()


async def _started(folder: Path, host: str, port: int, within_s: float) -> tuple[Child, int]:
    """A broker that listens, and where. Raises EmbeddedError, with nothing left running."""
    told = _fresh(folder)
    command = [sys.executable, "-m", "svar.embedded.broker_process", host, str(port), str(told)]
    child = await Child.start("the MQTT broker", command, folder / "mqtt.log", cwd=ROOT)
    try:
        return child, await _port(child, told, within_s)
    except BaseException:
        await child.stop()
        raise


def _fresh(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = folder / "mqtt.port"
    told.unlink(missing_ok=True)
    return told


def _told(path: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text())
    return 0


async def _port(child: Child, told: Path, within_s: float) -> int:
    """The port that the child wrote down once it listened. Raises EmbeddedError."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                if chosen := _told(told):
                    return chosen
                if not child.running:
                    raise EmbeddedError(f"the MQTT broker ended as it started: {child.said() or 'it said nothing'}")
                await asyncio.sleep(0.02)
    except TimeoutError:
        said = child.said() or "it said nothing"
        raise EmbeddedError(f"the MQTT broker was not ready within {within_s:g} s: {said}") from None
