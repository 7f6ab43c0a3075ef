"""svar probe: ring the service numbers from outside, press a key, and say whether callers hear what they should."""

import asyncio
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from svar.probe.figures import Figures, serve
from svar.probe.hearing import RecordingError, read_wav, write_wav
from svar.probe.plan import Plan, PlanError, load
from svar.probe.rounds import Outcome, visit

FAILED, USAGE = 1, 2


def probe(
    plan: Annotated[Path, typer.Argument(help="TOML file: the server, the account, and a [[visit]] for each number")],
    once: Annotated[
        bool, typer.Option("--once", help="one round, no figures served; exit code 1 if any fails")
    ] = False,
    keep: Annotated[
        Path | None, typer.Option(help="folder for WAV files of what was heard, to compare with later")
    ] = None,
) -> None:
    """Ring every number of PLAN again and again, and serve what was found to Prometheus (docs/probe.md)."""
    try:
        read = load(plan)
        for recording in {path for one in read.visits for path in (one.hears, one.then_hears) if path is not None}:
            read_wav(recording)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
        through = asyncio.run(_probe(read, once=once, keep=keep))
    except KeyboardInterrupt:
        return
    except (PlanError, RecordingError, OSError, ValueError) as fault:
        print(f"svar probe: {fault}", file=sys.stderr)
        raise typer.Exit(USAGE) from None
    if not through:
        raise typer.Exit(FAILED)


async def _probe(plan: Plan, *, once: bool, keep: Path | None) -> bool:
    figures = Figures(one.number for one in plan.visits)
    server = None if once else serve(figures, plan.listen)
    if server is not None:
        print(f"svar probe: http://{plan.listen}/metrics", flush=True)
    try:
        while True:
            began_s, through = time.monotonic(), True
            for one in plan.visits:
                outcome = await visit(plan, one, lambda number, first, then: _keep(keep, number, first, then))
                figures.note(outcome, int(time.time()))
                print(line(outcome, datetime.now().astimezone()), flush=True)
                through = through and outcome.through
            if once:
                return through
            await asyncio.sleep(max(plan.every_s - (time.monotonic() - began_s), 1.0))
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()


def line(outcome: Outcome, at: datetime) -> str:
    """One call in words."""
    told = f"{at:%H:%M:%S} {outcome.number}: {outcome.cause.replace('_', ' ')}"
    if outcome.answer_s:
        told += f", answered after {outcome.answer_s:.2f} s, sound {outcome.sound_s:.2f} s later"
    if outcome.key_sound_s:
        told += f", {outcome.key_sound_s:.2f} s after the key"
    if 0 < outcome.likeness < 1:
        told += f", likeness {outcome.likeness:.2f}"
    return told + (f" ({outcome.detail})" if outcome.detail else "")


def _keep(folder: Path | None, number: str, first: bytes, then: bytes) -> None:
    if folder is not None:
        name = "".join(sign if sign.isalnum() else "_" for sign in number)
        for part, samples in (("", first), ("-then", then)):
            if samples:
                write_wav(folder / f"{name}{part}.wav", samples)
