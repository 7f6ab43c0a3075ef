"""Pseudonyms of callers: whether two who rang within a period are the same can be told, and nothing else."""

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from acd.distributor import DistributorError
from acd.pseudonym_keys import PseudonymKeys
from events.catalogue import ContactStarted, Event
from events.sink import Sink
from ivr.web.gateway import international

_log = structlog.get_logger(__name__)

DAY_MS = 86_400_000
LOOK_S = 600.0
RETRY_S = 5.0
_DIGITS = 24
"""Of hexadecimal; 96 bits: no two callers of a country meet."""


def pseudonym(secret: bytes, pii_number: str) -> str:
    """A keyed hash (HMAC, RFC 2104, with SHA-256) of a number in its international form."""
    return hmac.digest(secret, pii_number.encode(), "sha256").hex()[:_DIGITS]


def pseudonyms(secrets: Mapping[int, bytes], pii_number: str) -> frozenset[str]:
    """All that the number has had, as far back as there are secrets."""
    return frozenset(pseudonym(secret, pii_number) for secret in secrets.values())


class Pseudonyms:
    """Those of one installation. A secret lasts `days`, and is forgotten when the period after its own is over."""

    def __init__(self, keys: PseudonymKeys, days: int, region: str, now_ms: Callable[[], int]) -> None:
        self._keys = keys
        self._period_ms = days * DAY_MS
        self._region = region
        self._now_ms = now_ms
        self._secrets: Mapping[int, bytes] = {}

    def of(self, pii_number: str) -> str:
        """Empty without a number, and as long as the secrets could not be read."""
        if not pii_number or not self._period_ms:
            return ""
        secret = self._secrets.get(self._now_ms() // self._period_ms)
        return pseudonym(secret, international(pii_number, self._region) or pii_number) if secret else ""

    async def start(self) -> None:
        """Begin with the secrets as they are; without the store, with none."""
        try:
            await self._look()
        except DistributorError as error:
            _log.warning("callers have no pseudonyms yet", error=str(error))

    async def run(self) -> None:
        """Have the next period's secret before it begins, until this is cancelled."""
        while True:
            try:
                await self._look()
                await asyncio.sleep(LOOK_S)
            except DistributorError as error:
                _log.warning("the secrets of pseudonyms cannot be read", error=str(error))
                await asyncio.sleep(RETRY_S)

    async def _look(self) -> None:
        if self._period_ms:
            now = self._now_ms() // self._period_ms
            self._secrets = await self._keys.of(now - 1, now, now + 1)


class Pseudonymous:
    """A sink before another: contacts that begin carry their caller's pseudonym."""

    def __init__(self, behind: Sink, pseudonyms: Pseudonyms) -> None:
        self._behind = behind
        self._pseudonyms = pseudonyms

    def emit(self, event: Event) -> None:
        if isinstance(event, ContactStarted) and (found := self._pseudonyms.of(event.pii_caller)):
            event = replace(event, pseudonym=found)
        self._behind.emit(event)
