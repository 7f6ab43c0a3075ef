"""What every distributor has to do where an agent, in a talk, waits in a queue for a colleague."""

import pytest

from acd.distributor import Refused
from acd.model import AgentId, AgentState, PartnerSpec, Revoked, Tier
from events.catalogue import AgentStateChanged, ColleagueEnded, ColleagueFound, ColleagueSought, Event, OfferMade
from tests.acd.distributor_contract import N1, A, B, Bench, X, Y
from tests.acd.twin import agent, queue


async def kinds(bench: Bench) -> list[Event]:
    """The events but for the agents' states."""
    return [event for event in await bench.read_events() if not isinstance(event, AgentStateChanged)]


class ColleaguesContract:
    """Subclass it and give the fixture `bench`."""

    async def test_agent_in_a_talk_gets_a_colleague_from_a_queue_and_nothing_is_counted(self, bench: Bench) -> None:
        await bench.set_up(A, wrap_up_s=5)
        await bench.talks("c1")
        place = await bench.comes("c1+1", Y, colleague_of=A)
        assert (place.position, (await bench.queue(Y)).offered) == (1, 0)
        await bench.read_events()
        bench.pass_ms(1200)
        await bench.distributor.configure(
            [queue("x", wrap_up_s=5), queue("y", wrap_up_s=5)], [agent(name, "oslo", {"x": 1, "y": 1}) for name in "ab"]
        )
        await bench.distributor.log_in(B)
        offer = await bench.offer()
        assert (offer.contact, offer.agent, offer.grounds.kind) == ("c1+1", B, "colleague")
        await bench.distributor.accept(offer.offer, offer.fence)
        assert (await bench.agent(B)).state == AgentState.TALKING
        bench.pass_ms(700)
        await bench.distributor.finish("c1+1", "transferred")
        assert (await bench.agent(B)).state == AgentState.WRAP_UP
        made, found, ended = await kinds(bench)
        assert isinstance(made, OfferMade)
        assert isinstance(found, ColleagueFound)
        assert isinstance(ended, ColleagueEnded)
        assert (found.contact, found.agent, found.waited_ms) == ("c1+1", "b", 1200)
        assert (ended.agent, ended.site, ended.cause) == ("b", "oslo", "transferred")
        assert (ended.waited_ms, ended.talked_ms) == (1200, 700)
        numbers = await bench.queue(Y)
        assert (numbers.offered, numbers.answered, numbers.waiting) == (0, 0, 0)
        assert (await bench.queue(X)).answered == 1

    async def test_agent_who_waits_no_longer_frees_the_colleague_who_is_rung(self, bench: Bench) -> None:
        await bench.set_up(A, B)
        await bench.talks("c1")
        await bench.read_events()
        await bench.comes("c1+1", colleague_of=A)
        offer = await bench.offer()
        await bench.distributor.leave("c1+1", "taken_back")
        assert (await bench.agent(B)).state == AgentState.READY
        assert await bench.messages() == [], "who leaves knows it"
        sought, *_, ended = await kinds(bench)
        assert isinstance(sought, ColleagueSought)
        assert (sought.queue, sought.agent, sought.position) == ("x", "a", 1)
        assert isinstance(ended, ColleagueEnded)
        assert (ended.agent, ended.cause, ended.talked_ms) == ("", "taken_back", 0)
        with pytest.raises(Refused, match="NOOFFER"):
            await bench.distributor.accept(offer.offer, offer.fence)

    async def test_colleague_who_does_not_answer_is_followed_by_the_next_and_callers_keep_their_order(
        self, bench: Bench
    ) -> None:
        c = AgentId("c")
        await bench.set_up(A, B, c)
        await bench.talks("c1")
        await bench.comes("c1+1", colleague_of=A)
        first = await bench.offer()
        await bench.comes("c2")
        assert (await bench.offer()).agent == c
        await bench.comes("c3")
        bench.pass_ms(100)
        await bench.distributor.fail(first.offer, first.fence, "no_answer")
        await bench.distributor.ready(B)
        assert (await bench.offer()).contact == "c1+1", "it came before c3"

    async def test_partner_is_no_colleague(self, bench: Bench) -> None:
        tiers = (Tier(), Tier(partner="tax"))
        await bench.distributor.configure([queue("x", tiers=tiers)], [], (), [PartnerSpec("tax")])
        await bench.distributor.log_in(AgentId("tax/1"))
        await bench.comes("c1+1", colleague_of=A)
        assert await bench.offers() == []
        await bench.comes("c1")
        assert (await bench.offer()).contact == "c1"

    async def test_colleague_is_waited_for_in_a_queue_that_is_not_full(self, bench: Bench) -> None:
        await bench.set_up(max_waiting=2)
        await bench.comes("c1")
        await bench.comes("c0+1", colleague_of=A)
        with pytest.raises(Refused, match="FULL"):
            await bench.comes("c2+1", colleague_of=A)

    async def test_lost_node_s_agents_ask_no_more(self, bench: Bench) -> None:
        await bench.set_up(A, B)
        await bench.comes("c1+1", colleague_of=A)
        offer = await bench.offer()
        await bench.read_events()
        assert await bench.distributor.drop_node(N1, "node_lost") == 1
        assert await bench.messages() == [Revoked(offer.offer, "c1+1", "node_lost")]
        *_, ended = await kinds(bench)
        assert isinstance(ended, ColleagueEnded)
        assert ended.cause == "node_lost"

    async def test_queue_that_is_removed_stays_for_an_agent_who_asks_in_it(self, bench: Bench) -> None:
        await bench.set_up(A)
        await bench.comes("c0+1", Y, colleague_of=A)
        offer = await bench.offer()
        await bench.distributor.configure([queue("x")], [agent("a", "oslo", {"x": 1, "y": 1})])
        await bench.distributor.accept(offer.offer, offer.fence)
        await bench.distributor.finish("c0+1", "agent_hung_up")
        assert (await bench.agent(A)).state == AgentState.READY
