"""A national day as the events of its nodes and its distributor, with what the simulation itself knows of it.

Not the distributor (tests/acd and tests/bench have that one): first come, first served, by whoever is free. What is
real is the order in which things are told, with all that makes counting hard: transfers, misses, partners, callbacks,
redials, contacts told of late, ends told before talks, and contacts that cross midnight and changes of the clock.
"""

import heapq
import itertools
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from events.callbacks import CallbackEnded, CallbackPromised
from events.catalogue import (
    AgentStateChanged,
    ContactAnswered,
    ContactEnded,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    ContactStarted,
    Event,
    OfferFailed,
    OfferMade,
    StepEntered,
    TransferEnded,
    WrapUpEnded,
)
from events.routing import PartnerAnswered, PartnerReleased
from metrics.service_level import INTERVAL_MS, Limits
from svar.demo.traffic import patience_s, talk_s

TENANT = "nav"
QUEUES = ("work_health", "family", "disability", "pension")
SITES = ("oslo", "bodo", "alta")
NODES = ("n1", "n2")
LIMITS = {"pension": Limits(60, 15)}
TRANSFERS, REDIALS, REDIAL_MEAN_S, MISSES, MENU, TOLD_LATE = 0.12, 0.35, 900.0, 0.02, 0.03, 0.02
STAFFED = 0.85
"""People as a part of the load in erlang: so many that some wait for long."""
CALLBACK_AFTER_S, PARTNER_AFTER_S = 120, 80
Told = Sequence[tuple[str, Event]]


@dataclass(slots=True)
class Agent:
    name: str
    site: str
    state: str = "ready"
    since_ms: int = 0


@dataclass(slots=True)
class Caller:
    contact: str
    node: str
    key: str
    site: str
    queue: str
    queued_ms: int = 0
    began_ms: int = 0
    waits: bool = False
    offer: str = ""
    agent: Agent | None = None
    visits: int = 0


@dataclass
class SimulatedDay:
    """`truth` has O, A, L and F by queue, site and half-hour, as they happen and not as they are told."""

    calls: int
    start_ms: int
    hours: float = 6
    seed: int = 7
    queues: Sequence[str] = QUEUES
    sites: Sequence[str] = SITES
    staffed: float = STAFFED
    truth: dict[tuple[str, str, int], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)
        self._steps: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._told: list[tuple[int, int, Event]] = []
        self._now_ms = self.start_ms
        self._waiting: deque[Caller] = deque()
        people = max(3, round(self.staffed * self.calls / self.hours * 458 / 3600))
        self._agents = [Agent(f"a{n}", self.sites[n % len(self.sites)], since_ms=self.start_ms) for n in range(people)]
        self._idle = deque(self._agents)

    def told(self) -> Told:
        """The whole stream."""
        chance = self._chance
        for n in range(self.calls):
            at_ms = self.start_ms + round(chance.random() * self.hours * 3_600_000)
            self._at(at_ms, lambda n=n: self._rings(f"k{n}"))  # type: ignore[misc]
        while self._steps:
            self._now_ms, _, step = heapq.heappop(self._steps)
            step()
        self._told.sort(key=lambda told: told[:2])
        by_ms: Counter[int] = Counter()
        stream = []
        for at_ms, _, event in self._told:
            stream.append((f"{at_ms}-{by_ms[at_ms]}", event))
            by_ms[at_ms] += 1
        return stream

    # --- Telling

    def _at(self, at_ms: int, step: Callable[[], None]) -> None:
        heapq.heappush(self._steps, (at_ms, next(self._order), step))

    def _in(self, seconds: float, step: Callable[[], None]) -> None:
        self._at(self._now_ms + max(1, round(seconds * 1000)), step)

    def _tell(self, kind: type[Event], caller: Caller | None, **values: object) -> None:
        self._tell_in(0, kind, caller, values)

    def _tell_own(self, kind: type[Event], caller: Caller, **values: object) -> None:
        """A node whose way to the store is cut tells of its own later; the distributor's are told as they happen."""
        late_s = self._chance.uniform(1, 2_400) if self._chance.random() < TOLD_LATE else 0.0
        self._tell_in(late_s, kind, caller, values)

    def _tell_in(self, late_s: float, kind: type[Event], caller: Caller | None, values: Mapping[str, object]) -> None:
        node, contact = (caller.node, caller.contact) if caller is not None else (NODES[0], "")
        event = kind(at_ms=self._now_ms, tenant=TENANT, node=node, contact=contact, **values)
        self._told.append((self._now_ms + round(late_s * 1000), next(self._order), event))

    def _becomes(self, agent: Agent, state: str, caller: Caller | None = None) -> None:
        lasted_ms = self._now_ms - agent.since_ms
        values = {"agent": agent.name, "site": agent.site, "state": state, "reason": "", "previous": agent.state}
        self._tell(AgentStateChanged, caller, **values, lasted_ms=lasted_ms)
        agent.state, agent.since_ms = state, self._now_ms
        if state == "ready":
            self._idle.append(agent)
            self._meet()

    # --- Callers

    def _rings(self, key: str, again: int = 0) -> None:
        chance = self._chance
        number = next(self._order)
        caller = Caller(
            f"c{number}", chance.choice(NODES), key, chance.choice((*self.sites, "")), chance.choice(self.queues)
        )
        caller.began_ms = self._now_ms
        values = {"number": "5000", "flow": "main", "flow_version": "v1", "trunk": "t"}
        self._tell_own(ContactStarted, caller, **values, pseudonym=key if again or number % 5 else "")
        self._tell(StepEntered, caller, flow="main", step="menu", type="menu")
        if chance.random() < MENU:
            self._in(5, lambda: self._ends(caller, "menu_ended"))
        else:
            self._in(chance.uniform(5, 25), lambda: self._queues(caller, again))

    def _queues(self, caller: Caller, again: int = 0) -> None:
        caller.queued_ms, caller.waits = self._now_ms, True
        caller.visits += 1
        self._count(caller, "O")
        estimate_ms = round(self._chance.uniform(0, 120_000)) if self._chance.random() < 0.8 else -1
        low_ms = estimate_ms // 2 if estimate_ms > 20_000 else -1
        values = {"queue": caller.queue, "arrived_ms": self._now_ms, "priority_s": 0, "position": 1}
        told = {"estimate_ms": estimate_ms, "low_ms": low_ms, "high_ms": 2 * estimate_ms if low_ms >= 0 else -1}
        self._tell(ContactQueued, caller, **values, **told, site=caller.site)
        if self._chance.random() < 0.01:  # told twice: another node took it over
            self._tell(ContactQueued, caller, **values, site=caller.site)
        self._waiting.append(caller)
        visit = caller.visits
        self._in(patience_s(self._chance), lambda: self._gives_up(caller, visit, again))
        self._in(CALLBACK_AFTER_S, lambda: self._is_promised(caller, visit))
        self._in(PARTNER_AFTER_S, lambda: self._tries_partner(caller, visit))
        self._meet()

    def _meet(self) -> None:
        while self._idle and self._waiting:
            caller = self._waiting.popleft()
            if caller.waits and not caller.offer:
                self._offer(caller, self._idle.popleft())

    def _offer(self, caller: Caller, agent: Agent) -> None:
        caller.offer, caller.agent = f"o{next(self._order)}", agent
        self._made(caller, agent.name, agent.site)
        self._becomes(agent, "offered", caller)
        offer = caller.offer
        if self._chance.random() < MISSES:
            self._in(20, lambda: self._misses(caller, agent, offer, "no_answer"))
        else:
            self._in(self._chance.uniform(2, 6), lambda: self._answers(caller, agent, offer))

    def _made(self, caller: Caller, agent: str, site: str) -> None:
        values = {"offer": caller.offer, "queue": caller.queue, "agent": agent, "site": site, "fence": 1}
        self._tell(OfferMade, caller, **values, deadline_ms=0, waited_ms=self._now_ms - caller.queued_ms)

    def _failed(self, caller: Caller, agent: str, site: str, offer: str, cause: str) -> None:
        values = {"offer": offer, "queue": caller.queue, "agent": agent, "site": site, "cause": cause}
        self._tell(OfferFailed, caller, **values, rang_ms=1)

    def _misses(self, caller: Caller, agent: Agent, offer: str, cause: str) -> None:
        if caller.offer != offer:
            return
        caller.offer, caller.agent = "", None
        self._failed(caller, agent.name, agent.site, offer, cause)
        self._becomes(agent, "not_ready")
        self._in(60, lambda: self._becomes(agent, "ready"))
        self._waiting.appendleft(caller)
        self._meet()

    def _answers(self, caller: Caller, agent: Agent, offer: str) -> None:
        if caller.offer != offer or not caller.waits:
            return
        caller.waits, caller.offer = False, ""
        waited_ms = self._now_ms - caller.queued_ms
        self._count(caller, "A")
        values = {"offer": offer, "queue": caller.queue, "agent": agent.name, "site": agent.site}
        self._tell(ContactAnswered, caller, **values, waited_ms=waited_ms, rang_ms=3_000)
        self._becomes(agent, "talking", caller)
        talked_s = talk_s(self._chance)
        self._in(talked_s, lambda: self._over(caller, agent, round(talked_s * 1000)))

    def _over(self, caller: Caller, agent: Agent, talked_ms: int) -> None:
        moves = self._chance.random() < TRANSFERS and caller.visits < 4
        to_queue = moves and self._chance.random() < 0.5
        if moves and not to_queue:
            outcome = self._chance.choice(("answered", "no_answer", "busy"))
            values = {"how": "blind", "to": "destination", "target": self._chance.choice(("tax", "city"))}
            self._tell(TransferEnded, caller, **values, outcome=outcome, lasted_ms=9_000, agent=agent.name)
        if self._chance.random() < 0.3 and not to_queue:
            self._ends(caller, "answered")  # the node tells of the end before the distributor tells of the talk
        elif not to_queue:
            self._in(0.01, lambda: self._ends(caller, "answered"))
        cause = "transferred" if to_queue else "caller_hung_up"
        values = {"queue": caller.queue, "agent": agent.name, "site": agent.site, "cause": cause}
        self._tell(ContactReleased, caller, **values, talked_ms=talked_ms)
        self._becomes(agent, "wrap_up", caller)
        queue, lasted_s = caller.queue, self._chance.uniform(30, 90)
        self._in(lasted_s, lambda: self._wrapped_up(caller, agent, queue, round(lasted_s * 1000)))
        if to_queue:
            caller.queue = self._chance.choice([one for one in self.queues if one != caller.queue])
            self._in(0.5, lambda: self._queues(caller))

    def _wrapped_up(self, caller: Caller, agent: Agent, queue: str, lasted_ms: int) -> None:
        topic, concluded = self._chance.choice((("benefit", "yes"), ("benefit", "no"), ("", "")))
        values = {"queue": queue, "agent": agent.name, "site": agent.site, "topic": topic, "cause": "agent"}
        self._tell(WrapUpEnded, caller, **values, lasted_ms=lasted_ms, concluded=concluded)
        self._becomes(agent, "ready")

    # --- Other ways out of the queue

    def _leaves(self, caller: Caller, visit: int) -> bool:
        """Whether this stay still lasts; an offer that rings ends with it."""
        if not caller.waits or caller.visits != visit:
            return False
        caller.waits = False
        if caller.agent is not None and caller.offer:
            agent, offer, caller.offer = caller.agent, caller.offer, ""
            self._failed(caller, agent.name, agent.site, offer, "caller_left")
            self._becomes(agent, "ready")
        return True

    def _left(self, caller: Caller, disposition: str, cause: str) -> None:
        values = {"queue": caller.queue, "disposition": disposition, "cause": cause}
        self._tell(ContactLeftQueue, caller, **values, waited_ms=self._now_ms - caller.queued_ms)
        self._count(caller, "L" if disposition == "lost" else "F")

    def _gives_up(self, caller: Caller, visit: int, again: int) -> None:
        if self._leaves(caller, visit):
            self._left(caller, "lost", "caller_hung_up")
            self._ends(caller, "abandoned")
            if self._chance.random() < REDIALS and again < 3:
                self._in(self._chance.expovariate(1 / REDIAL_MEAN_S), lambda: self._rings(caller.key, again + 1))

    def _is_promised(self, caller: Caller, visit: int) -> None:
        if self._chance.random() < 0.3 and not caller.offer and self._leaves(caller, visit):
            self._left(caller, "flowed_out", "callback")
            values = {"first": caller.contact, "queue": caller.queue, "waited_ms": 0}
            talk = Caller(f"b{next(self._order)}", caller.node, "", caller.site, caller.queue)
            self._tell(CallbackPromised, talk, **values, chosen_ms=0, position=1)
            self._ends(caller, "callback")
            outcome = self._chance.choice(("reached", "reached", "gave_up"))
            kept = {**values, "outcome": outcome, "cause": "", "tries": 0}
            self._in(self._chance.uniform(60, 20_000), lambda: self._tell(CallbackEnded, talk, **kept))

    def _tries_partner(self, caller: Caller, visit: int) -> None:
        if not caller.waits or caller.visits != visit or caller.offer or self._chance.random() > 0.2:
            return
        offer = caller.offer = f"o{next(self._order)}"
        self._made(caller, "help/1", "")
        caller.offer = ""
        if self._chance.random() < 0.4:
            self._failed(caller, "help/1", "", offer, "no_answer")
            return
        self._leaves(caller, visit)
        self._left(caller, "flowed_out", "partner")
        values = {"offer": offer, "queue": caller.queue, "partner": "help", "waited_ms": 0}
        self._tell(PartnerAnswered, caller, **values, rang_ms=3_000)
        self._in(200, lambda: self._partner_over(caller))

    def _partner_over(self, caller: Caller) -> None:
        self._ends(caller, "answered")
        values = {"queue": caller.queue, "partner": "help", "cause": "caller_hung_up", "talked_ms": 200_000}
        self._tell(PartnerReleased, caller, **values)

    def _ends(self, caller: Caller, outcome: str) -> None:
        duration_ms = self._now_ms - caller.began_ms
        self._tell_own(ContactEnded, caller, outcome=outcome, cause="", duration_ms=duration_ms)

    def _count(self, caller: Caller, what: str) -> None:
        start_ms = caller.queued_ms - caller.queued_ms % INTERVAL_MS
        self.truth[caller.queue, caller.site, start_ms][what] += 1
