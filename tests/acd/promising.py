"""Promises to ring back for the runs of the model against the scripts."""

import random

from acd.model import QueueId
from acd.promises import CallbackTerms, NewPromise
from acd.records import CALLBACK
from tests.acd import seeded
from tests.acd.twin import AGENTS, QUEUES, Twins

PROMISES = ("p1", "p2", "p3", "p4")
CALLERS = ("ann", "bob", "eva")
CAUSES = ("no_answer", "busy", "left", "no_agent", "capped", "not_allowed", "revoked", "shutdown", "error")


WEIGHTS = {
    "promise": 12, "tried": 8, "hold": 3, "cancel": 2, "accept": 4, "fail": 4, "finish": 4, "enqueue": 4, "leave": 1,
    "ready": 8, "log_in": 3, "due": 12, "beat": 5, "drop_node": 1, "configure": 0.5, "slots": 1, "again": 1,
}  # fmt: skip
SEEN = (
    "promise",
    "hold_callback",
    "callback_tried",
    "cancel_callback",
    "CallbackPromised",
    "CallbackTried",
    "CallbackEnded",
)


def run(twins: Twins, seed: int, steps: int) -> None:
    """A long run with more promises in it than callers. Raises Differ."""
    chance = random.Random(seed)
    twins.configure("n1", 3 * (seed % 4 // 2))
    for agent in AGENTS[:3]:
        twins.log_in("n1", agent, ready=True)
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    for _ in range(steps):
        twins.now += chance.choice((0, 0, 1, 999, 1000, 3000, 5000))
        seeded.step(twins, chance, chance.choices(names, weights)[0])


def new_promise(chance: random.Random, now: int) -> NewPromise:
    """One whose bounds are drawn from where things change."""
    return NewPromise(
        callback=chance.choice(PROMISES),
        first="c0",
        queue=QueueId(chance.choice(QUEUES)),
        identities=tuple(chance.sample(CALLERS, chance.choice((1, 2)))),
        pii_detail='{"number": "+4722334455"}',
        arrived_ms=max(0, now - chance.choice((0, 5000))),
        since_ms=max(0, now - chance.choice((0, 5000, 9000))),
        at_ms=now + chance.choice((0, 0, 0, 1, 5000)),
        priority_s=chance.choice((0, 1, 5)),
        terms=CallbackTerms(chance.choice((1, 2, 3)), chance.choice((1, 5)), chance.choice((5, 20, 60)), 4, 2),
    )


def step(twins: Twins, chance: random.Random, name: str) -> None:
    node = chance.choice(("n1", "n2"))
    entries = [entry for _, entry in sorted(twins.model.entries.items()) if entry.terms.kind == CALLBACK]
    entry = chance.choice(entries) if entries else None
    if name == "promise":
        twins.promise(node, new_promise(chance, twins.now))
    elif name == "cancel":
        twins.cancel_callback(node, entry.contact if entry else "p9")
    elif name == "tried":
        at = entry.node if entry and entry.node and chance.random() < 0.8 else node
        twins.callback_tried(at, entry.contact if entry else "p9", chance.choice(CAUSES))
    elif twins.model.leases:
        leases = sorted(twins.model.leases.values(), key=lambda lease: lease.fence)
        of_callbacks = [lease for lease in leases if twins.model.entries[lease.contact].terms.kind == CALLBACK]
        lease = chance.choice(of_callbacks if of_callbacks and chance.random() < 0.9 else leases)
        twins.hold_callback(lease.node, lease.offer, lease.fence + chance.choice((0, 0, 0, 1)))
