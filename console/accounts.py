"""People's accounts: who they are, what they may see. Only digests of passwords are kept."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Protocol

from console.hashing import Hashing
from console.tokens import Role as ApiRole

MOST = 2_000
SHORTEST, LONGEST = 12, 200
FIRST = "admin"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_MADE_BYTES = 10


class AccountError(Exception):
    """An account that cannot be made or changed; the message says why and what was expected."""


class Role(StrEnum):
    """`viewer` sees figures and no names; `supervisor` the agents too; `admin` everything."""

    VIEWER = "viewer"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    @property
    def api(self) -> ApiRole:
        """The role of the API that may as much."""
        return {Role.VIEWER: ApiRole.READER, Role.SUPERVISOR: ApiRole.SUPERVISOR, Role.ADMIN: ApiRole.ADMIN}[self]

    def at_least(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Account:
    """What is kept of one. Sessions that began in an earlier `era` are over; `made_ms` since the epoch."""

    name: str
    role: Role
    digest: str
    made_ms: int
    era: int = 0


class AccountStore(Protocol):
    """Entries by name (`acd.accounts_redis.RedisAccounts`). Every method raises acd.distributor.Unavailable."""

    async def get(self, token: str) -> str | None: ...

    async def all(self) -> dict[str, str]: ...

    async def put(self, token: str, entry: str) -> None: ...

    async def first(self, name: str, entry: str) -> bool: ...

    async def remove(self, *tokens: str) -> None: ...


class Accounts:
    """`chance` gives so many random bytes as text (`secrets.token_urlsafe`). Every method raises Unavailable."""

    def __init__(
        self, store: AccountStore, hashing: Hashing, now_ms: Callable[[], int], chance: Callable[[int], str]
    ) -> None:
        self._store = store
        self._hashing = hashing
        self._now_ms = now_ms
        self._chance = chance

    def password(self) -> str:
        """A new one, which nobody guesses."""
        return self._chance(_MADE_BYTES)

    async def begin(self, password: str) -> bool:
        """Make the first account, an admin with this password, where there is none; whether it was made."""
        account = Account(FIRST, Role.ADMIN, await self._hashing.digest(password), self._now_ms())
        return await self._store.first(FIRST, _written(account))

    async def empty(self) -> bool:
        return not await self._store.all()

    async def add(self, name: str, role: Role, password: str) -> None:
        """Raises AccountError."""
        if not _NAME.fullmatch(name):
            raise AccountError(
                f"{name!r} names no account: expected up to 64 small letters, digits, '.', '_', '@', '-'"
            )
        there = await self.all()
        if name in there:
            raise AccountError(f"there is an account {name!r} already")
        if len(there) >= MOST:
            raise AccountError(f"there are {MOST} accounts already: remove some")
        fit(name, password)
        await self._put(Account(name, role, await self._hashing.digest(password), self._now_ms()))

    async def remove(self, name: str) -> None:
        """Who is logged in by it is out. Raises AccountError."""
        account = await self._known(name)
        await self._not_the_last(account)
        await self._store.remove(name)

    async def change_password(self, name: str, password: str) -> Account:
        """All sessions of the account are over. Raises AccountError."""
        account = await self._known(name)
        fit(name, password)
        return await self._put(replace(account, digest=await self._hashing.digest(password), era=account.era + 1))

    async def change_role(self, name: str, role: Role) -> None:
        """From the next look at the session on. Raises AccountError."""
        account = await self._known(name)
        if role is not Role.ADMIN:
            await self._not_the_last(account)
        await self._put(replace(account, role=role))

    async def end_sessions(self, name: str) -> None:
        """Log the account out everywhere. Raises AccountError."""
        account = await self._known(name)
        await self._put(replace(account, era=account.era + 1))

    async def all(self) -> dict[str, Account]:
        """By name; what cannot be read is left out."""
        found = {name: _read(entry) for name, entry in (await self._store.all()).items()}
        return {name: account for name, account in found.items() if account is not None}

    async def get(self, name: str) -> Account | None:
        entry = await self._store.get(name) if _NAME.fullmatch(name) else None
        return _read(entry) if entry is not None else None

    async def check(self, name: str, password: str) -> Account | None:
        """Whose name and password these are; takes as long where there is no such account. Raises Busy."""
        account, password = await self.get(name), password[:LONGEST]
        if not await self._hashing.matches(account.digest if account is not None else "", password):
            return None
        if account is not None and self._hashing.stale(account.digest):
            renewed = replace(account, digest=await self._hashing.digest(password))
            # Who was removed or has another password since must not come back.
            return await self._put(renewed) if await self.get(name) == account else None
        return account

    async def _known(self, name: str) -> Account:
        account = await self.get(name)
        if account is None:
            raise AccountError(f"there is no account {name!r}; `svar user list` shows those that there are")
        return account

    async def _not_the_last(self, account: Account) -> None:
        admins = [one for one in (await self.all()).values() if one.role is Role.ADMIN]
        if admins == [account]:
            raise AccountError(f"{account.name} is the last admin: make another one first")

    async def _put(self, account: Account) -> Account:
        await self._store.put(account.name, _written(account))
        return account


def fit(name: str, password: str) -> None:
    """Raises AccountError for a password that is none."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccountError(f"a password has {SHORTEST} to {LONGEST} characters")
    if name in password.lower() or len(set(password)) < 5:
        raise AccountError(
            "that password is guessed at once: without the account's name, and of more than a few letters"
        )


def _written(account: Account) -> str:
    return json.dumps(asdict(account))


def _read(entry: str) -> Account | None:
    try:
        found = json.loads(entry)
        return Account(**(found | {"role": Role(found["role"])}))
    except (ValueError, TypeError, KeyError):
        return None
