"""Faults put into the scripts on purpose: each must be seen by a run against the model, or the proof proves nothing."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from acd.commands import assemble
from tests.acd import seeded
from tests.acd.faults import Fault, Run, assert_seen
from tests.acd.twin import Twins, connect

RUNS: tuple[Run, ...] = (
    seeded.agents_removed_at_work,
    seeded.ties_and_ends,
    *(partial(seeded.run, seed=seed, steps=1500) for seed in (1, 2)),
    seeded.a_crowd_waits,
    *(partial(seeded.run, seed=seed, steps=1500) for seed in (12, 10, *range(3, 9))),
    seeded.sites_merge,
    seeded.a_partner_rests,
)
SEEN_BY = {
    "a caller of a merged site stays at it": 13,
    "a caller comes to a site that is no more": 13,
    "those who wait do not see that sites merged": 13,
    "tiers that were open are shut by a merger": 13,
    "a merged site is forgotten": 13,
    "a partner's slot that comes free does not rest": 14,
    "a partner rests a millisecond longer": 14,
    "who misses again and again stays": 10,
    "a partner's other slots do not rest": 7,
    "the repeated command is done again": 5,
    "required skills do not matter": 5,
    "new tiers are seen by the first forty": 4,
    "half of one moment is skipped": 4,
    "who stands far behind is not looked at": 4,
    "the twenty-first is forgotten": 4,
    "who was consulted cannot stay in the talk": 3,
    "an unfinished configuration is not seen": 3,
    "a queue takes one too many": 3,
}
"""Which of RUNS saw it, where the first did not: that one comes first, and all of them if it sees it no more."""
MUTANTS: dict[str, Fault] = {
    "a tie of waiting times goes by the wrong end": (
        "_deciding",
        "one.member < other.member",
        "one.member > other.member",
    ),
    "the youngest caller is first": ("_deciding", "return ours > theirs or", "return ours < theirs or"),
    "an offer leaves the caller in the queue": (
        "_lib",
        "call('ZREM', waiting(entry.queue), entry.member)\n  shut(entry)",
        "shut(entry)",
    ),
    "an offered caller stays open to other agents": (
        "_lib",
        "call('ZREM', waiting(entry.queue), entry.member)\n  shut(entry)",
        "call('ZREM', waiting(entry.queue), entry.member)",
    ),
    "an agent keeps standing among the idle": ("_lib", "call('ZREM', idle(pool), who.agent)", "local _ = pool"),
    "an agent joins only one idle set": (
        "_lib",
        "for pool, off in pairs(pools) do stand_idle(who, pool, off) end",
        "for pool, off in pairs(pools) do stand_idle(who, pool, off); break end",
    ),
    "a fence is used twice": ("_deciding", "local fence = clock.fence + 1", "local fence = clock.fence"),
    "time goes back": ("_lib", "if now < clock.now then now = clock.now end", ""),
    "a wrap-up never ends": ("_steps", "call('ZADD', DEADLINES, now + queue.wrap, 'w:' .. who.agent)", ""),
    "a wrap-up ends early": ("_steps", "now + queue.wrap, 'w:'", "now + queue.wrap - 1, 'w:'"),
    "a lease has no grace": ("_deciding", "deadline = now + rings + OFFER_GRACE_MS", "deadline = now + rings"),
    "a lease is renewed without its grace": (
        "_lib",
        "(lease and lease.rings + OFFER_GRACE_MS or NODE_LEASE_MS)",
        "(lease and lease.rings or NODE_LEASE_MS)",
    ),
    "a missed offer costs the place": (
        "_deciding",
        "call('ZADD', waiting(entry.queue), entry.score, entry.member)",
        "call('ZADD', waiting(entry.queue), now, entry.member)",
    ),
    "a missed offer leaves the agent ready": (
        "_steps",
        "becomes(who, 'not_ready', reason, {})\n  if rest",
        "becomes(who, 'ready', '', {})\n  if rest",
    ),
    "a caller who left costs the agent its place": (
        "_steps",
        "settle(get(AGENTS, lease.agent), true)",
        "settle(get(AGENTS, lease.agent))",
    ),
    "an abandon is counted as flowed out": ("_steps", "disposition == 'lost' and 'l' or 'f'", "'f'"),
    "a left contact stays among the arrived": ("_steps", "call('ZREM', arrived(entry.queue), entry.member)", ""),
    "a left contact stays with its node": ("_steps", "call('ZREM', held(entry.node), entry.member)\n  put", "put"),
    "a wish while talking is forgotten": (
        "_steps",
        "who.after = state == 'ready' and '' or state .. ':' .. reason\n",
        "\n",
    ),
    "the time of a gap is longer": ("_lib", "now - previous > GAP_MS", "now - previous > GAP_MS + 1"),
    "a node's lease is not renewed": (
        "_lib",
        "(lease and lease.rings + OFFER_GRACE_MS or NODE_LEASE_MS)",
        "(lease and lease.rings + OFFER_GRACE_MS or 0)",
    ),
    "a revoked lease is not told": (
        "due",
        "missed(get(LEASES, name), 'lease_expired', true)",
        "missed(get(LEASES, name), 'lease_expired')",
    ),
    "another node's offers come to the caller": ("_lib", "if message[1] == NODE then", "if true then"),
    "what is due waits a millisecond": ("due", "at > now then", "at >= now then"),
    "a dead node keeps its contacts": ("due", "counts = drop_one(name, 'node_lost')", "counts = nil"),
    "any fence may accept": ("accept", "or lease.fence ~= tonumber(ARGV[5])", ""),
    "any fence may fail": ("fail", "or lease.fence ~= tonumber(ARGV[5])", ""),
    "an accepted offer can fail": ("fail", "if lease.accepted then", "if false then"),
    "an accept is counted twice": ("accept", "if not lease.accepted then", "if true then"),
    "an accepted lease still runs out": ("accept", "call('ZREM', DEADLINES, 'o:' .. lease.offer)", ""),
    "an effort forgets who works": ("_estimates", "passed * math.min(agents, MOST_AGENTS)", "passed"),
    "a taken caller leaves no pace": ("accept", "  saw_taken(entry)\n", ""),
    "an estimate is not checked": ("_foreseeing", "    est.check(trust,", "    tostring(trust,"),
    "patience is not seen": ("_steps", "  saw_left(entry)\n", ""),
    "the next is told another wait": ("_foreseeing", "entry.member) or 0) + 1 }", "entry.member) or 0) + 2 }"),
    "closing time holds for who has waited": ("enqueue", "or tonumber(ARGV[8]) ~= 0 then", "then"),
    "closing time is forgotten": ("enqueue", "if too_late() then", "if false then"),
    "a caller of a merged site stays at it": (
        "_deciding",
        "queue.rules, home(entry.terms.site)",
        "queue.rules, entry.terms.site",
    ),
    "a caller comes to a site that is no more": ("enqueue", "ARGV[10] ~= '' and home(ARGV[10]) or ''", "ARGV[10]"),
    "those who wait do not see that sites merged": ("configure", "ipairs(moved and stood or {})", "ipairs({})"),
    "tiers that were open are shut by a merger": (
        "_deciding",
        "if math.floor(entry.terms.rules / TIERS_CHANGED) ~= math.floor(queue.rules / TIERS_CHANGED) then",
        "if true then",
    ),
    "tiers that are no more stay open": (
        "_deciding",
        "if math.floor(entry.terms.rules / TIERS_CHANGED) ~= math.floor(queue.rules / TIERS_CHANGED) then",
        "if false then",
    ),
    "a merged site is forgotten": (
        "configure",
        "call('HSET', SITES, name, merged[name])",
        "call('HEXISTS', SITES, name)",
    ),
    "a lost site is told of again": ("site", "if lost ~= site.lost then", "if true then"),
    "a removed queue refuses who comes": ("enqueue", "or is_over(queue)", "or queue.gone"),
    "a colleague is still sought": ("accept", "call('ZREM', asked(entry.queue), entry.member)", ""),
    "a colleague is sought by nobody": ("_steps", "call('ZREM', asked(entry.queue), entry.member)", ""),
    "a talk between colleagues is a caller's": (
        "_steps",
        "if entry.terms.kind == 'colleague' then\n    asks",
        "if false then\n    asks",
    ),
    "a partner is a colleague": ("_deciding", "entry.terms.kind ~= 'call'\n", "entry.terms.kind == 'callback'\n"),
    "who asks a colleague gives up as a caller": (
        "_foreseeing",
        "entry.terms.kind ~= 'call'",
        "entry.terms.kind == 'callback'",
    ),
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
    "a removed agent stays": ("_pools", "put(AGENTS, who.agent, false)", ""),
    "a skill below the level is enough": (
        "_pools",
        "(profile.skills[skill_of(tier, needs)] or 0) < level",
        "not level",
    ),
    "a queue in use is forgotten": (
        "configure",
        "if is_over(queue) then",
        "if true then",
    ),
    "an agent who logs in again is logged out": (
        "log_in",
        "elseif leaving(who) and not who.profile.gone then",
        "elseif false then",
    ),
    "an agent who is configured again leaves all the same": (
        "_pools",
        "if who.profile.gone then who.after = '' end",
        "",
    ),
    "a removed agent may log in again": (
        "log_in",
        "elseif leaving(who) and not who.profile.gone then",
        "elseif leaving(who) then",
    ),
    "a removed agent may still wish": ("_steps", "if who.profile.gone and state ~= 'logged_out' then return end", ""),
    "renewing has no limit": ("renew", "now - clock.renewed >= NODE_LEASE_MS", "true"),
    "a gap renews nothing": ("due", "and renewed(member) then", "and false then"),
    "a configuration never comes to its end": ("sweep", "call('HSET', META, 'swept', run)", "local _ = run"),
    "an unfinished configuration is not seen": ("beat", "run ~= swept and { run, now - sliced }", "false"),
    "an agent stays in the pools that it left": (
        "_pools",
        "for pool in pairs(went) do call",
        "for pool in pairs({}) do call",
    ),
    "an agent is counted in the pools that it left": ("_pools", "count_in(went, who.state, 'logged_out')", ""),
    "a better fit is not seen at once": ("_pools", "if before[pool] ~= off then", "if before[pool] == nil then"),
    "the twenty-first is forgotten": ("on_duty", "    number = number + 1\n  end\nend\nfor", "  end\nend\nfor"),
    # --- tiers, sites, journeys ---
    "the journey's wait is forgotten": ("enqueue", "score = since - head_start", "score = came - head_start"),
    "the wait in this queue opens tiers": (
        "_deciding",
        "at = entry.since + tier.after_s",
        "at = entry.arrived + tier.after_s",
    ),
    "a tier opens a millisecond late": ("_deciding", "if at and at <= now then", "if at and at < now then"),
    "a tier that opened shuts again": (
        "_deciding",
        "table.insert(entry.open, { number, pool })",
        "entry.open = { { number, pool } }",
    ),
    "a tier is not looked at when its time comes": (
        "_deciding",
        "if first then\n    call('ZADD', TIMERS",
        "if false then\n    call('ZADD', TIMERS",
    ),
    "the state of a queue is looked at once": ("_deciding", "call('ZADD', TIMERS, now + RECHECK_MS, 'q:' .. name)", ""),
    "neighbours help nobody": ("_pools", "if has(site.neighbours, profile.site) then", "if false then"),
    "every site is its own neighbour's": ("_pools", "if has(site.neighbours, profile.site) then", "if true then"),
    "the own site is any": (
        "_deciding",
        "return tier.sites == 'own' or tier.sites == 'neighbours'",
        "return tier.sites == 'neighbours'",
    ),
    "groups do not matter": ("_pools", "if #tier.groups > 0 then", "if false then"),
    "required skills do not matter": ("_pools", "if (profile.skills[skill] or 0) < least then return false end", ""),
    "wishes do not matter": ("_pools", "if (profile.skills[skill] or 0) >= level then met", "if false then met"),
    "the better agent is asked last": ("_lib", "who.idle - off", "who.idle + off"),
    "a tier before is skipped": ("_deciding", "for earlier = 1, number - 1 do", "for earlier = 1, number - 2 do"),
    "all on a break are at work": (
        "_lib",
        "state ~= 'logged_out' and state ~= 'not_ready' and 1 or 0",
        "state ~= 'logged_out' and 1 or 0",
    ),
    "who logs out is still there": (
        "_steps",
        "count(who, previous, state)",
        "if state ~= 'logged_out' then count(who, previous, state) end",
    ),
    "the preferred agent is waited for without end": (
        "_deciding",
        "and now >= entry.terms.prefers_until then",
        "and false then",
    ),
    "a preferred agent who is not there is waited for": ("enqueue", "or who.state == 'logged_out' or", "or"),
    "the target does not matter": (
        "_deciding",
        "(now - one.score) * get(QUEUES, other.queue).against",
        "(now - one.score) * get(QUEUES, one.queue).against",
    ),
    "changed tiers leave who waits as they were": ("configure", "call('ZADD', TIMERS, now, 'z:' .. queue.queue)", ""),
    "who comes back sees the old tiers": (
        "_deciding",
        "if entry.terms.rules ~= get(QUEUES, entry.queue).rules then reopen(entry) else widen(entry) end",
        "widen(entry)",
    ),
    "who comes back is not looked at": (
        "_deciding",
        "then reopen(entry) else widen(entry) end",
        "then reopen(entry) end",
    ),
    "new tiers are seen by the first forty": (
        "_deciding",
        "if next_from ~= FROM_THE_FIRST then call",
        "if false then call",
    ),
    "who stands far behind is not looked at": ("_deciding", "if others_from ~= FROM_THE_FIRST then", "if false then"),
    "half of one moment is skipped": ("_lib", "if not known[member] then some", "if false then some"),
    "a lost site is not seen": (
        "_deciding",
        "if tier.site_lost and is_lost(entry.terms.site) then return 'site_lost' end",
        "",
    ),
    "a reconfigured site is found again": (
        "configure",
        "site.lost = text and cjson.decode(text).lost or ''",
        "site.lost = ''",
    ),
    # --- partners, duty, who is put ---
    "a partner's answer counts as ours": (
        "accept",
        "leaves(entry, 'flowed_out', 'partner')",
        "leaves(entry, 'lost', 'partner')",
    ),
    "a partner rings as long as we do": (
        "_deciding",
        "who.profile.rings > 0 and who.profile.rings or queue.rings",
        "queue.rings",
    ),
    "a partner's other slots do not rest": (
        "_steps",
        "if who.profile.partner ~= '' then partner_rests(who.profile, reason) end",
        "",
    ),
    "a partner's slot that comes free does not rest": (
        "_steps",
        "call('ZADD', RESTING, now + profile.rest, profile.partner)",
        "",
    ),
    "a partner rests a millisecond longer": ("_steps", "tonumber(till) > now", "tonumber(till) >= now"),
    "a partner's slots are told of": ("_steps", "if who.profile.partner ~= '' then return end", ""),
    "anybody serves a rostered queue": ("_pools", "if not queue.needs.rostered or", "if true or"),
    "who is on duty already comes again": ("on_duty", "if not was[agent] and #came", "if #came"),
    "an overtaken configuration goes on": ("sweep", "if run ~= ARGV[4] then return", "if false then return"),
    "who was put goes with the files": (
        "sweep",
        "if who and call('HEXISTS', PREFIX .. 'put', name) == 0 then",
        "if who then",
    ),
    "the files go before who was put": ("configure_agents", "own and cjson.decode(own) or profile", "profile"),
    "who is dropped keeps what was put": ("drop_agent", "call('HDEL', PUT, name)", ""),
    "the rest is the same for every cause": (
        "_steps",
        "who.profile.rests[reason] or who.profile.rest",
        "who.profile.rest",
    ),
    "who misses again and again stays": ("_steps", "if most > 0 and who.misses >= most then", "if false then"),
    "an answer does not forgive misses": ("accept", "who.misses = 0", ""),
    "an occupied agent is never ready again": (
        "occupy",
        "call('ZADD', DEADLINES, now + tonumber(ARGV[6]), 'r:' .. who.agent)",
        "",
    ),
    "a busy agent is occupied": ("occupy", "if who.state ~= 'ready' and not stays then", "if false then"),
    "who was consulted cannot stay in the talk": ("occupy", "STAYS[former] or former == 'consult'", "STAYS[former]"),
    "who was given the caller cannot stay": ("occupy", "STAYS[former] or former == 'consult'", "former == 'consult'"),
    "who is at lunch is taken for one in a talk": ("occupy", "(STAYS[former] or former == 'consult')", "former ~= ''"),
    "who stays in a talk is told of again": ("occupy", "if not stays or former ~= ARGV[5] then", "if true then"),
}


@pytest.fixture(scope="module")
def client(redis_server: Any) -> Iterator[Any]:
    client = connect(redis_server.url)
    yield client
    client.close()


def test_scripts_without_a_fault_pass(client: Any) -> None:
    for run in (*RUNS[:2], *RUNS[4:5], *RUNS[-3:]):
        client.flushdb()
        run(Twins(client, assemble()))


@pytest.mark.parametrize("fault", MUTANTS)
def test_fault_is_seen(client: Any, tmp_path: Path, fault: str) -> None:
    first = [RUNS[SEEN_BY[fault]]] if fault in SEEN_BY else []
    assert_seen(client, tmp_path / "scripts", MUTANTS[fault], (*first, *RUNS))


def test_what_is_said_to_be_seen_is_a_fault() -> None:
    assert SEEN_BY.keys() <= MUTANTS.keys()
