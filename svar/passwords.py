"""The agents' passwords: made at the first start, kept in the state folder for its owner alone."""

import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from svar.config import ConfigError

_LENGTH_BYTES = 9
_SECRET_BYTES = 32


class Passwords:
    """Passwords by agent, in a file of mode 600. There is no default password.

    `fresh` holds those that this start made: they are shown once.
    """

    def __init__(self, path: Path) -> None:
        """Raises ConfigError when the file is not what was written, and OSError."""
        self._path = path
        self._kept = _read(path) if path.exists() else {}
        self.fresh: dict[str, str] = {}

    def ensure(self, agents: Iterable[str]) -> None:
        """Every one of `agents` has a password from now on. Raises OSError when the folder cannot be written."""
        missing = [agent for agent in agents if agent not in self._kept]
        if missing:
            made = {agent: secrets.token_urlsafe(_LENGTH_BYTES) for agent in missing}
            self.fresh |= made
            self._kept |= made
            _put(self._path, json.dumps(self._kept, indent=1).encode())

    def get(self, agent: str) -> str | None:
        return self._kept.get(agent)


def secret(path: Path) -> bytes:
    """A random secret of 32 bytes that survives a restart, in a file of mode 600.

    One that a crash left half written is made anew: what was signed with it could be forged.
    """
    kept = path.read_bytes() if path.exists() else b""
    if len(kept) == _SECRET_BYTES:
        return kept
    value = secrets.token_bytes(_SECRET_BYTES)
    _put(path, value)
    return value


def _read(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text())
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        raise ConfigError(
            f"{path}: expected a JSON object of agents and passwords; mend it, or take it away: then all get new ones"
        )
    return kept


def _put(path: Path, data: bytes) -> None:
    """The file is there as a whole or not at all, and its owner's alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)
