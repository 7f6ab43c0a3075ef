"""What a wallboard shows: queues, agents and the measures of a period, made from the events as they come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from events.catalogue import AgentStateChanged, Event, OfferFailed, OfferMade
from metrics.call_record import partner_of
from metrics.fold import Part, Route
from metrics.service_level import INTERVAL_MS, ServiceLevel, Tally

LOGGED_OUT = "logged_out"
STATES = (LOGGED_OUT, "ready", "not_ready", "offered", "talking", "wrap_up")
CALLER_LEFT = "caller_left"


@dataclass(frozen=True, slots=True)
class AgentOnBoard:
    """What is known of an agent: the state, why, and since when (epoch)."""

    site: str
    state: str
    reason: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class Offers:
    """Offers made, and those missed (RONA). An offer that ended because the caller left was not missed."""

    made: int = 0
    missed: int = 0

    @property
    def rona(self) -> float | None:
        """Missed offers / offers; None while there are no offers."""
        return self.missed / self.made if self.made else None


NO_OFFERS = Offers()


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One queue on the wallboard. `oldest_ms` (epoch) is when the longest waiting arrived; 0 when nobody waits."""

    queue: str
    waiting: int
    oldest_ms: int
    tally: Tally
    offers: Offers

    def longest_wait_s(self, now_ms: int) -> int:
        return max(now_ms - self.oldest_ms, 0) // 1000 if self.oldest_ms else 0


@dataclass(frozen=True, slots=True)
class Board:
    """The wallboard at one moment; it names no agent and no caller."""

    queues: tuple[QueueRow, ...]
    agents: dict[str, int]
    contacts: int


class Wallboard:
    """The fold over agents and offers. Waiting contacts and tallies are read from the service level's fold."""

    name = "wallboard.1"

    def __init__(self, service_level: ServiceLevel, *, max_agents: int = 20_000, max_intervals: int = 20_000) -> None:
        self.agents: dict[str, AgentOnBoard] = {}
        self._service_level = service_level
        self._offers: dict[tuple[str, int], Offers] = {}
        self._max_agents = max_agents
        self._max_intervals = max_intervals
        self._changed: set[tuple[str, int] | str] = set()

    # --- Reading

    def board(self, *, since_ms: int, contacts: int = 0) -> Board:
        """The board with the measures of all who arrived since `since_ms`. `contacts` are the calls in progress."""
        level = self._service_level
        tallies = {queue: Tally() for queue in level.queues()}
        for (queue, start_ms), cohort in level.cohorts.items():
            if start_ms >= since_ms:
                tallies[queue].add(cohort)
        offers = self.offers(since_ms)
        rows = tuple(self._row(queue, tally, offers.get(queue, NO_OFFERS)) for queue, tally in tallies.items())
        return Board(rows, self.by_state(), contacts)

    def _row(self, queue: str, tally: Tally, offers: Offers) -> QueueRow:
        waiting = self._service_level.waiting(queue)
        return QueueRow(queue, len(waiting), min(waiting.values(), default=0), tally, offers)

    def offers(self, since_ms: int = 0) -> dict[str, Offers]:
        """Offers by queue, of contacts that came in the half-hours that began at `since_ms` or later."""
        sums: dict[str, Offers] = {}
        for (queue, start_ms), offers in self._offers.items():
            if start_ms >= since_ms:
                was = sums.get(queue, NO_OFFERS)
                sums[queue] = Offers(was.made + offers.made, was.missed + offers.missed)
        return sums

    def by_state(self) -> dict[str, int]:
        """How many agents are in each state; every state is named."""
        counts = dict.fromkeys(STATES, 0)
        for agent in self.agents.values():
            counts[agent.state] = counts.get(agent.state, 0) + 1
        return counts

    def by_site(self) -> dict[tuple[str, str], int]:
        """How many agents by (site, state)."""
        counts: dict[tuple[str, str], int] = {}
        for agent in self.agents.values():
            counts[agent.site, agent.state] = counts.get((agent.site, agent.state), 0) + 1
        return counts

    # --- Events

    def routes(self) -> Mapping[type[Event], Route]:
        return {
            AgentStateChanged: self._on_agent,
            OfferMade: self._on_offer,
            OfferFailed: self._on_offer_failed,
        }

    def _on_agent(self, event: AgentStateChanged) -> None:
        if partner_of(event.agent):
            return
        if event.agent not in self.agents and len(self.agents) >= self._max_agents:
            gone = next((a for a, on in self.agents.items() if on.state == LOGGED_OUT), next(iter(self.agents)))
            del self.agents[gone]
            self._changed.add(gone)
        self.agents[event.agent] = AgentOnBoard(event.site, event.state, event.reason, event.at_ms)
        self._changed.add(event.agent)

    def _on_offer(self, event: OfferMade) -> None:
        """A partner's slot is no agent: what it does not take is in its own figures."""
        if partner_of(event.agent):
            return
        came_ms = self._came_ms(event)
        was = self._offers_of(event.queue, came_ms)
        self._set(event.queue, came_ms, Offers(was.made + 1, was.missed))

    def _on_offer_failed(self, event: OfferFailed) -> None:
        if event.cause == CALLER_LEFT or partner_of(event.agent):
            return
        came_ms = self._came_ms(event)
        was = self._offers_of(event.queue, came_ms)
        self._set(event.queue, came_ms, Offers(was.made, was.missed + 1))

    def _came_ms(self, event: OfferMade | OfferFailed) -> int:
        """When the contact came, which waits as long as it is offered; a callback's is of no queue's arrivals."""
        made_ms = event.at_ms - max(getattr(event, "rang_ms", 0), 0)
        return self._service_level.waiting(event.queue).get(event.contact, made_ms)

    def _offers_of(self, queue: str, at_ms: int) -> Offers:
        return self._offers.get((queue, at_ms - at_ms % INTERVAL_MS), NO_OFFERS)

    def _set(self, queue: str, at_ms: int, offers: Offers) -> None:
        key = (queue, at_ms - at_ms % INTERVAL_MS)
        if key not in self._offers and len(self._offers) >= self._max_intervals:
            oldest = min(self._offers, key=lambda k: (k[1], k[0]))
            del self._offers[oldest]
            self._changed.add(oldest)
        self._offers[key] = offers
        self._changed.add(key)

    # --- Saving

    def snapshot(self) -> dict[str, Part]:
        return self._parts([*self._offers, *self.agents])

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        return self._parts(changed)

    def _parts(self, keys: Iterable[tuple[str, int] | str]) -> dict[str, Part]:
        parts: dict[str, Part] = {}
        for key in keys:
            if isinstance(key, str):
                on = self.agents.get(key)
                parts["a|" + key] = on and [on.site, on.state, on.reason, on.since_ms]
            else:
                offers = self._offers.get(key)
                parts[f"o|{key[1]}|{key[0]}"] = offers and [offers.made, offers.missed]
        return parts

    def restore(self, parts: Mapping[str, Part]) -> None:
        for key, part in parts.items():
            kind, _, rest = key.partition("|")
            if kind == "a":
                self.agents[rest] = AgentOnBoard(*part)
            else:
                start, _, queue = rest.partition("|")
                self._offers[queue, int(start)] = Offers(*part)
