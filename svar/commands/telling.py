"""What commands share that ask a running installation: lines told when it is done, or one fault and an exit code."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

import typer

from acd.distributor import DistributorError
from ivr.language.problems import FlowFileError
from svar.config import ConfigError
from svar.embedded.child import EmbeddedError

FAULTS = (ConfigError, DistributorError, EmbeddedError, FlowFileError, OSError, ValueError)
REFUSED = 1


def tell(command: str, work: Coroutine[Any, Any, list[str]], *faults: type[Exception]) -> None:
    """Print what `work` gives; FAULTS and `faults` are told as the command's. Raises typer.Exit after one."""
    expected: tuple[type[Exception], ...] = (*FAULTS, *faults)
    try:
        told = asyncio.run(work)
    except expected as fault:
        print(f"svar {command}: {fault}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    for line in told:
        print(line)
