"""Mailboxes in memory, for the simulator and for tests."""

from ivr.ports.call import Clip
from ivr.ports.mailboxes import About, Draft, MailboxError, MailboxFull, Message


class SimulatedMailboxes:
    """Implements `Mailboxes`. `kept` are the messages, in their order; a mailbox in `full` takes none."""

    def __init__(self) -> None:
        self.kept: list[Message] = []
        self.full: set[str] = set()
        self.begun: list[Draft] = []
        self.broken = False

    @property
    def beep(self) -> Clip:
        return Clip("", 0.4, "(beep)", "", synthetic=True)

    async def begin(self, mailbox: str, contact: str, at_ms: int, most_s: float) -> Draft:
        if mailbox in self.full:
            raise MailboxFull(f"mailbox {mailbox!r} is full")
        draft = Draft(mailbox, f"{len(self.kept) + len(self.begun)}-{contact}", at_ms, "")
        self.begun.append(draft)
        return draft

    async def keep(self, draft: Draft, about: About) -> Message:
        self.begun.remove(draft)
        if self.broken:
            raise MailboxError("no space left on device")
        message = Message(draft.mailbox, draft.message, draft.at_ms, "", about)
        self.kept.append(message)
        return message

    async def drop(self, draft: Draft) -> None:
        if draft in self.begun:
            self.begun.remove(draft)
