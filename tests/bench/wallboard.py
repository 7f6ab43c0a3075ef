"""What the live wallboard costs: a console with the traffic of a busy half-hour, watched by many (by hand).

    python -m tests.bench.wallboard [--viewers 200] [--queues 12] [--seconds 30]

The console runs in a process of its own, in which folds are fed as a node feeds them; viewers are connections of
another process. Told: CPU of the console's process with and without viewers, and how long after an event its change
was read.
"""

import argparse
import asyncio
import json
import multiprocessing
import statistics
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from random import Random

import aiohttp

from console.accounts import Role
from events.catalogue import Event
from tests.console.house import House
from tests.metrics.told import answered, became, queued, stream

CALLS_PER_S = 1_546 / 1_800
"""The busiest half-hour of the national day (docs/glossary.md)."""
TALKS_S = 3.0
WARM_S = 3.0


@dataclass(frozen=True, slots=True)
class Load:
    """How much is measured."""

    viewers: int
    queues: int
    seconds: float
    calls_per_s: float


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of the console in per cent of a core, texts that each viewer got, and their delays."""

    cpu_percent: float
    renderings: int
    delays_ms: tuple[float, ...] = ()


def serve(pipe: Connection, load: Load) -> None:
    """The console's process: tells its port and a session's cookie, then its costs."""
    asyncio.run(_serve(pipe, load))


async def _serve(pipe: Connection, load: Load) -> None:
    house = House()
    house.now_ms = _now_ms()
    house.titles = {f"q{n}": f"Kø nummer {n}" for n in range(load.queues)}
    await house.user("kari", Role.VIEWER)
    account = await house.accounts.get("kari")
    assert account is not None
    secret = await house.sessions.begin(account)
    async with house.served() as server:
        feed = asyncio.create_task(house.feed.run())
        feeding = asyncio.create_task(_traffic(house, load))
        pipe.send((server.port, secret))
        while not pipe.poll():  # noqa: ASYNC110 - a pipe has no event
            await asyncio.sleep(0.05)
        pipe.recv()
        cpu, at, rendered = time.process_time(), time.monotonic(), house.feed.rendered
        await asyncio.sleep(load.seconds)
        percent = 100 * (time.process_time() - cpu) / (time.monotonic() - at)
        pipe.send(Cost(percent, house.feed.rendered - rendered))
        for task in (feed, feeding):
            task.cancel()


async def _traffic(house: House, load: Load) -> None:
    """Callers who come, are answered and talk; every event is folded and told as in a node."""
    random, number = Random(1), 0
    agents = [f"a{n}" for n in range(1_200)]
    _tell(house, [became(agent, "ready") for agent in agents])
    while True:
        number += 1
        contact, queue, agent = f"c{number}", f"q{random.randrange(load.queues)}", random.choice(agents)
        asyncio.get_running_loop().create_task(_call(house, contact, queue, agent))
        await asyncio.sleep(random.expovariate(load.calls_per_s))


async def _call(house: House, contact: str, queue: str, agent: str) -> None:
    house.now_ms = _now_ms()
    _tell(house, [queued(contact, queue, at_ms=house.now_ms)])
    await asyncio.sleep(0.5)
    _tell(house, [became(agent, "offered")])
    await asyncio.sleep(1)
    _tell(house, [answered(contact, 1_500), became(agent, "talking")])
    await asyncio.sleep(TALKS_S)
    _tell(house, [became(agent, "wrap_up")])
    await asyncio.sleep(1)
    _tell(house, [became(agent, "ready")])


def _tell(house: House, events: list[Event]) -> None:
    """At the time that viewers compare with."""
    house.now_ms = _now_ms()
    told = stream(events, first=_Ids.take(len(events)))
    house.folds.apply(told)
    routes = house.lately.routes()
    for event in events:
        if type(event) in routes:
            routes[type(event)](event)
    house.feed.tell()


class _Ids:
    last = 0

    @classmethod
    def take(cls, count: int) -> int:
        cls.last += count
        return cls.last - count + 1


async def watch(port: int, secret: str, delays: list[float]) -> None:
    """One viewer, who reads everything. A delay is from a caller's coming to an empty queue to its being read."""
    newest_ms = _now_ms()
    async with aiohttp.ClientSession(headers={"Cookie": f"svar_session={secret}"}) as http:
        timeout = aiohttp.ClientTimeout(total=None)
        async with http.get(f"http://127.0.0.1:{port}/events", timeout=timeout) as answer:
            while text := await answer.content.readuntil(b"\n\n"):
                if not text.startswith(b"data:"):
                    continue
                state = json.loads(text[5:])["state"]
                for key, at_ms in state.items():
                    alone = key.endswith("|oldest") and state.get(f"{key.removesuffix('oldest')}waiting") == 1
                    if alone and at_ms > newest_ms and key != "t|oldest":
                        newest_ms = at_ms
                        delays.append(_now_ms() - at_ms)


async def measured(load: Load) -> Cost:
    """One run in a fresh process."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, load))
    process.start()
    port, secret = await asyncio.to_thread(here.recv)
    delays: list[float] = []
    viewers = [asyncio.create_task(watch(port, secret, delays)) for _ in range(load.viewers)]
    await asyncio.sleep(WARM_S)
    delays.clear()
    here.send("begin")
    cost: Cost = await asyncio.to_thread(here.recv)
    for viewer in viewers:
        viewer.cancel()
    await asyncio.gather(*viewers, return_exceptions=True)
    process.join(10)
    process.kill()
    return Cost(cost.cpu_percent, cost.renderings, tuple(delays))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def main(load: Load) -> None:
    idle = await measured(Load(0, load.queues, load.seconds, load.calls_per_s))
    seen = await measured(load)
    each_s = seen.renderings / load.seconds
    print(f"{load.viewers} viewers, {load.queues} queues, {load.calls_per_s:.2f} calls/s, {load.seconds:g} s")
    print(f"CPU {seen.cpu_percent:.2f} % of a core, {idle.cpu_percent:.2f} % with nobody watching")
    print(f"{each_s:.1f} renderings a second, {len(seen.delays_ms)} changes of a wait read")
    if seen.delays_ms:
        ordered = sorted(seen.delays_ms)
        late = ordered[int(len(ordered) * 0.99) - 1]
        told = f"median {statistics.median(ordered):.0f}, 99th percentile {late:.0f}, worst {ordered[-1]:.0f}"
        print(f"delay in ms: {told}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--queues", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--calls-per-s", type=float, default=CALLS_PER_S)
    given = parser.parse_args()
    asyncio.run(main(Load(given.viewers, given.queues, given.seconds, given.calls_per_s)))
