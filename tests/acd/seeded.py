"""A long run of commands from one seed, weighted so that every rule of the distributor comes up."""

import random

from acd.model import Enqueue, NodeId, QueueId
from tests.acd.twin import AGENTS, CONTACTS, LAYOUTS, NODES, QUEUES, STEPS_MS, Twins

WEIGHTS = {
    "enqueue": 24, "leave": 4, "finish": 10, "accept": 20, "fail": 6, "ready": 10, "not_ready": 4, "log_in": 8,
    "log_out": 2, "end_wrap_up": 4, "due": 14, "beat": 5, "drop_node": 1, "renew": 1, "configure": 0.7, "place": 2,
    "repeat": 3, "take_over": 2, "again": 2,
}  # fmt: skip
CAUSES = ("no_answer", "busy", "rejected", "unreachable", "error", "caller_left")


def run(twins: Twins, seed: int, steps: int) -> None:
    """Raises Differ where the scripts do something else than the model."""
    chance = random.Random(seed)
    twins.configure("n1", 0)
    for agent in AGENTS[:3]:
        twins.log_in("n1", agent, ready=True)
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    for _ in range(steps):
        twins.now = max(0, twins.now + chance.choices(STEPS_MS, (8, 4, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1))[0])
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
        twins.enqueue(node, Enqueue(contact, QueueId(queue), NodeId(holder), chance.choice((0, 0, 1, 5)), arrived))
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
    else:
        agent_step(twins, chance, name, node, agent)


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
            twins.configure(node, chance.choices(range(len(LAYOUTS)), (10, 1, 1))[0])
