"""svar agent password: a new password for an agent's phone, shown this once."""

import asyncio
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from acd.distributor import DistributorError
from svar import endpoint
from svar.commands.publish import CONFIGURATION
from svar.commands.serve import EXAMPLE
from svar.config import Config, ConfigError, load
from svar.embedded.child import EmbeddedError
from svar.flow_store import open_credentials
from svar.passwords import new_password


def password(
    name: Annotated[str, typer.Argument(help="the agent's name")],
    new: Annotated[bool, typer.Option("--new", help="make another, though there is one: the old one is over")] = False,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Make the password of agent NAME's phone and show it, this once. Every node takes it within seconds."""
    try:
        told = asyncio.run(_told(load(config, os.environ), name, new=new))
    except (ConfigError, EmbeddedError, DistributorError, OSError) as fault:
        print(f"svar agent password: {fault}", file=sys.stderr)
        raise typer.Exit(1) from None
    print(told)


async def _told(config: Config, name: str, *, new: bool) -> str:
    """Raises ConfigError."""
    configured = endpoint.agents(config).get(name)
    if configured is not None and configured.contact:
        raise ConfigError(f"the phone of {name} never registers: it is reached at {configured.contact}")
    async with open_credentials(config) as (credentials, staff):
        if configured is None and await staff.one(name) is None:
            raise ConfigError(f"there is no agent {name!r}")
        realm = await credentials.realm(config.sip.realm)
        if realm != config.sip.realm:
            raise ConfigError(f"[sip] realm = {config.sip.realm!r}: the installation's is {realm!r}")
        plain, made = new_password(name, realm)
        stands = (await credentials.of([name])).get(name)
        if new and stands is not None and stands.made_ms >= made.made_ms:
            raise ConfigError(f"{name} has a password that was made later than now: are the nodes' clocks right?")
        counts = (await (credentials.newer if new else credentials.first)({name: made}))[name]
    if counts == made:
        return plain
    at = datetime.fromtimestamp(counts.made_ms / 1000, ZoneInfo(config.node.zone))
    raise ConfigError(f"{name} has a password since {at:%Y-%m-%d %H:%M}, which was shown then; --new makes another")
