"""Promises to ring back in the rules of distribution, one by one; the twins try that the scripts do the same."""

from typing import Any

import pytest

from acd.distributor import Refused
from acd.model import (
    NODE_LEASE_MS,
    AgentId,
    AgentSpec,
    AgentState,
    Enqueue,
    NodeId,
    Offer,
    PartnerSpec,
    QueueId,
    QueueSpec,
    SiteId,
    Tier,
)
from acd.policy import Model
from acd.promises import CallbackTerms, NewPromise
from events.callbacks import CallbackEnded, CallbackPromised, CallbackTried
from events.catalogue import ContactAnswered, ContactLeftQueue, ContactQueued, OfferFailed, OfferMade

TERMS = CallbackTerms(tries=2, again_s=60, expires_s=3600, dials_s=30, most=3)


class World:
    """The model with one queue, agents of it, and two nodes that live."""

    def __init__(self, *agents: str, tiers: tuple[Tier, ...] = (Tier(),)) -> None:
        self.model = Model("nav")
        self.now = 1_000_000
        specs = [AgentSpec(AgentId(agent), SiteId("s"), {"q": 1}) for agent in agents]
        queue = QueueSpec(QueueId("q"), offer_s=20, tiers=tiers)
        for _ in self.model.configure(self.now, "n1", [queue], specs, (), [PartnerSpec("tax")]):
            pass
        self.beat()

    def beat(self) -> None:
        for node in ("n1", "n2"):
            self.model.beat(self.now, node)

    def after(self, seconds: float) -> None:
        """Time passes, a second at a time, and does its work; the nodes live."""
        end = self.now + round(seconds * 1000)
        while self.now < end:
            self.now = min(end, self.now + 1000)
            self.beat()
            self.model.due(self.now, "n1")

    def promise(self, callback: str = "p1", *identities: str, node: str = "n1", **more: Any) -> str:
        who = identities or (callback,)
        new = NewPromise(callback, "c0", QueueId("q"), who, '{"number": "1"}', terms=TERMS, **more)
        return self.model.promise(self.now, node, new).told

    def comes(self, contact: str, node: str = "n1") -> None:
        self.model.enqueue(self.now, node, Enqueue(contact, QueueId("q"), NodeId(node)))

    def log_in(self, agent: str, node: str = "n1") -> None:
        self.model.log_in(self.now, node, agent)

    def offered(self, contact: str) -> Any:
        """The lease of a contact that is offered."""
        return self.model.leases[self.model.entries[contact].offer]

    def accept(self, contact: str) -> None:
        lease = self.offered(contact)
        self.model.accept(self.now, lease.node, lease.offer, lease.fence)

    def fail(self, contact: str, cause: str) -> None:
        lease = self.offered(contact)
        self.model.fail(self.now, lease.node, lease.offer, lease.fence, cause)

    def tried(self, callback: str, cause: str) -> None:
        self.model.callback_tried(self.now, self.model.entries[callback].node, callback, cause)

    def told(self, *kinds: type[Any]) -> list[Any]:
        return [event for event in self.model.events if isinstance(event, kinds)]

    def outcomes(self) -> list[tuple[str, str, int]]:
        return [(event.outcome, event.cause, event.tries) for event in self.told(CallbackEnded)]

    def state(self, agent: str) -> AgentState:
        return self.model.agents[agent].state


def test_a_promise_waits_as_a_caller_does_and_is_never_overtaken() -> None:
    world = World("a")
    world.comes("early")
    world.now += 1000
    world.promise("p1")
    world.now += 1000
    world.comes("late")
    world.log_in("a")
    order = []
    for _ in range(3):
        offer = world.told(OfferMade)[-1]
        order.append(offer.contact)
        world.accept(offer.contact)
        world.model.finish(world.now, "n1", offer.contact, "agent_hung_up")
    assert order == ["early", "p1", "late"]


def test_a_promise_keeps_the_wait_that_the_caller_had() -> None:
    world = World("a")
    world.comes("waits")
    world.promise("p1", arrived_ms=world.now - 5000, since_ms=world.now - 9000)
    world.log_in("a")
    (offer,) = world.told(OfferMade)
    assert (offer.contact, offer.waited_ms, offer.total_waited_ms) == ("p1", 5000, 9000)


def test_it_counts_in_nothing_of_the_queue() -> None:
    world = World("a")
    world.promise("p1")
    world.promise("p2")
    world.log_in("a")
    world.accept("p1")
    world.model.finish(world.now, "n1", "p1", "agent_hung_up")
    world.model.cancel_callback(world.now, "n1", "p2")
    (numbers,) = world.model.queue_numbers(world.now)
    assert (numbers.offered, numbers.answered, numbers.lost, numbers.flowed_out, numbers.waiting) == (0, 0, 0, 0, 0)
    assert world.told(ContactQueued, ContactAnswered, ContactLeftQueue) == []
    assert [event.position for event in world.told(CallbackPromised)] == [1, 2]


def test_one_for_each_caller() -> None:
    world = World()
    assert world.promise("p1", "ann", "phone") == "p1"
    assert world.promise("p2", "ann") == "p1"
    assert world.promise("p3", "bob", "phone") == "p1"
    assert world.promise("p1", "ann", "phone") == "p1"
    assert len(world.told(CallbackPromised)) == 1
    world.model.cancel_callback(world.now, "n1", "p1")
    assert world.promise("p2", "ann") == "p2"
    standing = world.model.standing("ann")
    assert standing is not None
    assert standing.callback == "p2"
    assert world.model.standing("phone") is None


def test_as_many_as_may_stand() -> None:
    world = World()
    for n in range(3):
        world.promise(f"p{n}")
    with pytest.raises(Refused, match="FULL 3 callbacks"):
        world.promise("p9")
    with pytest.raises(Refused, match="NOQUEUE"):
        world.model.promise(world.now, "n1", NewPromise("p9", "c0", QueueId("x"), ("x",)))
    world.comes("c9")
    with pytest.raises(Refused, match="BADSTATE"):
        world.promise("c9", "eva")
    with pytest.raises(Refused, match="BADSTATE"):
        world.comes("p1")


def test_a_try_in_vain_keeps_the_rank_and_frees_the_agent_at_its_place() -> None:
    world = World("a", "b")
    world.promise("p1")
    world.log_in("a")
    world.log_in("b")
    world.tried("p1", "no_answer")
    assert (world.state("a"), world.state("b")) == (AgentState.READY, AgentState.READY)
    (tried,) = world.told(CallbackTried)
    assert (tried.cause, tried.tries, tried.again_ms) == ("no_answer", 1, world.now + 60_000)
    world.now += 1000
    world.comes("c1")
    assert world.offered("c1").agent == "a"
    world.model.not_ready(world.now, "n1", "b", "break")
    world.comes("c2")
    world.after(59)
    world.model.ready(world.now, "n1", "b")
    assert world.offered("p1").agent == "b"


def test_after_so_many_tries_it_has_ended() -> None:
    world = World("a")
    world.promise("p1")
    world.log_in("a")
    world.tried("p1", "busy")
    world.after(60)
    world.tried("p1", "no_answer")
    assert world.outcomes() == [("gave_up", "no_answer", 2)]
    assert (len(world.model.callbacks), len(world.model.callers)) == (0, 0)
    assert world.state("a") == AgentState.READY


@pytest.mark.parametrize(
    ("cause", "tries", "rests_s"),
    [
        ("no_answer", 1, 60),
        ("busy", 1, 60),
        ("rejected", 1, 60),
        ("unreachable", 1, 60),
        ("left", 1, 60),
        ("no_agent", 1, 60),
        ("capped", 0, 60),
        ("error", 0, 10),
        ("revoked", 0, 0),
        ("shutdown", 0, 0),
    ],
)
def test_what_counts_as_a_try_and_when_it_is_tried_again(cause: str, tries: int, rests_s: int) -> None:
    world = World("a")
    world.promise("p1")
    world.log_in("a")
    world.tried("p1", cause)
    assert world.model.callback("p1").tries == tries
    (tried,) = world.told(CallbackTried)
    assert tried.again_ms == world.now + 1000 * rests_s
    assert (world.model.entries["p1"].state == "resting") == bool(rests_s)
    if rests_s:
        world.after(rests_s - 1)
        assert world.model.entries["p1"].state == "resting"
        world.after(1)
    assert world.model.entries["p1"].state == "offered"


def test_a_number_that_may_not_be_rung_ends_it() -> None:
    world = World("a")
    world.promise("p1")
    world.log_in("a")
    world.tried("p1", "not_allowed")
    assert world.outcomes() == [("not_allowed", "not_allowed", 0)]


def test_an_agent_who_misses_it_rests_and_it_keeps_its_place() -> None:
    world = World("a", "b")
    world.promise("p1")
    world.log_in("a")
    world.log_in("b")
    world.comes("c1")
    world.fail("p1", "no_answer")
    assert world.state("a") == AgentState.NOT_READY
    world.model.finish(world.now, "n1", "c1", "caller_hung_up")
    assert world.offered("p1").agent == "b"
    assert world.told(CallbackTried) == []


def test_a_chosen_time_is_waited_for() -> None:
    world = World("a")
    world.log_in("a")
    world.promise("p1", at_ms=world.now + 30_000)
    (promised,) = world.told(CallbackPromised)
    assert (promised.chosen_ms, promised.position) == (world.now + 30_000, 0)
    world.after(29)
    assert world.told(OfferMade) == []
    world.after(1)
    assert world.offered("p1").agent == "a"


def test_it_expires_but_not_in_the_middle_of_an_offer() -> None:
    world = World("a")
    world.promise("p1")
    world.promise("p2")
    world.after(3590)
    world.log_in("a")
    world.after(15)
    assert world.outcomes() == [("expired", "", 0)]
    assert world.told(CallbackEnded)[0].contact == "p2"
    world.tried("p1", "no_answer")
    world.after(60)
    assert [event.outcome for event in world.told(CallbackEnded)] == ["expired", "expired"]


@pytest.mark.parametrize("when", ["waits", "rests", "offered"])
def test_it_is_cancelled_whatever_it_does(when: str) -> None:
    world = World("a")
    world.promise("p1", at_ms=world.now + 30_000 if when == "rests" else 0)
    if when == "offered":
        world.log_in("a")
    done = world.model.cancel_callback(world.now, "n2", "p1")
    assert done.number == 1
    assert world.outcomes() == [("cancelled", "", 0)]
    assert "p1" not in world.model.entries
    assert [node for node, _ in done.heard] == (["n1"] if when == "offered" else [])
    assert world.model.cancel_callback(world.now, "n2", "p1").number == 0
    if when == "offered":
        assert world.state("a") == AgentState.READY
        assert [event.cause for event in world.told(OfferFailed)] == ["caller_left"]


def test_a_talk_is_not_cancelled() -> None:
    world = World("a")
    world.promise("p1")
    world.log_in("a")
    world.accept("p1")
    assert world.outcomes() == [("reached", "", 0)]
    assert world.model.cancel_callback(world.now, "n1", "p1").number == 0
    assert world.state("a") == AgentState.TALKING


def test_its_offer_goes_to_the_node_of_the_agents_phone_and_lasts_until_the_caller_can_answer() -> None:
    world = World("a")
    world.promise("p1")
    world.model.log_in(world.now, "n2", "a")
    lease = world.offered("p1")
    assert lease.node == "n2"
    assert lease.rings == 50_000
    (offer,) = world.told(OfferMade)
    assert offer.node == "n2"


def test_where_that_node_is_dead_another_has_it() -> None:
    world = World("a")
    world.model.log_in(world.now, "n2", "a")
    world.model.not_ready(world.now, "n2", "a", "break")
    for _ in range(NODE_LEASE_MS // 1000 + 1):
        world.now += 1000
        world.model.beat(world.now, "n1")
        world.model.due(world.now, "n1")
    world.promise("p1")
    world.model.ready(world.now, "n1", "a")
    assert world.offered("p1").node == "n1"


def test_a_node_that_dies_loses_no_promise() -> None:
    world = World("a", "b")
    world.promise("p1")
    world.model.log_in(world.now, "n2", "a")
    assert world.offered("p1").node == "n2"
    world.model.drop_node(world.now, "n1", "n2", "node_lost")
    assert [(event.cause, event.tries) for event in world.told(CallbackTried)] == [("node_lost", 0)]
    assert world.model.entries["p1"].node == ""
    world.after(5)
    assert world.offered("p1").node == "n2"
    world.accept("p1")
    world.model.drop_node(world.now, "n1", "n2", "node_lost")
    assert "p1" not in world.model.entries
    assert world.outcomes() == [("reached", "", 0)]


def test_while_the_caller_is_on_the_line_all_offers_come_to_that_node() -> None:
    world = World("a", "b")
    world.promise("p1")
    world.model.log_in(world.now, "n1", "a")
    lease = world.offered("p1")
    world.model.hold_callback(world.now, "n1", lease.offer, lease.fence)
    world.fail("p1", "no_answer")
    assert world.model.entries["p1"].node == "n1"
    done = world.model.log_in(world.now, "n2", "b")
    assert [(node, type(message)) for node, message in done.heard] == [("n1", Offer)]
    world.tried("p1", "left")
    assert world.model.entries["p1"].node == ""


def test_who_does_not_have_it_any_more_says_nothing_of_it() -> None:
    world = World("a")
    world.promise("p1")
    world.log_in("a")
    world.model.callback_tried(world.now, "n2", "p1", "no_answer")
    world.model.callback_tried(world.now, "n2", "p9", "no_answer")
    assert world.told(CallbackTried) == []
    with pytest.raises(Refused, match="NOOFFER"):
        world.model.hold_callback(world.now, "n1", "o1", 1)
    world.comes("c1")
    world.log_in("a")
    lease = world.offered("p1")
    world.model.accept(world.now, "n1", lease.offer, lease.fence)
    with pytest.raises(Refused, match="is none of a callback"):
        world.model.hold_callback(world.now, "n1", lease.offer, lease.fence)
    world.tried("p1", "revoked")
    assert "p1" not in world.model.entries


def test_partners_are_not_asked_to_ring_anybody() -> None:
    world = World("a", tiers=(Tier(), Tier(partner="tax", after_s=5)))
    world.model.log_in(world.now, "n1", "tax/1")
    world.promise("p1")
    world.after(20)
    assert world.told(OfferMade) == []
    world.comes("c1")
    world.after(6)
    assert [offer.contact for offer in world.told(OfferMade)] == ["c1"]


def test_a_queue_with_promises_is_kept_until_the_last_one_has_ended() -> None:
    world = World("a")
    world.promise("p1")
    for _ in range(2):
        for _ in world.model.configure(world.now, "n1", [], [AgentSpec(AgentId("a"), SiteId("s"), {"q": 1})]):
            pass
    assert world.model.queues["q"].gone
    world.log_in("a")
    assert world.offered("p1").agent == "a"


def test_numbers_are_in_no_event_and_no_words() -> None:
    world = World("a")
    world.promise("p1")
    world.log_in("a")
    assert "number" not in str(world.model.callbacks["p1"])
    assert '"number": "1"' not in str(world.model.events)
