"""Waits as the distributor foresees them, and closing time; that the scripts do the same is the twins' to prove."""

import heapq
import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.distributor import Refused
from acd.estimates import CHECKED, Trust
from acd.model import AgentSpec, Enqueue, NodeId, Offer, QueueId, QueueSpec, SiteId, Tier
from acd.policy import Model
from acd.records import WAITING
from events.catalogue import ContactLeftQueue, ContactQueued
from metrics.estimates import Estimates
from tests.acd.twin import agent, queue, site

N1 = "n1"
BEGIN_MS = 1_000_000
MINUTE_MS = 60_000


def made(queues: list[QueueSpec], agents: list[AgentSpec]) -> Model:
    model = Model("nav")
    sites = [site("oslo"), site("moss")]
    for _ in model.configure(BEGIN_MS, N1, queues, agents, sites):
        pass
    return model


def busy(
    *, agents: int = 2, tiers: tuple[Tier, ...] = (Tier(),), site_of: Callable[[int], str] = lambda n: "oslo"
) -> Model:
    """Queue x, whose agents have each had four callers, a minute each, and talk now."""
    specs = [agent(f"a{n}", site_of(n), {"x": 1}) for n in range(agents)]
    model = made([queue("x", tiers=tiers)], specs)
    now = BEGIN_MS
    for n in range(5 * agents):
        come(model, f"old{n}", now)
    for n in range(agents):
        model.log_in(now, N1, f"a{n}")
    for turn in range(5):
        now = BEGIN_MS + turn * MINUTE_MS
        for lease in list(model.leases.values()):
            if lease.accepted:
                model.finish(now, N1, lease.contact, "agent_hung_up")
        for lease in list(model.leases.values()):
            model.accept(now, N1, lease.offer, lease.fence)
        model.beat(now, N1)
    model.events.clear()
    assert len(model.entries) == agents
    return model


NOW_MS = BEGIN_MS + 4 * MINUTE_MS


def come(model: Model, contact: str, now: int = NOW_MS, name: str = "x", **more: object) -> ContactQueued:
    model.enqueue(now, N1, Enqueue(contact, QueueId(name), NodeId(N1), **more))  # type: ignore[arg-type]
    return next(event for event in model.events if isinstance(event, ContactQueued) and event.contact == contact)


def test_wait_is_told_as_the_contact_comes_and_whenever_its_place_is_asked() -> None:
    model = busy(agents=2)
    told = [come(model, f"c{n}") for n in range(4)]
    assert [event.estimate_ms for event in told] == sorted(event.estimate_ms for event in told)
    assert 20_000 < told[0].estimate_ms < 40_000
    assert (told[0].low_ms, told[0].high_ms) == (0, 120_000)
    place = model.place(NOW_MS, "c3")
    assert place.estimated_wait_s == (told[3].estimate_ms + 999) // 1000
    assert (place.low_s, place.high_s) == (told[3].low_ms // 1000, told[3].high_ms // 1000)


def test_head_start_shortens_the_wait_that_is_told() -> None:
    model = busy()
    told = [come(model, f"c{n}") for n in range(6)]
    urgent = come(model, "urgent", priority_s=600)
    assert urgent.estimate_ms == told[0].estimate_ms < told[-1].estimate_ms


def test_caller_whom_more_agents_may_serve_is_told_a_shorter_wait() -> None:
    tiers = (Tier(sites="own"), Tier(sites="all", after_s=30))
    model = busy(agents=4, tiers=tiers, site_of=lambda n: "oslo" if n else "moss")
    come(model, "c1", site=SiteId("moss"))
    alone = model.place(NOW_MS, "c1").estimated_wait_s
    model.due(NOW_MS + 30_000, N1)
    widened = model.place(NOW_MS + 30_000, "c1").estimated_wait_s
    assert len(model.entries["c1"].open) == 2
    assert (alone, widened) == (60, 15)


def test_who_finds_an_agent_free_is_told_no_wait() -> None:
    model = busy()
    free = made([queue("x")], [agent("a", "oslo", {"x": 1})])
    free.foresight = model.foresight
    free.log_in(BEGIN_MS, N1, "a")
    assert come(free, "c1").estimate_ms == -1


def test_silent_estimate_is_not_told_but_known() -> None:
    model = busy()
    model.foresight.trusts["x"] = Trust(hits=0, checked=CHECKED, silent=1)
    event, place = come(model, "c1"), model.place(NOW_MS, "c1")
    assert (event.low_ms, event.high_ms) == (-1, -1)
    assert event.estimate_ms > 0
    assert (place.low_s, place.high_s, place.position) == (None, None, 1)
    assert place.estimated_wait_s is not None


# --- Closing time ---


def test_who_cannot_be_served_before_closing_is_refused_and_nothing_changes() -> None:
    model = busy()
    for n in range(20):
        come(model, f"c{n}")
    offered = model.numbers["x"].o
    with pytest.raises(Refused, match="CLOSING queue x closes too soon"):
        come(model, "late", closes_ms=NOW_MS + 5 * MINUTE_MS)
    assert model.numbers["x"].o == offered
    assert "late" not in model.entries
    come(model, "urgent", closes_ms=NOW_MS + 5 * MINUTE_MS, priority_s=600)
    come(model, "early", closes_ms=NOW_MS + 60 * MINUTE_MS)


def test_who_has_waited_is_let_in_whatever_the_time() -> None:
    model = busy()
    come(model, "back", closes_ms=NOW_MS - 1, arrived_ms=NOW_MS - 60_000)
    assert model.entries["back"].state == WAITING


def test_who_finds_an_agent_free_is_let_in_at_the_last_moment() -> None:
    model = made([queue("x")], [agent("a", "oslo", {"x": 1})])
    model.log_in(BEGIN_MS, N1, "a")
    with pytest.raises(Refused, match="CLOSING"):
        come(model, "closed", BEGIN_MS, closes_ms=BEGIN_MS)
    come(model, "last", BEGIN_MS, closes_ms=BEGIN_MS + 1)


def test_where_nothing_is_known_only_nobody_at_work_refuses() -> None:
    model = made([queue("x")], [agent("a", "oslo", {"x": 1})])
    come(model, "early", BEGIN_MS, closes_ms=BEGIN_MS + 11 * MINUTE_MS)
    with pytest.raises(Refused, match="CLOSING"):
        come(model, "late", BEGIN_MS, closes_ms=BEGIN_MS + 10 * MINUTE_MS)
    model.log_in(BEGIN_MS, N1, "a")
    come(model, "in_time", BEGIN_MS, closes_ms=BEGIN_MS + 10 * MINUTE_MS)


@given(
    st.lists(
        st.tuples(st.integers(1, 600_000), st.sampled_from(("due", "beat", "log_out", "log_in", "fail"))), max_size=25
    )
)
@settings(max_examples=60, deadline=None)
def test_nobody_inside_is_thrown_out_at_closing_time(steps: list[tuple[int, str]]) -> None:
    model = made([queue("x", offer_s=20)], [agent("a", "oslo", {"x": 1})])
    now = BEGIN_MS
    for n in range(5):
        come(model, f"c{n}", now, closes_ms=BEGIN_MS + 11 * MINUTE_MS)
    for passes, what in steps:
        for _ in range(passes // 1_000 + 1):
            now += 1_000 if passes >= 1_000 else passes
            model.beat(now, N1)
        if what == "due":
            model.due(now, N1)
        elif what == "fail":
            for lease in list(model.leases.values()):
                model.fail(now, N1, lease.offer, lease.fence, "no_answer")
        elif what != "beat":
            (model.log_in(now, N1, "a") if what == "log_in" else model.log_out(now, N1, "a", "home"))
    assert not [event for event in model.events if isinstance(event, ContactLeftQueue)]
    assert len(model.entries) == 5


# --- A day in the distributor itself ---


class Day:
    """Callers by chance, agents who answer after three seconds; every event goes to the fold that judges."""

    def __init__(self, seed: int, *, agents: int, per_hour: float, patience_s: float) -> None:
        self.judge = Estimates()
        self.model = made([queue("x", wrap_up_s=60)], [agent(f"a{n}", "oslo", {"x": 1}) for n in range(agents)])
        self._chance = random.Random(seed)
        self._per_hour, self._patience_s = per_hour, patience_s
        self._ahead: list[tuple[int, int, Callable[[int], None]]] = []
        self._count = 0
        for n in range(agents):
            self.model.log_in(BEGIN_MS, N1, f"a{n}")

    def run(self, hours: float) -> Estimates:
        until = BEGIN_MS + int(hours * 3_600_000)
        now = float(BEGIN_MS)
        while now < until:
            now += self._chance.expovariate(self._per_hour / 3_600_000)
            self._at(int(now), self._comes)
        for at in range(BEGIN_MS, until * 2, 3_000):
            self._at(at, lambda at: self._done(self.model.beat(at, N1).heard))
        while self._ahead and (self._ahead[0][0] < until or self.model.entries):
            at, _, act = heapq.heappop(self._ahead)
            act(at)
            self._done(self.model.due(at, N1).heard)
        return self.judge

    def _at(self, at: int, act: Callable[[int], None]) -> None:
        self._count += 1
        heapq.heappush(self._ahead, (at, self._count, act))

    def _comes(self, now: int) -> None:
        self._count += 1
        contact = f"c{self._count}"
        self._done(self.model.enqueue(now, N1, Enqueue(contact, QueueId("x"), NodeId(N1))).heard)
        gives_up = now + int(self._chance.expovariate(1 / self._patience_s) * 1000)
        self._at(gives_up, lambda at: self._gives_up(at, contact))

    def _gives_up(self, now: int, contact: str) -> None:
        entry = self.model.entries.get(contact)
        if entry is not None and entry.state == WAITING:
            self._done(self.model.leave(now, N1, contact, "caller_hung_up").heard)

    def _answers(self, now: int, offer: Offer) -> None:
        if offer.offer in self.model.leases:
            self._done(self.model.accept(now, N1, offer.offer, offer.fence).heard)
            lasts = int(self._chance.lognormvariate(5.69, 0.77) * 1000)
            self._at(
                now + lasts, lambda at: self._done(self.model.finish(at, N1, offer.contact, "agent_hung_up").heard)
            )

    def _done(self, heard: Sequence[tuple[str, object]]) -> None:
        for _, offer in heard:
            if isinstance(offer, Offer):
                self._at(self.model.clock.now + 3_000, lambda at, offer=offer: self._answers(at, offer))  # type: ignore[misc]
        for event in self.model.events:
            for kind, route in self.judge.routes().items():
                if type(event) is kind:
                    route(event)
        self.model.events.clear()


def test_a_day_in_the_distributor_has_the_coverage_that_is_stated() -> None:
    judge = Day(3, agents=8, per_hour=75, patience_s=900).run(6)
    counts = {outcome: count for (_, outcome), count in judge.copy()["estimates"].items()}
    assert counts["within"] > 100
    assert judge.coverage()["x"] >= 0.8
    assert abs(judge.bias_s()["x"]) < 60
