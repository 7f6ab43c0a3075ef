"""The Mailboxes port: where callers' voices are kept until somebody has heard them. Implemented by a folder
(`ivr.mailbox_folder`) and, in memory, for the simulator.

A message begins as a draft, which takes its place in the mailbox, and is kept whole or not at all.
"""

from dataclasses import dataclass
from typing import Protocol

from ivr.ports.call import Clip


class MailboxError(Exception):
    """The message cannot be taken or kept: there is no such mailbox, or its disk does not take it."""


class MailboxFull(MailboxError):
    """The mailbox has as many messages, or as many bytes, as it may have."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is being left: `path` is where the voice goes. `at_ms` is the epoch."""

    mailbox: str
    message: str
    at_ms: int
    path: str


@dataclass(frozen=True, slots=True)
class About:
    """What is known of a message besides the voice. `number` was dialled; `service` is the flow that it led to."""

    contact: str
    number: str
    service: str
    language: str
    duration_ms: int
    pii_caller: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was left. `path` is its WAV file; `at_ms` is the epoch."""

    mailbox: str
    message: str
    at_ms: int
    path: str
    about: About


class Mailboxes(Protocol):
    """All mailboxes of the installation that this node keeps."""

    @property
    def beep(self) -> Clip:
        """What callers hear before they speak."""

    async def begin(self, mailbox: str, contact: str, at_ms: int, most_s: float) -> Draft:
        """Take a place for a message of at most `most_s`. Raises MailboxFull and MailboxError."""

    async def keep(self, draft: Draft, about: About) -> Message:
        """The message is said: keep it. Raises MailboxError, and then nothing is kept."""

    async def drop(self, draft: Draft) -> None:
        """Nothing was said that is worth keeping. Does not raise."""
