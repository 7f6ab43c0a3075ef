"""The distributor on the model itself, in memory: for the simulator and for tests. No timers: time is asked for."""

from collections.abc import Callable, Sequence

from acd.distributor import said_concluded
from acd.model import (
    AgentId,
    AgentNow,
    AgentSpec,
    Enqueue,
    NodeId,
    Offer,
    OfferId,
    PartnerSpec,
    Place,
    QueueId,
    QueueNumbers,
    QueueSpec,
    Revoked,
    SiteId,
    SiteSpec,
)
from acd.policy import Model
from acd.post import Post
from acd.promises import KeptPromise, NewPromise
from acd.records import Done
from events.sink import Sink


class ModelDistributor:
    """The Distributor port on `Model`. `now_ms` is the clock; whoever runs the time calls `due` when it asks for it."""

    def __init__(self, tenant: str, node: NodeId, now_ms: Callable[[], int], sink: Sink) -> None:
        self.model = Model(tenant)
        self.node = node
        self._now_ms = now_ms
        self._sink = sink
        self._posts: dict[str, Post] = {}
        self._notify: Callable[[float], None] | None = None

    def listen(self, node: NodeId, heard: Callable[[Offer | Revoked], None]) -> None:
        self._posts.setdefault(node, Post()).heard = heard

    def when_due(self, notify: Callable[[float], None]) -> None:
        """`notify` gets the seconds to the next deadline after every command."""
        self._notify = notify

    async def configure(
        self,
        queues: Sequence[QueueSpec],
        agents: Sequence[AgentSpec],
        sites: Sequence[SiteSpec] = (),
        partners: Sequence[PartnerSpec] = (),
    ) -> None:
        for done in self.model.configure(self._now_ms(), self.node, queues, agents, sites, partners):
            self._done(done)

    async def on_duty(self, queue: QueueId, agents: Sequence[AgentId]) -> None:
        while self._done(self.model.on_duty(self._now_ms(), self.node, queue, agents)).number:
            pass

    async def put_agent(self, spec: AgentSpec) -> None:
        self._done(self.model.put_agent(self._now_ms(), self.node, spec))

    async def drop_agent(self, agent: AgentId) -> None:
        self._done(self.model.drop_agent(self._now_ms(), self.node, agent))

    async def site_lost(self, site: SiteId, cause: str) -> None:
        self._done(self.model.site(self._now_ms(), self.node, site, cause))

    async def site_back(self, site: SiteId) -> None:
        self._done(self.model.site(self._now_ms(), self.node, site, ""))

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None:
        self._done(self.model.log_in(self._now_ms(), self.node, agent, ready=ready))

    async def log_out(self, agent: AgentId, reason: str) -> None:
        self._done(self.model.log_out(self._now_ms(), self.node, agent, reason))

    async def ready(self, agent: AgentId) -> None:
        self._done(self.model.ready(self._now_ms(), self.node, agent))

    async def not_ready(self, agent: AgentId, reason: str) -> None:
        self._done(self.model.not_ready(self._now_ms(), self.node, agent, reason))

    async def enqueue(self, entry: Enqueue) -> Place:
        place = self._done(self.model.enqueue(self._now_ms(), self.node, entry)).place
        assert place is not None
        return place

    async def leave(self, contact: str, cause: str, *, flowed_out: bool = False) -> None:
        self._done(self.model.leave(self._now_ms(), self.node, contact, cause, flowed_out=flowed_out))

    async def place(self, contact: str) -> Place:
        return self.model.place(self._now_ms(), contact)

    async def accept(self, offer: OfferId, fence: int) -> None:
        self._done(self.model.accept(self._now_ms(), self.node, offer, fence))

    async def fail(self, offer: OfferId, fence: int, cause: str) -> None:
        self._done(self.model.fail(self._now_ms(), self.node, offer, fence, cause))

    async def finish(self, contact: str, cause: str) -> None:
        self._done(self.model.finish(self._now_ms(), self.node, contact, cause))

    async def occupy(self, agent: AgentId, reason: str, at_most_s: float) -> None:
        self._done(self.model.occupy(self._now_ms(), self.node, agent, reason, round(at_most_s * 1000)))

    async def end_wrap_up(self, agent: AgentId, topic: str = "", *, concluded: bool | None = None) -> None:
        said = said_concluded(concluded)
        self._done(self.model.end_wrap_up(self._now_ms(), self.node, agent, topic, said))

    async def promise(self, new: NewPromise) -> str:
        return self._done(self.model.promise(self._now_ms(), self.node, new)).told

    async def callback(self, callback: str) -> KeptPromise:
        return self.model.callback(callback)

    async def standing(self, identity: str) -> KeptPromise | None:
        return self.model.standing(identity)

    async def hold_callback(self, offer: OfferId, fence: int) -> None:
        self._done(self.model.hold_callback(self._now_ms(), self.node, offer, fence))

    async def callback_tried(self, callback: str, cause: str) -> None:
        self._done(self.model.callback_tried(self._now_ms(), self.node, callback, cause))

    async def cancel_callback(self, callback: str) -> bool:
        return bool(self._done(self.model.cancel_callback(self._now_ms(), self.node, callback)).number)

    async def due(self) -> float:
        """Without a deadline: an hour."""
        done = self._done(self.model.due(self._now_ms(), self.node))
        return done.next_in_ms / 1000 if done.next_in_ms >= 0 else 3600.0

    async def beat(self, node: NodeId, contacts: int) -> None:
        self._done(self.model.beat(self._now_ms(), node))

    async def drop_node(self, node: NodeId, cause: str) -> int:
        dropped = 0
        while number := self._done(self.model.drop_node(self._now_ms(), self.node, node, cause)).number:
            dropped += number
        return dropped

    async def queues(self) -> list[QueueNumbers]:
        return self.model.queue_numbers(self._now_ms())

    async def agents(self) -> list[AgentNow]:
        return self.model.agents_now()

    def _done(self, done: Done) -> Done:
        for event in self.model.events:
            self._sink.emit(event)
        self.model.events.clear()
        for node, message in done.heard:
            if node in self._posts:
                self._posts[node].deliver([message])
        if self._notify is not None and done.next_in_ms >= 0:
            self._notify(done.next_in_ms / 1000)
        return done
