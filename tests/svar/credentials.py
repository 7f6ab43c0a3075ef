"""What nodes share of passwords, in the memory of a test."""

from collections.abc import Mapping
from pathlib import Path

from acd.credentials_redis import Credential, Mark
from acd.distributor import Unavailable
from svar.passwords import Passwords


class Shared:
    """One installation's. While it is `away` every question is answered with Unavailable."""

    def __init__(self) -> None:
        self.away = False
        self.entries: dict[str, tuple[int, Credential]] = {}
        self._realm, self._secret, self._life, self._sequence = "", b"", 1, 0

    def forget(self) -> None:
        life = self._life
        self.__init__()  # type: ignore[misc]
        self._life = life + 1

    async def realm(self, realm: str) -> str:
        self._there()
        self._realm = self._realm or realm
        return self._realm

    async def begin_anew(self, realm: str) -> None:
        self._there()
        self.forget()
        self._realm = realm

    async def secret(self, ours: bytes) -> bytes:
        self._there()
        self._secret = self._secret or ours
        return self._secret

    async def first(self, made: Mapping[str, Credential]) -> dict[str, Credential]:
        self._there()
        self._put({name: one for name, one in made.items() if name not in self.entries})
        return {name: self.entries[name][1] for name in made}

    async def newer(self, made: Mapping[str, Credential]) -> dict[str, Credential]:
        self._there()
        stands = {name: one for name, (_, one) in self.entries.items()}
        self._put({n: one for n, one in made.items() if n not in stands or stands[n].made_ms < one.made_ms})
        return {name: self.entries[name][1] for name in made}

    async def mark(self) -> Mark:
        self._there()
        return Mark(str(self._life), self._sequence)

    async def changed(self, after: int) -> dict[str, Credential]:
        self._there()
        return {name: one for name, (sequence, one) in self.entries.items() if sequence > after}

    def _put(self, made: Mapping[str, Credential]) -> None:
        for name, one in made.items():
            self._sequence += 1
            self.entries[name] = (self._sequence, one)

    def _there(self) -> None:
        if self.away:
            raise Unavailable("redis: away")


def passwords(state: Path, shared: Shared | None = None, *, realm: str = "svar", alone: bool = True) -> Passwords:
    """Those of a node with this state folder, before `begin`."""
    return Passwords(state, realm, shared or Shared(), alone=alone)
