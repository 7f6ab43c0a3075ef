"""What every Distributor does; tests named `ask` are what users of other systems asked for in vain."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from acd.distributor import Distributor, Refused
from acd.model import (
    GAP_MS,
    NODE_LEASE_MS,
    OFFER_GRACE_MS,
    AgentId,
    AgentNow,
    AgentState,
    Enqueue,
    NodeId,
    Offer,
    OfferId,
    Place,
    QueueId,
    QueueNumbers,
    Revoked,
)
from events.catalogue import Event, OfferFailed, OfferMade
from tests.acd.twin import agent, queue

A, B, C = AgentId("a"), AgentId("b"), AgentId("c")
X, Y = QueueId("x"), QueueId("y")
N1 = NodeId("n1")


@dataclass
class Bench:
    """A distributor with a clock in hand. `told` is what was heard; `read_events` gives the new events."""

    distributor: Distributor
    now_ms: Callable[[], int]
    set_ms: Callable[[int], None]
    read_events: Callable[[], Awaitable[list[Event]]]
    told: list[Offer | Revoked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.distributor.listen(N1, self.told.append)

    def pass_ms(self, ms: int) -> None:
        self.set_ms(self.now_ms() + ms)

    async def live(self, ms: int) -> None:
        """`ms` pass in steps, with a node that beats and does what is due."""
        while ms > 0:
            self.pass_ms(min(ms, 1000))
            ms -= 1000
            await self.distributor.beat(N1, 0)
            await self.distributor.due()

    async def set_up(self, *agents: AgentId, **rules: Any) -> None:
        """Queues x and y, both served by all `agents`, who log in in this order."""
        specs = [agent(name, "oslo", {"x": 1, "y": 1}, rest_s=rules.get("rest_s", 0)) for name in agents]
        queue_rules = {name: rule for name, rule in rules.items() if name != "rest_s"}
        await self.distributor.configure([queue("x", **queue_rules), queue("y", **queue_rules)], specs)
        for name in agents:
            await self.distributor.log_in(name)

    async def comes(self, contact: str, name: QueueId = X, **rest: Any) -> Place:
        return await self.distributor.enqueue(Enqueue(contact, name, N1, **rest))

    async def offers(self) -> list[Offer]:
        return [message for message in await self.messages() if isinstance(message, Offer)]

    async def messages(self) -> list[Offer | Revoked]:
        """What was heard since the last time."""
        await asyncio.sleep(0)
        told, self.told[:] = list(self.told), []
        return told

    async def offer(self) -> Offer:
        """The one offer heard since the last time."""
        [offer] = await self.offers()
        return offer

    async def talks(self, contact: str) -> Offer:
        await self.comes(contact)
        offer = await self.offer()
        await self.distributor.accept(offer.offer, offer.fence)
        return offer

    async def agent(self, name: AgentId) -> AgentNow:
        [found] = [x for x in await self.distributor.agents() if x.agent == name]
        return found

    async def queue(self, name: QueueId = X) -> QueueNumbers:
        [found] = [x for x in await self.distributor.queues() if x.queue == name]
        return found


class DistributorContract:
    """Subclass it and give the fixture `bench`."""

    # --- Who meets whom -------------------------------------------------------------------------------------------

    async def test_contact_is_offered_to_the_longest_idle_agent(self, bench: Bench) -> None:
        await bench.set_up(A, B)
        await bench.distributor.not_ready(A, "break")
        await bench.distributor.ready(A)
        await bench.comes("c1")
        assert (await bench.offer()).agent == B
        await bench.comes("c2")
        assert (await bench.offer()).agent == A

    async def test_ask_8_longest_waiting_is_first_over_all_queues_of_an_agent(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.distributor.not_ready(A, "break")
        for contact, name in (("c1", Y), ("c2", X), ("c3", Y), ("c4", X)):
            await bench.comes(contact, name)
            bench.pass_ms(1)
        served = []
        await bench.distributor.ready(A)
        for _ in range(4):
            offer = await bench.offer()
            served.append(offer.contact)
            await bench.distributor.accept(offer.offer, offer.fence)
            await bench.distributor.finish(offer.contact, "caller_hung_up")
        assert served == ["c1", "c2", "c3", "c4"]

    async def test_contacts_of_the_same_millisecond_are_served_as_they_came(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.distributor.not_ready(A, "break")
        for n in range(12):
            await bench.comes(f"c{(n * 7) % 12}")
        places = [(await bench.distributor.place(f"c{(n * 7) % 12}")).position for n in range(12)]
        assert places == list(range(1, 13))

    async def test_priority_is_a_head_start_in_seconds(self, bench: Bench) -> None:
        await bench.set_up()
        await bench.comes("early")
        bench.pass_ms(5000)
        await bench.comes("tie", priority_s=5)
        await bench.comes("sooner", priority_s=6)
        positions = {c: (await bench.distributor.place(c)).position for c in ("early", "tie", "sooner")}
        assert positions == {"sooner": 1, "early": 2, "tie": 3}

    async def test_agent_below_the_queue_s_level_is_not_offered_its_contacts(self, bench: Bench) -> None:
        specs = [agent("a", "oslo", {"s": 1}), agent("b", "oslo", {"s": 2})]
        await bench.distributor.configure([queue("x", skill="s", level=2)], specs)
        for name in (A, B):
            await bench.distributor.log_in(name)
        await bench.comes("c1")
        assert (await bench.offer()).agent == B
        await bench.comes("c2")
        assert await bench.offers() == []

    async def test_offer_says_what_its_node_has_to_know(self, bench: Bench) -> None:
        await bench.set_up(A, offer_s=7)
        await bench.distributor.not_ready(A, "break")
        await bench.comes("c1")
        bench.pass_ms(1500)
        await bench.distributor.ready(A)
        offer = await bench.offer()
        expected = (
            "c1",
            X,
            A,
            "oslo",
            N1,
            7000,
            1500,
            bench.now_ms() + 7000 + OFFER_GRACE_MS,
        )
        found = (offer.contact, offer.queue, offer.agent, offer.site, offer.node, offer.rings_for_ms, offer.waited_ms)
        assert (*found, offer.deadline_ms) == expected

    # --- One offer, one answer --------------------------------------------------------------------------------------

    async def test_ask_1_only_the_agent_who_holds_the_offer_answers(self, bench: Bench) -> None:
        await bench.set_up(A, B)
        await bench.comes("c1")
        first = await bench.offer()
        await bench.distributor.fail(first.offer, first.fence, "no_answer")
        second = await bench.offer()
        assert (first.agent, second.agent) == (A, B)
        await bench.distributor.accept(second.offer, second.fence)
        for late in (OfferId(first.offer), second.offer):
            with pytest.raises(Refused, match="NOOFFER"):
                await bench.distributor.accept(late, first.fence)
        assert (await bench.agent(A)).state == AgentState.NOT_READY
        assert (await bench.queue()).answered == 1
        assert await bench.offers() == []

    async def test_repeated_accept_is_still_accepted_and_counted_once(self, bench: Bench) -> None:
        await bench.set_up(A)
        offer = await bench.talks("c1")
        await bench.distributor.accept(offer.offer, offer.fence)
        assert (await bench.queue()).answered == 1

    async def test_accept_after_the_caller_left_is_refused(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.leave("c1", "caller_hung_up")
        with pytest.raises(Refused, match="NOOFFER"):
            await bench.distributor.accept(offer.offer, offer.fence)
        assert (await bench.agent(A)).state == AgentState.READY

    async def test_caller_who_hangs_up_while_ringing_costs_the_agent_nothing(self, bench: Bench) -> None:
        await bench.set_up(A, B)
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.leave("c1", "caller_hung_up")
        await bench.comes("c2")
        assert (await bench.offer()).agent == offer.agent == A
        numbers = await bench.queue()
        assert (numbers.offered, numbers.lost, numbers.waiting) == (2, 1, 1)

    async def test_offer_that_fails_because_the_caller_left_ends_the_contact(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.fail(offer.offer, offer.fence, "caller_left")
        assert (await bench.agent(A)).state == AgentState.READY
        assert (await bench.queue()).lost == 1

    async def test_repeated_enqueue_tells_an_offer_that_may_not_have_been_heard(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.comes("c1")
        offer = await bench.offer()
        place = await bench.comes("c1")
        assert (place.position, place.waiting) == (1, 1)
        assert all(message == offer for message in await bench.messages())
        assert (await bench.queue()).offered == 1

    # --- Misses -----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("cause", ["no_answer", "busy", "rejected", "unreachable"])
    async def test_ask_7_caller_whose_agent_does_not_take_the_offer_keeps_the_place(
        self, bench: Bench, cause: str
    ) -> None:
        await bench.set_up(A)
        await bench.comes("c1")
        offer = await bench.offer()
        bench.pass_ms(10)
        await bench.comes("c2")
        bench.pass_ms(4000)
        await bench.distributor.fail(offer.offer, offer.fence, cause)
        assert (await bench.distributor.place("c1")).position == 1
        assert (await bench.distributor.place("c1")).waited_ms == 4010
        now = await bench.agent(A)
        assert (now.state, now.reason) == (AgentState.NOT_READY, cause)
        await bench.distributor.ready(A)
        assert (await bench.offer()).contact == "c1"

    async def test_ask_6_agent_whose_phone_is_gone_is_offered_nothing_until_ready(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.fail(offer.offer, offer.fence, "unreachable")
        await bench.comes("c2")
        await bench.live(60_000)
        assert await bench.offers() == []
        await bench.distributor.log_out(A, "registration_expired")
        with pytest.raises(Refused, match="BADSTATE"):
            await bench.distributor.ready(A)
        await bench.distributor.log_in(A)
        assert (await bench.offer()).contact == "c1"

    async def test_agent_who_rests_after_a_miss_is_ready_by_itself(self, bench: Bench) -> None:
        await bench.set_up(A, rest_s=5)
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.fail(offer.offer, offer.fence, "busy")
        await bench.live(4000)
        assert await bench.offers() == []
        await bench.live(1000)
        assert (await bench.offer()).contact == "c1"

    async def test_agent_who_says_not_ready_while_resting_stays_so(self, bench: Bench) -> None:
        await bench.set_up(A, rest_s=5)
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.fail(offer.offer, offer.fence, "busy")
        await bench.distributor.not_ready(A, "break")
        await bench.live(20_000)
        assert (await bench.agent(A)).reason == "break"

    async def test_lease_that_runs_out_is_revoked_and_the_caller_offered_to_the_next(self, bench: Bench) -> None:
        await bench.set_up(A, B, offer_s=5)
        await bench.comes("c1")
        first = await bench.offer()
        await bench.live(5000 + OFFER_GRACE_MS)
        revoked, second = await bench.messages()
        assert revoked == Revoked(first.offer, "c1", "lease_expired")
        assert isinstance(second, Offer)
        assert second.agent == B
        assert (await bench.agent(A)).reason == "no_answer"
        with pytest.raises(Refused, match="NOOFFER"):
            await bench.distributor.fail(first.offer, first.fence, "no_answer")

    # --- The agent's wishes ---------------------------------------------------------------------------------------

    async def test_wish_for_a_break_while_talking_is_kept_for_afterwards(self, bench: Bench) -> None:
        await bench.set_up(A, wrap_up_s=5)
        await bench.talks("c1")
        await bench.distributor.not_ready(A, "lunch")
        assert (await bench.agent(A)).state == AgentState.TALKING
        await bench.distributor.finish("c1", "caller_hung_up")
        assert (await bench.agent(A)).state == AgentState.WRAP_UP
        await bench.live(5000)
        now = await bench.agent(A)
        assert (now.state, now.reason) == (AgentState.NOT_READY, "lunch")

    async def test_agent_who_logs_out_while_talking_is_gone_after_the_talk(self, bench: Bench) -> None:
        await bench.set_up(A, wrap_up_s=5)
        await bench.talks("c1")
        await bench.distributor.log_out(A, "shift_over")
        assert (await bench.agent(A)).state == AgentState.TALKING
        await bench.distributor.finish("c1", "agent_hung_up")
        assert (await bench.agent(A)).state == AgentState.LOGGED_OUT

    async def test_agent_who_logs_out_while_ringing_loses_the_lease(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.log_out(A, "registration_expired")
        assert await bench.messages() == [Revoked(offer.offer, "c1", "unreachable")]
        assert (await bench.distributor.place("c1")).position == 1

    async def test_agent_who_is_not_ready_while_ringing_rejects(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.not_ready(A, "break")
        assert await bench.messages() == [Revoked(offer.offer, "c1", "rejected")]
        assert (await bench.agent(A)).reason == "break"
        [failed] = [event for event in await bench.read_events() if isinstance(event, OfferFailed)]
        assert (failed.cause, failed.agent) == ("rejected", "a")

    async def test_log_in_when_logged_in_is_nothing(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.distributor.not_ready(A, "break")
        await bench.distributor.log_in(A)
        assert (await bench.agent(A)).state == AgentState.NOT_READY

    # --- Wrap-up ----------------------------------------------------------------------------------------------------

    async def test_ask_8_wrap_up_does_not_end_early(self, bench: Bench) -> None:
        await bench.set_up(A, wrap_up_s=5)
        await bench.talks("c1")
        await bench.distributor.finish("c1", "caller_hung_up")
        await bench.comes("c2")
        bench.pass_ms(4999)
        await bench.distributor.due()
        assert await bench.offers() == []
        bench.pass_ms(1)
        await bench.distributor.due()
        assert (await bench.offer()).contact == "c2"

    async def test_agent_ends_the_wrap_up_once(self, bench: Bench) -> None:
        await bench.set_up(A, wrap_up_s=5)
        await bench.talks("c1")
        await bench.distributor.finish("c1", "caller_hung_up")
        await bench.distributor.end_wrap_up(A, "pension")
        assert (await bench.agent(A)).state == AgentState.READY
        with pytest.raises(Refused, match="BADSTATE"):
            await bench.distributor.end_wrap_up(A, "pension")

    # --- Places -----------------------------------------------------------------------------------------------------

    async def test_ask_10_caller_who_comes_again_has_the_place_from_before(self, bench: Bench) -> None:
        await bench.set_up()
        arrived = bench.now_ms()
        await bench.comes("c1")
        bench.pass_ms(3000)
        await bench.comes("c2")
        assert (await bench.comes("c1")).position == 1
        await bench.distributor.leave("c1", "transferred", flowed_out=True)
        bench.pass_ms(2000)
        again = await bench.comes("c1", arrived_ms=arrived)
        assert (again.position, again.waited_ms) == (1, 5000)
        elsewhere = await bench.comes("c3", Y, arrived_ms=arrived)
        assert elsewhere.waited_ms == 5000

    async def test_taken_over_contact_keeps_its_place_and_is_offered_at_its_new_node(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.distributor.enqueue(Enqueue("c1", X, NodeId("n9")))
        bench.pass_ms(100)
        await bench.comes("c2")
        place = await bench.comes("c1")
        assert place.waited_ms == 100
        offer = await bench.offer()
        assert (offer.contact, offer.node) == ("c1", N1)

    async def test_estimated_wait_is_the_pace_times_the_position(self, bench: Bench) -> None:
        await bench.set_up(A)
        for n in range(5):
            await bench.comes(f"c{n}")
        assert (await bench.distributor.place("c4")).estimated_wait_s is None
        for n in range(3):
            offer = await bench.offer()
            await bench.distributor.accept(offer.offer, offer.fence)
            bench.pass_ms(4000)
            await bench.distributor.finish(f"c{n}", "caller_hung_up")
        place = await bench.distributor.place("c4")
        assert (place.position, place.estimated_wait_s) == (1, 4)

    async def test_full_queue_takes_no_more(self, bench: Bench) -> None:
        await bench.set_up(max_waiting=1)
        await bench.comes("c1")
        with pytest.raises(Refused, match="FULL"):
            await bench.comes("c2")
        assert (await bench.queue()).offered == 1

    async def test_unknown_names_are_refused_or_nothing(self, bench: Bench) -> None:
        await bench.set_up()
        d = bench.distributor
        for code, command in (
            ("NOQUEUE", d.enqueue(Enqueue("c1", QueueId("z"), N1))),
            ("NOCONTACT", d.place("c1")),
            ("NOAGENT", d.log_in(C)),
            ("NOAGENT", d.ready(C)),
            ("NOAGENT", d.not_ready(C, "break")),
            ("NOAGENT", d.log_out(C, "gone")),
            ("NOAGENT", d.end_wrap_up(C)),
            ("NOOFFER", d.accept(OfferId("o1"), 1)),
            ("NOOFFER", d.fail(OfferId("o1"), 1, "busy")),
        ):
            with pytest.raises(Refused, match=code):
                await command
        await d.leave("c1", "caller_hung_up")
        await d.finish("c1", "caller_hung_up")

    async def test_contact_cannot_be_in_two_queues(self, bench: Bench) -> None:
        await bench.set_up()
        await bench.comes("c1")
        with pytest.raises(Refused, match="BADSTATE"):
            await bench.comes("c1", Y)

    # --- Nodes, gaps, configuration -----------------------------------------------------------------------------

    async def test_ask_2_contacts_of_a_dead_node_end_and_its_agents_are_free(self, bench: Bench) -> None:
        await bench.set_up(A, B)
        d = bench.distributor
        for contact in ("talking", "ringing", "waiting"):
            await d.enqueue(Enqueue(contact, X, NodeId("dead")))
            if contact == "talking":
                [offer] = [e for e in await bench.read_events() if isinstance(e, OfferMade)]
                await d.accept(OfferId(offer.offer), offer.fence)
        await bench.live(NODE_LEASE_MS + 1000)
        assert {(await bench.agent(name)).state for name in (A, B)} == {AgentState.READY}
        numbers = await bench.queue()
        assert (numbers.offered, numbers.answered, numbers.lost, numbers.waiting) == (3, 1, 2, 0)
        ends = {e.kind: getattr(e, "cause", "") for e in await bench.read_events() if hasattr(e, "cause")}
        assert ends == dict.fromkeys(("offer_failed", "contact_left_queue", "contact_released"), "node_lost")

    async def test_ask_2_node_that_starts_again_ends_what_it_held_before(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.talks("c1")
        await bench.comes("c2")
        assert await bench.distributor.drop_node(N1, "node_lost") == 2
        assert (await bench.agent(A)).state == AgentState.READY
        assert await bench.distributor.drop_node(N1, "node_lost") == 0

    async def test_node_that_beats_keeps_its_contacts(self, bench: Bench) -> None:
        await bench.set_up()
        await bench.comes("c1")
        await bench.live(3 * NODE_LEASE_MS)
        assert (await bench.distributor.place("c1")).waited_ms == 3 * NODE_LEASE_MS

    async def test_leases_get_a_fresh_term_after_a_gap(self, bench: Bench) -> None:
        await bench.set_up(A, offer_s=5)
        await bench.comes("c1")
        offer = await bench.offer()
        bench.pass_ms(max(GAP_MS, 5000 + OFFER_GRACE_MS, NODE_LEASE_MS) + 1)
        await bench.distributor.due()
        await bench.distributor.accept(offer.offer, offer.fence)
        assert (await bench.agent(A)).state == AgentState.TALKING

    async def test_due_says_when_it_wants_to_be_called(self, bench: Bench) -> None:
        await bench.set_up(A, wrap_up_s=2)
        await bench.distributor.beat(N1, 0)
        assert await bench.distributor.due() == NODE_LEASE_MS / 1000
        await bench.talks("c1")
        await bench.distributor.finish("c1", "caller_hung_up")
        assert await bench.distributor.due() == 2.0

    async def test_agents_and_contacts_at_work_are_left_when_configured_anew(self, bench: Bench) -> None:
        await bench.set_up(A, B)
        await bench.talks("c1")
        await bench.comes("c2", Y)
        offer = await bench.offer()
        await bench.distributor.configure([queue("x")], [agent("b", "oslo", {"x": 1})])
        assert (await bench.agent(A)).state == AgentState.TALKING
        await bench.distributor.accept(offer.offer, offer.fence)
        await bench.distributor.finish("c1", "caller_hung_up")
        await bench.distributor.finish("c2", "caller_hung_up")
        assert [now.agent for now in await bench.distributor.agents()] == ["b"]
        with pytest.raises(Refused, match="NOQUEUE"):
            await bench.comes("c3", Y)

    async def test_agent_who_is_configured_again_while_talking_stays(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.talks("c1")
        await bench.distributor.configure([queue("x")], [])
        await bench.distributor.ready(A)
        await bench.distributor.log_in(A)
        await bench.distributor.configure([queue("x")], [agent("a", "oslo", {"x": 1})])
        await bench.distributor.finish("c1", "caller_hung_up")
        assert (await bench.agent(A)).state == AgentState.READY

    async def test_removed_agent_is_gone_when_the_contact_at_hand_is_done(self, bench: Bench) -> None:
        await bench.set_up(A, B, wrap_up_s=5)
        await bench.talks("c1")
        await bench.comes("c2")
        offer = await bench.offer()
        await bench.distributor.configure([queue("x")], [])
        await bench.distributor.fail(offer.offer, offer.fence, "busy")
        await bench.distributor.ready(A)
        await bench.distributor.log_in(A)
        await bench.distributor.finish("c1", "caller_hung_up")
        assert await bench.distributor.agents() == []
        assert (await bench.distributor.place("c2")).position == 1

    async def test_contact_that_waits_is_offered_to_an_agent_who_is_given_the_skill(self, bench: Bench) -> None:
        await bench.distributor.configure([queue("x")], [agent("a", "oslo", {})])
        await bench.distributor.log_in(A)
        await bench.comes("c1")
        assert await bench.offers() == []
        await bench.distributor.configure([queue("x")], [agent("a", "oslo", {"x": 1})])
        assert (await bench.offer()).agent == A

    async def test_agents_are_counted_where_they_serve_alone(self, bench: Bench) -> None:
        specs = [agent("a", "oslo", {"x": 1}), agent("b", "oslo", {"y": 1})]
        await bench.distributor.configure([queue("x"), queue("y")], specs)
        await bench.distributor.log_in(B)
        assert (await bench.queue(X)).agents == {"logged_out": 1}
        assert (await bench.queue(Y)).agents == {"ready": 1}

    async def test_queues_are_seen_with_their_numbers(self, bench: Bench) -> None:
        await bench.set_up(A, B)
        await bench.distributor.not_ready(B, "break")
        await bench.comes("c1", priority_s=60)
        bench.pass_ms(2500)
        await bench.comes("c2", priority_s=600)
        await bench.distributor.leave("c2", "voicemail", flowed_out=True)
        numbers = await bench.queue()
        assert numbers == QueueNumbers(X, 1, 2500, {"offered": 1, "not_ready": 1}, 2, 0, 0, 1)
        now = await bench.agent(A)
        assert (now.site, now.contact, now.since_ms) == ("oslo", "c1", bench.now_ms() - 2500)
