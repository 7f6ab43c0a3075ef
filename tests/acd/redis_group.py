"""Redis under Sentinel, and a cluster, made of real servers on free ports of loopback."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.acd.redis_server import binary
from tests.ports import free_port

NAME = "svar"
STARTED_S, SETTLED_S = 10.0, 20.0


@dataclass
class Server:
    """One process on a TCP port; `kill` plays a crash."""

    folder: Path
    options: dict[str, str]
    sentinel: str = ""
    port: int = field(default_factory=free_port)
    _child: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        given = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.folder), **self.options}
        if not self.sentinel:
            given["save"] = '""'
        config = self.folder / "redis.conf"
        if not config.exists():
            config.write_text("".join(f"{name} {value}\n" for name, value in given.items()) + self.sentinel)
        command = [binary(), str(config), *(["--sentinel"] if self.sentinel else [])]
        with (self.folder / "log").open("ab") as log:
            self._child = subprocess.Popen(command, stdout=log, stderr=log)
        eventually(self._answers, f"a Redis on port {self.port}", STARTED_S)

    def _answers(self) -> bool:
        return bool(self.ask("PING"))

    def ask(self, *command: str) -> Any:
        """The answer, None where there is none."""
        with Redis(port=self.port, decode_responses=True, socket_timeout=2) as client:
            try:
                return client.execute_command(*command)
            except (RedisError, OSError):
                return None

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    @property
    def runs(self) -> bool:
        return self._child is not None


def eventually(condition: Any, what: str, within_s: float = SETTLED_S) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"in {within_s} s there was no {what}"
        time.sleep(0.05)


@dataclass
class Group:
    """Servers that stand in for each other. `url` is for `acd.connection`."""

    servers: list[Server]
    url: str

    def master(self, slot: int = -1) -> Server:
        """The one that serves now; of a cluster, that has the slot."""

        def has(one: Server) -> bool:
            role = one.ask("ROLE")
            if not role or role[0] != "master":
                return False
            return slot < 0 or any(first <= slot <= last for first, last in own_slots(one))

        return next(one for one in self.servers if one.runs and has(one))

    async def master_within(self, within_s: float, slot: int = -1, *, other_than: Server | None = None) -> Server:
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            try:
                found = await asyncio.to_thread(self.master, slot)
                if found is not other_than:
                    return found
            except (StopIteration, RuntimeError):
                pass
            await asyncio.sleep(0.05)
        raise AssertionError(f"in {within_s} s there was no master")


def own_slots(one: Server) -> list[tuple[int, int]]:
    found = one.ask("CLUSTER", "SLOTS") or []
    return [(first, last) for first, last, master, *_ in found if master[1] == one.port]


@contextmanager
def sentinels(folder: Path) -> Iterator[Group]:
    """A master with two replicas, and three sentinels that miss it within a second."""
    with ExitStack() as stack:
        master = Server(folder / "r0", {"appendonly": "yes", "repl-diskless-sync-delay": "0"})
        replicas = [
            Server(folder / f"r{n}", {"replicaof": f"127.0.0.1 {master.port}", "repl-diskless-sync-delay": "0"})
            for n in (1, 2)
        ]
        words = (
            f"sentinel monitor {NAME} 127.0.0.1 {master.port} 2\nsentinel down-after-milliseconds {NAME} 1000\n"
            f"sentinel failover-timeout {NAME} 5000\n"
        )
        watchers = [Server(folder / f"s{n}", {}, words) for n in range(3)]
        for one in (master, *replicas, *watchers):
            stack.callback(one.kill)
            one.start()
        eventually(lambda: (master.ask("ROLE") or ["", 0, []])[2].__len__() == 2, "two replicas")
        eventually(lambda: all(_knows(one) for one in watchers), "sentinels that know each other and the replicas")
        places = ",".join(f"127.0.0.1:{one.port}" for one in watchers)
        yield Group([master, *replicas], f"sentinel://{places}/{NAME}")


def _knows(watcher: Server) -> bool:
    told = watcher.ask("SENTINEL", "MASTER", NAME) or {}
    told = told if isinstance(told, dict) else dict(zip(told[::2], told[1::2], strict=True))
    return int(told.get("num-other-sentinels", 0)) == 2 and int(told.get("num-slaves", 0)) == 2


@contextmanager
def cluster(folder: Path, tenant: str) -> Iterator[Group]:
    """Three masters, and a replica of the one that has the slot of `tenant`."""
    slot = key_slot(f"{{{tenant}}}".encode())
    options = {"cluster-enabled": "yes", "cluster-node-timeout": "1500", "repl-diskless-sync-delay": "0"}
    with ExitStack() as stack:
        servers = [Server(folder / f"c{n}", dict(options)) for n in range(4)]
        for one in servers:
            stack.callback(one.kill)
            one.start()
        edges = [0, 5461, 10923, 16384]
        for one, first, after in zip(servers, edges, edges[1:], strict=False):
            one.ask("CLUSTER", "ADDSLOTS", *map(str, range(first, after)))
        for one in servers[1:]:
            one.ask("CLUSTER", "MEET", "127.0.0.1", str(servers[0].port))
        eventually(lambda: all("cluster_known_nodes:4" in _info(one) for one in servers), "nodes that know each other")
        serving = servers[next(n for n in range(3) if edges[n] <= slot < edges[n + 1])]
        identity = serving.ask("CLUSTER", "MYID")
        eventually(lambda: servers[3].ask("CLUSTER", "REPLICATE", identity), "a replica")
        eventually(lambda: all("cluster_state:ok" in _info(one) for one in servers), "a cluster that serves")
        eventually(lambda: len((serving.ask("ROLE") or ["", 0, []])[2]) == 1, "a replica that follows")
        yield Group(servers, "cluster://" + ",".join(f"127.0.0.1:{one.port}" for one in servers[:2]))


def _info(one: Server) -> str:
    told = one.ask("CLUSTER", "INFO") or ""
    return told if isinstance(told, str) else "\n".join(f"{name}:{value}" for name, value in told.items())
