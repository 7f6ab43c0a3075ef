"""queue: wait for an agent, and talk."""

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

from pydantic import Field

from acd.model import QueueId
from ivr.announcing import Waiting
from ivr.nodes.base import Node
from ivr.queueing import ENTER_PATIENCE_S, Left, Wish, wait_and_talk
from ivr.run import Run
from ivr.schema import Length, Name, Shared, Target, Where, WholeSeconds
from ivr.ways import Act, Kind, Moment, Move, Reached, Way


class Queue(Node):
    """Waits in `queue` with music, hears the position, and talks to the agent who answers.

    `next` is where the caller goes when the agent has hung up (nowhere: goodbye); `overflow` after `max_wait`;
    `unavailable` when the queue is full, or cannot be reached (after it was tried again for a while).

    ```yaml
    family:
      type: queue
      queue: family
      waiting: standard
      max_wait: 1h
      overflow: call_again
      unavailable: call_again
    ```
    """

    slots: ClassVar[frozenset[str]] = frozenset({"position", "waiting", "wait"})

    type: Literal["queue"]
    queue: Name = Field(description="A `[[queue]]` of the deployment.")
    priority_s: WholeSeconds = Field(default=0, alias="priority", description="Head start before other callers.")
    waiting: Waiting = Field(default=Waiting(), description="A block under `waiting`, by name, or written out here.")
    max_wait_s: Length = Field(default=14_400.0, alias="max_wait", description="The longest wait.")
    next: Target | None = Field(default=None, description="When the agent has hung up; without it the call ends.")
    overflow: Target = Field(description="After `max_wait`.")
    unavailable: Target = Field(description="When the queue is full or cannot be reached.")

    def ways(self) -> tuple[Way, ...]:
        return (
            Way(("next",), self.next, Kind.TALKED),
            Way(("overflow",), self.overflow, Kind.OVERFLOW),
            Way(("unavailable",), self.unavailable, Kind.UNAVAILABLE),
        )

    def moves(self, moment: Moment) -> Iterable[Move]:
        talked, overflow, unavailable = self.ways()
        said = () if self.waiting.welcome is None else (self.waiting.welcome,)
        agent = (Act("agent", self.queue), Act("agent_ends"))
        yield Move(talked, said, queued_s=self.max_wait_s, reached=Reached.PERSON, acts=agent)
        yield Move(overflow, said, queued_s=self.max_wait_s, acts=(Act("nobody", self.queue),))
        yield Move(unavailable, said, waits_s=ENTER_PATIENCE_S, acts=(Act("full", self.queue),))

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("queue",): ("queue", self.queue)}

    def _with_blocks(self, shared: Shared) -> Self:
        return self.model_copy(update={"waiting": self.waiting.bound(shared)}) if self.waiting.block else self

    async def run(self, run: Run) -> str | None:
        overflow = run.flow.nodes[self.overflow].flows_out_as
        wish = Wish(QueueId(self.queue), self.priority_s, self.max_wait_s, overflow)
        left = await wait_and_talk(run, wish, self.waiting)
        run.progressed()
        if left is Left.TALKED:
            return self.next
        return self.overflow if left is Left.WAITED_TOO_LONG else self.unavailable
