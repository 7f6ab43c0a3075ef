"""The demo from the first phone to the closing summary: a node, its agents, its callers, and the screen."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from random import Random

from rich.console import Console
from rich.live import Live

from metrics.service_level import Limits
from metrics.wallboard import Board
from svar.compose import Node, Places
from svar.config import Config, ConfigError
from svar.demo.figures import Figures, SimulatedTime
from svar.demo.people import Crowd, Desk, Outcomes
from svar.demo.screen import Screen, clock
from svar.demo.staffing import Scale, demo_agents, served, usable
from svar.demo.traffic import DAY_S, OPENS_S, WAYS, Way, visits
from svar.phones.dialling import account
from svar.phones.ladder import Ladder
from svar.phones.phone import Phone

LIVE_EVERY_S, LINE_EVERY_S = 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What the command line asked for. `lasts_s` are real seconds; `state` is a folder that may be thrown away."""

    scale: Scale
    lasts_s: float
    seed: int
    state: str

    @property
    def ends_s(self) -> float:
        """Real seconds until the end: that of the plan, or of the simulated day."""
        return min(self.lasts_s, self.scale.real_s(DAY_S))


@dataclass(frozen=True, slots=True)
class Result:
    """What the day had come to when its time was up, before those on the line were sent home.

    `desks` counts what the agents answered; `cpu` is the part of one core that everything took.
    """

    board: Board
    outcomes: Outcomes
    desks: int
    cpu: float


class Day:
    """One run of the demo. `stopped` may be set from outside (Ctrl-C)."""

    def __init__(self, config: Config, plan: Plan, console: Console) -> None:
        self.stopped = asyncio.Event()
        self._plan = plan
        self._console = console
        self._node = Node(served(config, plan.state, plan.scale))
        self._screen = Screen({queue.name: queue.title or queue.name for queue in config.queue}, plan.scale.speed)
        limits = {queue.name: Limits(queue.target_s, queue.short_s) for queue in config.queue}
        self._figures = Figures(SimulatedTime(_now_ms(), plan.scale.speed), limits)

    async def run(self) -> Result:
        """Raises what `Node.start` raises, PhoneError, and ConfigError when the demo's numbers are not served."""
        node = self._node
        async with AsyncExitStack() as stack:
            places = await node.start()
            stack.push_async_callback(node.stop)
            ways = self._ways()
            phone = Phone(account("callers", _written(places.sip)), _ladder(), silent=True)
            await phone.start()
            stack.push_async_callback(phone.close)
            crowd = Crowd(phone, self._plan.scale, _now_ms)
            node.storage.taps += [self._figures.tell, crowd.tell]
            ours = set(demo_agents(self._plan.scale.agents))
            people = [name for name in node.registering if name not in ours]
            self._print(greeting(self._plan, places, people), soft_wrap=True)
            desks = await self._desks(stack, places, crowd)
            stack.push_async_callback(crowd.go_home)
            return await self._open(crowd, desks, ways)

    def _ways(self) -> list[Way]:
        ways = usable(WAYS, {number for number, _ in self._node.services}, self._node.config)
        if not ways:
            numbers = ", ".join(sorted({way.number for way in WAYS}))
            raise ConfigError(f"the demo rings {numbers}; this configuration serves none of them")
        return ways

    async def _desks(self, stack: AsyncExitStack, places: Places, crowd: Crowd) -> list[Desk]:
        """All agents at their phones, ready."""
        desks, opening = [], []
        for name in demo_agents(self._plan.scale.agents):
            password = self._node.passwords.get(name) or ""
            phone = Phone(account(name, _written(places.sip), password), _ladder())
            await phone.start()
            desk = Desk(phone, crowd, self._plan.scale)
            stack.push_async_callback(desk.end)
            desks.append(desk)
            opening.append(desk.begin(partial(self._figures.state_of, name)))
        await asyncio.gather(*opening)
        return desks

    async def _open(self, crowd: Crowd, desks: list[Desk], ways: list[Way]) -> Result:
        """From the first caller to the last minute."""
        plan = self._plan
        self._figures.time = SimulatedTime(_now_ms(), plan.scale.speed)
        began, cpu = time.monotonic(), time.process_time()
        arriving = asyncio.create_task(crowd.arrive(visits(Random(plan.seed), plan.scale.share, ways)))
        try:
            await self._show(began + plan.ends_s)
        finally:
            arriving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await arriving
        took_s = max(time.monotonic() - began, 0.001)
        answered = sum(desk.answered for desk in desks)
        return Result(self._board(), crowd.outcomes, answered, (time.process_time() - cpu) / took_s)

    async def _show(self, until: float) -> None:
        """The live table, or lines where there is no terminal, until the time is up."""
        if not self._console.is_terminal:
            while await self._goes_on(until, LINE_EVERY_S):
                self._print(self._screen.line(self._board(), self._figures.time.at_ms(_now_ms())), soft_wrap=True)
            return
        with Live(console=self._console, auto_refresh=False) as live:
            while await self._goes_on(until, LIVE_EVERY_S):
                live.update(self._screen.live(self._board(), self._figures.time.at_ms(_now_ms())), refresh=True)

    async def _goes_on(self, until: float, pause_s: float) -> bool:
        """Wait for the next look at the screen. False when it is over."""
        left_s = until - time.monotonic()
        try:
            await asyncio.wait_for(self.stopped.wait(), max(0.0, min(pause_s, left_s)))
        except TimeoutError:
            return left_s > pause_s
        return False

    def _board(self) -> Board:
        return self._figures.board(self._node.storage.folds.call_records.in_progress)

    def _print(self, text: str, *, soft_wrap: bool = False) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=soft_wrap)

    def close(self, result: Result) -> None:
        """Print the summary."""
        seen = result.outcomes
        self._console.print(self._screen.closing(result.board))
        self._print(
            f"The callers' own account: {seen.rang} rang, {seen.talked} talked with an agent, {seen.gave_up} gave up "
            f"waiting, {seen.left_in_menu} hung up in the menu, {seen.failed} failed; the rest were on the line.\n"
            f"The agents' own account: {result.desks} calls answered (the table may lag by a quarter of a second).\n"
            f"Service and all phones took {100 * result.cpu:.0f} % of one core."
        )


def greeting(plan: Plan, places: Places, people: Sequence[str]) -> str:
    """What is real, what is scaled and how, and how to join in. `people` are agents of the configuration."""
    scale, sip = plan.scale, _written(places.sip)
    ends = clock(round(OPENS_S * 1000 + plan.ends_s * scale.speed * 1000))
    target = "" if sip.endswith(":5060") else f" --target {sip}"
    return "\n".join(
        [
            "",
            f"From {clock(OPENS_S * 1000)} to {ends} of a simulated day, in {plan.ends_s:.0f} s (seed {plan.seed}).",
            "",
            "Real:   the service, its SIP and RTP on loopback; menus and voices last as long",
            "        as ever.",
            f"Scaled: {scale.agents} agents and {100 * scale.share:.1f} % of a day's 15,000 calls. Arrivals, patience,",
            f"        talks, wrap-up and the 45 s of 70/45 are {scale.speed:g} times faster.",
            "Shown:  simulated times. The service's own page counts real seconds:",
            f"        http://{_written(places.http)}/   {places.people}",
            "",
            f"Join in:  bin/svar call 5000 --press 2 --after 3s{target}",
            *(f"          bin/svar agent {name} --state {plan.state}{target}" for name in people[:1]),
            "Ctrl-C ends it in order.",
            "",
        ]
    )


def _ladder() -> Ladder:
    return Ladder(asyncio.get_running_loop().time)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _written(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
