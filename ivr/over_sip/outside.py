"""The dial plan: where callers may be sent outside."""

import asyncio

from ivr.over_sip.agent_leg import SipAgentLeg, SipPhones
from ivr.over_sip.line import Target
from ivr.ports.call import CallInfo
from ivr.ports.phones import NotAnswered


class Outside:
    """The dial plan for flows: names of destinations, and nothing else, may be rung."""

    def __init__(self, phones: SipPhones, destinations: dict[str, tuple[Target, int]]) -> None:
        self._phones = phones
        self._destinations = destinations

    async def dial(self, name: str, info: CallInfo) -> SipAgentLeg:
        """Ring the destination until it is answered. Raises NotAnswered."""
        if name not in self._destinations:
            raise NotAnswered("unreachable")
        target, ring_s = self._destinations[name]
        try:
            async with asyncio.timeout(ring_s):
                return await self._phones.dial(name, target, info, name)
        except TimeoutError:
            raise NotAnswered("no_answer") from None
