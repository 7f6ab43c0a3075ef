"""What a scrape costs: 1,200 agents, 50 queues and 12 flows after a working day of 15,000 calls.

python -m tests.bench.metrics        prints rows for docs/performance.md
"""

import asyncio
import gc
import statistics
from collections.abc import Iterator
from dataclasses import replace
from time import process_time
from zoneinfo import ZoneInfo

from events.catalogue import Event, StepEntered
from metrics.counters import Labels
from metrics.health import LoopLag
from metrics.measured import EVERY_S, Measured
from metrics.pipeline import Folds
from metrics.prometheus import Exposition, Labelled
from metrics.service_level import Limits
from metrics.steps import StepCounts
from metrics.wallboard import STATES
from tests.metrics.told import (
    DAY_MS,
    answered,
    became,
    ended,
    left,
    offered,
    queued,
    released,
    started,
    stream,
    wrapped_up,
)

OSLO = ZoneInfo("Europe/Oslo")
QUEUES = [f"queue_{number}" for number in range(50)]
AGENTS, SITES, CALLS, STEPS = 1_200, 40, 15_000, 240
SCRAPE_S = 15
SCRAPES = 40
BEGIN_MS, LASTS_MS = DAY_MS + 8 * 3_600_000, 7 * 3_600_000


def day() -> Iterator[Event]:
    """Calls over seven hours: most are answered after waits from nothing to ten minutes, one in seven is lost."""
    for number in range(AGENTS):
        yield became(f"agent_{number}", STATES[number % len(STATES)], site=f"site_{number % SITES}")
    for number in range(CALLS):
        contact, queue = f"c{number}", QUEUES[number * number % len(QUEUES)]
        at_ms, waited_ms = BEGIN_MS + number * LASTS_MS // CALLS, number * 7_919 % 600_000
        yield started(contact, at_ms)
        yield StepEntered(at_ms=at_ms, tenant="nav", node="n1", contact=contact, flow=f"flow_{number % 12}",
                          step=f"step_{number % STEPS // 12}", type="menu")  # fmt: skip
        yield replace(queued(contact, queue, at_ms), site=f"site_{number % SITES}")
        if number % 7 == 0:
            yield left(contact, waited_ms, queue, at_ms + waited_ms)
        elif number < CALLS - 100:
            yield offered(contact, queue=queue, at_ms=at_ms)
            yield answered(contact, waited_ms, queue, at_ms + waited_ms)
            yield released(contact, 398_000, queue, at_ms + waited_ms)
            yield wrapped_up(contact, queue=queue, at_ms=at_ms + waited_ms)
        else:
            continue
        yield ended(contact, "answered", at_ms=at_ms + waited_ms)


def exposition() -> tuple[Exposition, Measured]:
    steps = StepCounts(OSLO)
    folds = Folds("nav", limits=dict.fromkeys(QUEUES, Limits()), further=[steps])
    folds.apply(stream(list(day())))
    states: dict[Labels, float] = {(queue, state): 24 for queue in QUEUES for state in STATES}
    labelled = [
        Labelled(
            "flow_steps_total", "Steg", ("flow", "step"), lambda: steps.totals["entered"].counts, 1_000, shared=True
        ),
        Labelled("queue_agents", "Veiledere i køen", ("queue", "state"), lambda: states, 1_200, shared=True),
    ]
    now_ms = BEGIN_MS + LASTS_MS
    measured = Measured(lambda: folds.half_hours.rows, lambda: DAY_MS)
    every = [*labelled, *measured.labelled()]
    return Exposition([folds], zone=OSLO, labelled=every, now_ms=lambda: now_ms, keep_s=0), measured


async def measured(shown: Exposition) -> None:
    """One scrape after the other; then once more with a loop beside them that is looked at every 2 ms."""
    text = await shown.render()
    cpu_s: list[float] = []
    loop_s: list[float] = []
    for _ in range(SCRAPES):
        gc.collect()
        began = process_time()
        await shown.render()
        cpu_s.append(process_time() - began)
        began = process_time()
        shown.scrape(BEGIN_MS + LASTS_MS)
        loop_s.append(process_time() - began)
    cost_s, held_s, lines = statistics.median(cpu_s), statistics.median(loop_s), len(text.splitlines())
    print(
        f"| {lines:,} lines, {len(text) / 1024:.0f} KiB | {cost_s * 1000:.0f} ms CPU | {cost_s / SCRAPE_S:.2%} "
        f"| {held_s * 1000:.1f} ms | {await late_s(shown) * 1000:.0f} ms |"
    )


async def late_s(shown: Exposition) -> float:
    """How late the loop was during a scrape, the median of the worst of each."""
    worst: list[float] = []
    for _ in range(SCRAPES):
        lag = LoopLag(every_s=0.002, window=100_000)
        watch = asyncio.create_task(lag.run())
        await shown.render()
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        worst.append(lag.worst_s())
    return statistics.median(worst)


def main() -> None:
    shown, added_up = exposition()
    asyncio.run(added_up.look())
    print(f"{AGENTS:,} agents, {len(QUEUES)} queues, {CALLS:,} calls; measured twice")
    print("| a scrape | CPU | of a core at 15 s | of it in the loop | loop late meanwhile |")
    print("|---|---|---|---|---|")
    for _ in range(2):
        asyncio.run(measured(shown))
    for _ in range(2):
        began = process_time()
        asyncio.run(added_up.look())
        cost_s = process_time() - began
        print(f"adding up the day for the registry's measures: {cost_s * 1000:.0f} ms CPU, {cost_s / EVERY_S:.2%}")


if __name__ == "__main__":
    main()
