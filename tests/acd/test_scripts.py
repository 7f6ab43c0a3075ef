"""The scripts do what the model does: a state machine, and long runs from fixed seeds."""

import os
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from acd.commands import scripts
from acd.model import GAP_MS, NODE_LEASE_MS, STEP_LIMIT, Enqueue, NodeId, QueueId
from acd.steps import CONTACT_STEP
from tests.acd import promising, seeded
from tests.acd.twin import AGENTS, CONTACTS, LAYOUTS, NODES, QUEUES, STEPS_MS, Twins, connect

EXAMPLES = 120 * int(os.environ.get("FUZZ_EXAMPLES_TIMES", "1"))
"""Of fifty steps each, which take more than a second apiece; `make soak` draws anew for as long as it is told."""
nodes, agents, contacts = st.sampled_from(NODES), st.sampled_from(AGENTS), st.sampled_from(CONTACTS)
ROUTING = ("on_duty", "put_agent", "drop_agent", "occupy", "site", "slots", "late_slice")
steps_ms = st.sampled_from(STEPS_MS)


@pytest.fixture
def client(redis_url: str) -> Iterator[Any]:
    client = connect(redis_url)
    yield client
    client.close()


def machine(client: Any) -> type[RuleBasedStateMachine]:
    class Distribution(RuleBasedStateMachine):
        @initialize(layout=st.sampled_from((0, 3)))
        def begin(self, layout: int) -> None:
            client.flushdb()
            self.twins = Twins(client, scripts())
            self.twins.configure("n1", layout)
            for name in AGENTS[:3]:
                self.twins.log_in("n1", name, ready=True)

        @rule(ms=steps_ms)
        def time_passes(self, ms: int) -> None:
            self.twins.now = max(0, self.twins.now + ms)

        @rule(node=nodes, ms=steps_ms)
        def time_does_its_work(self, node: str, ms: int) -> None:
            self.twins.now = max(0, self.twins.now + ms)
            self.twins.due(node)

        @rule(node=nodes)
        def node_beats(self, node: str) -> None:
            self.twins.beat(node)

        @rule(node=nodes, dropped=nodes)
        def node_starts_anew(self, node: str, dropped: str) -> None:
            self.twins.drop_node(node, dropped)

        @rule(node=nodes)
        def redis_was_away(self, node: str) -> None:
            self.twins.renew(node)

        @rule(node=nodes, layout=st.sampled_from(range(len(LAYOUTS))))
        def configured_anew(self, node: str, layout: int) -> None:
            self.twins.configure(node, layout)

        @rule(
            node=nodes,
            contact=contacts,
            queue=st.sampled_from(QUEUES),
            holder=nodes,
            priority_s=st.sampled_from((0, 1, 5)),
            before_ms=st.sampled_from((0, 1, 5000)),
        )
        def contact_comes(
            self, node: str, contact: str, queue: str, holder: str, priority_s: int, before_ms: int
        ) -> None:
            arrived = max(0, self.twins.now - before_ms) if before_ms else 0
            self.twins.enqueue(node, Enqueue(contact, QueueId(queue), NodeId(holder), priority_s, arrived))

        @rule(node=nodes, contact=contacts, flowed_out=st.booleans())
        def contact_leaves(self, node: str, contact: str, flowed_out: bool) -> None:
            self.twins.leave(node, contact, "caller_hung_up", flowed_out=flowed_out)

        @rule(contact=contacts)
        def place_is_asked_for(self, contact: str) -> None:
            self.twins.place(contact)

        @precondition(lambda self: self.twins.model.leases)
        @rule(node=nodes, data=st.data(), wrong=st.sampled_from((0, 0, 0, 1)))
        def agent_answers(self, node: str, data: st.DataObject, wrong: int) -> None:
            lease = self.twins.model.leases[data.draw(st.sampled_from(sorted(self.twins.model.leases)))]
            self.twins.accept(node, lease.offer, lease.fence + wrong)

        @precondition(lambda self: self.twins.model.leases)
        @rule(node=nodes, data=st.data(), cause=st.sampled_from(seeded.CAUSES))
        def offer_fails(self, node: str, data: st.DataObject, cause: str) -> None:
            lease = self.twins.model.leases[data.draw(st.sampled_from(sorted(self.twins.model.leases)))]
            self.twins.fail(node, lease.offer, lease.fence, cause)

        @rule(node=nodes, agent=agents, ready=st.booleans())
        def agent_logs_in(self, node: str, agent: str, ready: bool) -> None:
            self.twins.log_in(node, agent, ready=ready)

        @rule(node=nodes, agent=agents)
        def agent_logs_out(self, node: str, agent: str) -> None:
            self.twins.log_out(node, agent, "shift_over")

        @rule(node=nodes, agent=agents)
        def agent_is_ready(self, node: str, agent: str) -> None:
            self.twins.ready(node, agent)

        @rule(node=nodes, agent=agents, reason=st.sampled_from(("break", "no_answer")))
        def agent_is_not_ready(self, node: str, agent: str, reason: str) -> None:
            self.twins.not_ready(node, agent, reason)

        @rule(node=nodes, agent=agents)
        def agent_ends_the_wrap_up(self, node: str, agent: str) -> None:
            self.twins.end_wrap_up(node, agent, "topic")

        @rule(node=nodes, seed=st.integers(0, 999))
        def callback_is_promised(self, node: str, seed: int) -> None:
            self.twins.promise(node, promising.new_promise(random.Random(seed), self.twins.now))

        @rule(seed=st.integers(0, 999), what=st.sampled_from(("tried", "hold", "cancel")))
        def callback_goes_on(self, seed: int, what: str) -> None:
            promising.step(self.twins, random.Random(seed), what)

        @rule(node=nodes, agent=agents, seed=st.integers(0, 999), what=st.sampled_from(ROUTING))
        def routing_changes(self, node: str, agent: str, seed: int, what: str) -> None:
            seeded.routing_step(self.twins, random.Random(seed), what, node, agent)

        @rule(seed=st.integers(0, 999))
        def caller_of_a_site_comes(self, seed: int) -> None:
            seeded.step(self.twins, random.Random(seed), "enqueue")

        @rule(node=nodes, layout=st.sampled_from((0, 3, 4)), parts=st.sampled_from((1, 2)))
        def node_dies_while_it_configures(self, node: str, layout: int, parts: int) -> None:
            self.twins.configure(node, layout, parts)

        @rule()
        def client_repeats_itself(self) -> None:
            self.twins.repeat()

    return Distribution


@pytest.mark.timeout(300)
def test_scripts_do_what_the_model_does(client: Any) -> None:
    run_state_machine_as_test(
        machine(client),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )


@pytest.mark.timeout(300)
def test_long_runs_from_fixed_seeds_agree_and_meet_every_rule(client: Any) -> None:
    seen: dict[str, int] = {}
    for seed in range(10):
        client.flushdb()
        twins = Twins(client, scripts())
        seeded.run(twins, seed, 1500)
        for name, count in twins.seen.items():
            seen[name] = seen.get(name, 0) + count
    commands = set(scripts()) - {"append"}
    events = {"ContactQueued", "ContactLeftQueue", "OfferMade", "OfferFailed", "ContactAnswered", "ContactReleased"}
    refusals = {"NOQUEUE", "NOAGENT", "NOCONTACT", "NOOFFER", "BADSTATE", "FULL", "OVERTAKEN"}
    events |= {"SiteLost", "SiteBack", "AgentPut", "AgentDropped"}
    events |= {"ColleagueSought", "ColleagueFound", "ColleagueEnded"}
    events |= {"OfferWithheld", "TierOpened", "PartnerAnswered", "PartnerReleased", "DutyChanged"}
    expected = commands | events | refusals | {"WrapUpEnded", "AgentStateChanged"}
    assert {name: seen.get(name, 0) for name in expected if seen.get(name, 0) < 20} == {}


def test_more_than_one_step_s_worth_of_work_is_done_bit_by_bit(client: Any) -> None:
    twins, most = Twins(client, scripts()), STEP_LIMIT // CONTACT_STEP
    twins.configure("n1", 1)
    for node in NODES:
        for n in range(most + 5):
            twins.enqueue("n1", Enqueue(f"{node}-{n}", QueueId("x"), NodeId(node)))
    twins.drop_node("n1", "n1")
    assert len(twins.model.entries) == most + 10
    for twins.now in range(GAP_MS, NODE_LEASE_MS, GAP_MS):
        twins.beat("n1")
    twins.now = NODE_LEASE_MS
    for left in (10, 5):
        twins.due("n1")
        assert len(twins.model.entries) == left
    twins.drop_node("n1", "n1")
    assert twins.model.numbers["x"].l == 2 * (most + 5)
