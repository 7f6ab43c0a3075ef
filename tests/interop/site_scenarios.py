"""What three nodes go through: short in the tests of every change, longer in `make soak`."""

import asyncio
import itertools
import os
import random
import signal
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from acd.model import AgentState
from acd.staff import RedisStaff
from events.catalogue import AgentStateChanged, ContactQueued, ContactReleased, Event, OfferFailed, OfferMade
from tests.acd.redis_server import RedisServer
from tests.interop.dying_phone import Death, DyingPhone
from tests.interop.far_redis import FarRedis, far_redis
from tests.interop.peers import run, sipp
from tests.interop.three_nodes import (
    NAMES,
    SITES,
    Desk,
    Sites,
    desk,
    desks,
    now_ms,
    p99,
    queued,
    served,
    straight,
    three_nodes,
    two_left,
)
from tests.ivr.sip_lab import Handset, hears, talk
from tests.ivr.sounds import tone
from tests.light.callers import Callers, Plan
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually
from tests.svar.system.phones import answers, lets_it_ring
from tests.svar.system.publishing import publisher, serving

SCENARIOS = Path(__file__).parent / "scenarios"
WORK = "queues: [{name: work, offer: 20s}]\n"
QUEUES = """
queues:
  - {name: work, offer: 20s}
  - {name: brief, offer: 2s}
  - {name: merging, offer: 20s, tiers: [{sites: own}, {sites: neighbours, after: 1s}, {sites: all, after: 2s}]}
"""
RING_MEANWHILE = 3
MOST_WAITING = 45
SHARED = ("work", "brief")
BEFORE = {"oslo": "hamar", "bodo": "tromso", "alta": "vadso"}
"""Before the merger half of the agents at each node belong to another site."""
SITES_BEFORE = """
sites:
  - {name: oslo, neighbours: [hamar]}
  - {name: hamar, neighbours: [oslo]}
  - {name: bodo, neighbours: [tromso]}
  - {name: tromso, neighbours: [bodo]}
  - {name: alta, neighbours: [vadso]}
  - {name: vadso, neighbours: [alta]}
"""
SITES_AFTER = "sites: [{name: oslo, neighbours: [bodo]}, {name: bodo, neighbours: [oslo]}]\n"
VOICE, REPLY = tone("the caller"), tone("the agent")


def row(name: str, site: int, more: str = "") -> str:
    return f"  - {{name: {name}, site: {NAMES[site - 1]}, skills: {{work: 5}}{more}}}\n"


def routing(agents: dict[str, int], more: str = "", queue: str = WORK) -> dict[str, str]:
    """One queue that every agent serves, each at the site of a node."""
    rows = "".join(row(name, site, more) for name, site in agents.items())
    return {
        "test.yaml": straight(),
        "queues.yaml": queue,
        "sites.yaml": SITES,
        "agents.yaml": f"agents:\n{rows}",
    }


@dataclass(frozen=True, slots=True)
class Country:
    """`desks`: the agents' phones at each node."""

    sites: Sites
    desks: list[Desk]


def content(*, merged: bool = False) -> dict[str, str]:
    """Queues and ten agents at each node, of six sites; merged, of two: that of the third node is gone."""
    rows = []
    for n, name in enumerate(NAMES):
        before = [f"{name}-{agent}" for agent in range(1, 11)]
        site = NAMES[min(n, 1)]
        rows += [(agent, site if merged else (name if at < 5 else BEFORE[name])) for at, agent in enumerate(before)]
    written = "".join(
        f"  - {{name: {agent}, site: {site}, rest: 1s, skills: {{work: 5, brief: 5, merging: 5}}}}\n"
        for agent, site in rows
    )
    return {
        "work.yaml": straight(),
        "brief.yaml": straight("brief", "5001"),
        "merging.yaml": straight("merging", "5002"),
        "queues.yaml": QUEUES,
        "sites.yaml": SITES_AFTER if merged else SITES_BEFORE,
        "agents.yaml": f"agents:\n{written}",
    }


@asynccontextmanager
async def country(folder: Path) -> AsyncIterator[Country]:
    """Three nodes with ten agents each, whose phones are not there yet."""
    async with three_nodes(folder, content(), list(at_each(10))) as sites, desks(sites) as phones:
        yield Country(sites, phones)


def at_each(count: int) -> dict[str, int]:
    """So many agents at each site."""
    return {f"{NAMES[site - 1]}-{n}": site for site in (1, 2, 3) for n in range(1, count + 1)}


async def talks_shortly(handset: Handset) -> None:
    """Takes the call, hangs up after a moment, and leaves no socket open."""
    handset.ring()
    handset.answer()
    await asyncio.sleep(0.3)
    handset.hang_up()
    await until(lambda: handset.ended, "the end of a talk", deadline_s=40)
    handset.rtp.hang_up()


@asynccontextmanager
async def crowd(sites: Sites) -> AsyncIterator[list[Callers]]:
    """Light callers at each node."""
    made = [Callers(("127.0.0.1", one.sip_port), random.Random()) for one in sites.nodes]
    for one in made:
        await one.open()
    try:
        yield made
    finally:
        for one in made:
            one.close()


async def ring_in(crowds: Sequence[Callers], count: int, rate: float, number: str = "5000") -> None:
    """So many callers, `rate` a second, at each node in turn."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for n in range(count):
        await asyncio.sleep(max(0.0, began + n / rate - loop.time()))
        one = crowds[n % len(crowds)]
        one.ring(len(one.calls), Plan(number))


async def all_over(crowds: Sequence[Callers], within_s: float) -> None:
    await until(lambda: not any(one.open_calls for one in crowds), "the end of all calls", deadline_s=within_s)


@dataclass(frozen=True, slots=True)
class Killed:
    """Seconds from the kill until the agents were free and the offer had ended in Redis, and until phones knew."""

    freed_s: float
    told_s: float


async def node_killed(made: Country, within_s: float = 15.0) -> Killed:
    """The third node dies: its caller talks to an agent of the second, another rings one of the first."""
    sites, (first, second, third) = made.sites, made.desks
    rung = len(first.rung), len(second.rung)
    await second.register("bodo-1", answers)
    await sites.ready(1)
    await third.answered_call()
    theirs = await second.rings(rung[1] + 1)
    await until(lambda: theirs.rtp.engine[1] > 0, "a talk with a caller of the third node")
    await first.register("oslo-1", answers)
    await sites.ready(1)
    talk_on = await second.answered_call()
    ours = await first.rings(rung[0] + 1)
    await until(lambda: ours.rtp.engine[1] > 0, "a talk with a caller of the second node")
    await first.register("oslo-2", lets_it_ring)
    await third.answered_call()
    ringing = await first.rings(rung[0] + 2)
    waits = await second.answered_call()
    await sites.wait_for(2)
    killed_ms = now_ms()
    await sites.nodes[2].kill()
    await until(lambda: ringing.ended and theirs.ended, "the end at both phones", deadline_s=10)
    told_s = (now_ms() - killed_ms) / 1000
    await two_left(sites)
    ended = [one for one in await sites.of(OfferFailed, ContactReleased) if one.cause == "node_lost"]
    assert {type(one) for one in ended} == {OfferFailed, ContactReleased}, ended
    freed_s = (max(one.at_ms for one in ended) - killed_ms) / 1000
    await until(lambda: len(first.rung) + len(second.rung) == sum(rung) + 4, "an offer to who waits", deadline_s=10)
    assert not talk_on.ended
    since = len(talk_on.rtp.heard)
    await asyncio.gather(talk(talk_on, VOICE), talk(ours, REPLY))
    await until(lambda: hears(ours, VOICE) and hears(talk_on, REPLY, since=since), "both voices of the other talk")
    for handset in (talk_on, waits):
        handset.hang_up()
    await sites.proven(shared=SHARED, within_s=within_s)
    return Killed(freed_s, told_s)


@dataclass(frozen=True, slots=True)
class Away:
    """`waited`: callers in the queue all the while; seconds until the first offer after Redis was back."""

    waited: int
    killed_s: float
    stopped_s: float


async def redis_away(made: Country, callers: int, away_s: float) -> Away:
    """Redis is killed and started again, and then stands still for `away_s`; callers wait at three nodes, and ring."""
    sites, redis = made.sites, made.sites.redis
    before = len(served(await sites.events()))
    async with crowd(sites) as crowds:
        killed_s = await _absence(made, crowds, callers, (redis.kill, redis.start), 2.0)
        still = _signals(redis, signal.SIGSTOP), _signals(redis, signal.SIGCONT)
        stopped_s = await _absence(made, crowds, callers, still, away_s)
    events = await sites.proven(shared=SHARED)
    assert sorted(served(events)) == sorted(queued(events)), "each served once"
    assert len(served(events)) == before + 2 * (callers + RING_MEANWHILE)
    return Away(callers, killed_s, stopped_s)


def _signals(redis: RedisServer, what: signal.Signals) -> Callable[[], None]:
    return lambda: os.kill(redis.pid, what)


async def _absence(
    made: Country,
    crowds: Sequence[Callers],
    callers: int,
    goes_and_comes: tuple[Callable[[], None], Callable[[], None]],
    away_s: float,
) -> float:
    """Callers wait, one of them is being offered; Redis goes and comes, and then agents serve them. Seconds until the
    first offer after it came.
    """
    goes, comes = goes_and_comes
    sites, phones = made.sites, made.desks
    back = asyncio.Event()

    async def thinks_it_over(handset: Handset) -> None:
        handset.ring()
        await back.wait()
        if not handset.ended:
            await talks_shortly(handset)

    await ring_in(crowds, callers, 20.0)
    await sites.wait_for(callers)
    rung = len(phones[1].rung)
    await phones[1].register("bodo-1", thinks_it_over)
    await phones[1].rings(rung + 1)
    await asyncio.to_thread(goes)
    await ring_in(crowds, RING_MEANWHILE, RING_MEANWHILE)
    await asyncio.sleep(away_s - 1)
    await asyncio.to_thread(comes)
    back_ms = now_ms()
    agents = {one: [f"{name}-{n}" for n in (2, 3)] for one, name in zip(phones, NAMES, strict=True)}
    for one, names in agents.items():
        await one.sit_down(names, talks_shortly)
    phones[1].behaviours["bodo-1"] = talks_shortly
    await until(lambda: any(rung.at_ms > back_ms for one in phones for rung in one.invited), "an offer", deadline_s=15)
    back.set()
    await all_over(crowds, 60)
    assert not any(call.how != "ended by svar" for one in crowds for call in one.calls.values()), "a caller was lost"
    first_ms = min(rung.at_ms for one in phones for rung in one.invited if rung.at_ms > back_ms)
    phones[1].unregister("bodo-1")
    for one, names in agents.items():
        for agent in names:
            one.unregister(agent)
    await sites.ready(0)
    return (first_ms - back_ms) / 1000


@dataclass(frozen=True, slots=True)
class Far:
    """Milliseconds from the offer in Redis until the phone rings, by whether the caller is at the far node;
    and for a caller there who did not have to wait, from the entry into the queue until the phone rings.
    """

    near_p99: float
    far_p99: float
    far_p50: float
    at_once_p99: float
    lost: int
    sent: int


async def far_north(folder: Path, callers: int, rate: float) -> Far:
    """The third node's Redis is 30 ± 10 ms away each way, and 1 % of what is sent is lost; callers ring all three."""
    agents = at_each(2)
    (folder / "redis").mkdir()
    with RedisServer(folder / "redis") as redis:
        at = folder / "redis" / "far"
        async with (
            far_redis(redis.socket, at) as way,
            three_nodes(folder, routing(agents), list(agents), redis=redis, far_url=f"unix://{at}") as sites,
            desks(sites) as phones,
            crowd(sites) as all_,
        ):
            for one, name in zip(phones, NAMES, strict=True):
                await one.sit_down([agent for agent in agents if agent.startswith(name)], talks_shortly)
            await sites.ready(len(agents), 30)
            await ring_in(all_, callers, rate)
            await all_over(all_, 90)
            events = await sites.proven(shared=SHARED)
            assert sorted(served(events)) == sorted(queued(events)), "each served once"
            assert len(served(events)) == callers
            return _lateness(events, phones, way)


def _lateness(events: Sequence[Event], phones: Sequence[Desk], way: FarRedis) -> Far:
    made = {(event.contact, event.agent): event for event in events if isinstance(event, OfferMade)}
    came = {event.contact: event for event in events if isinstance(event, ContactQueued)}
    near: list[float] = []
    far: list[float] = []
    at_once: list[float] = []
    for rung in (rung for one in phones for rung in one.invited):
        offer, queue = made[rung.contact, rung.agent], came[rung.contact]
        is_far = queue.site == NAMES[2]
        (far if is_far else near).append(rung.at_ms - offer.at_ms)
        if is_far and offer.at_ms - queue.at_ms < 2:
            at_once.append(rung.at_ms - queue.at_ms)
    return Far(p99(near), p99(far), statistics.median(far), p99(at_once or [0.0]), way.lost, way.sent)


@dataclass(frozen=True, slots=True)
class Dying:
    """`deaths` in the middle of an offer, by their kind."""

    deaths: Counter[str]
    callers: int
    seconds: float


async def dying_phones(made: Country, deaths: int, rate: float, within_s: float = 15.0) -> Dying:
    """Phones die in the middle of offers, at three nodes; others take the callers, `rate` a second while few wait."""
    sites, loop = made.sites, asyncio.get_running_loop()
    began, counted = loop.time(), Counter[str]()
    ways = itertools.cycle(Death)
    good = {one: [f"{name}-{n}" for n in (1, 2)] for one, name in zip(made.desks, NAMES, strict=True)}
    for one, names in good.items():
        await one.sit_down(names, talks_shortly)
    mortal = [f"{name}-{n}" for name in NAMES for n in range(3, 11)]
    staff = RedisStaff(sites.client, "t")

    async def lives(agent: str) -> None:
        """One phone after the other, now at this node and now at that."""
        for n in itertools.count():
            if counted.total() >= deaths:
                return
            await _one_life(sites.nodes[n % 3], staff, agent, next(ways), counted, deaths)

    async with crowd(sites) as crowds, asyncio.TaskGroup() as tasks:
        alive = [tasks.create_task(lives(agent)) for agent in mortal]
        while not all(task.done() for task in alive):
            if sum(one.open_calls for one in crowds) < MOST_WAITING:
                await ring_in(crowds, 3, rate, "5001")
            else:
                await asyncio.sleep(0.05)
        for agent, node in itertools.product(mortal, sites.nodes):
            last = DyingPhone(("127.0.0.1", node.sip_port), agent, f"secret-of-{agent}", Death.SILENT)
            await last.open()
            await last.unregister()
            last.close()
        await all_over(crowds, 60)
        ends = Counter(call.how for one in crowds for call in one.calls.values())
    assert set(ends) == {"ended by svar"}, ends
    await sites.ready(6)
    for one, names in good.items():
        for agent in names:
            one.unregister(agent)
    await sites.ready(0)
    await sites.proven(shared=SHARED, within_s=within_s)
    return Dying(counted, ends.total(), loop.time() - began)


async def _one_life(
    node: Installation, staff: RedisStaff, agent: str, death: Death, counted: Counter[str], most: int
) -> None:
    phone = DyingPhone(("127.0.0.1", node.sip_port), agent, f"secret-of-{agent}", death)
    await phone.open()
    try:
        await phone.register()
        while not phone.rung.is_set() and counted.total() < most:
            with suppress(TimeoutError):
                await asyncio.wait_for(phone.rung.wait(), 0.5)
        if not phone.rung.is_set():
            return
        counted[death.name.lower()] += 1
        await phone.dies()

        async def put_in_order() -> bool:
            found = await staff.one(agent)
            return found is not None and found.now.state != AgentState.OFFERED

        await eventually(put_in_order, f"end of the offer to {agent}", 15)
    finally:
        phone.close()


@dataclass(frozen=True, slots=True)
class Merger:
    """Milliseconds from publishing until all nodes served it."""

    callers: int
    merged_ms: float
    offers_across: int


async def merger(made: Country, callers: int, rate: float) -> Merger:
    """Six sites become two under SIPp's calls; one agent is in a talk all the while."""
    sites = made.sites
    before = len(served(await sites.events()))
    crew = {one: [f"{name}-{n}" for n in range(1, 11)] for one, name in zip(made.desks, NAMES, strict=True)}
    crew[made.desks[0]].remove("oslo-10")
    async with publisher(sites.redis.url) as admin, desk(sites.nodes[0]) as talkers, asyncio.TaskGroup() as tasks:
        first = await admin.publish({name: text.encode() for name, text in content().items()})
        for one in sites.nodes:
            await serving(one, 20, active=first)
        await made.desks[0].register("oslo-10", answers)
        await sites.ready(1)
        talk_on = await talkers.answered_call("5002")
        await sites.ready(0)
        for there, agents in crew.items():
            await there.sit_down(agents, talks_shortly)
        await sites.ready(29)
        calls = [tasks.create_task(_sipp_calls(one.sip_port, callers // 3, rate / 3)) for one in sites.nodes]
        await eventually(lambda: _came(sites, before + callers // 4), "calls under way", 30)
        began = now_ms()
        merged = await admin.publish({name: text.encode() for name, text in content(merged=True).items()})
        for one in sites.nodes:
            await serving(one, 20, active=merged)
        merged_ms = now_ms() - began
        assert not any(call.done() for call in calls), "the merger has to come while callers do"
        await asyncio.gather(*calls)
        assert not talk_on.ended
        talk_on.hang_up()
        await sites.ready(30)
    events = await sites.proven(shared=SHARED)
    changed = [one for one in events if isinstance(one, AgentStateChanged) and one.at_ms > began]
    assert not any(one.state == "logged_out" for one in changed), "an agent was logged out"
    assert len(served(events)) == before + 3 * (callers // 3) + 1
    mine = {one.contact: one for one in events if isinstance(one, ContactQueued) and one.queue == "merging"}
    across = [one for one in events if isinstance(one, OfferMade) and one.contact in mine and one.tier > 1]
    made.desks[0].unregister("oslo-10")
    for there, agents in crew.items():
        for agent in agents:
            there.unregister(agent)
    await sites.ready(0)
    return Merger(3 * (callers // 3), merged_ms, len(across))


async def _came(sites: Sites, count: int) -> bool:
    return len(await sites.of(ContactQueued)) >= count


async def _sipp_calls(port: int, calls: int, rate: float) -> None:
    relay = free_port()
    command = sipp(
        "-sf", str(SCENARIOS / "caller_served.xml"), "-s", "5002", "-m", str(calls), "-r", str(round(10 * rate)),
        "-rp", "10000", "-key", "relay", str(relay), "-recv_timeout", "40000", f"127.0.0.1:{port}", port=relay,
    )  # fmt: skip
    finished = await run(command, timeout_s=calls / rate + 60)
    assert finished.code == 0, finished.output[-3000:]
