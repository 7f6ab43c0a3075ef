"""Is this process well: how late its loop runs, and named checks of what it stands on."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Check = Callable[[], Awaitable[str]]
"""Gives a few words about what is well; raises `Unwell`, or any exception, when it is not."""


class Unwell(Exception):
    """What was checked is not well; the message says what was seen and what was expected."""


class Ailing(Unwell):
    """Somebody has to look, and callers are served all the same: a balancer that goes by /health sends on."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check gave. `ailing`: not well, and callers can be taken all the same."""

    ok: bool
    detail: str
    ailing: bool = False


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The outcome of every check by name."""

    checks: dict[str, Outcome]

    @property
    def ok(self) -> bool:
        return all(outcome.ok for outcome in self.checks.values())

    @property
    def serves(self) -> bool:
        """Whether callers can be taken."""
        return all(outcome.ok or outcome.ailing for outcome in self.checks.values())

    @property
    def status(self) -> str:
        """ok, ailing (something is wrong, and callers are taken), or failing."""
        return "ok" if self.ok else "ailing" if self.serves else "failing"


class Health:
    """Runs the checks at once, each for at most `timeout_s`. An answer serves everybody who asks within `keep_s`."""

    def __init__(self, *, timeout_s: float = 1.0, keep_s: float = 1.0) -> None:
        self._checks: dict[str, Check] = {}
        self._timeout_s = timeout_s
        self._keep_s = keep_s
        self._report: HealthReport | None = None
        self._made_at = 0.0
        self._one_at_a_time = asyncio.Lock()

    def add(self, name: str, check: Check) -> None:
        self._checks[name] = check

    async def report(self) -> HealthReport:
        async with self._one_at_a_time:
            now = asyncio.get_running_loop().time()
            if self._report is None or now - self._made_at >= self._keep_s:
                outcomes = await asyncio.gather(*(self._run(check) for check in self._checks.values()))
                self._report = HealthReport(dict(zip(self._checks, outcomes, strict=True)))
                self._made_at = now
            return self._report

    async def _run(self, check: Check) -> Outcome:
        try:
            async with asyncio.timeout(self._timeout_s):
                return Outcome(ok=True, detail=await check())
        except TimeoutError:
            return Outcome(ok=False, detail=f"no answer within {self._timeout_s:g} s")
        except Ailing as error:
            return Outcome(ok=False, detail=str(error), ailing=True)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a check is its outcome
            return Outcome(ok=False, detail=str(error) or type(error).__name__)


class LoopLag:
    """How late the event loop calls back: the worst of the last `window` looks, one every `every_s`."""

    def __init__(self, *, every_s: float = 0.1, window: int = 100) -> None:
        self._every_s = every_s
        self._late_s: deque[float] = deque(maxlen=window)

    def worst_s(self) -> float:
        return max(self._late_s, default=0.0)

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._every_s
            await asyncio.sleep(self._every_s)
            self._late_s.append(max(loop.time() - due, 0.0))

    async def check(self, limit_s: float = 0.5) -> str:
        """A check for `Health`."""
        worst_s = self.worst_s()
        if worst_s > limit_s:
            raise Unwell(f"the loop was {worst_s * 1000:.0f} ms late, {limit_s * 1000:.0f} ms is the limit")
        return f"{worst_s * 1000:.1f} ms late at worst"


class StreamLag:
    """How far the reader of a stream is behind: how long ago the stream had what the reader has not reached yet.

    `tip` gives the stream's last id and `checkpoint` the reader's (`milliseconds-sequence`). The answer is as fine as
    the checks are frequent: one every few seconds. `behind_s` is what the last of them saw.
    """

    def __init__(
        self,
        tip: Callable[[], Awaitable[str]],
        checkpoint: Callable[[], str],
        *,
        limit_s: float = 10.0,
        most: int = 100,
    ) -> None:
        self._tip = tip
        self._checkpoint = checkpoint
        self._limit_s = limit_s
        self._most = most
        self.behind_s = 0.0
        self._ahead: deque[tuple[float, tuple[int, int]]] = deque()

    async def check(self) -> str:
        """A check for `Health`."""
        tip, here = _order(await self._tip()), _order(self._checkpoint())
        now = asyncio.get_running_loop().time()
        if len(self._ahead) < self._most and (not self._ahead or self._ahead[-1][1] < tip):
            self._ahead.append((now, tip))
        while self._ahead and self._ahead[0][1] <= here:
            self._ahead.popleft()
        lag_s = now - self._ahead[0][0] if self._ahead else 0.0
        self.behind_s = lag_s
        if lag_s > self._limit_s:
            raise Unwell(f"{lag_s:.1f} s behind, {self._limit_s:g} s is the limit")
        return f"{lag_s:.1f} s behind"


def _order(stream_id: str) -> tuple[int, int]:
    at_ms, _, sequence = stream_id.partition("-")
    return int(at_ms), int(sequence or 0)
