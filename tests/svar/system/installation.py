"""A whole node as its users have it: `svar serve` as a child with a state folder and a configuration of its own."""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

from tests.console.browsing import logged_in
from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent.parent
READY = re.compile(r"^svar ready sip=127\.0\.0\.\d+:(\d+) http=127\.0\.0\.1:(\d+)(?: |$)", re.MULTILINE)
_TENANT = re.compile(r',tenant="t"|tenant="t",?')
START_S = 90.0
"""A node that speaks its prompts for the first time, among tests that do the same, takes its time."""
STOP_S = 20.0
COMMAND_S = 60.0
SEEN_S = 0.7
"""After this long whatever happened is in the figures: events are gathered, and a scrape is kept for half a second."""
_KEPT = tempfile.TemporaryDirectory(prefix="svar-spoken-")
_SPOKEN = Path(os.environ.get("SVAR_TESTS_SPOKEN") or _KEPT.name)
"""Prompts that an earlier start has spoken, in this run or in those beside it; they are named by their content."""

CONFIG = """
[node]
tenant = "t"
name = "n1"
[sip]
port = {port}
domains = ["127.0.0.1"]
[http]
port = 0
[limits]
shutdown_s = 1
[mqtt]
url = "{mqtt}"
[flows]
folder = "{flows}"
settings = {settings}
"""
TRUNK = """
[[trunk]]
name = "loopback"
networks = ["127.0.0.0/8"]
"""
FLOW = """
flow: test
title: Test
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu:
    type: menu
    say: {nb: Tast to.}
    keys: {2: wait}
    wait: 1s
    attempts: 1
    no_choice: wait
  wait:
    type: queue
    queue: work
    waiting:
      position: {nb: "Du er nummer {position} i køen."}
      delayed: {nb: Vent litt.}
    overflow: bye
    unavailable: bye
    next: bye
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""


class Installation:
    """Started and stopped as often as a test wants, on the same state folder and SIP port."""

    def __init__(
        self,
        folder: Path,
        parts: str,
        *,
        flows: Mapping[str, str] | Path | None = None,
        settings: str = "{}",
        trunks: str = TRUNK,
        mqtt: str = "off",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`parts`: queues and agents, as the configuration writes them. `flows`: by file name, or a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.state = folder / "state"
        self.sip_port = free_port()
        self.http_port = 0
        self.process: asyncio.subprocess.Process | None = None
        self._log = folder / "serve.log"
        self._starts = 0
        self._open: dict[str, str] = {}
        self._environment = dict(environment or {})
        if not isinstance(flows, Path):
            written = flows or {"test.yaml": FLOW}
            flows = folder / "flows"
            flows.mkdir()
            for name, text in written.items():
                (flows / name).write_text(text)
        self.config = folder / "svar.toml"
        head = CONFIG.format(port=self.sip_port, mqtt=mqtt, flows=flows, settings=settings)
        self.config.write_text(head + trunks + parts)

    async def start(self) -> None:
        """Until it says that it is ready."""
        self._starts += 1
        self._remember_passwords()
        if self._starts == 1:
            borrow_spoken(self.state)
        begins_at = self._log.stat().st_size if self._log.exists() else 0
        environment = {**os.environ, "SVAR_STATE": str(self.state), **self._environment}
        environment.pop("SVAR_SIP_PORT", None)
        environment.pop("SVAR_HTTP_PORT", None)
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "svar", "serve", "--config", str(self.config), "--json-logs",
                cwd=ROOT, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            async with asyncio.timeout(START_S):
                while (ready := READY.search(self.log()[begins_at:])) is None:
                    assert self.process.returncode is None, f"svar did not start:\n{self.log()[-4000:]}"
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"svar was not ready in {START_S} s:\n{self.log()[-4000:]}") from None
        self.sip_port, self.http_port = int(ready[1]), int(ready[2])
        keep_spoken(self.state)

    async def stop(self) -> int:
        """In order. Gives the exit status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), STOP_S)
            except TimeoutError:
                await self.kill()
                raise AssertionError(f"svar did not stop in {STOP_S} s:\n{self.log()[-4000:]}") from None
        keep_spoken(self.state)
        return self.process.returncode or 0

    async def kill(self) -> None:
        """As a power cut would."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def command(self, *words: str) -> tuple[int | None, str]:
        """The exit status of a command in a process of its own, and all that it says."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "svar", *words, "--config", str(self.config),
            cwd=ROOT, env={**os.environ, "SVAR_STATE": str(self.state)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        told, _ = await asyncio.wait_for(process.communicate(), COMMAND_S)
        return process.returncode, told.decode()

    async def told(self, *words: str) -> str:
        """What a command says that does what it is asked."""
        code, told = await self.command(*words)
        assert code == 0, told
        return told

    def child(self, name: str) -> int:
        """The process id of the child whose command has `name` in it. Fails when there is none."""
        assert self.process is not None
        pid = self.process.pid
        for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with suppress(FileNotFoundError, ProcessLookupError):  # one that has ended since
                if name in Path(f"/proc/{one}/cmdline").read_text().split("\0")[0]:
                    return int(one)
        raise AssertionError(f"svar has no child {name}")

    # --- what users see ---

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def password(self, agent: str) -> str:
        """As the node has it in the open, or had it before it started, or has shown it once."""
        self._remember_passwords()
        shown = re.findall(rf"sip:{re.escape(agent)}@\S+ +password (\S+)$", self.log(), re.MULTILINE)
        return self._open[agent] if agent in self._open else str(shown[-1])

    def _remember_passwords(self) -> None:
        for name in ("agents.json", "agents.new.json"):
            with suppress(FileNotFoundError):
                found = json.loads((self.state / name).read_text())
                self._open |= {agent: one for agent, one in found.items() if isinstance(one, str)}

    async def get(self, path: str) -> str:
        return await asyncio.to_thread(_get, f"http://127.0.0.1:{self.http_port}{path}")

    async def page(self, path: str = "/") -> str:
        """A page of the console, as its first user sees it."""
        password = json.loads((self.state / "users.new.json").read_text())["admin"]
        async with logged_in(f"http://127.0.0.1:{self.http_port}", "admin", password) as browser:
            return await browser.page(path)

    async def metrics(self) -> dict[str, float]:
        """Samples by name and labels, the tenant's left out: `svar_queue_answered_total{queue="work"}`."""
        samples = {}
        for line in (await self.get("/metrics")).splitlines():
            if line.startswith("svar_"):
                name, _, value = line.rpartition(" ")
                name = _TENANT.sub("", name).replace("{}", "")
                samples[name] = float(value)
        return samples

    async def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(value for key, value in (await self.metrics()).items() if key.partition("{")[0] == name)

    async def agents(self) -> dict[str, int]:
        """How many agents are in which state, zeros left out."""
        found: dict[str, int] = {}
        for key, value in (await self.metrics()).items():
            if key.startswith("svar_agents{") and value:
                state = key.partition('state="')[2].partition('"')[0]
                found[state] = found.get(state, 0) + int(value)
        return found

    async def logged_in(self) -> dict[str, int]:
        """The same without those who are logged out."""
        return {state: count for state, count in (await self.agents()).items() if state != "logged_out"}

    def records(self) -> list[dict[str, Any]]:
        """All call records."""
        with closing(sqlite3.connect(f"file:{self.state / 'records.sqlite'}?mode=ro", uri=True)) as database:
            database.row_factory = sqlite3.Row
            return [dict(row) for row in database.execute("SELECT * FROM call_records ORDER BY started_ms")]

    async def quiet(self, within_s: float = 15.0) -> None:
        """Nobody is in a call, nothing is under way, and every contact that began has its record."""
        await eventually(self._is_quiet, "a quiet installation", within_s, self._noise)
        await asyncio.sleep(SEEN_S)
        await eventually(self._is_quiet, "a quiet installation", within_s, self._noise)

    async def _is_quiet(self) -> bool:
        return not await self._noise()

    async def _noise(self) -> dict[str, float]:
        metrics = await self.metrics()
        started = sum(value for key, value in metrics.items() if key.startswith("svar_contacts_started_total"))
        counts = {name: metrics.get(f"svar_{name}", 0) for name in NOISE}
        counts["waiting"] = sum(value for key, value in metrics.items() if key.startswith("svar_queue_waiting"))
        counts |= {f"agents {state}": n for state, n in (await self.agents()).items() if state in AT_WORK}
        counts["contacts without a record"] = started - len(self.records())
        return {name: count for name, count in counts.items() if count}

    async def balance(self, queue: str = "work") -> tuple[int, int, int, int, int]:
        """O, A, L, F, W of a queue."""
        metrics = await self.metrics()

        def count(name: str) -> int:
            wanted = re.compile(rf'svar_queue_{name}{{(.*,)?queue="{queue}"[,}}]')
            return int(sum(value for key, value in metrics.items() if wanted.match(key)))

        names = ("offered_total", "answered_total", "lost_total", "flowed_out_total", "waiting")
        offered, answered, lost, flowed_out, waiting = map(count, names)
        return offered, answered, lost, flowed_out, waiting


NOISE = ("calls_in_progress", "calls_commands_under_way", "contacts_in_progress", "rtp_legs", "sip_sessions")
AT_WORK = ("offered", "talking", "wrap_up")


def _get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            body: str = response.read().decode()
            return body
    except urllib.error.HTTPError as error:
        with error:
            return error.read().decode()


def borrow_spoken(state: Path) -> None:
    """What other nodes have spoken needs no voice here: speaking all that is likely takes longer than most tests."""
    _copy_spoken(_SPOKEN, state / "prompts")


def keep_spoken(state: Path) -> None:
    """For the nodes after this one. A node goes on speaking what is likely while it serves."""
    _copy_spoken(state / "prompts", _SPOKEN)


def _copy_spoken(folder: Path, to: Path) -> None:
    """What is not there yet, each whole or not at all: runs beside this one read and write the same.

    As links where the system allows, which cost a twentieth; nobody changes a sound in its place.
    """
    to.mkdir(parents=True, exist_ok=True)
    there = {file.name for file in to.glob("*.al")}
    for file in folder.glob("*.al"):
        if file.name in there:
            continue
        try:
            (to / file.name).hardlink_to(file)
        except FileExistsError:
            continue
        except OSError:
            part = to / f"{file.name}.{os.getpid()}"
            shutil.copyfile(file, part)
            part.replace(to / file.name)


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]],
    what: str,
    within_s: float = 10.0,
    instead: Callable[[], object | Awaitable[object]] | None = None,
) -> None:
    """Wait for `condition`. Fails saying `what` did not come, and what there was `instead`."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    while True:
        met = condition()
        if await met if isinstance(met, Awaitable) else met:
            return
        if loop.time() > end:
            shown = instead() if instead is not None else None
            shown = await shown if isinstance(shown, Awaitable) else shown
            raise AssertionError(f"in {within_s} s there was no {what}" + (f", but {shown}" if instead else ""))
        await asyncio.sleep(0.1)


@asynccontextmanager
async def running(installation: Installation) -> AsyncIterator[Installation]:
    """Started; gone at the end, in order unless the test has killed it."""
    try:
        await installation.start()
        yield installation
        assert await installation.stop() == 0, installation.log()[-4000:]
    finally:
        await installation.kill()
