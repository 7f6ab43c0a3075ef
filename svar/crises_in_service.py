"""The crises that are on, as this node knows them: within a second what the store says, and without it what it said."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2s

import structlog

from acd.crises import SAID_S, Change, CrisisStore, Standing, swept
from acd.distributor import DistributorError
from events.catalogue import ContactStarted, Event
from events.sink import Sink
from ivr.language.crises import CrisisOn
from ivr.over_sip.telephony import Identity
from metrics.crises import Crises
from svar.lasting_work import lasting

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""The store is looked at so often though it tells of nothing."""
RETRY_S = 0.5
KEY_BYTES = 16


class CrisesInService:
    """The port `Crises` of a node. `start` once; then `run` follows the store until it is cancelled.

    `measures` is the fold of what they do to callers; it is for whoever drives the folds.
    """

    def __init__(self, store: CrisisStore, identity: Identity) -> None:
        self._store = store
        self._identity = identity
        self.standing = Standing()
        self.measures = Crises()
        self._said = (-1, 0.0)

    # --- For flows --------------------------------------------------------------------------------------------------

    def on(self, now_ms: int) -> Sequence[CrisisOn]:
        """What is on by this node's clock, so that a crisis ends in time though the store is away."""
        running = self.standing.on
        if not running:
            return ()
        return [
            CrisisOn(one.crisis, one.since_ms, one.until_ms, one.author)
            for one in reversed(running)
            if now_ms < one.until_ms
        ]

    def on_now(self) -> Sequence[CrisisOn]:
        """What is on at this moment."""
        return self.on(self._identity.now_ms())

    def caller_key(self, pii_number: str) -> str:
        """What tells only whether two callers are the same; empty without a number, and where nobody needs it."""
        standing = self.standing
        if not pii_number or not standing.key or standing.key_until_ms <= self._identity.now_ms():
            return ""
        return blake2s(pii_number.encode(), key=standing.key.encode()[:32], digest_size=KEY_BYTES).hexdigest()

    # --- Following the store ----------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin with what the store says; where it is away, with nothing."""
        try:
            await self._look()
        except DistributorError as error:
            log.warning("which crises are on cannot be read", error=str(error))

    async def run(self) -> None:
        """Until it is cancelled. Outlives the store's absence."""
        away = "the store of crises is away; those that are on go on, and end"
        await lasting(self._follow, 0, log, away, retry_s=RETRY_S)

    async def _follow(self) -> None:
        await self._look()
        await self._store.changed(self.standing.sequence, self._until_next_s())

    async def _look(self) -> None:
        who, known = self._identity, self.standing
        seen = await swept(self._store, who.now_ms(), who.tenant, who.node)
        if seen.sequence < known.sequence:
            log.error("the store has forgotten which crises are on; it is told again", crises=_names(known))
            seen = await self._store.change(seen.sequence, Change(known)) or await self._store.standing()
        if _names(seen) != _names(known):
            log.warning("crises", on=_names(seen))
        self.standing = seen
        await self._say()

    async def _say(self) -> None:
        """Who switches one on is told which nodes follow."""
        now_s, (sequence, until_s) = asyncio.get_running_loop().time(), self._said
        if sequence != self.standing.sequence or now_s >= until_s:
            await self._store.say(self._identity.node, self.standing.sequence)
            self._said = (self.standing.sequence, now_s + SAID_S / 2)

    def _until_next_s(self) -> float:
        """To the next look: as soon as one ends."""
        now_ms = self._identity.now_ms()
        left_ms = [one.until_ms - now_ms for one in self.standing.on if one.until_ms > now_ms]
        return min([LOOK_S, *(left / 1000 for left in left_ms)])

    def in_service(self) -> dict[tuple[str, ...], int]:
        """1 for each that is on, by name."""
        return {(one.crisis,): 1 for one in self.on_now()}


class Recognising:
    """A sink before another: during a crisis, and a day longer, contacts that begin carry their caller's key."""

    def __init__(self, behind: Sink, crises: CrisesInService) -> None:
        self._behind = behind
        self._crises = crises

    def emit(self, event: Event) -> None:
        if isinstance(event, ContactStarted) and (key := self._crises.caller_key(event.pii_caller)):
            event = replace(event, pii_caller_key=key)
        self._behind.emit(event)


def _names(standing: Standing) -> list[str]:
    return [one.crisis for one in standing.on]
