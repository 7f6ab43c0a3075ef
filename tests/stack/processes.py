"""The services of the compose file as processes on loopback."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from rtp.rtpengine import ng
from tests.interop.peers import require
from tests.metrics.postgres_server import _without_rights, binaries
from tests.stack.shipped import DEPLOY, ROOT, Loopback, Service
from tests.svar.system.installation import _SPOKEN, _copy_spoken, eventually

STARTED_S = 60.0
STOPPED_S = 30.0
NODES, KEPT, SENTINELS = (
    ("svar-1", "svar-2"),
    ("redis-1", "redis-2", "redis-3"),
    ("sentinel-1", "sentinel-2", "sentinel-3"),
)
MEDIA = ("rtpengine-1", "rtpengine-2")

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    include {conf};
}}
"""
"""The file that includes ours, as a distribution ships one."""


def _query(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found


def listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def pings(host: str, port: int) -> bool:
    """Whether a rtpengine answers there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(0.2)
        try:
            sock.connect((host, port))
            sock.send(ng.datagram("ready", ng.ping()))
            ng.result(ng.reply(sock.recv(1000))[1])
        except OSError:
            return False
        return True


class Stack:
    """Started service by service; whatever a test did to them, all are gone once `stack` is closed."""

    def __init__(self, base: Path, stack: AsyncExitStack) -> None:
        self.base = base
        self.loopback = Loopback.taken()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._services: dict[str, Service] = {}
        stack.callback(self.loopback.mark.close)
        stack.callback(self._end)
        self._secrets()

    @property
    def edge(self) -> str:
        """The address of the machine itself."""
        return self.loopback("192.0.2.10")

    @property
    def ca(self) -> str:
        return str(self.base / "secrets" / "ca.pem")

    def service(self, name: str) -> Service:
        """By its name in the compose file."""
        if name not in self._services:
            self._services[name] = Service(name, self.base, self.loopback)
        return self._services[name]

    def secret(self, name: str) -> str:
        return (self.base / "secrets" / name).read_text().strip()

    def identity(self, name: str) -> str:
        """A name for the broker, made as an operator makes one. Gives its password."""
        return self._script("mqtt", name).split()[1]

    def log(self, name: str) -> str:
        return (self.base / f"{name}.log").read_text(errors="replace")

    # --- starting ---

    async def redis(self) -> None:
        """Three, and three sentinels over them."""
        require("redis-server")
        for name in KEPT:
            service = self.service(name)
            service.lay()
            host = service.address("store")
            begins = service.environment()["BEGINS_AS"]
            # In containers each has all addresses, and the one that others see.
            begins += f"\nbind {host}\nreplica-announce-ip {host}"
            self._start(name, {"BEGINS_AS": begins})
            await self._answers(name, host, 6379)
        for name in SENTINELS:
            service = self.service(name)
            service.lay()
            host = service.address("store")
            service.edit("/conf/sentinel.conf", add=f"bind {host}\nsentinel announce-ip {host}\n")
            self._start(name)
            await self._answers(name, host, 26379)
        await eventually(self._watched, "two replicas and three sentinels", STARTED_S, lambda: self.log("sentinel-1"))

    async def _answers(self, name: str, host: str, port: int) -> None:
        def answers() -> bool:
            return self.ask(host, port, "PING") is not None

        await self._until(name, answers)

    def ask(self, host: str, port: int, *command: str) -> Any:
        """What Redis or a sentinel answers, None where there is no answer."""
        password = self.secret("redis_password") if port == 6379 else None
        with Redis(host, port, password=password, decode_responses=True, socket_timeout=2) as one:
            try:
                return one.execute_command(*command)
            except (RedisError, OSError):
                return None

    def master(self) -> str:
        """The service that is the master, as the first sentinel has it."""
        host = self.service("sentinel-1").address("store")
        told = self.ask(host, 26379, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "svar") or [""]
        return next((name for name in KEPT if self.service(name).address("store") == told[0]), "")

    async def again(self, name: str) -> None:
        """One that was killed, with what it kept."""
        self._start(name)
        await self._answers(name, self.service(name).address("store"), 6379)

    def _watched(self) -> bool:
        def told(name: str) -> dict[str, str]:
            return self.ask(self.service(name).address("store"), 26379, "SENTINEL", "MASTER", "svar") or {}

        every = [told(name) for name in SENTINELS]
        return all((one.get("num-slaves"), one.get("num-other-sentinels")) in ((2, 2), ("2", "2")) for one in every)

    async def postgresql(self) -> None:
        """Made as the image makes it, by the arguments that the compose file gives."""
        service, tools = self.service("postgresql"), binaries()
        service.lay()
        data = Path(service.put("/var/lib/postgresql/data"))
        run = Path(service.put("/run/postgresql"))
        for path in (self.base, service.root, data.parent):
            path.chmod(0o755)
        for path in (data, run):
            path.chmod(0o777)
        password = service.root / "run/secrets/postgres_password"
        arguments = service.environment()["POSTGRES_INITDB_ARGS"].split()
        made: list[str | Path] = [
            tools / "initdb",
            "-D",
            data,
            "-U",
            "svar",
            "-A",
            "trust",
            "-N",
            f"--pwfile={password}",
            *arguments,
        ]
        if os.geteuid() == 0:
            nobody = 65534
            os.chown(data, nobody, nobody)
        await asyncio.to_thread(subprocess.run, _without_rights(made), check=True, capture_output=True, timeout=120)
        host = service.address("store")
        service.edit("/etc/postgresql/postgresql.conf", ("listen_addresses = '*'", f"listen_addresses = '{host}'"))
        where = ["-D", str(data), "-k", str(run)]
        command = [str(word) for word in _without_rights([tools / "postgres", *service.command()[1:], *where])]
        self._start("postgresql", command=command)
        ready = [str(tools / "pg_isready"), "-q", "-h", str(run)]
        await self._until("postgresql", lambda: subprocess.run(ready, check=False).returncode == 0)
        self.sql("CREATE DATABASE svar", "postgres")

    def sql(self, statement: str, database: str = "svar") -> str:
        """What `psql` prints, bare. By TCP, with the password."""
        host = self.service("postgresql").address("store")
        given = ["-h", host, "-U", "svar", "-d", database, "-XAtqc", statement]
        environment = {**os.environ, "PGPASSWORD": self.secret("postgres_password")}
        done = subprocess.run(
            [binaries() / "psql", *given], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    async def mosquitto(self) -> None:
        require("mosquitto")
        service = self.service("mosquitto")
        service.lay()
        host = service.address("messages")
        # Started by root it would become somebody who may not read these folders.
        service.edit("/mosquitto/config/mosquitto.conf", ("listener 8883", f"listener 8883 {host}"), add="user root\n")
        self._start("mosquitto", command=["mosquitto", "-c", service.put("/mosquitto/config/mosquitto.conf")])
        await self._until("mosquitto", lambda: listens(host, 8883))

    async def media(self) -> None:
        require("rtpengine")
        for number, name in enumerate(MEDIA, 1):
            self.service(name).lay()
            self._start(name)
            host, _, port = self.loopback(f"172.28.10.1:222{number}").partition(":")
            await self._until(name, lambda host=host, port=port: pings(host, int(port)))  # type: ignore[misc]

    async def kamailio(self, carriers: str = "") -> None:
        """`carriers`: lines for peers.list, of whoever may ring service numbers besides those in it."""
        require("kamailio")
        service = self.service("kamailio")
        service.lay()
        service.edit("/etc/kamailio/svar/peers.list", add=carriers)
        self._start("kamailio", command=[*service.command(), "-m", "64", "-M", "8"])
        control = Path(service.put("/run/kamailio")) / "kamailio.ctl"
        await self._until("kamailio", control.exists)

    async def watching(self, webhook: str) -> None:
        """Prometheus and Alertmanager, at a pace that a test can wait for; alarms go to `webhook`."""
        require("prometheus")
        service = self.service("prometheus")
        service.lay()
        paces = [("_interval: 15s", "_interval: 1s"), ("timeout: 10s", "timeout: 1s")]
        service.edit("/etc/prometheus/prometheus.yaml", *paces)
        service.edit("/etc/prometheus/alerts.yaml", ("for: 1m\n", "for: 1s\n"))
        self._start("prometheus", command=["prometheus", *service.command()])
        await self._until("prometheus", lambda: listens(service.address("watch"), 9090))
        alarms = self.service("alertmanager")
        alarms.lay()
        changes = [("http://localhost:9095/", webhook), ("group_wait: 10s", "group_wait: 0s")]
        alarms.edit("/etc/alertmanager/alertmanager.yaml", *changes)
        self._start("alertmanager", command=["prometheus-alertmanager", *alarms.command()])
        await self._until("alertmanager", lambda: listens(alarms.address("watch"), 9093))

    async def nginx(self) -> str:
        """Gives the address of the console behind it."""
        program, service = require("nginx"), self.service("nginx")
        service.lay()
        conf = service.edit(
            "/etc/nginx/conf.d/default.conf",
            ("listen 443 ssl", f"listen {self.edge}:8443 ssl"),
            ("listen 80;", f"listen {self.edge}:8080;"),
            # The nodes know it by this address.
            ("proxy_http_version 1.1;", f"proxy_http_version 1.1; proxy_bind {service.address('watch')};"),
        )
        main = service.root / "nginx.conf"
        main.write_text(NGINX.format(folder=service.root, conf=conf))
        self._start("nginx", command=[program, "-p", str(service.root), "-c", str(main)])
        await self._until("nginx", lambda: listens(self.edge, 8443))
        return f"https://{self.edge}:8443"

    async def asked(self, query: str) -> list[dict[str, Any]]:
        """What Prometheus answers: samples with their labels."""
        place = f"http://{self.service('prometheus').address('watch')}:9090/api/v1/query?"
        return await asyncio.to_thread(_query, place + urllib.parse.urlencode({"query": query}))

    async def nodes(self) -> None:
        for name in NODES:
            self.lay_node(name)
        for name in NODES:
            await self.node(name)

    def lay_node(self, name: str) -> None:
        service = self.service(name)
        service.lay()
        service.edit("/etc/svar/svar.toml", ('host = "0.0.0.0"', f'host = "{service.address("watch")}"'))
        service.edit("/etc/svar/flows/queues.yaml", ("wrap_up: 30s", "wrap_up: 1s"))

    async def node(self, name: str) -> None:
        """Start it, or start it again."""
        before = self.log(name).count("svar ready ") if (self.base / f"{name}.log").exists() else 0
        service = self.service(name)
        _copy_spoken(_SPOKEN, Path(service.put("/var/lib/svar")) / "prompts")
        self._start(name, service.environment(), command=[sys.executable, "-m", *service.command()])
        await self._until(name, lambda: self.log(name).count("svar ready ") > before)
        _copy_spoken(Path(service.put("/var/lib/svar")) / "prompts", _SPOKEN)

    # --- the processes ---

    def _start(self, name: str, more: Mapping[str, str] | None = None, *, command: list[str] | None = None) -> None:
        service = self.service(name)
        environment = {**os.environ, **service.environment(), **(more or {})}
        with (self.base / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command or service.command(),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _until(self, name: str, ready: Callable[[], bool | Awaitable[bool]]) -> None:
        def reached() -> bool | Awaitable[bool]:
            assert self.processes[name].poll() is None, f"{name} ended:\n{self.log(name)[-4000:]}"
            return ready()

        await eventually(reached, f"{name} that is ready", STARTED_S, lambda: self.log(name)[-4000:])

    def kill(self, name: str) -> None:
        """As a power cut would."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def hang_up(self, name: str) -> None:
        """SIGHUP: read again what is configured."""
        self.processes[name].send_signal(signal.SIGHUP)

    async def stop(self, name: str) -> int:
        """In order, as `docker compose stop` does. Gives the exit status."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.to_thread(process.wait, STOPPED_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"{name} did not stop:\n{self.log(name)[-4000:]}") from None

    def _end(self) -> None:
        for process in reversed(self.processes.values()):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # Kamailio's and nginx' children do not end with them
            process.wait()

    # --- secrets ---

    def _secrets(self) -> None:
        self._script()

    def _script(self, *words: str) -> str:
        put = {
            "SECRETS": str(self.base / "secrets"),
            "ADDRESS": self.edge,
            "REDIS": self.loopback("172.28.20.41:26379,172.28.20.42:26379,172.28.20.43:26379"),
            "MQTT": self.loopback("172.28.40.51:8883"),
            "POSTGRESQL": self.loopback("172.28.20.51:5432"),
        }
        command = [str(DEPLOY / "secrets.sh"), *words]
        done = subprocess.run(
            command, env={**os.environ, **put}, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
