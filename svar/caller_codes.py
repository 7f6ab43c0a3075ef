"""Codes by which callers show who they are whom no trusted trunk vouches for, and how often one may be guessed at."""

import secrets
from dataclasses import replace

import structlog

from acd.distributor import DistributorError
from acd.outbound_caps import Cap, SharedCaps

_log = structlog.get_logger(__name__)

DIGITS = 8
GUESSES = Cap("guesses", 120, 3_600)
"""Wrong codes in an hour, over all callers and nodes; a code is looked for among promises and among places. With a
thousand codes that stand one is hit in a month of guessing.
"""


def new_code() -> str:
    """Digits that nobody can guess."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"


def is_code(pii_code: str) -> bool:
    return len(pii_code) == DIGITS and pii_code.isascii() and pii_code.isdecimal()


class Guesses:
    """Counts codes before they are looked at, so that many at once are no more than one after the other; those that
    were right are given back. Without the store every guess is one too many.
    """

    def __init__(self, caps: SharedCaps) -> None:
        self._caps = caps

    async def may(self, pii_code: str) -> bool:
        """Whether this code may be looked at."""
        if not is_code(pii_code):
            return False
        try:
            full = await self._caps.take((GUESSES,))
        except DistributorError as error:
            _log.warning("a code cannot be looked at", error=str(error))
            return False
        if full:
            _log.warning("too many wrong codes: none is looked at for a while")
        return not full

    async def right(self) -> None:
        """That one was: it counts no more."""
        try:
            await self._caps.take((replace(GUESSES, amount=-1),))
        except DistributorError as error:
            _log.warning("a right code could not be given back", error=str(error))
