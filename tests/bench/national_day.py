"""A day of the whole country through the real distributor: `python -m tests.bench.national_day [--calls 15000]`.

Real: the routing of examples/national, the scripts and a Redis of their own, whose times are those on the wall.
Simulated: callers and phones, and the time that the scripts are given, which runs as fast as the machine does. The same
callers and the same people at work meet two ways of routing: each site alone, and the country shared.
"""

import argparse
import asyncio
import heapq
import itertools
import math
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from acd.connection import command_client
from acd.distributor import DistributorError
from acd.model import AgentId, AgentSpec, Enqueue, NodeId, Offer, OfferId, QueueId, QueueSpec, Revoked, SiteId, Tier
from acd.store import RedisDistributor
from ivr.book import load_book
from ivr.language.routing import Routing, may_serve
from svar.demo.traffic import DAY_S, QUARTER_S, QUARTERS, WAYS, Visit, Way, visits
from tests.acd.redis_server import RedisServer
from tests.bench.national_picture import picture
from tests.bench.scripts_timed import Timed
from tests.svar.national import FLOWS

NODE = NodeId("n1")
DAY_MS = 1_795_000_000_000
MISSES, REDIALS, REDIAL_MEAN_S, MOST_RINGS = 0.02, 0.35, 900.0, 20
HANDLING_S, PARTNER_ANSWERS = 458.0, 0.6
"""Mean talk and wrap-up, and how often the partner answers (assumed)."""
UNEVEN = 0.15
"""By how much, as a standard deviation, a site has more or fewer callers today than its people expect (assumed)."""
LOOKS_EVERY = 100
STAFFED = 1.0
"""People on the phones as a part of the day's load in erlang."""


@dataclass(slots=True)
class Tally:
    """What became of the callers of one queue or site, by arrival; waits of the answered in seconds."""

    offered: int = 0
    within: int = 0
    lost: int = 0
    partner: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def svargrad(self) -> float:
        return len(self.waits) / max(1, len(self.waits) + self.lost)

    @property
    def servicegrad(self) -> float:
        return self.within / max(1, len(self.waits) + self.lost)


@dataclass(slots=True)
class Caller:
    """One who waits. `talks_with` is the agent, once there is one."""

    visit: Visit
    site: str
    arrived_ms: int
    offer: str = ""
    gone: bool = False


class Day:
    """One run. Everything that happens is a step at its moment of the simulated day."""

    def __init__(self, distributor: RedisDistributor, routing: Routing, targets: Mapping[str, int]) -> None:
        self.distributor = distributor
        self.routing = routing
        self.targets = targets
        self.now_ms = DAY_MS
        self.look: Callable[[], None] = lambda: None
        self.queues: dict[str, Tally] = defaultdict(Tally)
        self.sites: dict[str, Tally] = defaultdict(Tally)
        self.counts: Counter[str] = Counter()
        self._chance = random.Random(11)
        self._steps: list[tuple[int, int, Callable[[], Awaitable[object]]]] = []
        self._order = itertools.count()
        self._callers: dict[str, Caller] = {}
        self._working: set[str] = set()
        distributor.listen(NODE, self._heard)
        self._due_at = 0
        distributor.when_due(self._arm)

    def at(self, in_ms: int, step: Callable[[], Awaitable[object]]) -> None:
        heapq.heappush(self._steps, (self.now_ms + max(0, in_ms), next(self._order), step))

    def _arm(self, in_s: float) -> None:
        at_ms = self.now_ms + max(1, round(in_s * 1000))
        if self._due_at <= self.now_ms or at_ms < self._due_at:
            self._due_at = at_ms
            self.at(at_ms - self.now_ms, lambda: self._do_what_is_due(at_ms))

    async def _do_what_is_due(self, at_ms: int) -> None:
        if at_ms == self._due_at:
            await self.distributor.due()

    async def run(self, callers: list[tuple[Visit, str]]) -> None:
        for visit, site in callers:
            self.at(round(visit.at_s * 1000), lambda visit=visit, site=site: self._comes(visit, site))  # type: ignore[misc]
        for quarter in range(len(QUARTERS)):
            self.at(quarter * QUARTER_S * 1000, lambda quarter=quarter: self._staff(quarter))  # type: ignore[misc]
        self.at(0, self._beat)
        ends_ms = DAY_MS + (DAY_S + 3600) * 1000
        while self._steps and self._steps[0][0] <= ends_ms:
            self.now_ms, done, step = heapq.heappop(self._steps)
            await step()
            await asyncio.sleep(0)
            if done % LOOKS_EVERY == 0:
                self.look()

    async def _beat(self) -> None:
        """A store that hears nothing for a second and a half has been away, says the distributor."""
        await self.distributor.beat(NODE, 0)
        self.at(1000, self._beat)

    # --- People ---

    async def _staff(self, quarter: int) -> None:
        """As many as the quarter's load asks for are on the phones, of each group of agents the same part."""
        load = QUARTERS[quarter] * HANDLING_S / QUARTER_S * STAFFED
        part = load / len(self.routing.agents)
        groups: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, one in self.routing.agents.items():
            groups[one.spec.site, str(one.spec.skills)].append(name)
        wanted: set[str] = set()
        for names in groups.values():
            here = sorted(names, key=lambda name: (name not in self._working, name))
            wanted.update(here[: math.ceil(len(here) * part)])
        for name in sorted(wanted - self._working):
            await self.distributor.log_in(AgentId(name))
            await self.distributor.ready(AgentId(name))
        for name in sorted(self._working - wanted):
            await self.distributor.not_ready(AgentId(name), "other_work")
        self._working = wanted

    # --- Callers ---

    async def _comes(self, visit: Visit, site: str, again: int = 0) -> None:
        if visit.hangs_up_in_menu:
            return
        contact, queue = f"{visit.caller}-{again}", visit.way.queue
        caller = self._callers[contact] = Caller(visit, site, self.now_ms)
        try:
            await self.distributor.enqueue(Enqueue(contact, QueueId(queue), NODE, site=SiteId(site)))
        except DistributorError:
            self.counts["refused"] += 1
            return
        for tally in (self.queues[queue], self.sites[site]):
            tally.offered += 1
        self.at(round(visit.patience_s * 1000), lambda: self._gives_up(contact, caller, again))

    async def _gives_up(self, contact: str, caller: Caller, again: int) -> None:
        if caller.gone or caller.offer == "talks":
            return
        caller.gone = True
        await self.distributor.leave(contact, "caller_hung_up")
        for tally in self._tallies(caller):
            tally.lost += 1
        if self._chance.random() < REDIALS:
            in_ms = round(self._chance.expovariate(1 / REDIAL_MEAN_S) * 1000)
            self.at(in_ms, lambda: self._comes(caller.visit, caller.site, again + 1))

    def _tallies(self, caller: Caller) -> tuple[Tally, Tally]:
        return self.queues[caller.visit.way.queue], self.sites[caller.site]

    # --- Offers ---

    def _heard(self, message: Offer | Revoked) -> None:
        caller = self._callers[message.contact]
        if isinstance(message, Revoked):
            caller.offer = "" if caller.offer == message.offer else caller.offer
            return
        self.counts["offers"] += 1
        self.counts[f"tier {message.grounds.tier}"] += 1
        caller.offer = message.offer
        missed = self._chance.random() < (1 - PARTNER_ANSWERS if message.grounds.partner else MISSES)
        rings_s = message.rings_for_ms / 1000 if missed else caller.visit.answer_s
        step = self._misses if missed else self._answers
        self.at(round(rings_s * 1000), lambda: step(message, caller))

    async def _misses(self, offer: Offer, caller: Caller) -> None:
        if caller.offer == offer.offer and not caller.gone:
            await self.distributor.fail(OfferId(offer.offer), offer.fence, "no_answer")

    async def _answers(self, offer: Offer, caller: Caller) -> None:
        if caller.offer != offer.offer or caller.gone:
            return
        await self.distributor.accept(offer.offer, offer.fence)
        caller.offer, waited_s = "talks", (self.now_ms - caller.arrived_ms) / 1000
        for tally in self._tallies(caller):
            if offer.grounds.partner:
                tally.partner += 1
                continue
            tally.waits.append(waited_s)
            tally.within += waited_s <= self.targets[offer.queue]
        self.at(round(caller.visit.talk_s * 1000), lambda: self._ends(offer, caller))

    async def _ends(self, offer: Offer, caller: Caller) -> None:
        caller.gone = True
        await self.distributor.finish(offer.contact, "caller_hung_up")
        wrap_ms = round(caller.visit.wrap_up_s * 1000)
        self.at(wrap_ms, lambda: self._wrapped_up(offer.agent))

    async def _wrapped_up(self, agent: AgentId) -> None:
        try:
            await self.distributor.end_wrap_up(agent, "topic", concluded=True)
        except DistributorError:
            return  # over by itself, or a partner's


def alone(spec: QueueSpec) -> QueueSpec:
    """The queue where every site serves its own callers only; services of one site stay as they are."""
    tiers = tuple(replace(tier, sites="own") for tier in spec.tiers if not tier.partner)
    kept = [tier for n, tier in enumerate(tiers) if bare(tier) not in map(bare, tiers[:n])]
    return replace(spec, tiers=tuple(kept)) if spec.tiers[0].sites == "own" else spec


def bare(tier: Tier) -> tuple[str, int, tuple[str, ...]]:
    return tier.skill, tier.level, tier.groups


Staffs = Mapping[str, Mapping[str, set[str]]]
"""Who serves a queue from the start, by site."""


def staffs_of(queues: Sequence[QueueSpec], agents: Mapping[str, AgentSpec]) -> Staffs:
    found: dict[str, dict[str, set[str]]] = {spec.queue: defaultdict(set) for spec in queues}
    for spec in queues:
        for name, agent in agents.items():
            if may_serve(agent, spec, spec.tiers[0]):
                found[spec.queue][agent.site].add(name)
    return found


def ways_of(staffs: Staffs) -> list[Way]:
    """The services, with the part of the calls that is their part of the people (assumed)."""
    serves = Counter(name for sites in staffs.values() for names in sites.values() for name in names)
    weight = {
        queue: sum(1 / serves[name] for names in sites.values() for name in names) for queue, sites in staffs.items()
    }
    return [replace(way, weight=weight[way.queue]) for way in WAYS]


def drawn(calls: int, agents: Mapping[str, AgentSpec], staffs: Staffs) -> list[tuple[Visit, str]]:
    """The day's callers, each with the site that is theirs: one that staffs the service, by its people, unevenly."""
    chance = random.Random(7)
    people = Counter(str(spec.site) for spec in agents.values())
    weights = {site: count * max(0.3, chance.gauss(1, UNEVEN)) for site, count in sorted(people.items())}
    found: list[tuple[Visit, str]] = []
    for visit in visits(chance, calls / 15_000, ways_of(staffs)):
        among = sorted(staffs[visit.way.queue])
        found.append((visit, chance.choices(among, [weights[site] for site in among])[0]))
    return found


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run gave, and what it took."""

    day: Day
    wall_s: float
    commands: dict[str, list[int]]
    redis_cpu_s: float
    redis_bytes: int


async def play(calls: int, *, shared: bool, each: bool = False) -> Ran:
    """With `each` every run of a script is timed, which costs Redis about as much as the scripts do."""
    routing = load_book(FLOWS).routing
    agents = {name: one.spec for name, one in routing.agents.items() if "desk" not in one.spec.skills}
    routing = replace(routing, agents={name: routing.agents[name] for name in agents})
    queues = [one.spec for name, one in routing.queues.items() if name != "desk"]
    staffs = staffs_of(queues, agents)
    specs = queues if shared else [alone(spec) for spec in queues]
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        client = command_client(server.url)
        timed = Timed(server.url)
        day: Day | None = None
        distributor = RedisDistributor(client, "nav", NODE, now_ms=lambda: day.now_ms if day else DAY_MS)
        day = Day(distributor, routing, {spec.queue: spec.target_s for spec in specs})
        partners = [one.spec for one in routing.partners.values()] if shared else []
        sites = [one.spec for one in routing.sites.values()]
        await distributor.configure(specs, list(agents.values()), sites, partners)
        for spec in partners:
            for number in range(1, spec.capacity + 1):
                await distributor.log_in(AgentId(f"{spec.partner}/{number}"))
        if each:
            timed.begin()
            day.look = timed.gather
        before, began = timed.cpu_s(), time.perf_counter()
        await day.run(drawn(calls, agents, staffs))
        wall_s, cpu_s = time.perf_counter() - began, timed.cpu_s() - before
        timed.look()
        ran = Ran(day, wall_s, timed.us, cpu_s, timed.most_bytes)
        await client.aclose()
        timed.close()
    return ran


def table(runs: Mapping[str, Ran]) -> str:
    lines = ["| | " + " | ".join(runs) + " |", "| --- |" + " --- |" * len(runs)]
    rows: dict[str, Callable[[Day], str]] = {
        "entered a queue": lambda day: f"{_sum(day).offered:,}",
        "svargrad (answer rate)": lambda day: f"{_sum(day).svargrad:.1%}",
        "servicegrad (answered within the target)": lambda day: f"{_sum(day).servicegrad:.1%}",
        "its range over the sites": lambda day: _range([t.servicegrad for t in day.sites.values()]),
        "svartid, mean (speed of answer)": lambda day: f"{_mean(_sum(day).waits):.0f} s",
        "lost": lambda day: f"{_sum(day).lost:,}",
        "answered by the partner": lambda day: f"{_sum(day).partner:,}",
        "offers": lambda day: f"{day.counts['offers']:,}",
    }
    for label, cell in rows.items():
        lines.append(f"| {label} | " + " | ".join(cell(run.day) for run in runs.values()) + " |")
    return "\n".join(lines)


def by_queue(runs: Mapping[str, Ran]) -> str:
    lines = ["| queue | entered | " + " | ".join(f"servicegrad, {name}" for name in runs) + " |"]
    lines.append("| --- | --- |" + " --- |" * len(runs))
    days = [run.day for run in runs.values()]
    for queue, tally in sorted(days[-1].queues.items()):
        cells = " | ".join(f"{day.queues[queue].servicegrad:.1%}" for day in days)
        lines.append(f"| {queue} | {tally.offered:,} | {cells} |")
    return "\n".join(lines)


def _sum(day: Day) -> Tally:
    total = Tally()
    for tally in day.queues.values():
        total.offered += tally.offered
        total.within += tally.within
        total.lost += tally.lost
        total.partner += tally.partner
        total.waits += tally.waits
    return total


def _mean(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def _range(values: list[float]) -> str:
    return f"{min(values):.0%} to {max(values):.0%}"


def costs(ran: Ran) -> str:
    lines = ["| script | times | median | p99 | longest |", "| --- | --- | --- | --- | --- |"]
    for name, us in sorted(ran.commands.items()):
        ordered = sorted(us)
        p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
        lines.append(f"| {name} | {len(us):,} | {ordered[len(us) // 2]} µs | {p99} µs | {ordered[-1]} µs |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=15_000)
    parser.add_argument("--picture", type=Path, help="write it here, as SVG")
    options = parser.parse_args()
    runs = {
        "each site alone": asyncio.run(play(options.calls, shared=False)),
        "shared country": asyncio.run(play(options.calls, shared=True)),
    }
    shared = runs["shared country"]
    timed = asyncio.run(play(options.calls, shared=True, each=True))
    total = sum(len(us) for us in timed.commands.values())
    sys.stdout.write(f"{table(runs)}\n\n{by_queue(runs)}\n\n{costs(timed)}\n\n")
    if options.picture:
        days = [run.day for run in runs.values()]
        titles = {name: site.title for name, site in load_book(FLOWS).routing.sites.items()}
        sites = {
            titles[site]: (days[0].sites[site].servicegrad, days[1].sites[site].servicegrad) for site in days[1].sites
        }
        options.picture.write_text(
            picture("Answered within the target, by the caller's own site", list(runs), sites, 0.7)
        )
    decisions = shared.day.counts["offers"] / shared.redis_cpu_s
    sys.stdout.write(
        f"{total:,} commands in {shared.wall_s:.0f} s; {decisions:.0f} decisions a second of Redis' CPU"
        f" ({shared.redis_cpu_s:.1f} s in all); Redis at most {shared.redis_bytes / 1e6:.0f} MB\n"
        f"tiers: {dict(sorted((k, n) for k, n in shared.day.counts.items() if k.startswith('tier')))}\n"
    )


if __name__ == "__main__":
    main()
