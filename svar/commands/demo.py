"""svar demo: the service with callers and agents who are not people, and a live table."""

import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from svar import logs
from svar.commands.serve import CANNOT_START, EXAMPLE
from svar.config import Config, load
from svar.demo.day import Day, Plan
from svar.demo.staffing import Scale
from svar.phones.phone import PhoneError

LAST_LOG_LINES = 20
WIDTH = 100
"""Where there is no terminal."""


def demo(
    minutes: Annotated[float, typer.Option(min=0.1, max=600, help="how long it lasts")] = 3.0,
    speed: Annotated[float, typer.Option(min=1, max=200, help="simulated seconds in a real second")] = 60.0,
    agents: Annotated[int, typer.Option(min=1, max=100, help="simulated agents; the calls are scaled with them")] = 20,
    seed: Annotated[int, typer.Option(help="another seed is another day")] = 1,
    config: Annotated[Path, typer.Option(help="configuration file")] = EXAMPLE,
) -> None:
    """Serve simulated callers and agents over real SIP and RTP on loopback, and show queues and the answer rate."""
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    try:
        with tempfile.TemporaryDirectory(prefix="svar-demo-") as state:
            log = Path(state) / "demo.log"
            with log.open("w") as stream:
                logs.configure(json=False, stream=stream)
                plan = Plan(Scale(speed, agents), minutes * 60, seed, state)
                asyncio.run(_demo(load(config, os.environ), plan, console))
            told = log.read_text()
    except (*CANNOT_START, PhoneError) as error:
        print(f"svar cannot start the demo:\n{error}", file=sys.stderr)
        raise typer.Exit(1) from None
    if "[warning" in told or "[error" in told:
        print("\nThe end of the service's log:", *told.splitlines()[-LAST_LOG_LINES:], sep="\n", file=sys.stderr)


async def _demo(config: Config, plan: Plan, console: Console) -> None:
    console.print("starting the service and its phones ...")
    day = Day(config, plan, console)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, day.stopped.set)
    day.close(await day.run())
