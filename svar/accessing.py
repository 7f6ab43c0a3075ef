"""Who runs a command that shows records, for the log of accesses."""

import getpass
import os
import time
from contextlib import suppress

from metrics.records import Access


def whoever() -> str:
    """The user; the one behind sudo too, where there is one."""
    with suppress(KeyError, OSError):
        user, behind = getpass.getuser(), os.environ.get("SUDO_USER", "")
        return f"{behind} as {user}" if behind and behind != user else user
    return f"user {os.getuid()}"


def access_of(deed: str, subject: str, why: str = "") -> Access:
    """An access of whoever runs the command, now."""
    return Access(time.time_ns() // 1_000_000, whoever(), deed, subject, why)
