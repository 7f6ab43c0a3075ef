"""The end of a call, for who leads it: why it ended, and a wake-up from whatever is awaited."""

import asyncio

from ivr.running.run import Run


class Ending:
    """Give `told` to `Call.on_end`. `cause` is empty while the call lasts; after `finished` nobody is woken."""

    __slots__ = ("_cancelled", "_run", "_task", "cause", "failed", "finished")

    def __init__(self, task: "asyncio.Task[object] | None", run: Run) -> None:
        self._task = task
        self._run = run
        self._cancelled = False
        self.cause = ""
        self.finished = False
        self.failed = False

    def told(self, cause: str) -> None:
        if self.cause or self.finished:
            return
        self.cause = self._run.ended = cause
        if self._task is not None and not self._task.done() and asyncio.current_task() is not self._task:
            self._cancelled = True
            self._task.cancel()

    def is_own(self) -> bool:
        """Whether the cancellation that was just caught came from the call's end and nobody else's."""
        if not self._cancelled or self._task is None:
            return False
        return self._task.uncancel() == 0
