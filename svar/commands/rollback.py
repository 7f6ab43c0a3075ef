"""svar rollback: take a canary back, or the version in service, at once."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from acd import pointing
from acd.pointing import Who, before
from acd.versions import found, short
from svar.commands.publish import AUTHOR, CONFIGURATION, MESSAGE, live, taken, whoever
from svar.commands.serve import EXAMPLE
from svar.commands.telling import FAULTS, REFUSED
from svar.config import Config, load
from svar.flow_store import open_store


def rollback(
    version: Annotated[str, typer.Argument(help="the beginning of a version's id; without it the one before")] = "",
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
    message: Annotated[str, MESSAGE] = "",
    author: Annotated[str, AUTHOR] = "",
) -> None:
    """Give new contacts an earlier version again. While a share of them gets a new one, that one is taken back first.

    No gate is run: what was in service before may be so again at once.
    """
    try:
        settings = load(config, os.environ)
        told = asyncio.run(_rollback(settings, version, whoever(settings, author, message)))
    except FAULTS as fault:
        print(f"svar rollback: {fault}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    for line in told:
        print(line)


async def _rollback(config: Config, wanted: str, who: Who) -> list[str]:
    async with open_store(config) as store:
        seen = await store.versions.pointer()
        if not wanted and seen.canary is not None:
            step = pointing.end_canary(seen, who, "withdrawn")
            what = f"version {short(seen.canary.version)} is taken back"
        else:
            versions = store.versions
            id_ = found(await versions.versions(), wanted).id if wanted else before(await versions.moves())
            step = pointing.roll_back(seen, id_, who)
            what = f"version {short(seen.active)} is taken back"
        moved = await store.versions.move(seen.sequence, step.to, step.move, step.events)
        return [what, *live(store, moved), *await taken(store, moved)]
