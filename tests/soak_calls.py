"""Calls on bad networks, and callers who leave at every moment: the parts of `make soak` about calls.

By themselves: `python -m tests.soak_calls [--loss 1 5 10 20] [--lossy-calls 2000] [--abandons 10000] [--resets 3000]`.
"""

import argparse
import asyncio
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.soak_abandons import ABANDONS, RESETS, left_alone
from tests.soak_lossy import DISORDER_PERCENT, lossy


async def all_lossy(levels: Sequence[float], calls: int, rate: float) -> list[tuple[str, str]]:
    seed = random.SystemRandom().randrange(2**31)
    with tempfile.TemporaryDirectory(prefix="svar-soak.") as folder:
        found = await asyncio.gather(
            *(lossy(Path(folder) / f"{loss:g}", loss, calls, rate, seed + n) for n, loss in enumerate(levels))
        )
    what = f"{DISORDER_PERCENT} % overtaken, {DISORDER_PERCENT} % twice, each way; {calls} calls at {rate:g}/s"
    return [(f"{one.loss:g} % lost, {what}", one.text) for one in found]


def abandoned(calls: int, rate: float, workers: int) -> tuple[str, str]:
    seed = random.SystemRandom().randrange(2**31)
    with tempfile.TemporaryDirectory(prefix="svar-soak.") as folder:
        text = asyncio.run(left_alone(Path(folder) / "n", ABANDONS, calls, rate, workers=workers, seed=seed))
    return f"{calls} abandons at {rate:g}/s, {workers} media workers, seed {seed}", text


def reset(calls: int, rate: float) -> tuple[str, str]:
    seed = random.SystemRandom().randrange(2**31)
    with tempfile.TemporaryDirectory(prefix="svar-soak.") as folder:
        text = asyncio.run(left_alone(Path(folder) / "n", RESETS, calls, rate, seed=seed))
    return f"{calls} calls over TCP at {rate:g}/s, connections reset, seed {seed}", text


def rows(known: argparse.Namespace) -> list[tuple[str, str]]:
    """The parts that are asked for; see `arguments`."""
    found = []
    if known.lossy_calls:
        found += asyncio.run(all_lossy(known.loss, known.lossy_calls, known.lossy_rate))
    if known.abandons:
        found += [abandoned(known.abandons, known.abandon_rate, workers) for workers in (0, 2)]
    if known.resets:
        found.append(reset(known.resets, known.abandon_rate))
    return found


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--loss", type=float, nargs="*", default=[1, 5, 10, 20], help="percent each way")
    parser.add_argument("--lossy-calls", type=int, default=2000, help="at each loss")
    parser.add_argument("--lossy-rate", type=float, default=12.0)
    parser.add_argument("--abandons", type=int, default=10_000, help="without media workers, and again with two")
    parser.add_argument("--abandon-rate", type=float, default=100.0)
    parser.add_argument("--resets", type=int, default=3000, help="calls over TCP")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    arguments(parser)
    for what, outcome in rows(parser.parse_args()):
        print(f"{what}: {outcome}", flush=True)


if __name__ == "__main__":
    main()
