"""A long run of commands from one seed, weighted so that every rule of the distributor comes up."""

import random
from typing import Any

from acd.model import AgentId, AgentSpec, Enqueue, NodeId, QueueId, SiteId
from tests.acd import promising
from tests.acd.twin import AGENTS, CONTACTS, LAYOUTS, NODES, QUEUES, SITES, SLOTS, STEPS_MS, Twins

WEIGHTS = {
    "enqueue": 24, "leave": 4, "finish": 10, "accept": 20, "fail": 6, "ready": 10, "not_ready": 4, "log_in": 8,
    "log_out": 2, "end_wrap_up": 4, "due": 14, "beat": 5, "drop_node": 1, "renew": 1, "configure": 0.7, "place": 2,
    "repeat": 3, "take_over": 2, "again": 2, "on_duty": 2, "put_agent": 1, "drop_agent": 1, "occupy": 2,
    "site": 3, "slots": 4, "late_slice": 0.3, "promise": 5, "tried": 5, "hold": 2, "cancel": 1,
}  # fmt: skip
CAUSES = ("no_answer", "busy", "rejected", "unreachable", "error", "caller_left")


def run(twins: Twins, seed: int, steps: int) -> None:
    """Raises Differ where the scripts do something else than the model."""
    chance = random.Random(seed)
    twins.configure("n1", 3 * (seed % 2))
    for agent in AGENTS[:3]:
        twins.log_in("n1", agent, ready=True)
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    for _ in range(steps):
        twins.now = max(0, twins.now + chance.choices(STEPS_MS, (8, 4, 6, 6, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1))[0])
        step(twins, chance, chance.choices(names, weights)[0])


def agents_removed_at_work(twins: Twins) -> None:
    """What seldom comes up by chance: one talks, one is rung and one wraps up when the configuration loses them."""
    twins.configure("n1", 0)
    for agent in AGENTS[:3]:
        twins.log_in("n1", agent, ready=True)
    for contact in CONTACTS[:3]:
        twins.enqueue("n1", Enqueue(contact, QueueId("x"), NodeId("n1")))
    rung, talks, wraps = (twins.model.entries[contact].offer for contact in CONTACTS[:3])
    for offer in (talks, wraps):
        twins.accept("n1", offer, twins.model.leases[offer].fence)
    twins.leave("n1", CONTACTS[2], "agent_hung_up", flowed_out=False)
    for layout in (2, 0, 2):
        twins.configure("n1", layout)
        for agent in AGENTS[:3]:
            twins.not_ready("n1", agent, "break")
            twins.log_in("n1", agent, ready=True)
    twins.configure("n1", 0)
    twins.leave("n1", CONTACTS[1], "caller_hung_up", flowed_out=False)
    if rung in twins.model.leases:
        twins.fail("n1", rung, twins.model.leases[rung].fence, "busy")
    twins.now += 5000
    twins.due("n1")


def ties_and_ends(twins: Twins) -> None:
    """What seldom comes up by chance: callers of one moment in two queues, and a lease that nobody ends in time."""
    twins.configure("n1", 0)
    twins.log_in("n1", "a", ready=False)
    for contact, queue in zip(CONTACTS, "xyxy", strict=False):
        twins.enqueue("n1", Enqueue(contact, QueueId(queue), NodeId("n1"), 5 * (queue == "x")))
    for _ in range(4):
        twins.ready("n1", "a")
        for _ in range(10):
            twins.now += 1000
            twins.due("n1")
            twins.beat("n1")
        twins.enqueue("n1", Enqueue(CONTACTS[4], QueueId("x"), NodeId("n1")))


def sites_merge(twins: Twins) -> None:
    """Callers wait, are rung and talk while their site becomes part of another, is lost, and stands by itself again."""
    twins.configure("n1", 3)
    for n, contact in enumerate(CONTACTS):
        twins.enqueue("n1", Enqueue(contact, QueueId("xxy"[n % 3]), NodeId("n1"), site=SiteId(SITES[1 + n % 3])))
    for layout in (5, 4, 3, 5, 0, 3):
        for _ in range(3):
            twins.now += 1000
            twins.beat("n1")
            twins.due("n1")
        twins.site("n1", "oslo", "node" if layout == 5 else "")
        twins.configure("n1", layout)
        for _ in range(3):
            twins.due("n1")
        twins.log_in("n1", "bcd"[layout % 3], ready=layout != 4)
        for lease in list(twins.model.leases.values())[:1]:
            twins.fail("n1", lease.offer, lease.fence, "busy")


def a_partner_rests(twins: Twins) -> None:
    """One of its slots talks while another misses, and each comes free at its own time."""
    twins.configure("n1", 3)
    for slot in SLOTS:
        twins.log_in("n1", slot, ready=True)
    for contact in CONTACTS[:4]:
        twins.enqueue("n1", Enqueue(contact, QueueId("y"), NodeId("n1"), since_ms=1))
    twins.now += 5000
    for _ in range(2):
        twins.beat("n1")
        twins.due("n1")
        talks, misses = sorted(twins.model.leases.values(), key=lambda lease: lease.fence)
        twins.accept("n1", talks.offer, talks.fence)
        twins.fail("n1", misses.offer, misses.fence, "no_answer")
        twins.now += 1000
        twins.beat("n1")
        twins.leave("n1", talks.contact, "caller_hung_up", flowed_out=False)
        for ms in (1000, 1000, 1000, 999, 1):
            twins.now += ms
            twins.beat("n1")
            twins.due("n1")
        twins.leave("n1", misses.contact, "caller_hung_up", flowed_out=False)


def a_crowd_waits(twins: Twins) -> None:
    """More wait than one look sees, many of them since the same moment, while tiers open by state and are changed."""
    twins.configure("n1", 3)
    for n in range(135):
        twins.now += n > 80
        twins.enqueue("n1", Enqueue(f"d{n}", QueueId("x"), NodeId("n1"), site=SiteId(SITES[n % 3])))
    many = [f"a{n}" for n in range(70)]
    for layout in (3, 4):
        for some in (many[:50], many[20:], []):
            for _ in range(3):
                twins.on_duty("n1", "æ", some)
        for name in many[:25]:
            twins.put_agent("n1", AgentSpec(AgentId(name), SiteId("oslo"), {"x": 1}))
        twins.configure("n1", layout)
        for _ in range(5):
            twins.now += 1000
            twins.beat("n1")
            twins.due("n1")
        twins.site("n1", "oslo", "trunk")
        for n in range(40):
            twins.leave("n1", f"d{20 * layout + n}", "caller_hung_up", flowed_out=False)


def step(twins: Twins, chance: random.Random, name: str) -> None:
    node, agent, contact = chance.choice(NODES), chance.choice(AGENTS), chance.choice(CONTACTS)
    leases = sorted(twins.model.leases.values(), key=lambda lease: lease.fence)
    if name in ("enqueue", "take_over", "again"):
        known = sorted(twins.model.entries)
        old = twins.model.entries[chance.choice(known)] if known and name != "enqueue" else None
        queue = old.queue if old else chance.choice(QUEUES)
        holder = old.node if old and name == "again" else node
        arrived = max(0, twins.now - 5000) if chance.random() < 0.2 else 0
        contact = old.contact if old else contact
        priority_s = chance.choice((0, 0, 1, 5))
        entry = Enqueue(contact, QueueId(queue), NodeId(holder), priority_s, arrived, **journey(twins, chance))
        twins.enqueue(node, entry)
    elif name in ("accept", "fail"):
        if not leases:
            return
        lease = chance.choice(leases)
        fence = lease.fence + (chance.random() < 0.05)
        if name == "accept":
            twins.accept(chance.choice((lease.node, node)), lease.offer, fence)
        else:
            twins.fail(lease.node, lease.offer, fence, chance.choice(CAUSES))
    elif name in ("leave", "finish"):
        talking = [lease.contact for lease in leases if lease.accepted]
        if name == "finish" and talking:
            contact = chance.choice(talking)
        twins.leave(node, contact, "caller_hung_up", flowed_out=name == "leave" and chance.random() < 0.3)
    elif name == "place":
        twins.place(contact)
    elif name == "repeat":
        twins.repeat()
    elif name in ("promise", "tried", "hold", "cancel"):
        promising.step(twins, chance, name)
    else:
        agent_step(twins, chance, name, node, agent)


def journey(twins: Twins, chance: random.Random) -> dict[str, Any]:
    """What a contact comes with besides."""
    return {
        "since_ms": max(0, twins.now - chance.choice((0, 1000, 5000))) if chance.random() < 0.3 else 0,
        "site": SiteId(chance.choice(SITES)),
        "prefer": AgentId(chance.choice(("", "", *AGENTS))),
        "prefer_s": chance.choice((0, 1, 5)),
        "colleague_of": AgentId("a" if chance.random() < 0.15 else ""),
        "closes_ms": twins.now + chance.choice((0, 5000, 9000, 900_000)) if chance.random() < 0.2 else 0,
    }


def routing_step(twins: Twins, chance: random.Random, name: str, node: str, agent: str) -> None:
    match name:
        case "on_duty":
            twins.on_duty(node, "æ", chance.sample(AGENTS, chance.randrange(len(AGENTS))))
        case "put_agent":
            skills = {skill: chance.randrange(1, 10) for skill in ("x", "y", "s") if chance.random() < 0.6}
            twins.put_agent(node, AgentSpec(AgentId(agent), SiteId(chance.choice(SITES[1:])), skills))
        case "drop_agent":
            twins.drop_agent(node, agent)
        case "occupy":
            for _ in range(2):
                reason = chance.choice(("consult", "conference", "transferred"))
                twins.occupy(node, agent, chance.choice((1000, 5000)), reason)
        case "site":
            twins.site(node, chance.choice((*SITES[1:], "nowhere")), chance.choice(("", "", "node", "trunk")))
        case "slots":
            slot = chance.choice(SLOTS)
            if chance.random() < 0.8:
                twins.log_in(node, slot, ready=True)
            else:
                twins.log_out(node, slot, "closed")
        case "late_slice":
            twins.late_slice(node)


def agent_step(twins: Twins, chance: random.Random, name: str, node: str, agent: str) -> None:
    match name:
        case "ready":
            twins.ready(node, agent)
        case "not_ready":
            twins.not_ready(node, agent, chance.choice(("break", "meeting", "no_answer")))
        case "log_in":
            twins.log_in(node, agent, ready=chance.random() < 0.7)
        case "log_out":
            twins.log_out(node, agent, "shift_over")
        case "end_wrap_up":
            twins.end_wrap_up(node, agent, "topic")
        case "due":
            twins.due(node)
        case "beat":
            twins.beat(node)
        case "drop_node":
            twins.drop_node(node, chance.choice(NODES))
        case "renew":
            twins.renew(node)
        case "configure":
            layout = chance.choices(range(len(LAYOUTS)), (8, 1, 1, 8, 4, 3))[0]
            twins.configure(node, layout, chance.choice((9, 9, 9, 1, 2)))
        case _:
            routing_step(twins, chance, name, node, agent)
