"""An event loop whose clock jumps: where a real loop would sleep until the next timer, this one is there at once."""

import asyncio
import selectors
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class StandstillError(Exception):
    """Everybody waits for somebody, and no timer will ever wake them."""


class _JumpingSelector(selectors.DefaultSelector):
    """Looks at its files without waiting, and moves the clock by what it was told to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise StandstillError("nothing is left that could happen")
        if timeout > 0:
            self.now_s += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 0 and moves by timers alone. Raises StandstillError when only the outside could go on."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` in virtual time, in a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)


class _PacedSelector(selectors.DefaultSelector):
    """Real time, of which some may be left out."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.ahead_s = 0.0
        self.jumps = False

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.jumps and self.ahead_s <= 0:
            began_s = time.monotonic()
            ready = super().select(timeout)
            self.now_s += time.monotonic() - began_s
            return ready
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None and self.ahead_s <= 0:
            raise StandstillError("nothing is left that could happen")
        step_s = self.ahead_s if timeout is None else timeout if self.jumps else min(timeout, self.ahead_s)
        self.now_s += max(0.0, step_s)
        self.ahead_s = max(0.0, self.ahead_s - step_s)
        return []


class PacedLoop(asyncio.SelectorEventLoop):
    """A loop in real time that can be moved on, timer by timer, as if it had waited; with `jumps` it never waits."""

    def __init__(self, *, jumps: bool = False) -> None:
        self._paced = _PacedSelector()
        self._paced.jumps = jumps
        super().__init__(self._paced)

    @property
    def jumps(self) -> bool:
        return self._paced.jumps

    def time(self) -> float:
        return self._paced.now_s

    def move_on(self, seconds: float) -> None:
        """Leave out so much of the waiting that comes."""
        self._paced.ahead_s += seconds
