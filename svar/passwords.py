"""The agents' passwords: made at the first start, kept in the state folder for its owner alone."""

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

_LENGTH_BYTES = 9


class Passwords:
    """Passwords by agent, in a file of mode 600. There is no default password.

    `fresh` holds those that this start made: they are shown once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        self.fresh: dict[str, str] = {}

    def ensure(self, agents: Iterable[str]) -> None:
        """Every one of `agents` has a password from now on. Raises OSError when the folder cannot be written."""
        missing = [agent for agent in agents if agent not in self._kept]
        if missing:
            self.fresh = {agent: secrets.token_urlsafe(_LENGTH_BYTES) for agent in missing}
            self._kept |= self.fresh
            self._write()

    def get(self, agent: str) -> str | None:
        return self._kept.get(agent)

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_suffix(".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self._kept, file, indent=1)
            file.flush()
            os.fsync(descriptor)
        beside.replace(self._path)


def secret(path: Path) -> bytes:
    """A random secret of 32 bytes that survives a restart, in a file of mode 600."""
    if path.exists():
        return path.read_bytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    value = secrets.token_bytes(32)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(value)
    return value
