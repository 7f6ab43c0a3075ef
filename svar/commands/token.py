"""svar token: who may use the API; each token is shown once, when it is made."""

import os
import secrets
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from console.tokens import Role, Token, TokenError, Tokens
from ivr.language.lengths import seconds_of
from ivr.language.problems import did_you_mean
from svar import endpoint
from svar.commands.publish import CONFIGURATION
from svar.commands.serve import EXAMPLE
from svar.commands.telling import tell
from svar.config import Config, load
from svar.flow_store import kept_in, open_credentials, open_tokens

Work = Callable[[Config, Tokens], Coroutine[Any, Any, list[str]]]

token = typer.Typer(no_args_is_help=True, help="Tokens of the API: add, list, revoke.")


@token.command()
def add(
    name: Annotated[str, typer.Argument(help="what it is called in lists and events")],
    role: Annotated[Role, typer.Option(help="what it may do")],
    agent: Annotated[str, typer.Option(help="whose it is, for role agent")] = "",
    expires: Annotated[str, typer.Option(help="for how long it lasts, as in 90d or 12h")] = "90d",
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Make a token and show it, this once. Every node takes it at once."""

    async def work(settings: Config, tokens: Tokens) -> list[str]:
        if agent:
            await _known(settings, agent)
        made = await tokens.add(name, role, agent, _seconds(expires))
        # What is printed is the token alone, for scripts.
        print(f"kept in {kept_in(settings)}, of the configuration {config}", file=sys.stderr)
        return [made]

    _do(work, config)


@token.command(name="list")
def list_(config: Annotated[Path, CONFIGURATION] = EXAMPLE) -> None:
    """Tell which tokens there are, what they may do, and until when."""

    async def work(settings: Config, tokens: Tokens) -> list[str]:
        zone, now_ms = ZoneInfo(settings.node.zone), _now_ms()
        found = sorted((await tokens.all()).values(), key=lambda one: one.name)
        return [_row(one, zone, now_ms) for one in found] or ["there are no tokens; `svar token add` makes one"]

    _do(work, config)


@token.command()
def revoke(
    name: Annotated[str, typer.Argument(help="which")], config: Annotated[Path, CONFIGURATION] = EXAMPLE
) -> None:
    """Take a token back: its next request is refused, at every node."""

    async def work(_: Config, tokens: Tokens) -> list[str]:
        await tokens.revoke(name)
        return [f"{name} is revoked"]

    _do(work, config)


async def _known(config: Config, agent: str) -> None:
    """Raises TokenError where the installation has no such agent."""
    agents = set(endpoint.agents(config))
    if agent in agents:
        return
    async with open_credentials(config) as (_, staff):
        agents |= {one.now.agent for one in await staff.all()}
    if agent not in agents:
        hint = did_you_mean(agent, agents) or "; those of the routing files are known once a node has served them"
        raise TokenError(f"there is no agent {agent!r}{hint} ({kept_in(config)})")


def _row(one: Token, zone: ZoneInfo, now_ms: int) -> str:
    whose = f" of {one.agent}" if one.agent else ""
    word = "until" if one.expires_ms > now_ms else "expired"
    ends = f"{datetime.fromtimestamp(one.expires_ms / 1000, zone):%Y-%m-%d %H:%M}"
    return f"{one.name:<24} {one.role}{whose:<16} {word} {ends}"


def _seconds(text: str) -> float:
    """Days have up to three digits here, since tokens last longer than anything in a flow."""
    days = text.strip().removesuffix("d")
    seconds = int(days) * 86_400.0 if days != text and days.isdecimal() and len(days) <= 3 else seconds_of(text.strip())
    if seconds is None:
        raise TokenError(f"--expires {text!r}: write 90d, 12h or 30m")
    return seconds


def _do(work: Work, path: Path) -> None:
    async def opened() -> list[str]:
        config = load(path, os.environ)
        async with open_tokens(config) as store:
            return await work(config, Tokens(store, _now_ms, secrets.token_hex))

    tell("token", opened(), TokenError)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
