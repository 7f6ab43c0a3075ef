"""Who is logged in: random ids in cookies, of which only digests are kept, for all nodes."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from acd.distributor import Unavailable
from console.accounts import Account, Accounts, Role

TRUST_S = 5.0
"""For so long a session that was looked at is not looked at again: a log-out elsewhere is heard of that late."""
TRUST_AWAY_S = 900.0
"""And for so long while the store is away: that is when people look at the wallboard."""
MOST_SEEN = 2_000
_ID_BYTES = 32


@dataclass(frozen=True, slots=True)
class Ages:
    """How long a session lasts: unused, and in all."""

    idle_ms: int
    whole_ms: int


_HOUR_MS = 3_600_000
AGES = {
    Role.VIEWER: Ages(24 * _HOUR_MS, 30 * 24 * _HOUR_MS),  # a screen on a wall
    Role.SUPERVISOR: Ages(_HOUR_MS, 12 * _HOUR_MS),
    Role.ADMIN: Ages(_HOUR_MS, 12 * _HOUR_MS),
}


@dataclass(frozen=True, slots=True)
class Session:
    """Who it is. `digest` names the session."""

    user: str
    role: Role
    digest: str
    began_ms: int


class SessionStore(Protocol):
    """Entries by digest (`acd.accounts_redis.RedisSessions`). Every method raises Unavailable."""

    async def get(self, digest: str, keep_ms: int) -> str | None: ...

    async def put(self, digest: str, entry: str, keep_ms: int) -> None: ...

    async def remove(self, digest: str) -> None: ...


class Sessions:
    """`chance` gives so many random bytes in hexadecimal; `now_s` is any clock that only goes on."""

    def __init__(
        self,
        store: SessionStore,
        accounts: Accounts,
        now_ms: Callable[[], int],
        now_s: Callable[[], float],
        chance: Callable[[int], str],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._now_ms = now_ms
        self._now_s = now_s
        self._chance = chance
        self._seen: OrderedDict[str, tuple[Session, float]] = OrderedDict()

    async def begin(self, account: Account) -> str:
        """The id of a new session, which nobody can tell again. Raises Unavailable."""
        secret = self._chance(_ID_BYTES)
        entry = {"user": account.name, "era": account.era, "began_ms": self._now_ms()}
        await self._store.put(digest_of(secret), json.dumps(entry), AGES[account.role].idle_ms)
        return secret

    async def whose(self, secret: str) -> Session | None:
        """None for a session that is none, has ended, or was too long unused. Raises Unavailable."""
        if len(secret) != 2 * _ID_BYTES:
            return None
        digest = digest_of(secret)
        seen, at_s = self._seen.get(digest, (None, 0.0))
        age_s = self._now_s() - at_s
        if seen is not None and age_s < TRUST_S:
            return seen
        try:
            found = await self._look(digest)
        except Unavailable:
            if seen is None or age_s > TRUST_AWAY_S:
                raise
            return seen
        self._seen.pop(digest, None)
        if found is not None:
            self._seen[digest] = (found, self._now_s())
            if len(self._seen) > MOST_SEEN:
                self._seen.popitem(last=False)
        return found

    async def end(self, session: Session) -> None:
        """It is over at once here, within TRUST_S elsewhere. Raises Unavailable."""
        self._seen.pop(session.digest, None)
        await self._store.remove(session.digest)

    async def end_all(self, user: str) -> None:
        """All of an account. Raises Unavailable, AccountError."""
        await self._accounts.end_sessions(user)
        self.forget(user)

    def forget(self, user: str) -> None:
        """Look at the sessions of this account again before they are believed."""
        self._seen = OrderedDict((key, kept) for key, kept in self._seen.items() if kept[0].user != user)

    async def _look(self, digest: str) -> Session | None:
        entry = _read(await self._store.get(digest, AGES[Role.VIEWER].idle_ms))
        if entry is None:
            return None
        user, era, began_ms = entry
        account = await self._accounts.get(user)
        if account is None or account.era != era or self._now_ms() - began_ms > AGES[account.role].whole_ms:
            await self._store.remove(digest)
            return None
        if account.role is not Role.VIEWER:
            await self._store.get(digest, AGES[account.role].idle_ms)
        return Session(user, account.role, digest, began_ms)


def digest_of(secret: str) -> str:
    """The id has 256 random bits: nobody guesses it, so no slow digest is needed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _read(entry: str | None) -> tuple[str, int, int] | None:
    try:
        found = json.loads(entry or "")
        return str(found["user"]), int(found["era"]), int(found["began_ms"])
    except (ValueError, TypeError, KeyError):
        return None
