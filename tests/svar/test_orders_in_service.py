"""What a node can be ordered to do: hang up, log out, and what a talk allows."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from acd.distributor import Unavailable
from acd.orders import Order, Outcome
from events.catalogue import OrderDone
from events.sink import MemorySink
from ivr.over_sip.telephony import Identity
from ivr.ports.talk import NotNow
from sip.message.uri import SipUri
from svar.calls import CallTasks
from svar.orders_in_service import TALK, referring, share_phones, take_orders


class Talk:
    """One talk; it refuses to be resumed."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def act(*arguments: str) -> None:
            if name == "resume":
                raise NotNow("nobody is on hold")
            self.did.append(" ".join((name, *arguments)))

        return act


class Talks:
    """The talks of this node, and whom they may be given to: bjorn."""

    def __init__(self, **talks: Talk) -> None:
        self.talks = talks
        self.directory = self

    def find(self, text: str) -> str | None:
        return text if text == "bjorn" else None

    def of(self, contact: str) -> Talk | None:
        return self.talks.get(contact)

    def of_agent(self, agent: str) -> Talk | None:
        return self.talks["c1"] if agent == "kari" else None


class Node:
    """A node with one caller in a talk, `c1`, and one who waits, `c2`."""

    def __init__(self) -> None:
        self.sink, self.answers, self.logged_out = MemorySink(), dict[str, Outcome](), list[tuple[str, str]]()
        self.calls = CallTasks(60.0)
        self.talk = Talk()
        self.calls.talks = Talks(c1=self.talk)  # type: ignore[assignment]  # as much of it as is asked for
        self.ended: list[tuple[str, str]] = []
        self.listener = SimpleNamespace(ordered=None)
        together = SimpleNamespace(orders=self, listener=self.listener)
        storage: Any = SimpleNamespace(sink=self.sink, together=together, distributor=self)
        self.here = take_orders(storage, Identity("t", "n1", lambda: 1_000), self.calls)
        for contact in ("c1", "c2"):
            self.calls.start(contact, self._call(contact), self._hang_up(contact))

    def _hang_up(self, contact: str) -> Callable[[str], Any]:
        async def hang_up(cause: str) -> None:
            self.ended.append((contact, cause))

        return hang_up

    async def _call(self, contact: str) -> None:
        while (contact, "ordered") not in self.ended:  # noqa: ASYNC110 - as a flow that looks now and then
            await asyncio.sleep(0)

    async def answer(self, order: str, outcome: Outcome) -> None:
        self.answers[order] = outcome

    async def log_out(self, agent: str, reason: str) -> None:
        self.logged_out.append((agent, reason))

    async def order(self, kind: str, **arguments: str) -> Outcome | None:
        await self.here.carry_out(Order(f"o{len(self.answers)}", "kari", kind, 2_000, arguments))
        return self.answers.get(f"o{len(self.answers) - 1}") if self.answers else None

    async def close(self) -> None:
        await self.calls.finish(0.1)


async def test_a_call_is_hung_up_and_told() -> None:
    node = Node()
    assert await node.order("hang_up", contact="c2") == Outcome("done")
    assert node.ended == [("c2", "ordered")]
    (event,) = node.sink.events
    assert isinstance(event, OrderDone)
    assert (event.contact, event.author, event.order_kind, event.outcome) == ("c2", "kari", "hang_up", "done")
    assert node.listener.ordered == node.here.heard
    await node.close()


async def test_what_was_asked_for_goes_to_who_asked_and_into_no_event() -> None:
    node = Node()

    async def ladder(_: object) -> str:
        return "INVITE sip:5000@h"

    node.here.kinds["ladder"] = ladder
    assert await node.order("ladder", contact="c2") == Outcome("done", "INVITE sip:5000@h")
    assert await node.order("resume", contact="c1") == Outcome("refused", "nobody is on hold")
    assert [event.detail for event in node.sink.events if isinstance(event, OrderDone)] == ["", "nobody is on hold"]
    await node.close()


async def test_what_is_at_another_node_is_left_to_it() -> None:
    node = Node()
    for kind in ("hang_up", "hold", "to_queue"):
        assert await node.order(kind, contact="c9", queue="work") is None
    assert node.sink.events == []
    await node.close()


async def test_a_call_that_is_over_is_not_here_any_more() -> None:
    node = Node()
    await node.order("hang_up", contact="c2")
    async with asyncio.timeout(5):
        while "c2" in node.calls:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.001)
    await node.order("hang_up", contact="c2")
    assert len(node.answers) == 1
    await node.close()


async def test_an_agent_is_logged_out() -> None:
    node = Node()
    assert await node.order("log_out", agent="anna") == Outcome("done")
    assert await node.order("log_out", agent="bjorn", reason="end_of_shift") == Outcome("done")
    assert node.logged_out == [("anna", "ordered"), ("bjorn", "end_of_shift")]
    await node.close()


@pytest.mark.parametrize("kind", [one for one in TALK if one != "resume"])
async def test_a_talk_does_what_it_is_told(kind: str) -> None:
    node = Node()
    assert await node.order(kind, contact="c1") == Outcome("done")
    assert await node.order("to_queue", contact="c1", queue="work") == Outcome("done")
    assert node.talk.did == [kind, "to_queue work"]
    await node.close()


async def test_a_caller_is_given_to_whom_the_directory_has_and_nobody_else() -> None:
    node = Node()
    assert await node.order("blind", contact="c1", target="bjorn") == Outcome("done")
    assert await node.order("consult", contact="c1", target="bjorn") == Outcome("done")
    assert node.talk.did == ["blind bjorn", "consult bjorn"]
    refused = await node.order("blind", contact="c1", target="+4755550000")
    assert refused is not None
    assert (refused.outcome, node.talk.did) == ("refused", ["blind bjorn", "consult bjorn"])
    await node.close()


class Elsewhere:
    """The orders that go to other nodes, and what comes of them."""

    def __init__(self, outcome: str) -> None:
        self.sent: list[tuple[Order, str]] = []
        self._outcome = outcome

    async def send(self, order: Order, node: str) -> None:
        if not self._outcome:
            raise Unavailable("redis is away")
        self.sent.append((order, node))

    async def outcome(self, order: str, within_s: float) -> Outcome:
        return Outcome(self._outcome)


@pytest.mark.parametrize(("outcome", "done"), [("done", True), ("refused", False), ("unknown", False), ("", False)])
async def test_a_phones_wish_is_ordered_of_the_callers_node(outcome: str, done: bool) -> None:
    elsewhere = Elsewhere(outcome)
    storage: Any = SimpleNamespace(together=SimpleNamespace(orders=elsewhere))
    refer = referring(storage, Identity("t", "n1", lambda: 1_000), lambda host: host == "svar.example")
    assert await refer("n2", "c1", "anna", SipUri("bjorn", "svar.example")) is done
    assert await refer("n2", "c1", "anna", SipUri("bjorn", "elsewhere.example")) is False
    if outcome:
        ((order, node),) = elsewhere.sent
        assert (node, order.kind, order.author, order.deadline_ms) == ("n2", "blind", "agent:anna", 6_000)
        assert order.arguments == {"contact": "c1", "target": "bjorn", "by": "anna"}


async def test_what_does_not_fit_is_refused_in_words() -> None:
    node = Node()
    assert await node.order("resume", contact="c1") == Outcome("refused", "nobody is on hold")
    assert await node.order("hold", contact="c2") == Outcome("refused", "the caller talks to nobody")
    await node.close()


async def test_a_phone_at_another_node_may_ask_for_the_talk_that_its_agent_leads_alone() -> None:
    node = Node()
    refused = await node.order("blind", contact="c1", target="bjorn", by="berit")
    assert refused == Outcome("refused", "berit does not lead that talk")
    assert await node.order("complete", contact="c1", by="berit") == refused
    assert node.talk.did == []
    assert await node.order("blind", contact="c1", target="bjorn", by="kari") == Outcome("done")
    assert node.talk.did == ["blind bjorn"]
    await node.close()


async def test_what_a_phone_ends_at_one_node_is_forgotten_at_another() -> None:
    node, forgotten = Node(), list[tuple[str, list[str]]]()
    sent: list[tuple[Order, str]] = []

    async def send(order: Order, node: str) -> None:
        sent.append((order, node))

    there: Any = SimpleNamespace(forget=lambda agent, contacts: forgotten.append((agent, list(contacts))))
    here: Any = SimpleNamespace(forget=None)
    storage: Any = SimpleNamespace(together=SimpleNamespace(orders=SimpleNamespace(send=send)))
    share_phones(storage, Identity("t", "n2", lambda: 1_000), node.here, there)
    other = Node()
    share_phones(storage, Identity("t", "n2", lambda: 1_000), other.here, here)
    await here.forget_at("n1", "anna", ["sip:a@192.0.2.1", "sip:b@192.0.2.1"])
    ((order, at),) = sent
    assert at == "n1"
    await node.here.carry_out(order)
    assert forgotten == [("anna", ["sip:a@192.0.2.1", "sip:b@192.0.2.1"])]
    assert node.answers[order.order] == Outcome("done")
    await node.close()
    await other.close()
