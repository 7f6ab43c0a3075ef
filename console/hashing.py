"""Passwords by argon2id, off the loop, few at a time: one digest takes 64 MiB and a tenth of a second of a core."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

T = TypeVar("T")

AT_ONCE = 2
MOST_WAITING = 32

_NOBODYS = "$argon2id$v=19$m=65536,t=3,p=1$bm9ib2R5LW5vYm9keS1ubw$c3ZhciBoYXMgbm8gc3VjaCBhY2NvdW50LCBldmVyLiA"
"""A digest of the same cost that no password has."""


class Busy(Exception):
    """Too many passwords wait to be looked at."""


class Hashing:
    """RFC 9106's second choice but for one lane: the cores are calls'."""

    def __init__(self, *, memory_kib: int = 65_536, passes: int = 3) -> None:
        self._argon2 = PasswordHasher(passes, memory_kib, 1, type=Type.ID)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def digest(self, password: str) -> str:
        """Raises Busy."""
        return await self._away(self._argon2.hash, password)

    async def matches(self, digest: str, password: str) -> bool:
        """Takes as long for an empty digest, which nothing matches. Raises Busy."""
        return await self._away(self._verify, digest or _NOBODYS, password) and bool(digest)

    def stale(self, digest: str) -> bool:
        """Whether it was made more cheaply than is done now."""
        return self._argon2.check_needs_rehash(digest)

    def _verify(self, digest: str, password: str) -> bool:
        try:
            return self._argon2.verify(digest, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _away(self, work: Callable[..., T], *args: str) -> T:
        if self._waiting >= MOST_WAITING:
            raise Busy
        self._waiting += 1
        try:
            async with self._places:
                return await asyncio.to_thread(work, *args)
        finally:
            self._waiting -= 1
