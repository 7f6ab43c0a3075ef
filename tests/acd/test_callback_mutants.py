"""Faults put into the scripts of promises on purpose: each must be seen by a run against the model."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from acd.commands import assemble
from tests.acd import promising, seeded
from tests.acd.faults import Fault, Run, assert_seen
from tests.acd.twin import Twins, connect

RUNS: tuple[Run, ...] = tuple(
    partial(promising.run, seed=seed, steps=900) if seed % 2 else partial(seeded.run, seed=seed, steps=1500)
    for seed in range(1, 12)
)
MUTANTS: dict[str, Fault] = {
    "a caller has two promises": ("promise", "stands = stands or call('HGET', CALLERS, who)", "stands = stands"),
    "promises have no bound": ("promise", "call('HLEN', CALLBACKS) >= new.most", "false"),
    "a chosen time is not waited for": ("promise", "new.at > now and new.at or 0", "0"),
    "a promise never expires": ("promise", "call('ZADD', DEADLINES, now + new.expires, 'x:' .. new.callback)", ""),
    "a promise jumps the queue": ("_callbacks", "score = since - queue.priority - new.priority", "score = 0"),
    "the wait that the caller had is forgotten": (
        "_callbacks",
        "local came, since = new.arrived, new.since",
        "local came, since = 0, 0",
    ),
    "an offer ends before the caller can answer": ("_deciding", "}, rings + entry.terms.dials)", "}, rings)"),
    "a try is not counted": ("_callbacks", "kept.tries = kept.tries + 1", ""),
    "every cause is a try": ("_callbacks", "if COUNTED[cause] then", "if true then"),
    "it is tried for ever": ("_callbacks", "or kept.tries >= kept.most then", "then"),
    "a number that may not be rung is rung again": (
        "_callbacks",
        "if cause == 'not_allowed' or kept.tries",
        "if kept.tries",
    ),
    "the next try comes at once": ("_callbacks", "callbacks.rests(entry, now + rest)", "waits(entry)"),
    "a try costs the place": (
        "_callbacks",
        "  waits(get(ENTRIES, id))",
        "  get(ENTRIES, id).score = now\n  waits(get(ENTRIES, id))",
    ),
    "one that rests is offered": (
        "_callbacks",
        "    no_longer_waits(entry)\n    callbacks.rests",
        "    callbacks.rests",
    ),
    "who rests is never rung again": (
        "_callbacks",
        "call('ZADD', DEADLINES, at, 'c:' .. entry.contact)",
        "local _ = at",
    ),
    "a caller on the line is forgotten": ("hold_callback", "entry.terms.held = true", ""),
    "any fence may hold": ("hold_callback", "or lease.fence ~= tonumber(ARGV[5])", ""),
    "a caller is held who never rang": ("hold_callback", "entry.terms.kind ~= 'callback' or", ""),
    "any node may say that it was tried": ("callback_tried", "and entry.node == NODE then", "then"),
    "a talk that nobody has goes on": (
        "callback_tried",
        "finish(entry, 'error', 'lost', 'caller_left')",
        "local _ = entry",
    ),
    "a talk is cancelled": ("cancel_callback", "and entry.state ~= 'talking'", ""),
    "a phone rings on after it was cancelled": (
        "cancel_callback",
        "callbacks.finish(entry, 'cancelled', '', true)",
        "callbacks.finish(entry, 'cancelled', '')",
    ),
    "who was reached is still promised": ("accept", "callbacks.over(entry, 'reached', '')", "local _ = entry"),
    "who was reached counts as answered": ("accept", "if entry.terms.kind == 'callback' then", "if false then"),
    "a caller is known after the end": (
        "_callbacks",
        "for _, who in ipairs(kept.identities) do call('HDEL', CALLERS, who) end",
        "",
    ),
    "an offer is cut off by the end": (
        "_callbacks",
        "if entry.state == 'offered' or entry.terms.held then",
        "if false then",
    ),
    "a node that dies takes the promise along": (
        "_steps",
        "if failing == 'node_lost' then return callbacks.lose(entry) end",
        "",
    ),
    "a promise stays with its node": (
        "_deciding",
        "if entry.terms.kind == 'callback' and not entry.terms.held then hold_at(entry, '') end",
        "",
    ),
    "a dead node gets the offer": (
        "_callbacks",
        "if node ~= '' and call('ZSCORE', DEADLINES, 'n:' .. node) then",
        "if node ~= '' then",
    ),
    "a partner is asked to ring": (
        "_deciding",
        "return tier.partner ~= '' and entry.terms.kind ~= 'call'",
        "return false",
    ),
    "a queue with promises is forgotten": ("_lib", ", promised(queue.queue)) == 0", ") == 0"),
    "a promise is taken over by a caller": ("enqueue", " or entry.terms.kind == 'callback') then", ") then"),
}


@pytest.fixture(scope="module")
def client(redis_server: Any) -> Iterator[Any]:
    client = connect(redis_server.url)
    yield client
    client.close()


def test_scripts_without_a_fault_pass(client: Any) -> None:
    for seed in range(1, 4):
        client.flushdb()
        twins = Twins(client, assemble())
        promising.run(twins, seed, 900)
        assert {name: twins.seen[name] for name in promising.SEEN if twins.seen[name] < 5} == {}


@pytest.mark.parametrize("fault", MUTANTS)
def test_fault_is_seen(client: Any, tmp_path: Path, fault: str) -> None:
    assert_seen(client, tmp_path / "scripts", MUTANTS[fault], RUNS)
