"""Writers of records that are killed at a named step, as by the system: the way from the stream to the database.

Run as a program it reads one JSON object a line (`Task`), forks a writer for it, and answers how that ended. A fork
takes a few milliseconds where a start of Python takes a second.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from types import TracebackType
from typing import Any

from sqlalchemy import event

from acd.connection import blocking_client
from acd.relay import Batch, Relay
from events.catalogue import Event
from metrics.call_record import CallRecord
from metrics.decisions import Decision
from metrics.pipeline import Folds
from metrics.records import Records
from tests.metrics.told import TENANT

ROOT = Path(__file__).parent.parent.parent
ANY_TIME = "at any time"
STEPS = (
    "before read",
    "read",
    "while folding",
    "before commit",
    "in commit, locked",
    "in commit, records written",
    "in commit, figures written",
    "in commit, checkpoint written",
    "after commit",
    "before checkpoint",
    "before trim",
    "after trim",
    ANY_TIME,
)
_STATEMENTS = {
    "SELECT stream_id FROM checkpoints": "in commit, locked",
    "INSERT INTO decisions": "in commit, records written",
    "INSERT INTO fold_parts": "in commit, figures written",
    "INSERT INTO checkpoints": "in commit, checkpoint written",
}


@dataclass(frozen=True, slots=True)
class Task:
    """`place` is a path or a URL. Killed when `step` (empty: never) comes the `after`th time; `writers` at once."""

    redis: str
    place: str
    step: str = ""
    after: int = 1
    writers: int = 1
    keep_s: float = -60.0


class Fate:
    """Kills the process when the time has come."""

    def __init__(self, task: Task) -> None:
        self._step = task.step
        self._left = task.after
        if task.step == ANY_TIME:
            timer = threading.Timer(task.after / 100, self._strike)
            timer.daemon = True
            timer.start()

    def reaches(self, step: str) -> None:
        if step == self._step:
            self._left -= 1
            if not self._left:
                self._strike()

    def _strike(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """The store, with somebody who waits at its door."""

    def __init__(self, records: Records, fate: Fate) -> None:
        self._records = records
        self._fate = fate

    async def load(self, tenant: str) -> tuple[str, dict[str, dict[str, str]]]:
        return await self._records.load(tenant)

    async def commit(
        self,
        tenant: str,
        checkpoint: str,
        records: Sequence[CallRecord],
        parts: Mapping[tuple[str, str], str | None],
        decisions: Sequence[Decision] = (),
    ) -> None:
        self._fate.reaches("before commit")
        await self._records.commit(tenant, checkpoint, records, parts, decisions)
        self._fate.reaches("after commit")


async def write(task: Task) -> None:
    """Until the stream has no more."""
    fate = Fate(task)
    records = await Records.open(task.place if "://" in task.place else Path(task.place))
    engine: Any = records.database._engine.sync_engine
    event.listen(engine, "after_cursor_execute", _listener(fate))
    taps: list[Callable[[Event], None]] = [lambda _: fate.reaches("while folding")]
    folds = Folds(TENANT, Watched(records, fate), commit_every_s=0, taps=taps)
    await folds.load()
    client = blocking_client(task.redis)
    relay = Relay(client, TENANT, keep_s=task.keep_s)

    async def sink(batch: Batch) -> None:
        fate.reaches("read")
        await folds(batch)

    relay.add("folds", sink, after=folds.checkpoint, saved=lambda: folds.saved)
    await relay.load()
    while True:
        fate.reaches("before read")
        if not await relay.turn():
            break
        fate.reaches("before checkpoint")
        await relay.save()
        fate.reaches("before trim")
        await relay.trim()
        fate.reaches("after trim")
    await folds.close()
    await client.aclose()
    await records.close()


def _listener(fate: Fate) -> Callable[..., None]:
    def executed(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        for beginning, step in _STATEMENTS.items():
            if statement.startswith(beginning):
                fate.reaches(step)

    return executed


class Killed:
    """The program, for tests: `run` gives how the writers ended, 0 or the signal's number."""

    def __enter__(self) -> "Killed":
        self._child = Popen([sys.executable, "-m", __name__], cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True)
        return self

    def run(self, task: Task) -> list[int]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        print(json.dumps(asdict(task)), file=self._child.stdin, flush=True)
        ended: list[int] = json.loads(self._child.stdout.readline())
        return ended

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._child.communicate()


def _main() -> None:
    for line in sys.stdin:
        task = Task(**json.loads(line))
        children = [_fork(task, number) for number in range(task.writers)]
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps([-code if code < 0 else 256 * code for code in ended]), flush=True)


def _fork(task: Task, number: int) -> int:
    """The first of several is the one that is killed."""
    child = os.fork()
    if child:
        return child
    mine = task if not number else Task(task.redis, task.place, keep_s=task.keep_s)
    try:
        asyncio.run(write(mine))
        os._exit(0)
    except BaseException:  # noqa: BLE001 - a fork of this program must not go on in its place
        sys.excepthook(*sys.exc_info())
        os._exit(1)


if __name__ == "__main__":
    _main()
