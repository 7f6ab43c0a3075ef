"""The keys of one tenant in Redis. All carry the hash tag `{tenant}`, so that they live in one slot."""

import re
from dataclasses import dataclass

_TENANT = re.compile(r"[A-Za-z0-9_.-]{1,64}")

FIXED = ("meta", "queues", "agents", "entries", "leases", "deadlines", "events", "answers", "answers_old")
"""KEYS of every script, in this order; META's name gives the scripts the prefix of the others."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Raises ValueError for a tenant that is not 1 to 64 letters, digits, `_`, `.` or `-`."""

    tenant: str

    def __post_init__(self) -> None:
        if not _TENANT.fullmatch(self.tenant):
            raise ValueError(f"tenant {self.tenant!r}: expected 1 to 64 letters, digits, '_', '.' or '-'")

    @property
    def prefix(self) -> str:
        return f"svar:{{{self.tenant}}}:"

    def named(self, name: str) -> str:
        """A fixed key, or `waiting:QUEUE`, `idle:QUEUE`, `arrived:QUEUE`, `numbers:QUEUE`, `asked:QUEUE`,
        `promised:QUEUE`, `held:NODE`, `node:NODE`; `callbacks` and `callers` for promises, `caps:`, `place:` and `cut:`
        for callers.

        Those of the flows' versions begin with `flows:`, those of the crises that are on with `crises`, those of
        who is away and was called in with `roster`.
        """
        return self.prefix + name

    @property
    def fixed(self) -> tuple[str, ...]:
        return tuple(self.prefix + name for name in FIXED)
