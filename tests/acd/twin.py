"""Sends the same commands to the model and to the scripts on a real Redis, and compares everything after each."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, is_dataclass
from functools import cache, lru_cache, partial
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from acd.arguments import configuration, enqueueing, profile_text, sweeps, written
from acd.commands import Script
from acd.deciding import by_state, never_opens, opening_at
from acd.distributor import Refused
from acd.keys import Keys
from acd.model import (
    FROM_THE_FIRST,
    AgentId,
    AgentSpec,
    AgentState,
    Enqueue,
    PartnerSpec,
    Place,
    QueueId,
    QueueSpec,
    Serving,
    SiteId,
    SiteSpec,
    Tier,
)
from acd.policy import SLICE, Model
from acd.pools import names_of, profile_of
from acd.post import read
from acd.promises import NewPromise
from acd.promising import promised
from acd.records import CALLBACK, COLLEAGUE, OFFERED, RESTING, TALKING, WAITING, Done
from events.codec import decode

TENANT = "nav"
QUEUES = ("x", "y", "æ")
AGENTS = ("a", "b", "c", "d")
NODES = ("n1", "n2")
CONTACTS = tuple(f"c{i}" for i in range(9))
STEPS_MS = (0, 1, 999, 1000, 1500, 1501, 3000, 4999, 5000, 5001, 8000, 10_000, -1, -1000)
"""Steps of the time that commands give; Redis' own clock may step back too."""


def queue(name: str, **rules: Any) -> QueueSpec:
    return QueueSpec(QueueId(name), **rules)


def agent(name: str, site: str, skills: dict[str, int] | None = None, *, rest_s: int = 0, **more: Any) -> AgentSpec:
    return AgentSpec(AgentId(name), SiteId(site), skills or {}, rest_s, **more)


def site(name: str, *neighbours: str, into: str = "") -> SiteSpec:
    return SiteSpec(SiteId(name), tuple(SiteId(one) for one in neighbours), SiteId(into))


WIDE = (
    Tier(sites="own"),
    Tier(sites="neighbours", after_s=1),
    Tier(after_s=5, waiting=3, groups=("late",)),
    Tier(level=1, estimate_s=4, nobody="at_work", closing_s=5),
)
FAR = (
    Tier(nobody="", sites=("bodø",)),
    Tier(nobody="logged_in", skill="s"),
    Tier(partner="tax", after_s=5, site_lost=True),
)

LAYOUTS: tuple[tuple[Any, ...], ...] = (
    (
        [
            queue("x", offer_s=5, wrap_up_s=5),
            queue("y", skill="s", level=2, priority_s=5, offer_s=1),
            queue("æ", offer_s=4, wrap_up_s=1, max_waiting=2),
        ],
        [
            agent("a", "oslo", {"x": 1, "s": 2}),
            agent("b", "oslo", {"x": 1, "s": 1, "æ": 9}, rest_s=5),
            agent("c", "bodø", {"x": 3, "s": 9, "æ": 1}),
        ],
    ),
    (
        [queue("x", offer_s=5), queue("æ", skill="x")],
        [agent("a", "oslo", {"x": 1}), agent("d", "oslo")],
    ),
    ([queue("y", skill="x", max_waiting=1)], [agent("d", "tromsø", {"x": 1}, rest_s=1)]),
    (
        [
            queue("x", offer_s=5, wrap_up_s=5, tiers=WIDE, serving=Serving(by="level", wishes={"s": 2, "æ": 1})),
            queue("y", level=2, tiers=FAR, target_s=5, serving=Serving(requires={"s": 1}, fairness="target")),
            queue("æ", offer_s=4, rostered=True, tiers=(Tier(), Tier(partner="tax", nobody="logged_in"))),
        ],
        [
            agent("a", "oslo", {"x": 3, "s": 2}, rests={"busy": 1, "no_answer": 5}),
            agent("b", "oslo", {"x": 1, "y": 2, "s": 1, "æ": 9}, rest_s=5, log_out_after=2),
            agent("c", "bodø", {"x": 3, "y": 9, "s": 9, "æ": 1}, groups=("late", "early")),
            agent("d", "moss", {"y": 1, "s": 3, "x": 2}, groups=("early",), rest_s=1),
        ],
        [site("oslo", "moss"), site("bodø"), site("moss", "oslo", "bodø")],
        [PartnerSpec("tax", 2, 4, 5)],
    ),
    (
        [
            queue("x", offer_s=5, tiers=(Tier(sites="neighbours"), Tier(after_s=1))),
            queue("y", tiers=(Tier(after_s=1), Tier(partner="tax", waiting=1))),
            queue("æ", rostered=True),
        ],
        [agent("b", "moss", {"x": 1, "y": 1, "æ": 1}), agent("c", "bodø", {"x": 2, "æ": 1}, log_out_after=1)],
        [site("moss", "bodø"), site("bodø", "moss"), site("oslo", into="moss")],
        [PartnerSpec("tax", 1, 4, 0)],
    ),
)
# The same tiers as in the fourth, while moss becomes part of oslo.
LAYOUTS += ((*LAYOUTS[3][:2], [site("oslo", "bodø"), site("bodø"), site("moss", into="oslo")], LAYOUTS[3][3]),)
SITES = ("", "oslo", "bodø", "moss")
SLOTS = ("tax/1", "tax/2")

_DUMP = """
local state = {}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'hash' then state[string.sub(key, #ARGV[1] + 1)] = redis.call('HGETALL', key) end
  if kind == 'zset' then state[string.sub(key, #ARGV[1] + 1)] = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end
  if kind == 'stream' then
    local entries = {}
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do entries[#entries + 1] = entry[2][2] end
    state[string.sub(key, #ARGV[1] + 1)] = entries
    redis.call('DEL', key)
  end
end
return cjson.encode(state)
"""


class Differ(AssertionError):
    """The scripts did something else than the model."""


class Twins:
    """`now` moves only by what `do` is told. Redis must be empty and nobody else's."""

    def __init__(self, client: Any, texts: dict[str, Script]) -> None:
        self.client: Any = client
        self.model = Model(TENANT)
        self.keys = Keys(TENANT)
        self.now = 0
        self.commands = 0
        self.runs = 0
        self.following = 0
        self.seen: Counter[str] = Counter()
        self._shas = {name: client.script_load(script.text) for name, script in texts.items()}
        self._dump = client.script_load(_DUMP)
        self._last: tuple[str, list[str], str] | None = None

    def configure(self, node: str, layout: int, parts: int = 9) -> None:
        """All the slices of it, or only the first few: a node may die, or be overtaken, in the middle."""
        queues, agents, sites, partners = (*LAYOUTS[layout], (), ())[:4]
        self.runs += 1
        run, model, now = f"run{self.runs}", self.model, self.now
        slices = [agents[at : at + SLICE] for at in range(0, len(agents), SLICE)]
        acts: list[Callable[[], Done]] = [
            lambda: model.configure_queues(now, node, run, queues, sites),
            *(lambda some=some: model.configure_agents(now, node, run, some, ()) for some in slices),
            lambda: model.configure_agents(now, node, run, (), partners),
        ]
        commands = configuration(queues, agents, sites, partners)
        for act, (name, *args) in list(zip(acts, commands, strict=True))[:parts]:
            self._both(node, name, (run, *args), act)
        gone = (model.agents.keys() | model.configured.specs.keys()) - names_of(agents, partners)
        for name, *args in sweeps(gone) if parts > len(acts) else ():
            names, last = json.loads(args[0]), args[1] == "last"
            self._both(node, name, (run, *args), partial(model.sweep, now, node, run, names, last=last))

    def late_slice(self, node: str) -> None:
        """What a configuration that was overtaken still sends."""
        args = ("run0", "[]", "last")
        self._both(node, "sweep", args, lambda: self.model.sweep(self.now, node, "run0", (), last=True))
        self._both(
            node,
            "configure_agents",
            ("run0", "{}", "{}"),
            lambda: self.model.configure_agents(self.now, node, "run0", (), ()),
        )

    def on_duty(self, node: str, queue: str, agents: Sequence[str]) -> None:
        args = (queue, written(sorted(set(agents))))
        names = [AgentId(name) for name in agents]
        self._both(node, "on_duty", args, lambda: self.model.on_duty(self.now, node, QueueId(queue), names))

    def put_agent(self, node: str, spec: AgentSpec) -> None:
        args = (spec.agent, profile_text(profile_of(spec)))
        self._both(node, "put_agent", args, lambda: self.model.put_agent(self.now, node, spec))

    def drop_agent(self, node: str, name: str) -> None:
        self._both(node, "drop_agent", (name,), lambda: self.model.drop_agent(self.now, node, AgentId(name)))

    def occupy(self, node: str, name: str, at_most: int, reason: str = "consult") -> None:
        args = (name, reason, at_most)
        self._both(node, "occupy", args, lambda: self.model.occupy(self.now, node, name, reason, at_most))

    def site(self, node: str, name: str, cause: str) -> None:
        self._both(node, "site", (name, cause), lambda: self.model.site(self.now, node, SiteId(name), cause))

    def enqueue(self, node: str, entry: Enqueue) -> None:
        self._both(node, "enqueue", enqueueing(entry), lambda: self.model.enqueue(self.now, node, entry))

    def leave(self, node: str, contact: str, cause: str, *, flowed_out: bool) -> None:
        args = (contact, cause, "flowed_out" if flowed_out else "lost")
        self._both(node, "leave", args, lambda: self.model.leave(self.now, node, contact, cause, flowed_out=flowed_out))

    def place(self, contact: str) -> None:
        self._both("n1", "place", (contact,), lambda: self.model.place(self.now, contact))

    def accept(self, node: str, offer: str, fence: int) -> None:
        self._both(node, "accept", (offer, fence), lambda: self.model.accept(self.now, node, offer, fence))

    def fail(self, node: str, offer: str, fence: int, cause: str) -> None:
        self._both(node, "fail", (offer, fence, cause), lambda: self.model.fail(self.now, node, offer, fence, cause))

    def log_in(self, node: str, agent: str, *, ready: bool) -> None:
        args = (agent, "ready" if ready else "not_ready")
        self._both(node, "log_in", args, lambda: self.model.log_in(self.now, node, agent, ready=ready))

    def log_out(self, node: str, agent: str, reason: str) -> None:
        args = (agent, "logged_out", reason)
        self._both(node, "agent", args, lambda: self.model.log_out(self.now, node, agent, reason))

    def ready(self, node: str, agent: str) -> None:
        self._both(node, "agent", (agent, "ready", ""), lambda: self.model.ready(self.now, node, agent))

    def not_ready(self, node: str, agent: str, reason: str) -> None:
        args = (agent, "not_ready", reason)
        self._both(node, "agent", args, lambda: self.model.not_ready(self.now, node, agent, reason))

    def end_wrap_up(self, node: str, agent: str, topic: str, concluded: str = "yes") -> None:
        args = (agent, topic, concluded)
        self._both(node, "end_wrap_up", args, lambda: self.model.end_wrap_up(self.now, node, agent, topic, concluded))

    def promise(self, node: str, new: NewPromise) -> None:
        self._both(node, "promise", (promised(new),), lambda: self.model.promise(self.now, node, new))

    def hold_callback(self, node: str, offer: str, fence: int) -> None:
        args = (offer, fence)
        self._both(node, "hold_callback", args, lambda: self.model.hold_callback(self.now, node, offer, fence))

    def callback_tried(self, node: str, callback: str, cause: str) -> None:
        args = (callback, cause)
        self._both(node, "callback_tried", args, lambda: self.model.callback_tried(self.now, node, callback, cause))

    def cancel_callback(self, node: str, callback: str) -> None:
        args = (callback,)
        self._both(node, "cancel_callback", args, lambda: self.model.cancel_callback(self.now, node, callback))

    def due(self, node: str) -> None:
        self._both(node, "due", (), lambda: self.model.due(self.now, node))

    def beat(self, node: str) -> None:
        self._both(node, "beat", (), lambda: self.model.beat(self.now, node))

    def drop_node(self, node: str, dropped: str) -> None:
        args = (dropped, "node_lost")
        self._both(node, "drop_node", args, lambda: self.model.drop_node(self.now, node, dropped, "node_lost"))

    def renew(self, node: str) -> None:
        begins = FROM_THE_FIRST
        while True:
            args = (begins,)
            self._both(node, "renew", args, lambda at=begins: self.model.renew(self.now, node, at))  # type: ignore[misc]
            begins = self.following
            if begins == FROM_THE_FIRST:
                return

    def repeat(self) -> None:
        """The last command once more, as a client does that saw no answer: the first answer, and nothing changes."""
        if self._last is not None:
            name, argv, answer = self._last
            _same("the repeated answer", self._call(name, argv), answer)
            self._compare_state([], [])

    # --- The comparison ---------------------------------------------------------------------------------------------

    def _both(self, node: str, name: str, args: Sequence[str | int], act: Callable[[], Done | Place]) -> None:
        self.commands += 1
        argv = [str(self.now), f"id{self.commands}", node, *(str(arg) for arg in args)]
        self.model.events.clear()
        told: Done | Place | None
        try:
            told = act()
            expected = ""
        except Refused as refusal:
            told, expected = None, str(refusal)
            self.seen[refusal.code] += 1
        try:
            answer, refused = self._call(name, argv), ""
        except ResponseError as error:
            answer, refused = "", str(error)
        _same("the refusal", refused, expected)
        done = told if isinstance(told, Done) else Done(-1, place=told)
        if told is not None:
            self._compare_answer(name, node, json.loads(answer), done)
            self._last = (name, argv, answer) if name not in ("place",) else None
        self.seen[name] += 1
        self.seen.update(type(event).__name__ for event in self.model.events)
        self._compare_state(self.model.events, [(at, message) for at, message in done.heard if at != node])

    def _call(self, name: str, argv: list[str]) -> str:
        answer: str = self.client.evalsha(self._shas[name], len(self.keys.fixed), *self.keys.fixed, *argv)
        return answer

    def _compare_answer(self, name: str, node: str, answer: dict[str, Any], done: Done) -> None:
        _same("next_in_ms", answer["next_in_ms"], done.next_in_ms)
        _same("heard", [read(m) for m in answer.get("heard", ())], [m for at, m in done.heard if at == node])
        if done.place is not None:
            p = done.place
            waits = [-1 if wait is None else wait for wait in (p.estimated_wait_s, p.low_s, p.high_s)]
            _same("place", answer["place"], [p.position, p.waiting, p.waited_ms, *waits])
        if name == "beat":
            _same("unfinished", answer["unfinished"] or [], list(done.unfinished or ()))
        if name == "promise":
            _same("told", answer["told"], done.told)
        self.following = done.number
        if name in ("beat", "drop_node", "cancel_callback", "renew", "on_duty"):
            _same("number", answer["number"], done.number)

    def _compare_state(self, events: Sequence[Any], elsewhere: Sequence[Any]) -> None:
        found = json.loads(self.client.evalsha(self._dump, 0, self.keys.prefix))
        _same("events", [decode(json.loads(text)) for text in found.pop("events", ())], list(events))
        posted: dict[str, list[Any]] = {}
        for at, message in elsewhere:
            posted.setdefault(f"node:{at}", []).append(message)
        for key in [key for key in found if key.startswith("node:")]:
            _same(key, [read(json.loads(text)) for text in found.pop(key)], posted.pop(key, []))
        _same("messages to other nodes", {}, posted)
        _same("state", _redis_state(found), _model_state(self.model))
        check_invariants(self.model)


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Differ(f"{what}: the scripts say {found!r}, the model {expected!r}")


def _redis_state(found: dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = {}
    for key, flat in found.items():
        pairs = dict(zip(flat[::2], flat[1::2], strict=True))
        if key in ("queues", "agents", "entries", "leases", "sites", "duty", "specs", "put", "callbacks"):
            state[key] = {name: _written(text) for name, text in pairs.items()}
        elif key == "estimates":
            state |= _seen({name: _read(text) for name, text in pairs.items()})
        elif key == "meta":
            violations = [name for name in pairs if name.startswith("violated:")]
            _same("what the scripts count against themselves", violations, [])
            clock = {name: int(pairs.get(name, 0)) for name in ("now", "seq", "fence", "idle", "renewed", "sliced")}
            state[key] = clock | {name: pairs.get(name, "") for name in ("run", "swept")}
        elif key == "callers":
            state[key] = pairs
        elif not key.startswith("answers"):
            state[key] = {
                name: int(score) for name, score in pairs.items() if not (key[:8] == "numbers:" and score == "0")
            }
    return state


@lru_cache(maxsize=10_000)
def _read(text: str) -> Any:
    """Kept for what did not change since the last command: it is compared, and by nobody changed."""
    return json.loads(text)


@lru_cache(maxsize=10_000)
def _written(text: str) -> Any:
    return _plain(json.loads(text))


@cache
def _fields(kind: type) -> tuple[str, ...] | None:
    """None: no dataclass."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None


def _plain(value: Any) -> Any:
    """As JSON has it; in Lua an empty list is an empty table."""
    kind: Any = type(value)
    if kind is str or kind is int or kind is bool:
        return value
    if kind is list or kind is tuple:
        return [_plain(each) for each in value]
    if kind is dict:
        return {key: _plain(each) for key, each in value.items() if each is not None} or []
    if names := _fields(kind):
        told = ((name, getattr(value, name)) for name in names)
        return {name: _plain(each) for name, each in told if each is not None} or []
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _seen(records: dict[str, dict[str, int]]) -> dict[str, Any]:
    """What is seen of waits, without records that say nothing."""
    told = {name: record for name, record in records.items() if any(record.values())}
    return {"estimates": told} if told else {}


def _model_state(model: Model) -> dict[str, Any]:
    known = model.configured
    tables = {"queues": model.queues, "agents": model.agents, "entries": model.entries, "leases": model.leases}
    state: dict[str, Any] = {
        name: {key: _plain(record) for key, record in table.items()}  # type: ignore[attr-defined]
        for name, table in (tables | {"sites": known.sites, "callbacks": model.callbacks}).items()
        if table
    }
    for name, specs in (("specs", known.specs), ("put", known.put)):
        if specs:
            state[name] = {key: _plain(profile_of(spec)) for key, spec in specs.items()}
    if known.duty:
        state["duty"] = {queue: _plain(agents) for queue, agents in known.duty.items()}
    if model.callers:
        state["callers"] = dict(model.callers)
    clock = asdict(model.clock)
    if model.clock.now or state:
        state["meta"] = clock
    foresight = model.foresight
    state |= _seen(
        {f"p:{name}": asdict(pace) for name, pace in foresight.paces.items()}
        | {f"h:{name}": asdict(habits) for name, habits in foresight.habits.items()}
        | {f"t:{name}": asdict(trust) for name, trust in foresight.trusts.items()}
    )
    if model.staff:
        state["staff"] = dict(model.staff)
    for queue, numbers in model.numbers.items():
        if counts := {name: count for name, count in asdict(numbers).items() if count}:
            state[f"numbers:{queue}"] = counts
    for name, ranking in model.rankings.items():
        if ranking:
            state[name] = {member: score for score, member in ranking}
    return state


def check_invariants(model: Model) -> None:
    """What must be true after every step."""
    agents, contacts = [x.agent for x in model.leases.values()], [x.contact for x in model.leases.values()]
    assert len(agents) == len(set(agents)), "an agent has two offers"
    assert len(contacts) == len(set(contacts)), "a contact has two offers"
    deadlines = model.deadlines
    for lease in model.leases.values():
        entry, who = model.entries[lease.contact], model.agents[lease.agent]
        assert entry.offer == lease.offer
        assert entry.state == (TALKING if lease.accepted else OFFERED)
        assert who.state == (AgentState.TALKING if lease.accepted else AgentState.OFFERED)
        assert lease.accepted or f"o:{lease.offer}" in deadlines
    for who in model.agents.values():
        busy = who.state in (AgentState.OFFERED, AgentState.TALKING)
        assert busy == (who.agent in agents), f"{who.agent} is stuck"
        assert (who.state == AgentState.WRAP_UP) == (f"w:{who.agent}" in deadlines)
        mine = {pool: who.idle - off for pools in who.pools.values() for pool, off in pools.items()}
        for pool in pools_known(model):
            standing = {name: score for score, name in model.rankings[f"idle:{pool}"]}
            expected = mine.get(pool) if who.state == AgentState.READY else None
            assert standing.get(who.agent) == expected, f"{who.agent} in pool {pool!r}"
    for entry in model.entries.values():
        assert not entry.node or f"n:{entry.node}" in deadlines, "a contact's node has no lease"
        waits = entry.state == WAITING
        assert waits == (entry.member in model.rankings[f"waiting:{entry.queue}"])
        for pool in pools_known(model):
            assert (entry.member in model.rankings[f"open:{pool}"]) == (waits and pool in entry.pools)
    for entry in model.entries.values():
        asks = entry.terms.kind == COLLEAGUE and entry.state != TALKING
        assert asks == (entry.member in model.rankings[f"asked:{entry.queue}"])
    for queue in {*model.queues, *model.numbers}:
        waiting, numbers = model.rankings[f"arrived:{queue}"], model.numbers[queue]
        assert numbers.o == numbers.a + numbers.l + numbers.f + len(waiting), "O = A + L + F + W"
    for pool in pools_known(model):
        assert not (model.rankings[f"open:{pool}"] and model.rankings[f"idle:{pool}"]), "both wait"
    check_promises(model)
    check_looks(model)
    staff: Counter[str] = Counter()
    for who in model.agents.values():
        for pool in (pool for pools in who.pools.values() for pool in pools):
            staff[f"t:{pool}"] += who.state != AgentState.LOGGED_OUT
            staff[f"w:{pool}"] += who.state not in (AgentState.LOGGED_OUT, AgentState.NOT_READY)
    assert +staff == Counter(model.staff)


def check_looks(model: Model) -> None:
    """Everything that is to change by itself is looked at some time."""
    for who in model.agents.values():
        assert f"r:{who.agent}" not in model.deadlines or who.state == AgentState.NOT_READY
        ours = not who.profile.partner
        assert ours or who.state != AgentState.NOT_READY or f"r:{who.agent}" in model.deadlines, "a slot rests for ever"
    for entry in model.entries.values():
        if entry.state != WAITING:
            continue
        queue = model.queues[entry.queue]
        fresh = entry.terms.rules == queue.rules
        assert fresh or f"z:{entry.queue}" in model.timers, "the new tiers are never seen"
        assert not entry.prefers or f"t:{entry.contact}" in model.timers, "a preferred agent is waited for without end"
        opened = {tier for tier, _ in entry.open}
        shut = [tier for number, tier in enumerate(queue.tiers, 1) if number not in opened]
        shut = [] if entry.prefers or not fresh else [tier for tier in shut if not never_opens(entry, tier)]
        by_time = any(opening_at(entry, tier) is not None for tier in shut)
        assert not by_time or f"t:{entry.contact}" in model.timers, "a tier never opens by time"
        assert not any(map(by_state, shut)) or f"q:{entry.queue}" in model.timers, "a tier never opens by state"


def check_promises(model: Model) -> None:
    """Each has a place and an end in time; only one that is offered, talks, or whose caller is held, has a node."""
    for callback, kept in model.callbacks.items():
        entry = model.entries[callback]
        assert entry.state != TALKING
        assert f"x:{callback}" in model.deadlines, "a promise without an end"
        assert (entry.state == RESTING) == (f"c:{callback}" in model.deadlines)
        assert bool(entry.node) == (entry.state == OFFERED or entry.terms.held)
        assert all(model.callers[who] == callback for who in kept.identities), "a caller has two promises"
        assert kept.tries < kept.most
    assert len(model.callers) == sum(len(kept.identities) for kept in model.callbacks.values())
    for entry in model.entries.values():
        rung_back = entry.terms.kind == CALLBACK
        assert entry.node or rung_back, "a contact without an owner"
        assert (entry.contact in model.callbacks) == (rung_back and entry.state != TALKING)
        assert (entry.member in model.rankings[f"held:{entry.node}"]) == bool(entry.node)
        assert (entry.member in model.rankings[f"promised:{entry.queue}"]) == (entry.contact in model.callbacks)


def pools_known(model: Model) -> set[str]:
    named = {name.partition(":")[2] for name in model.rankings if name.startswith(("open:", "idle:"))}
    return named | {pool for who in model.agents.values() for pools in who.pools.values() for pool in pools}


def connect(url: str) -> Any:
    client: Any = Redis.from_url(url, decode_responses=True)
    client.flushall()
    return client
