"""The dial plan: where callers may be sent outside."""

import asyncio
from collections.abc import Callable, Collection

from acd.model import Offer
from ivr.over_sip.agent_leg import SipAgentLeg, SipPhones
from ivr.over_sip.confirming import confirmed
from ivr.over_sip.line import Line, Target
from ivr.over_sip.told_along import Lines, told_along, told_of
from ivr.ports.call import CallInfo, Clip
from ivr.ports.phones import NotAnswered


class Outside:
    """The dial plan for flows, talks and offers: names of destinations, and nothing else, may be rung."""

    def __init__(self, phones: SipPhones, destinations: dict[str, tuple[Target, int]]) -> None:
        self._phones = phones
        self._destinations = destinations
        self._line: Line | None = None
        self._asks: Collection[str] = ()
        self._words: Callable[[], tuple[Clip, ...]] = tuple

    def confirm(self, line: Line, asks: Collection[str], words: Callable[[], tuple[Clip, ...]]) -> None:
        """At the destinations in `asks` machines answer too: whoever does hears `words`, and presses 1."""
        self._line, self._asks, self._words = line, asks, words

    async def dial(
        self, name: str, info: CallInfo, headers: Lines = (), asked: tuple[Clip, ...] | None = None
    ) -> SipAgentLeg:
        """Ring the destination until it is answered; whoever is `asked` has to press 1. Raises NotAnswered."""
        return await self._dial(name, name, info, (*told_of(info), *headers), asked)

    async def ring(self, offer: Offer, info: CallInfo) -> SipAgentLeg:
        """Ring the partner of an offer: the destination of that name. Raises NotAnswered."""
        return await self._dial(offer.grounds.partner, offer.agent, info, told_along(offer, info), None)

    async def _dial(
        self, name: str, leg_name: str, info: CallInfo, headers: Lines, asked: tuple[Clip, ...] | None
    ) -> SipAgentLeg:
        if name not in self._destinations:
            raise NotAnswered("unreachable")
        target, ring_s = self._destinations[name]
        try:
            async with asyncio.timeout(ring_s):
                leg = await self._phones.dial(leg_name, target, info, name, headers)
        except TimeoutError:
            raise NotAnswered("no_answer") from None
        if asked is None and name in self._asks:
            asked = self._words()
        if asked is not None and self._line is not None:
            await confirmed(self._line, leg, asked)
        return leg
