"""The Callbacks port of a node: promises to ring back, made only where they may be kept."""

import json

import structlog

from acd.distributor import DistributorError, Refused
from acd.identities import Identities
from acd.model import OfferId, QueueId
from acd.outbound_caps import SharedCaps
from acd.promises import CallbackTerms, KeptPromise, NewPromise, PromiseKeeper
from ivr.ports.callbacks import CallbackWish, Kept, Promise, Standing
from ivr.ports.ringing_back import Due
from svar.caller_codes import Guesses, new_code
from svar.config import Callbacks
from svar.outbound import AllowList

_log = structlog.get_logger(__name__)

SPEAKS_S = 30
"""What an offer's lease allows for besides both phones' ringing: for what agent and caller are told."""


def terms(configured: Callbacks) -> CallbackTerms:
    """How promises are kept."""
    return CallbackTerms(
        tries=configured.tries,
        again_s=60 * configured.again_min,
        expires_s=3600 * configured.expires_h,
        dials_s=configured.ring_s + SPEAKS_S,
        most=configured.most,
    )


class CallbacksInService:
    """Callers are known by the number that is to be rung, the one that a trusted trunk vouches for, or a code."""

    def __init__(
        self,
        keeper: PromiseKeeper,
        rules: AllowList,
        identities: Identities,
        caps: SharedCaps,
        terms: CallbackTerms,
    ) -> None:
        self._keeper = keeper
        self._rules = rules
        self._identities = identities
        self._caps = caps
        self._guesses = Guesses(caps)
        self._terms = terms

    def fits(self, pii_number: str) -> bool:
        """See the port."""
        return self._rules.allowed(pii_number) is not None

    async def ask(self, wish: CallbackWish) -> Kept:
        """See the port."""
        allowed = self._rules.allowed(wish.pii_number)
        if allowed is None:
            return Kept(Promise.NOT_ALLOWED)
        try:
            # Who could not be rung before tomorrow is told so now.
            rung = self._identities.of_number(allowed.pii_number)
            if full := await self._caps.room(self._rules.caps(allowed, rung)):
                _log.warning("a callback is not promised: as many calls as may be are made", cap=full)
                return Kept(Promise.FULL)
            return await self._promise(wish, allowed.pii_number)
        except Refused as refused:
            return Kept(Promise.FULL if refused.code == "FULL" else Promise.FAILED)
        except DistributorError as error:
            _log.warning("a callback could not be promised", queue=wish.queue, error=str(error))
            return Kept(Promise.FAILED)

    async def _promise(self, wish: CallbackWish, pii_number: str) -> Kept:
        vouched = self._rules.number(wish.pii_caller)
        pii_code = "" if vouched else new_code()
        who = self._identities
        known = [who.of_number(pii_number), who.of_number(vouched), who.of_code(pii_code)]
        callback = f"{wish.contact}.cb"
        new = NewPromise(
            callback=callback,
            first=wish.contact,
            queue=QueueId(wish.queue),
            identities=tuple(dict.fromkeys(identity for identity in known if identity)),
            pii_detail=json.dumps({"number": pii_number, "language": wish.language, "order": wish.order}),
            arrived_ms=wish.arrived_ms,
            since_ms=wish.since_ms,
            at_ms=wish.at_ms,
            terms=self._terms,
        )
        stands = await self._keeper.promise(new)
        if stands != callback and vouched:
            own = await self._keeper.standing(who.of_number(vouched))
            if own is not None and own.callback == stands:
                return Kept(Promise.ALREADY)
        # Whether somebody has promised to ring a number that is not proven theirs is told to nobody: it will be rung,
        # and a code that stands for nothing sounds like any other.
        return Kept(Promise.PROMISED, pii_code)

    async def standing(self, *, pii_caller: str = "", pii_code: str = "") -> Standing | None:
        """See the port."""
        vouched = self._rules.number(pii_caller)
        if not vouched and not await self._guesses.may(pii_code):
            return None
        identity = self._identities.of_number(vouched) or self._identities.of_code(pii_code)
        try:
            kept = await self._keeper.standing(identity)
        except DistributorError as error:
            _log.warning("whether a caller will be rung back is not known", error=str(error))
            return None
        if kept is not None and not vouched:
            await self._guesses.right()
        return None if kept is None else Standing(kept.callback, kept.queue)

    async def cancel(self, standing: Standing) -> bool:
        """See the port."""
        try:
            return await self._keeper.cancel_callback(standing.callback)
        except DistributorError as error:
            _log.warning("a callback could not be cancelled", callback=standing.callback, error=str(error))
            return False


class StoredLedger:
    """The Ledger port on the distributor."""

    def __init__(self, keeper: PromiseKeeper) -> None:
        self._keeper = keeper

    async def due(self, callback: str) -> Due:
        """See the port."""
        return due_of(await self._keeper.callback(callback))

    async def hold(self, offer: OfferId, fence: int) -> None:
        """See the port."""
        await self._keeper.hold_callback(offer, fence)

    async def tried(self, callback: str, cause: str) -> None:
        """See the port."""
        await self._keeper.callback_tried(callback, cause)


def due_of(kept: KeptPromise) -> Due:
    """What is known of who is to be rung."""
    detail = json.loads(kept.pii_detail)
    return Due(
        callback=kept.callback,
        first=kept.first,
        queue=kept.queue,
        language=detail["language"],
        order=detail["order"],
        tries=kept.tries,
        pii_number=detail["number"],
    )
