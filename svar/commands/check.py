"""svar check: every mistake in the configuration, the files that it names, and the flows, at once."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ivr.check import check_folder
from svar import checks, deployment, logs
from svar.commands.serve import EXAMPLE
from svar.config import ConfigError, load


def check(
    config: Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")] = EXAMPLE,
) -> None:
    """Read the configuration, its certificates and passwords, and all flows; name every mistake, where it stands."""
    logs.configure(json=False, debug=False)
    try:
        settings = load(config, os.environ)
        checks.check(settings)
        unusable = list(checks.files(settings, os.environ))
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None
    for doubt in checks.doubts(settings):
        print(f"{config}: warning: {doubt}", file=sys.stderr)
    folder = Path(settings.flows.folder)
    problems = check_folder(folder, deployment.names(settings))
    for problem in (*unusable, *problems):
        print(problem, file=sys.stderr)
    if problems:
        print(f"{len(problems)} mistake{'s' if len(problems) > 1 else ''} in {folder}", file=sys.stderr)
    if problems or unusable:
        raise typer.Exit(1)
    print(f"{folder}: no mistakes")
