"""Faults put into the scripts on purpose: each must be seen by a run against the model, or the proof proves nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ResponseError

from acd.commands import FOLDER, assemble
from tests.acd import seeded
from tests.acd.twin import Differ, Twins, connect

MUTANTS: dict[str, tuple[str, str, str]] = {
    "a tie of waiting times goes by the wrong end": ("_lib", "member < best)", "member > best)"),
    "the youngest caller is first": ("_lib", "score < best_score or", "score > best_score or"),
    "an offer leaves the caller in the queue": (
        "_lib",
        "call('ZREM', waiting(entry.queue), entry.member)\n  entry.state, entry.offer = 'offered'",
        "entry.state, entry.offer = 'offered'",
    ),
    "an agent keeps standing among the idle": ("_lib", "call('ZREM', idle(queue), who.agent)", "local _ = queue"),
    "an agent joins only one idle set": (
        "_lib",
        "touched[queue] = true\n    end\n  elseif",
        "touched[queue] = true; break\n    end\n  elseif",
    ),
    "a fence is used twice": ("_lib", "local fence = clock.fence + 1", "local fence = clock.fence"),
    "time goes back": ("_lib", "if now < clock.now then now = clock.now end", ""),
    "a wrap-up never ends": ("_lib", "call('ZADD', DEADLINES, now + entry.wrap, 'w:' .. who.agent)", ""),
    "a wrap-up ends early": ("_lib", "now + entry.wrap, 'w:'", "now + entry.wrap - 1, 'w:'"),
    "a lease has no grace": ("_lib", "deadline = now + entry.rings + OFFER_GRACE_MS", "deadline = now + entry.rings"),
    "a lease is renewed without its grace": (
        "_lib",
        "lease.deadline = now + lease.rings + OFFER_GRACE_MS",
        "lease.deadline = now + lease.rings",
    ),
    "a missed offer costs the place": (
        "_lib",
        "call('ZADD', waiting(entry.queue), entry.score, entry.member)",
        "call('ZADD', waiting(entry.queue), now, entry.member)",
    ),
    "a missed offer leaves the agent ready": (
        "_lib",
        "becomes(who, 'not_ready', REASON_AFTER[cause] or cause, {})",
        "becomes(who, 'ready', '', {})",
    ),
    "a caller who left costs the agent its place": (
        "_lib",
        "settle(get(AGENTS, lease.agent), true)",
        "settle(get(AGENTS, lease.agent))",
    ),
    "an abandon is counted as flowed out": ("_lib", "disposition == 'lost' and 'l' or 'f'", "'f'"),
    "a left contact stays among the arrived": (
        "_lib",
        "call('ZREM', arrived(entry.queue), entry.member)\n  forget",
        "forget",
    ),
    "a left contact stays with its node": ("_lib", "call('ZREM', held(entry.node), entry.member)\n  put", "put"),
    "a wish while talking is forgotten": (
        "_lib",
        "who.after = state == 'ready' and '' or state .. ':' .. reason\n",
        "\n",
    ),
    "the time of a gap is longer": ("_lib", "now - previous > GAP_MS", "now - previous > GAP_MS + 1"),
    "a node's lease is not renewed": (
        "_lib",
        "elseif kind == 'n' then\n      call('ZADD', DEADLINES, now + NODE_LEASE_MS, member)",
        "",
    ),
    "a revoked lease is not told": (
        "due",
        "missed(get(LEASES, name), 'lease_expired', true)",
        "missed(get(LEASES, name), 'lease_expired')",
    ),
    "another node's offers come to the caller": ("_lib", "if message[1] == NODE then", "if true then"),
    "what is due waits a millisecond": ("due", "at > now then", "at >= now then"),
    "a dead node keeps its contacts": ("due", "elseif not drop_one(name, 'node_lost') then", "else"),
    "any fence may accept": ("accept", "or lease.fence ~= tonumber(ARGV[5])", ""),
    "any fence may fail": ("fail", "or lease.fence ~= tonumber(ARGV[5])", ""),
    "an accepted offer can fail": ("fail", "if lease.accepted then", "if false then"),
    "an accept is counted twice": ("accept", "if not lease.accepted then", "if true then"),
    "an accepted lease still runs out": ("accept", "call('ZREM', DEADLINES, 'o:' .. lease.offer)", ""),
    "the pace is another": ("accept", "7 * pace", "6 * pace"),
    "an answered contact still waits": ("accept", "call('ZREM', arrived(entry.queue), entry.member)", ""),
    "a queue takes one too many": ("enqueue", ">= queue.most", "> queue.most"),
    "priority is no head start": ("enqueue", "queue.priority + tonumber(ARGV[7]) * 1000", "tonumber(ARGV[7]) * 1000"),
    "an earlier wait is forgotten": ("enqueue", "if came == 0 or came > now then came = now end", "came = now"),
    "a take-over leaves the old node in charge": ("enqueue", "entry.node = node\n", "\n"),
    "a repeated contact is a second one": ("enqueue", "if not entry then\n  enter()", "if true then\n  enter()"),
    "a node without a beat lives for ever": (
        "enqueue",
        "call('ZADD', DEADLINES, 'NX', now + NODE_LEASE_MS, 'n:' .. node)",
        "",
    ),
    "the repeated command is done again": ("leave", "if first then return first end", ""),
    "a removed agent stays": ("configure", "put(AGENTS, who.agent, false)", ""),
    "a skill below the level is enough": ("configure", ">= queues[queue].level", "> 0"),
    "a queue in use is forgotten": ("configure", "if call('EXISTS', arrived(name)) == 1 then", "if false then"),
    "an agent who logs in again is logged out": (
        "log_in",
        "elseif leaving(who) and not who.gone then",
        "elseif false then",
    ),
    "an agent who is configured again leaves all the same": (
        "configure",
        "if who.gone then who.gone, who.after = false, '' end",
        "",
    ),
    "a removed agent may log in again": (
        "log_in",
        "elseif leaving(who) and not who.gone then",
        "elseif leaving(who) then",
    ),
    "a removed agent may still wish": ("_lib", "if who.gone and state ~= 'logged_out' then return end", ""),
    "renewing has no limit": ("renew", "now - clock.renewed >= NODE_LEASE_MS", "true"),
}


@pytest.fixture(scope="module")
def client(redis_server: Any) -> Iterator[Any]:
    client = connect(redis_server.url)
    yield client
    client.close()


def caught(client: Any, folder: Path) -> str:
    """How the fault in `folder` was seen, or nothing."""
    for seed in range(-1, 8):
        client.flushdb()
        twins = Twins(client, assemble(folder))
        try:
            if seed < 0:
                seeded.agents_removed_at_work(twins)
            else:
                seeded.run(twins, seed, 1500)
        except (Differ, ResponseError) as error:
            return str(error)
    return ""


def test_scripts_without_a_fault_pass(client: Any) -> None:
    client.flushdb()
    seeded.agents_removed_at_work(Twins(client, assemble()))
    client.flushdb()
    seeded.run(Twins(client, assemble()), 8, 1500)


@pytest.mark.parametrize("fault", MUTANTS)
def test_fault_is_seen(client: Any, tmp_path: Path, fault: str) -> None:
    file, original, replacement = MUTANTS[fault]
    folder = tmp_path / "scripts"
    shutil.copytree(FOLDER, folder)
    path = folder / f"{file}.lua"
    text = path.read_text()
    assert text.count(original) == 1, f"{file}.lua has {text.count(original)} times {original!r}"
    path.write_text(text.replace(original, replacement))
    seen = caught(client, folder)
    assert seen, "no run saw it"
    assert "compil" not in seen, f"a slip of the pen, no fault of the rules: {seen}"
