"""Tokens of the API: who may do what, until when. Only a digest of the secret is kept; the token is shown once."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol

MOST = 5_000
LONGEST_S = 2 * 366 * 86_400.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_TOKEN = re.compile(r"svar_([0-9a-f]{16})_([0-9a-f]{64})")


class TokenError(Exception):
    """A token that cannot be made or revoked; the message says why and what was expected."""


class Role(StrEnum):
    """`reader` sees; `agent` sees and changes itself alone; `supervisor` changes all agents; `admin` adds and removes
    them too.
    """

    READER = "reader"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token. `agent` is whose it is, for that role; times since the epoch."""

    name: str
    role: Role
    agent: str
    made_ms: int
    expires_ms: int
    digest: str


class TokenStore(Protocol):
    """Entries by id (`acd.tokens_redis.RedisTokens`). Every method raises acd.distributor.Unavailable."""

    async def get(self, token: str) -> str | None: ...

    async def all(self) -> dict[str, str]: ...

    async def put(self, token: str, entry: str) -> None: ...

    async def remove(self, *tokens: str) -> None: ...


class Tokens:
    """`chance` gives so many random bytes in hexadecimal (`secrets.token_hex`)."""

    def __init__(self, store: TokenStore, now_ms: Callable[[], int], chance: Callable[[int], str]) -> None:
        self._store = store
        self._now_ms = now_ms
        self._chance = chance

    async def add(self, name: str, role: Role, agent: str, lasts_s: float) -> str:
        """The new token, which nobody can tell again. Raises TokenError, Unavailable."""
        if not _NAME.fullmatch(name):
            raise TokenError(f"{name!r} names no token: expected up to 64 letters, digits and '.', '_', '@', '-'")
        if (role is Role.AGENT) != bool(agent):
            raise TokenError(
                "an agent's token says whose it is: --role agent --agent NAME; other roles have no --agent"
            )
        if not 0 < lasts_s <= LONGEST_S:
            raise TokenError("a token lasts two years at most, such as 90d or 12h")
        there = await self.all()
        now_ms = self._now_ms()
        await self._store.remove(*(id_ for id_, token in there.items() if token.expires_ms <= now_ms))
        if any(token.name == name and token.expires_ms > now_ms for token in there.values()):
            raise TokenError(f"there is a token {name!r} already: revoke it, or choose another name")
        if len(there) >= MOST:
            raise TokenError(f"there are {MOST} tokens already: revoke some")
        id_, secret = self._chance(8), self._chance(32)
        token = Token(name, role, agent, now_ms, now_ms + round(lasts_s * 1000), _digest(secret))
        await self._store.put(id_, json.dumps(asdict(token)))
        return f"svar_{id_}_{secret}"

    async def revoke(self, name: str) -> None:
        """From now on nobody gets in by it. Raises TokenError where there is none, Unavailable."""
        ids = [id_ for id_, token in (await self.all()).items() if token.name == name]
        if not ids:
            raise TokenError(f"there is no token {name!r}; `svar token list` shows those that there are")
        await self._store.remove(*ids)

    async def all(self) -> dict[str, Token]:
        """By id, those that have expired too; what cannot be read is left out. Raises Unavailable."""
        found = {id_: _read(entry) for id_, entry in (await self._store.all()).items()}
        return {id_: token for id_, token in found.items() if token is not None}

    async def whose(self, text: str) -> Token | None:
        """None for one that is none, was revoked, or has expired. Raises Unavailable."""
        parts = _TOKEN.fullmatch(text)
        if parts is None:
            return None
        entry = await self._store.get(parts[1])
        token = _read(entry) if entry is not None else None
        if token is None or not hmac.compare_digest(token.digest, _digest(parts[2])):
            return None
        return token if token.expires_ms > self._now_ms() else None


def _digest(secret: str) -> str:
    """The secret has 256 random bits: nobody guesses it, so no slow digest is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _read(entry: str) -> Token | None:
    try:
        found = json.loads(entry)
        return Token(**(found | {"role": Role(found["role"])}))
    except (ValueError, TypeError, KeyError):
        return None
