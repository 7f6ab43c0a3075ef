"""The dial plan: where callers may be sent outside."""

import asyncio
from collections.abc import Mapping

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
        self._asks: Mapping[str, tuple[Clip, ...]] = {}

    def confirm(self, line: Line, asks: Mapping[str, tuple[Clip, ...]]) -> None:
        """At these destinations machines answer too: whoever does hears what is said, and presses 1."""
        self._line, self._asks = line, asks

    async def dial(self, name: str, info: CallInfo, headers: Lines = (), asked: tuple[Clip, ...] = ()) -> SipAgentLeg:
        """Ring the destination until it is answered; whoever is `asked` has to press 1. Raises NotAnswered."""
        return await self._dial(name, name, info, (*told_of(info), *headers), asked)

    async def ring(self, offer: Offer, info: CallInfo) -> SipAgentLeg:
        """Ring the partner of an offer: the destination of that name. Raises NotAnswered."""
        return await self._dial(offer.grounds.partner, offer.agent, info, told_along(offer, info), ())

    async def _dial(
        self, name: str, leg_name: str, info: CallInfo, headers: Lines, asked: tuple[Clip, ...]
    ) -> SipAgentLeg:
        if name not in self._destinations:
            raise NotAnswered("unreachable")
        target, ring_s = self._destinations[name]
        try:
            async with asyncio.timeout(ring_s):
                leg = await self._phones.dial(leg_name, target, info, name, headers)
        except TimeoutError:
            raise NotAnswered("no_answer") from None
        asked = asked or self._asks.get(name, ())
        if asked and self._line is not None:
            await confirmed(self._line, leg, asked)
        return leg
