"""The table of routes: what may be asked, by whom, with what, for what. The OpenAPI document is made from it."""

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acd.model import QueueNumbers
from acd.staff import Staffed
from console.api import paging, views
from console.api.deeds import DEEDS, Deed, perform, staffed
from console.api.desk import Desk
from console.api.paging import Page
from console.api.problems import PROBLEMS, Problem
from console.tokens import Role, Token
from ivr.language.topics import Topic, TopicTree

SEES = frozenset({Role.READER, Role.SUPERVISOR, Role.ADMIN})
ANYBODY = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was let in: whose token, the names in the path, and the body."""

    token: Token
    path: Mapping[str, str]
    body: Any = None
    page: Page = Page()

    @property
    def agent(self) -> str:
        return self.path.get("agent", "")


@dataclass(frozen=True, slots=True)
class Way:
    """One route. `answer` None is 204; `body` None takes none; `paged`: a list that is given page by page. A token of
    role agent gets its own `{agent}` alone.
    """

    method: str
    path: str
    name: str
    summary: str
    roles: frozenset[Role]
    do: Callable[[Desk, Asked], Awaitable[Any]]
    answer: type[Any] | None
    body: type[Any] | None = None
    deed: str = ""
    paged: bool = False


# --- Seen


async def _me(_: Desk, asked: Asked) -> views.Me:
    token = asked.token
    return views.Me(token.name, str(token.role), token.agent, token.expires_ms)


async def _agents(desk: Desk, asked: Asked) -> views.Agents:
    duty, every = await _on_duty(desk), await desk.seen.staff.all()
    shown, further = asked.page.of(every, lambda one: one.now.agent)
    return views.Agents(tuple(_agent(one, duty) for one in shown), len(every), further)


async def _one_agent(desk: Desk, asked: Asked) -> views.Agent:
    return _agent(await staffed(desk, asked.agent), await _on_duty(desk))


async def _on_duty(desk: Desk) -> dict[str, list[str]]:
    """Queues by agent."""
    found: dict[str, list[str]] = {}
    for queue, agents in (await desk.seen.staff.on_duty()).items():
        for agent in agents:
            found.setdefault(agent, []).append(queue)
    return found


def _agent(one: Staffed, duty: Mapping[str, list[str]]) -> views.Agent:
    now, spec = one.now, one.spec
    return views.Agent(
        agent=now.agent,
        site=now.site,
        state=str(now.state),
        reason=now.reason,
        since_ms=now.since_ms,
        contact=now.contact,
        queue=one.queue,
        skills=dict(spec.skills),
        groups=spec.groups,
        queues=one.queues,
        on_duty=tuple(duty.get(now.agent, ())),
        added=one.put,
    )


async def _queues(desk: Desk, asked: Asked) -> views.Queues:
    every = sorted(await desk.distribution.queues(), key=lambda one: one.queue)
    shown, further = asked.page.of(every, lambda one: one.queue)
    return views.Queues(tuple(_queue(desk, numbers) for numbers in shown), len(every), further)


async def _one_queue(desk: Desk, asked: Asked) -> views.Queue:
    return _queue(desk, await _numbers(desk, asked.path["queue"]))


async def _waiting(desk: Desk, asked: Asked) -> views.Waiting:
    numbers = await _numbers(desk, asked.path["queue"])
    arrivals = sorted((at, name) for name, at in desk.seen.waiting(numbers.queue).items())
    now_ms, begins = desk.seen.now_ms(), bisect_right(arrivals, asked.page.spot)
    part = arrivals[begins : begins + asked.page.limit]
    shown = tuple(views.Waiter(name, at, max(now_ms - at, 0)) for at, name in part)
    further = paging.told(part[-1]) if begins + len(part) < len(arrivals) else ""
    return views.Waiting(numbers.queue, len(arrivals), len(shown), shown, further)


async def _numbers(desk: Desk, queue: str) -> QueueNumbers:
    for numbers in await desk.distribution.queues():
        if numbers.queue == queue:
            return numbers
    raise Problem("no_queue", f"there is no queue {queue[:64]!r}")


def _queue(desk: Desk, n: QueueNumbers) -> views.Queue:
    title = desk.seen.titles.get(n.queue) or n.queue
    counts = (n.offered, n.answered, n.lost, n.flowed_out)
    return views.Queue(n.queue, title, n.waiting, n.longest_wait_ms, *counts, agents=dict(n.agents))


async def _contacts(desk: Desk, asked: Asked) -> views.Contacts:
    limit = asked.page.limit
    in_progress, found = desk.seen.contacts(asked.page.spot, limit + 1)
    shown = tuple(found[:limit])
    further = paging.told((shown[-1].started_ms, shown[-1].contact)) if len(found) > limit else ""
    return views.Contacts(in_progress, len(shown), shown, further)


async def _topics(desk: Desk, _: Asked) -> views.TopicTrees:
    return views.TopicTrees(tuple(_tree(tree) for _, tree in sorted(desk.seen.topics().trees.items())))


async def _one_tree(desk: Desk, asked: Asked) -> views.TopicTree:
    tree = desk.seen.topics().trees.get(asked.path["topics"])
    if tree is None:
        raise Problem("no_topics", f"there are no topics {asked.path['topics'][:64]!r}")
    return _tree(tree)


def _tree(tree: TopicTree) -> views.TopicTree:
    return views.TopicTree(tree.name, dict(tree.titles), tree.queues, tuple(_topic(topic) for topic in tree.topics))


def _topic(topic: Topic) -> views.Topic:
    return views.Topic(topic.code, dict(topic.titles), topic.digits, tuple(_topic(below) for below in topic.below))


async def _duty(desk: Desk, _: Asked) -> views.Duty:
    found = sorted((await desk.seen.staff.on_duty()).items())
    return views.Duty(tuple(views.OnDuty(queue, tuple(sorted(agents))) for queue, agents in found))


async def _nodes(desk: Desk, _: Asked) -> views.Nodes:
    return views.Nodes(tuple(await desk.seen.nodes()))


async def _problems(_: Desk, __: Asked) -> views.ProblemKinds:
    return views.ProblemKinds(tuple(views.ProblemKind(code, *told) for code, told in PROBLEMS.items()))


# --- Done


def _done(method: str, path: str, name: str) -> Way:
    deed = DEEDS[name]

    async def do(desk: Desk, asked: Asked) -> Any:
        return await perform(desk, asked.token, "rest", deed, asked.agent, asked.body)

    return Way(method, path, name, deed.summary, deed.roles, do, deed.answer, _body(deed), deed.name)


def _body(deed: Deed) -> type[Any] | None:
    return deed.body if deed.body is not views.Nothing else None


WAYS = (
    Way("GET", "/me", "me", "Whose token this is, and what it may do", ANYBODY, _me, views.Me),
    Way("GET", "/agents", "agents", "All agents with their states", SEES, _agents, views.Agents, paged=True),
    Way("GET", "/agents/{agent}", "agent", "One agent", ANYBODY, _one_agent, views.Agent),
    _done("PUT", "/agents/{agent}", "put_agent"),
    _done("DELETE", "/agents/{agent}", "drop_agent"),
    _done("POST", "/agents/{agent}/log-in", "log_in"),
    _done("POST", "/agents/{agent}/log-out", "log_out"),
    _done("POST", "/agents/{agent}/ready", "ready"),
    _done("POST", "/agents/{agent}/not-ready", "not_ready"),
    _done("POST", "/agents/{agent}/end-wrap-up", "end_wrap_up"),
    _done("PUT", "/agents/{agent}/skills", "skills"),
    Way("GET", "/queues", "queues", "All queues with their numbers", SEES, _queues, views.Queues, paged=True),
    Way("GET", "/queues/{queue}", "queue", "One queue", SEES, _one_queue, views.Queue),
    Way("GET", "/queues/{queue}/waiting", "waiting", "Who waits in a queue", SEES, _waiting, views.Waiting, paged=True),
    Way("GET", "/contacts", "contacts", "Contacts in progress", SEES, _contacts, views.Contacts, paged=True),
    Way("GET", "/topics", "topics", "The topics of all services", ANYBODY, _topics, views.TopicTrees),
    Way("GET", "/topics/{topics}", "topic_tree", "The topics of one service", ANYBODY, _one_tree, views.TopicTree),
    Way("GET", "/duty", "duty", "Who is on duty now", SEES, _duty, views.Duty),
    Way("GET", "/nodes", "nodes", "The nodes of the installation", SEES, _nodes, views.Nodes),
    Way("GET", "/problems", "problems", "What may be answered instead", ANYBODY, _problems, views.ProblemKinds),
)
