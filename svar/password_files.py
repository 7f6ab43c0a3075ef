"""This node's copies in the state folder of what proves agents' phones: each a file of mode 600."""

import json
import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acd.credentials_redis import Credential
from sip.message.auth import HashedPassword
from svar.config import ConfigError

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Kept:
    """What a node keeps for an agent. `plain`: the password, empty where it isn't had in the open."""

    credential: Credential
    plain: str = field(default="", repr=False)

    @classmethod
    def of(cls, agent: str, realm: str, plain: str, made_ms: int) -> "Kept":
        hashed = HashedPassword.of(agent, realm, plain)
        return cls(Credential(made_ms, hashed.md5, hashed.sha256), plain)

    def same(self, other: Credential) -> bool:
        """Whether both are of the same password."""
        return (self.credential.md5, self.credential.sha256) == (other.md5, other.sha256)


def read(path: Path, realm: str) -> dict[str, Kept]:
    """By agent; what is for another realm is left out. Raises ConfigError when it is not what was written, OSError."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text())
        made_ms = time.time_ns() // 1_000_000
        kept = {agent: _entry(agent, realm, entry, made_ms) for agent, entry in found.items()}
    except (ValueError, AttributeError, TypeError, KeyError):
        raise ConfigError(
            f"{path}: expected a JSON object of agents and passwords; mend it, or take it away: then agents have the "
            "passwords that Redis knows, and new ones where it knows none"
        ) from None
    return {agent: one for agent, one in kept.items() if one is not None}


def _entry(agent: str, realm: str, entry: Any, made_ms: int) -> Kept | None:
    if isinstance(entry, str):
        return Kept.of(agent, realm, entry, made_ms)
    made_ms, md5, sha256 = int(entry["made_ms"]), str(entry["md5"]), str(entry["sha256"])
    return Kept(Credential(made_ms, md5, sha256)) if entry["realm"] == realm else None


def write(path: Path, realm: str, kept: Mapping[str, Kept]) -> None:
    """Nothing where it stands so already. Raises OSError."""
    entries = {agent: one.plain or _hashed(realm, one.credential) for agent, one in sorted(kept.items())}
    text = json.dumps(entries, indent=1).encode()
    if not path.exists() or path.read_bytes() != text:
        _put(path, text)


def _hashed(realm: str, one: Credential) -> dict[str, str | int]:
    return {"realm": realm, "made_ms": one.made_ms, "md5": one.md5, "sha256": one.sha256}


class HandOut:
    """A file of passwords in the open that nobody has been shown yet: to be handed out, and to be deleted then."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, right: Callable[[str, str], bool]) -> dict[str, str]:
        """Those that still count; one that cannot be read has none."""
        try:
            found = json.loads(self._path.read_text())
            return {name: one for name, one in found.items() if isinstance(one, str) and right(name, one)}
        except (OSError, ValueError, AttributeError):
            return {}

    def add(self, made: Mapping[str, str]) -> None:
        """Raises OSError."""
        self._write(self.read(_any) | dict(made))

    def drop(self, agents: Iterable[str]) -> None:
        """Raises OSError."""
        if self._path.exists():
            gone = set(agents)
            self._write({name: one for name, one in self.read(_any).items() if name not in gone})

    def _write(self, entries: Mapping[str, str]) -> None:
        if entries:
            _put(self._path, json.dumps(entries, indent=1).encode() + b"\n")
        else:
            self._path.unlink(missing_ok=True)


def _any(_agent: str, _password: str) -> bool:
    return True


def secret(path: Path, value: bytes | None = None) -> bytes:
    """A random secret of 32 bytes that survives a restart, in a file of mode 600; `value` replaces it.

    One that a crash left half written is made anew: what was signed with it could be forged.
    """
    kept = path.read_bytes() if path.exists() else b""
    if len(kept) == _SECRET_BYTES and value in (None, kept):
        return kept
    value = value or secrets.token_bytes(_SECRET_BYTES)
    _put(path, value)
    return value


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
