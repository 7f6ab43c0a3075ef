"""queue: wait for an agent, and talk."""

from typing import ClassVar, Literal

from pydantic import Field

from acd.model import QueueId
from ivr.announcing import Announcements
from ivr.nodes.base import Node
from ivr.queueing import Left, Wish, wait_and_talk
from ivr.run import Run
from ivr.schema import Name, Seconds, Target, Where


class Queue(Node):
    """Waits in `queue` with music, hears the position, and talks to the agent who answers.

    `next` is where the caller goes when the agent has hung up (nowhere: goodbye); `overflow` after `max_wait_s`;
    `unavailable` when the queue is full, or cannot be reached (after it was tried again for a while).
    """

    slots: ClassVar[frozenset[str]] = frozenset({"position", "waiting", "wait"})

    type: Literal["queue"]
    queue: Name
    priority_s: int = Field(default=0, ge=0, le=86_400)
    announce: Announcements = Announcements()
    max_wait_s: Seconds = 14_400.0
    next: Target | None = None
    overflow: Target
    unavailable: Target

    def targets(self) -> dict[Where, str]:
        found: dict[Where, str] = {("overflow",): self.overflow, ("unavailable",): self.unavailable}
        if self.next is not None:
            found[("next",)] = self.next
        return found

    def silent_targets(self) -> list[str]:
        return []

    async def run(self, run: Run) -> str | None:
        wish = Wish(QueueId(self.queue), self.priority_s, self.max_wait_s)
        left = await wait_and_talk(run, wish, self.announce)
        run.progressed()
        if left is Left.TALKED:
            return self.next
        return self.overflow if left is Left.WAITED_TOO_LONG else self.unavailable
