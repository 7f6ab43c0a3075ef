"""Watches the canary: takes it back when it is worse, promotes it when its time has come, once over all nodes."""

import asyncio
from collections.abc import Callable

import structlog

from acd import pointing
from acd.distributor import DistributorError
from acd.pointing import Pointless, Step, Who
from acd.versions import LONGEST_MESSAGE, Overtaken, Pointer, VersionStore, short
from ivr.over_sip.telephony import Identity
from ivr.versions.arms import ACTIVE, CANARY, NAMES, Arms
from ivr.versions.canary import judge

log = structlog.get_logger(__name__)

EVERY_S = 1.0
AUTHOR = "svar"


class CanaryWatch:
    """Every node has one, and they all see the same: whoever moves the pointer first has done it."""

    def __init__(self, store: VersionStore, arms: Arms, pointer: Callable[[], Pointer], identity: Identity) -> None:
        """`pointer`: where it stood when this node last saw it; `arms` is fed by the node's folds."""
        self._store = store
        self._arms = arms
        self._pointer = pointer
        self._identity = identity
        self.taken_back = 0

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.look()
            except DistributorError as error:
                log.warning("the canary cannot be watched", error=str(error))

    async def look(self) -> None:
        """Judge the canary by the last look that there is. Raises Unavailable."""
        pointer, arms = self._pointer(), self._arms
        canary = pointer.canary
        if canary is None or arms.look is None:
            return
        # The node's folds may be behind: what they hold may be of another trial, even of the same version.
        if arms.versions != (short(pointer.active), short(canary.version)) or arms.since_ms != canary.since_ms:
            return
        number, active_tally, canary_tally = arms.look
        worse = judge(number, active_tally, canary_tally)
        if worse is not None:
            if await self._move(pointer, worse.told, lambda seen, who: pointing.end_canary(seen, who, "worse")):
                self.taken_back += 1
                log.error("the canary was taken back", version=short(canary.version), why=worse.told)
        elif canary.promote_after_s and self._identity.now_ms() >= canary.since_ms + canary.promote_after_s * 1000:
            seen_in = f"nothing was worse in {canary.promote_after_s} s and {canary_tally.contacts} contacts"
            await self._move(pointer, seen_in, lambda seen, who: pointing.publish(seen, canary.version, who))

    async def _move(self, pointer: Pointer, told: str, decide: Callable[[Pointer, Who], Step]) -> bool:
        who = Who(AUTHOR, told[:LONGEST_MESSAGE], self._identity.tenant, self._identity.node)
        try:
            await pointing.make(self._store, pointer, lambda seen: decide(seen, who))
        except (Overtaken, Pointless):
            return False
        return True

    def tallies(self) -> dict[tuple[str, ...], int]:
        """Contacts of either arm since the canary began, by arm and what became of them."""
        counts: dict[tuple[str, ...], int] = {}
        if self._arms.versions[CANARY]:
            for arm in (ACTIVE, CANARY):
                tally = self._arms.tallies[arm]
                counts[NAMES[arm], "through"] = tally.contacts - tally.menu_ended
                counts[NAMES[arm], "menu_ended"] = tally.menu_ended
                counts[NAMES[arm], "failed"] = tally.failed
        return counts
