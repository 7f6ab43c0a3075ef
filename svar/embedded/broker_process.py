"""The embedded MQTT broker's process: `python -m svar.embedded.broker_process HOST PORT FILE`.

Writes the port to FILE when it listens. Ends with SIGTERM, and when its standard input closes, which the end of its
parent does on every system.
"""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from amqtt.broker import Broker

MOST_CONNECTIONS = 200


class ListeningBroker(Broker):  # type: ignore[misc]  # amqtt has no types
    """Tells the port that the system chose."""

    def port(self) -> int:
        sockets = self._servers["default"].instance.sockets
        return int(sockets[0].getsockname()[1])


def config(host: str, port: int) -> dict[str, object]:
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}", "max_connections": MOST_CONNECTIONS}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


async def serve(host: str, port: int, told: Path) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, ended.set)
    loop.add_reader(sys.stdin.fileno(), _until_closed, ended)
    broker = ListeningBroker(config(host, port))
    await broker.start()
    written = told.with_suffix(".new")
    written.write_text(str(broker.port()))
    written.replace(told)
    await ended.wait()
    loop.remove_reader(sys.stdin.fileno())
    await broker.shutdown()


def _until_closed(ended: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 64):
        ended.set()


def main() -> None:
    logging.basicConfig(level=logging.ERROR)
    host, port, told = sys.argv[1:]
    asyncio.run(serve(host, int(port), Path(told)))


if __name__ == "__main__":
    main()
