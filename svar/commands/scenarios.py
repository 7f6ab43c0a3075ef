"""svar test: the scenarios beside the flows, on a virtual clock."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.problems import FlowFileError
from ivr.simulator import report
from ivr.simulator.scenario import run_folder
from svar.commands.serve import EXAMPLE
from svar.config import ConfigError, load


def scenarios(
    config: Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")] = EXAMPLE,
    stories: Annotated[bool, typer.Option(help="tell what each caller heard")] = False,
) -> None:
    """Run every scenario of the flows with simulated callers and agents; no phone, no waiting."""
    try:
        results = run_folder(Path(load(config, os.environ).flows.folder))
    except (ConfigError, FlowFileError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    for line in report.lines(results, stories=stories):
        print(line)
    if any(result.failures for result in results):
        raise typer.Exit(1)
