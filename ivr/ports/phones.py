"""The port to the agents' phones."""

from typing import Protocol

from acd.model import Offer
from ivr.ports.call import AgentLeg, CallInfo

ELSEWHERE = "elsewhere"
"""The message of a cancellation where somebody else gets the call: the phone then shows no missed one (RFC 3326)."""


class NotAnswered(Exception):
    """The agent did not take it. `cause`: no_answer, busy, rejected, unreachable (the phone is not there)."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class AgentPhones(Protocol):
    """Rings agents, wherever their phones are."""

    async def ring(self, offer: Offer, info: CallInfo) -> AgentLeg:
        """Ring the agent of `offer` until the phone is answered; `info` is who calls. Raises NotAnswered.

        The caller of this limits the time by cancelling, which stops the ringing, with the message ELSEWHERE where that
        is why; a phone that is answered in that very moment is hung up.
        """
