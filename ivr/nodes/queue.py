"""queue: wait for an agent, and talk."""

from typing import ClassVar, Literal

from pydantic import Field

from acd.model import QueueId
from ivr.announcing import Announcements
from ivr.nodes.base import Name, Node, Seconds, Target, Texts, Where
from ivr.queueing import Left, Wish, wait_and_talk
from ivr.run import Run


class Queue(Node):
    """Waits in `queue` with music, hears the position, and talks to the agent who answers.

    `position` names {position} and {waiting}; `position_and_wait`, said where there is an estimate, also {wait}.
    `next` is where the caller goes when the agent has hung up (nowhere: goodbye); `overflow` after `max_wait_s`;
    `unavailable` when the queue is full, or cannot be reached (after `delayed` was said and it was tried again).
    """

    slots: ClassVar[frozenset[str]] = frozenset({"position", "waiting", "wait"})

    type: Literal["queue"]
    queue: Name
    priority_s: int = Field(default=0, ge=0, le=86_400)
    music: Name = "default"
    welcome: Texts | None = None
    position: Texts | None = None
    position_and_wait: Texts | None = None
    delayed: Texts | None = None
    first_after_s: Seconds = 2.0
    every_s: Seconds = 45.0
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
        announcements = Announcements(
            self.music,
            self.welcome,
            self.position,
            self.position_and_wait,
            self.delayed,
            self.first_after_s,
            self.every_s,
        )
        left = await wait_and_talk(run, wish, announcements)
        run.progressed()
        if left is Left.TALKED:
            return self.next
        return self.overflow if left is Left.WAITED_TOO_LONG else self.unavailable
