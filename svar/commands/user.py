"""svar user: who may log in to the console; a password is shown once, when it is made."""

import getpass
import os
import secrets
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from console.accounts import Account, AccountError, Accounts, Role
from console.hashing import Hashing
from svar.commands.publish import CONFIGURATION
from svar.commands.serve import EXAMPLE
from svar.commands.telling import tell
from svar.config import Config, load
from svar.flow_store import open_people

Work = Callable[[Config, Accounts], Coroutine[Any, Any, list[str]]]
NAME = typer.Argument(help="the account's name")
ASK = typer.Option("--ask", help="ask for a password in place of making one")
ROLE = typer.Option(help="viewer: figures; supervisor: the agents too; admin: everything")

user = typer.Typer(no_args_is_help=True, help="Accounts of the console: add, list, remove, password, role.")


@user.command()
def add(
    name: Annotated[str, NAME],
    role: Annotated[Role, ROLE] = Role.VIEWER,
    ask: Annotated[bool, ASK] = False,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Make an account, and show its password this once. Every node takes it at once."""

    async def work(_: Config, accounts: Accounts) -> list[str]:
        password = _password(accounts, ask=ask)
        await accounts.add(name, role, password)
        return [] if ask else [password]

    _do(work, config)


@user.command(name="list")
def list_(config: Annotated[Path, CONFIGURATION] = EXAMPLE) -> None:
    """Tell which accounts there are, and what they may see."""

    async def work(settings: Config, accounts: Accounts) -> list[str]:
        zone = ZoneInfo(settings.node.zone)
        found = sorted((await accounts.all()).values(), key=lambda one: one.name)
        return [_row(one, zone) for one in found] or ["there are no accounts; the first start of a node makes one"]

    _do(work, config)


@user.command()
def remove(name: Annotated[str, NAME], config: Annotated[Path, CONFIGURATION] = EXAMPLE) -> None:
    """Take an account away: who is logged in by it is out within seconds, at every node."""

    async def work(_: Config, accounts: Accounts) -> list[str]:
        await accounts.remove(name)
        return [f"{name} is removed"]

    _do(work, config)


@user.command()
def password(
    name: Annotated[str, NAME],
    ask: Annotated[bool, ASK] = False,
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Give an account another password, and show it this once; who is logged in by the old one is out."""

    async def work(_: Config, accounts: Accounts) -> list[str]:
        made = _password(accounts, ask=ask)
        await accounts.change_password(name, made)
        return [] if ask else [made]

    _do(work, config)


@user.command()
def role(
    name: Annotated[str, NAME],
    to: Annotated[Role, typer.Argument(help="viewer, supervisor or admin")],
    config: Annotated[Path, CONFIGURATION] = EXAMPLE,
) -> None:
    """Let an account see more, or less."""

    async def work(_: Config, accounts: Accounts) -> list[str]:
        await accounts.change_role(name, to)
        return [f"{name} is {to} now"]

    _do(work, config)


def _password(accounts: Accounts, *, ask: bool) -> str:
    if not ask:
        return accounts.password()
    first, again = getpass.getpass("password: "), getpass.getpass("once more: ")
    if first != again:
        raise AccountError("the two passwords differ")
    return first


def _row(one: Account, zone: ZoneInfo) -> str:
    return f"{one.name:<24} {one.role:<12} since {datetime.fromtimestamp(one.made_ms / 1000, zone):%Y-%m-%d %H:%M}"


def _do(work: Work, path: Path) -> None:
    async def opened() -> list[str]:
        config = load(path, os.environ)
        async with open_people(config) as people:
            return await work(config, Accounts(people.accounts, Hashing(), _now_ms, secrets.token_urlsafe))

    tell("user", opened(), AccountError)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
