"""The media workers of a node: started together, and each replaced when it ends by itself."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

import structlog

from rtp.aio.engine import MediaSettings
from rtp.aio.remote import Load, Remote
from rtp.engine import MediaError, MediaEvent, WorkerGone
from rtp.ports import divide

AGAIN_AFTER_S: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses before a worker that ended is started again; the last holds for every further time in a row."""
SETTLED_S: Final = 30.0
"""A worker that lived so long did not end because of its start."""
WAIT_S: Final = 5.0
"""How long one waits for a worker while none runs."""

T = TypeVar("T")

log = structlog.get_logger()


class Crew:
    """Workers by their place, from 0. `lost` is told of one that ended, and gives the ports that its legs had."""

    def __init__(
        self,
        settings: MediaSettings,
        size: int,
        happened: Callable[[MediaEvent], None],
        lost: Callable[[int], tuple[int, ...]],
    ) -> None:
        ranges = divide(settings.first_port, settings.last_port, size)
        self._settings = [replace(settings, first_port=first, last_port=last) for first, last in ranges]
        self._workers: dict[int, Remote] = {}
        self._happened = happened
        self._lost = lost
        self._quarantined: dict[int, tuple[int, ...]] = {}
        self._some = asyncio.Event()
        self._keepers: list[asyncio.Task[None]] = []
        self._under_way: set[asyncio.Task[Any]] = set()
        self._earlier = Load()
        self.ended = 0
        """Workers that ended by themselves."""

    async def start(self) -> None:
        """Start all. Raises OSError, TimeoutError and MediaError; none is left running then."""
        try:
            await asyncio.gather(*[self._see_through(self._start(place)) for place in range(len(self._settings))])
        except BaseException:
            await self.shutdown()
            raise
        self._keepers = [asyncio.ensure_future(self._keep(place)) for place in range(len(self._settings))]

    async def _see_through(self, work: Coroutine[Any, Any, T]) -> T:
        """A start or an end, once begun: half a process can be neither used nor left."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _start(self, place: int) -> Remote:
        worker = Remote(place + 1, self._happened, self._gone)
        await worker.start(self._settings[place], self._quarantined.get(place, ()))
        self._quarantined.pop(place, None)
        self._workers[place] = worker
        self._some.set()
        return worker

    def _gone(self, worker: Remote) -> None:
        place = worker.number - 1
        if self._workers.get(place) is not worker:
            return  # ended in order, or before it had begun
        del self._workers[place]
        if not self._workers:
            self._some.clear()
        self.ended += 1
        self._earlier = _sum(self._earlier, worker.load)
        self._quarantined[place] = self._lost(place)

    async def _keep(self, place: int) -> None:
        """Replace the worker at that place whenever it ends."""
        loop = asyncio.get_running_loop()
        worker, began, in_a_row = self._workers.get(place), loop.time(), 0
        while True:
            if worker is not None:
                await worker.over.wait()
                in_a_row = 0 if loop.time() - began > SETTLED_S else in_a_row
                await self._see_through(_bury(worker))
            await asyncio.sleep(AGAIN_AFTER_S[min(in_a_row, len(AGAIN_AFTER_S) - 1)])
            began, in_a_row = loop.time(), in_a_row + 1
            worker = await self._replace(place)

    async def _replace(self, place: int) -> Remote | None:
        """None, and a line in the log, whatever it was that kept the worker from starting."""
        try:
            worker = await self._see_through(self._start(place))
        except Exception as error:
            known = isinstance(error, OSError | MediaError)
            reason = str(error) or ("it does not answer" if known else type(error).__name__)
            log.error("media worker cannot be started", worker=place + 1, reason=reason, exc_info=not known)
            return None
        log.warning("media worker started again", worker=worker.number, pid=worker.pid)
        return worker

    @property
    def running(self) -> list[int]:
        """The places of the workers that run."""
        return list(self._workers)

    @property
    def pids(self) -> list[int]:
        return [worker.pid for worker in self._workers.values()]

    @property
    def size(self) -> int:
        """How many there should be."""
        return len(self._settings)

    @property
    def load(self) -> Load:
        """What the workers told at their last beats, earlier ones included."""
        load = self._earlier
        for worker in self._workers.values():
            load = _sum(load, worker.load)
        return load

    async def some(self) -> None:
        """Wait until one runs, at most WAIT_S. Raises MediaError(503)."""
        if not self._some.is_set():
            try:
                async with asyncio.timeout(WAIT_S):
                    await self._some.wait()
            except TimeoutError:
                raise MediaError(f"no media worker has run for {WAIT_S:g} s", 503) from None

    def ask(self, place: int, name: str, *arguments: Any) -> "asyncio.Future[Any]":
        """See `Remote.ask`."""
        worker = self._workers.get(place)
        if worker is None:
            raise WorkerGone(f"media worker {place + 1} has ended")
        return worker.ask(name, *arguments)

    async def shutdown(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, *self._under_way, return_exceptions=True)
        workers, self._workers = self._workers, {}
        await asyncio.gather(*[worker.end() for worker in workers.values()])


async def _bury(worker: Remote) -> None:
    try:
        code = await worker.end()
    except Exception:
        log.exception("media worker's end cannot be seen", worker=worker.number)
    else:
        log.error("media worker lost", worker=worker.number, pid=worker.pid, exit=code)


def _sum(a: Load, b: Load) -> Load:
    return Load(a.legs + b.legs, a.skipped + b.skipped, max(a.worst_late_s, b.worst_late_s))
