"""Three nodes on one Redis at length: a merger, Redis away, a node killed, one far away, phones dying in offers.

Part of `make soak`; by itself `python -m tests.soak_sites [--deaths 1000] [--away 30] [--kills 5] [--far-calls 1000]`.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from tests.interop import site_scenarios as scenarios
from tests.interop.site_scenarios import Country
from tests.soak_site import shown

MERGER_S, RATE = 20, 20.0


async def _alone(work: Callable[[Country], Awaitable[str]]) -> str:
    """At an installation of its own."""
    with tempfile.TemporaryDirectory(prefix="svar-sites.") as folder:
        async with scenarios.country(Path(folder)) as country:
            return await work(country)


async def merged(country: Country) -> str:
    found = await scenarios.merger(country, round(MERGER_S * RATE), RATE)
    return (
        f"{found.callers} callers, all answered and ended in order; in service at all nodes {found.merged_ms:.0f} ms "
        f"after publishing, 30 agents and none logged out, a talk went on; {found.offers_across} offers to other sites"
    )


async def away(country: Country, away_s: float) -> str:
    found = await scenarios.redis_away(country, callers=60, away_s=away_s)
    return (
        f"twice {found.waited} callers and 3 who rang meanwhile, each served once and in order; the first offer "
        f"{found.killed_s:.2f} s after Redis was back from a kill, {found.stopped_s:.2f} s after it was let go on"
    )


async def killed(times: int) -> str:
    """Each time at an installation of its own; of the last nothing may be left."""
    freed, told = [], []
    for n in range(1, times + 1):
        with tempfile.TemporaryDirectory(prefix="svar-sites.") as folder:
            async with scenarios.country(Path(folder)) as country:
                found = await scenarios.node_killed(country, 15.0 if n < times else 45.0)
        freed.append(f"{found.freed_s:.2f}")
        told.append(f"{found.told_s:.2f}")
    return f"agents free and offers ended after {', '.join(freed)} s, their phones told after {', '.join(told)} s"


async def far(calls: int) -> str:
    with tempfile.TemporaryDirectory(prefix="svar-sites.") as folder:
        found = await scenarios.far_north(Path(folder), calls, 10.0)
    return (
        f"{calls} callers, each served once and in order; {found.lost} of {found.sent} pieces lost; offer to INVITE at "
        f"the phone for callers there p50 {found.far_p50:.0f}, p99 {found.far_p99:.0f} ms (for others p99 "
        f"{found.near_p99:.0f} ms); caller in the queue to INVITE at a free phone p99 {found.at_once_p99:.0f} ms"
    )


async def died(country: Country, deaths: int) -> str:
    found = await scenarios.dying_phones(country, deaths, 12.0, 45.0)
    return (
        f"{found.deaths.total()} deaths ({shown(found.deaths)}) in {found.seconds:.0f} s; {found.callers} callers, "
        f"each answered and ended in order; nobody stuck, no lease and no session left"
    )


def _parts(known: argparse.Namespace) -> Iterator[tuple[str, Awaitable[str]]]:
    if known.sites:
        yield f"three nodes: six sites become two under {RATE:g} calls/s of SIPp", _alone(merged)
        what = f"three nodes: Redis killed, then stopped for {known.away:g} s, callers waiting"
        yield what, _alone(lambda country: away(country, known.away))
    if known.kills:
        what = f"three nodes: one killed, {known.kills} times; its caller in a talk, another being offered"
        yield what, killed(known.kills)
    if known.far_calls:
        yield "three nodes: one 20 to 40 ms each way from Redis, 1 % lost (200 ms late)", far(known.far_calls)
    if known.deaths:
        what = f"three nodes: {known.deaths} phones die in the middle of offers"
        yield what, _alone(lambda country: died(country, known.deaths))


async def _rows(known: argparse.Namespace) -> list[tuple[str, str]]:
    found = []
    for what, part in _parts(known):
        found.append((what, await part))
        print(f"{what}: {found[-1][1]}", flush=True)
    return found


def rows(known: argparse.Namespace) -> list[tuple[str, str]]:
    """The parts that are asked for; see `arguments`.

    Each raises AssertionError where somebody was lost, offered twice or overtaken, and where anything is left.
    """
    return asyncio.run(_rows(known))


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sites", type=int, default=1, help="a merger and Redis away at three nodes; 0: none")
    parser.add_argument("--kills", type=int, default=5, help="nodes that are killed")
    parser.add_argument("--away", type=float, default=30.0, help="seconds without Redis")
    parser.add_argument("--far-calls", type=int, default=1000, help="calls with a node far from Redis")
    parser.add_argument("--deaths", type=int, default=1000, help="phones that die in the middle of offers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    arguments(parser)
    rows(parser.parse_args())


if __name__ == "__main__":
    main()
