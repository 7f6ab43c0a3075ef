"""Callers who leave in every phase of a call at random moments, and what is left of them 35 s later."""

import os
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.light.agents import AgentPlan, Agents, Way
from tests.light.callers import Callers, Moment, Plan
from tests.light.tcp import TcpCallers
from tests.ports import free_port
from tests.soak_site import IN_ORDER, by_caller, drive, installation, nothing_left, shown
from tests.svar.system.installation import Installation, running

SWAY = 6
"""So many descriptors and tasks come and go with scrapes and the store's connections."""


def abandon(chance: random.Random) -> Plan:
    """A caller who leaves in one of the phases of a call, at a random moment of it."""
    menu, straight, late, short = "5000", "5999", "5998", 12.0
    queue = chance.choice((straight, late))
    moment = chance.uniform
    ways: Sequence[tuple[int, Callable[[], Plan]]] = (
        (4, lambda: Plan(straight, Moment.INVITED, impatient=True, kind="with the INVITE")),
        (6, lambda: Plan(straight, Moment.INVITED, moment(0, 0.004), impatient=True, kind="before 100")),
        (8, lambda: Plan(menu, Moment.INVITED, moment(0, 0.1), kind="answer")),
        (6, lambda: Plan(menu, Moment.ANSWERED, moment(0, 1.5), acks=False, kind="no ACK, BYE")),
        (1, lambda: Plan(menu, acks=False, kind="no ACK, nothing")),
        (12, lambda: Plan(menu, Moment.ANSWERED, moment(0, 2), patience_s=short, kind="prompt")),
        (9, lambda: _keyed(menu, Moment.KEY, moment(0, 0.004), chance, "key")),
        (6, lambda: _keyed(menu, Moment.NEVER, 0, chance, "stays")),
        (8, lambda: Plan(late, Moment.INVITED, moment(0, 2), kind="before a late answer")),
        (14, lambda: Plan(queue, Moment.INVITED, moment(0, 2.5), patience_s=short, kind="queue")),
        (10, lambda: Plan(queue, Moment.RINGING, moment(0, 0.5), patience_s=short, kind="ringing")),
        (10, lambda: Plan(queue, Moment.TAKEN, moment(0, 0.003), patience_s=short, kind="as agent answers")),
        (10, lambda: Plan(queue, Moment.TALKING, moment(0, 1.5), patience_s=short, kind="talk")),
        (6, lambda: Plan(queue, Moment.AGENT_LEFT, moment(0, 0.003), patience_s=short, kind="as agent leaves")),
    )
    return chance.choices([way for _, way in ways], [weight for weight, _ in ways])[0]()


def _keyed(number: str, leaves: Moment, after_s: float, chance: random.Random, kind: str) -> Plan:
    key, key_s = chance.choice("2239"), chance.uniform(0, 1)
    return Plan(number, leaves, after_s, key=key, key_s=key_s, patience_s=12.0, kind=kind)


def moody(chance: random.Random) -> AgentPlan:
    """Agents who take calls soon or late, refuse them, let them ring, are gone, or take what was cancelled.

    Some never hang up, as long as the caller does not.
    """
    plan = hasty(chance)
    return plan if chance.random() < 0.7 else replace(plan, talks_s=None)


def hasty(chance: random.Random) -> AgentPlan:
    """As moody, but each hangs up in the end."""
    talks_s = chance.uniform(0.02, 2.5)
    statuses = ("486 Busy Here", "603 Decline", "480 Temporarily Unavailable", "500 Server Internal Error")
    ways = (
        (60, AgentPlan(Way.TAKES, chance.uniform(0, 0.4), talks_s)),
        (8, AgentPlan(Way.TAKES, chance.uniform(1.5, 2.5), talks_s)),
        (6, AgentPlan(Way.LATE, chance.uniform(0, 3), talks_s)),
        (14, AgentPlan(Way.REFUSES, chance.uniform(0, 0.5), status=chance.choice(statuses))),
        (6, AgentPlan(Way.RINGS)),
        (6, AgentPlan(Way.GONE)),
    )
    return chance.choices([plan for _, plan in ways], [weight for weight, _ in ways])[0]


@dataclass(frozen=True, slots=True)
class Held:
    """What svar has: KiB of memory and descriptors from the system, and tasks of its own."""

    memory_kib: int
    descriptors: int
    tasks: int

    @classmethod
    async def by(cls, node: Installation) -> "Held":
        assert node.process is not None
        return cls(*_of_the_system(node.process.pid), int(await node.total("svar_calls_tasks")))


def _of_the_system(pid: int) -> tuple[int, int]:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]), len(os.listdir(f"/proc/{pid}/fd"))


def torn(chance: random.Random) -> Plan:
    """A caller over TCP, most of whom leave by RST in one of the phases, before the INVITE is answered or after.

    A lost connection ends no call (RFC 3261 leaves the dialog as it is): the flow does, or the agent who hears nobody.
    """
    plan = abandon(chance)
    if chance.random() < 0.25 or plan.leaves is Moment.NEVER:
        return plan
    return replace(plan, torn=True, kind=f"RST, {plan.kind}")


def torn_within(chance: random.Random) -> Plan:
    """The same, but nobody leaves before the ACK."""
    inside = (Moment.KEY, Moment.RINGING, Moment.TAKEN, Moment.TALKING, Moment.AGENT_LEFT)
    while True:
        plan = torn(chance)
        if plan.leaves in inside and plan.acks:
            return plan


def takes(chance: random.Random) -> AgentPlan:
    return AgentPlan(Way.TAKES, chance.uniform(0, 0.4), chance.uniform(0.02, 2))


@dataclass(frozen=True, slots=True)
class Cast:
    """Who rings and who answers. `short`: nobody who leaves SIP waiting for 32 s, so that is not waited for."""

    caller: Callable[[random.Random], Plan]
    agent: Callable[[random.Random], AgentPlan]
    callers: type[Callers] = Callers
    short: bool = False


ABANDONS = Cast(abandon, moody)
RESETS = Cast(torn, hasty, TcpCallers)
SHORT_RESETS = Cast(torn_within, takes, TcpCallers, short=True)


@asynccontextmanager
async def site(
    folder: Path, cast: Cast, workers: int, seed: int
) -> AsyncIterator[tuple[Installation, Callers, Agents]]:
    chance = random.Random(seed)
    agents_port = free_port()
    node = installation(folder, agents_port, agents=400, offer_s=2, wrap_up_s=1, workers=workers)
    async with running(node):
        target = ("127.0.0.1", node.sip_port)
        callers = cast.callers(target, chance)
        agents = Agents(target, chance, lambda: cast.agent(chance), callers)
        await callers.open()
        await agents.open(agents_port)
        try:
            yield node, callers, agents
        finally:
            callers.close()
            agents.close()


async def left_alone(folder: Path, cast: Cast, calls: int, rate: float, *, workers: int = 0, seed: int) -> str:
    """So many callers, and what is left 35 s after the last. Raises AssertionError where anything is."""
    async with site(folder, cast, workers, seed) as (node, callers, agents):
        plans = [cast.caller(callers.chance) for _ in range(calls)]
        warm = calls // 10
        held = [await Held.by(node)]
        for part in (plans[:warm], plans[warm:]):
            await drive(callers, part, rate)
            try:
                gone_s = await nothing_left(node, calls_alone=cast.short)
            except AssertionError as error:
                error.add_note(f"seed {seed}; callers: {shown(callers.outcomes)}; agents: {shown(agents.outcomes)}")
                for agent in agents.calls.values():
                    error.add_note(f"{agent.state}, {agent.plan}, with {callers.calls.get(agent.caller)}")
                raise
            held.append(await Held.by(node))
        assert held[2].descriptors <= held[1].descriptors + SWAY, held
        assert held[2].tasks <= held[0].tasks + SWAY, held
        off_hook = Counter(call.state for call in agents.calls.values())
        assert not off_hook, f"agents' phones off the hook: {off_hook}"
        balance = await accounted(node, callers)
        at_work = {state: n for state, n in (await node.agents()).items() if state != "ready"}
        kinds = Counter(call.plan.kind for call in callers.calls.values())
        ways = [" -> ".join(str(getattr(one, name)) for one in held) for name in Held.__slots__]
        return (
            f"nothing left after {gone_s:.0f} s; {balance}; agents not ready: {at_work or 'none'}; "
            f"left: {shown(kinds)}; callers: {shown(callers.outcomes)}; agents: {shown(agents.outcomes)}; "
            f"at the start, after {warm} and after all: memory {ways[0]} KiB, descriptors {ways[1]}, tasks {ways[2]}"
        )


async def accounted(node: Installation, callers: Callers) -> str:
    """The counts add up: O = A + L + F + W, and one record for each contact, and never two for a caller."""
    offered, answered, lost, flowed_out, waiting = await node.balance()
    assert offered == answered + lost + flowed_out + waiting, (offered, answered, lost, flowed_out, waiting)
    assert waiting == 0
    records = by_caller(node)
    strangers = set(records) - set(callers.calls)
    assert not strangers, f"records of nobody: {sorted(strangers)[:5]}"
    twice = {name for name, found in records.items() if len(found) != 1}
    assert not twice, f"more than one record: {sorted(twice)[:5]}"
    started, ended = [await node.total(f"svar_contacts_{name}_total") for name in ("started", "ended")]
    assert started == ended == len(records), (started, ended, len(records))
    missing = [call for name, call in callers.calls.items() if "ANSWERED" in call.steps and name not in records]
    assert not missing, f"answered, and no record: {missing[:3]}"
    closed = Counter(record["closed_by"] for found in records.values() for record in found)
    del closed[IN_ORDER]
    assert not closed, f"records closed out of order: {closed}"
    return f"O {offered} = A {answered} + L {lost} + F {flowed_out} + W 0; {len(records)} records, one a contact"
