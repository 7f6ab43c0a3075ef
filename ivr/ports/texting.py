"""The Texts port: text messages (SMS) to callers. Implemented by `ivr/web/gateway`, or `ivr/web/simulated`."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Sending(StrEnum):
    """What became of a text message.

    `not_allowed`: not a mobile number, or not one of the prefixes that messages may go to; `capped`: as many as may go
    have gone, to this number, for this caller, or in all; `failed`: the gateway did not take it.
    """

    SENT = "sent"
    NOT_ALLOWED = "not_allowed"
    CAPPED = "capped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TextMessage:
    """`pii_to` as the caller or the trunk gave it; `pii_caller` is whose wish it is, for the caps; empty: unknown."""

    pii_to: str = field(repr=False)
    text: str
    pii_caller: str = field(default="", repr=False)


class Texts(Protocol):
    """A gateway for text messages."""

    def fits(self, pii_number: str) -> bool:
        """Whether messages may go to this number: a mobile one of an allowed prefix."""

    async def send(self, message: TextMessage) -> Sending:
        """Never raises for what the gateway or the network did."""
