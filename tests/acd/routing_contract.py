"""What every distributor has to do with tiers, sites, partners and duty, whatever it stands on."""

from collections.abc import Sequence
from typing import Any, TypeVar

import pytest

from acd.distributor import Refused
from acd.model import AgentId, AgentSpec, AgentState, Offer, PartnerSpec, QueueSpec, Serving, SiteId, Tier
from events.catalogue import (
    AgentStateChanged,
    ContactLeftQueue,
    DutyChanged,
    Event,
    OfferMade,
    OfferWithheld,
    PartnerAnswered,
    PartnerReleased,
    TierOpened,
)
from tests.acd.distributor_contract import A, B, Bench, X, Y
from tests.acd.twin import agent, queue, site

E = TypeVar("E", bound=Event)
C, D = AgentId("c"), AgentId("d")
OSLO, MOSS, BODO = SiteId("oslo"), SiteId("moss"), SiteId("bodø")
SITES = (site("oslo", "moss"), site("moss", "oslo"), site("bodø"))
OWN_FIRST = (Tier(sites="own"), Tier(sites="neighbours", after_s=45), Tier(after_s=120))


def at(name: AgentId, where: SiteId, **more: Any) -> AgentSpec:
    return agent(name, where, more.pop("skills", {"x": 1, "y": 1}), **more)


async def configured(
    bench: Bench, queues: Sequence[QueueSpec], *agents: AgentSpec, partners: Sequence[PartnerSpec] = ()
) -> None:
    """These agents log in, in this order."""
    await bench.distributor.configure(queues, agents, SITES, partners)
    for spec in agents:
        await bench.distributor.log_in(spec.agent)


async def told(bench: Bench, kind: type[E]) -> list[E]:
    return [event for event in await bench.read_events() if isinstance(event, kind)]


class RoutingContract:
    """Subclass it and give the fixture `bench`."""

    # --- Tiers ----------------------------------------------------------------------------------------------------

    async def test_own_site_comes_first_then_neighbours_then_all(self, bench: Bench) -> None:
        await configured(bench, [queue("x", tiers=OWN_FIRST)], at(A, MOSS), at(B, BODO))
        await bench.comes("c1", site=OSLO)
        assert await bench.offers() == []
        await bench.live(44_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        offer = await bench.offer()
        assert (offer.agent, offer.grounds.tier) == (A, 2)
        await bench.distributor.fail(offer.offer, offer.fence, "no_answer")
        await bench.live(74_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).agent == B

    async def test_agent_of_the_own_site_is_asked_before_one_who_is_idle_longer(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier())
        await configured(bench, [queue("x", tiers=tiers)], at(A, BODO), at(B, OSLO))
        await bench.comes("c1", site=OSLO)
        assert (await bench.offer()).agent == B
        await bench.comes("c2", site=OSLO)
        assert (await bench.offer()).agent == A

    async def test_caller_of_no_site_is_everybody_s(self, bench: Bench) -> None:
        await configured(bench, [queue("x", tiers=(Tier(sites="own"),))], at(A, BODO))
        await bench.comes("c1")
        assert (await bench.offer()).agent == A

    async def test_generalists_come_in_with_a_lower_level(self, bench: Bench) -> None:
        tiers = (Tier(), Tier(skill="general", level=1, after_s=30))
        await configured(bench, [queue("x", level=3, tiers=tiers)], at(A, OSLO, skills={"general": 1, "x": 2}))
        await bench.comes("c1")
        await bench.live(29_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).grounds.tier == 2

    async def test_a_tier_opens_by_the_number_who_wait(self, bench: Bench) -> None:
        tiers = (Tier(groups=("first",)), Tier(waiting=2))
        await configured(bench, [queue("x", tiers=tiers)], at(A, OSLO))
        await bench.comes("c1")
        await bench.live(5_000)
        assert await bench.offers() == []
        await bench.comes("c2")
        assert (await bench.offer()).contact == "c2"
        await bench.comes("c3")
        await bench.live(2_000)
        assert {e.why for e in await told(bench, TierOpened)} == {"waiting"}

    async def test_a_tier_opens_when_nobody_is_logged_in_before_it(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(nobody="logged_in"))
        await configured(bench, [queue("x", tiers=tiers)], at(A, OSLO), at(B, BODO))
        await bench.distributor.not_ready(A, "break")
        await bench.comes("c1", site=OSLO)
        await bench.live(3_000)
        assert await bench.offers() == []
        await bench.distributor.log_out(A, "shift_over")
        await bench.live(2_000)
        assert (await bench.offer()).agent == B

    async def test_a_tier_opens_when_all_before_it_are_on_a_break(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(nobody="at_work"))
        await configured(bench, [queue("x", tiers=tiers)], at(A, OSLO), at(B, BODO))
        await bench.distributor.not_ready(A, "break")
        await bench.comes("c1", site=OSLO)
        assert (await bench.offer()).agent == B

    async def test_a_tier_opens_when_the_caller_s_site_is_lost(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(site_lost=True))
        await configured(bench, [queue("x", tiers=tiers)], at(B, BODO))
        await bench.comes("c1", site=OSLO)
        await bench.live(2_000)
        assert await bench.offers() == []
        await bench.distributor.site_lost(OSLO, "node")
        await bench.live(2_000)
        assert (await bench.offer()).agent == B
        await bench.distributor.site_back(OSLO)
        await bench.comes("c2", site=OSLO)
        await bench.live(2_000)
        assert await bench.offers() == []

    async def test_a_tier_opens_before_closing_time(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(closing_s=60))
        await configured(bench, [queue("x", tiers=tiers)], at(B, BODO))
        await bench.comes("c1", site=OSLO, closes_ms=bench.now_ms() + 90_000)
        await bench.live(29_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).agent == B

    async def test_journey_s_wait_opens_tiers_and_keeps_the_order(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(after_s=100))
        await configured(bench, [queue("x", tiers=tiers)], at(A, BODO))
        await bench.comes("c1", site=OSLO)
        await bench.comes("c2", site=OSLO, since_ms=bench.now_ms() - 100_000)
        offer = await bench.offer()
        assert (offer.contact, offer.waited_ms, offer.total_waited_ms) == ("c2", 0, 100_000)

    async def test_merger_of_sites_moves_nobody_out(self, bench: Bench) -> None:
        await configured(bench, [queue("x", tiers=OWN_FIRST)], at(A, MOSS), at(B, BODO))
        for n in range(120):
            await bench.comes(f"c{n}", site=OSLO)
        await bench.distributor.configure([queue("x", tiers=(Tier(sites="own"),))], [at(A, OSLO), at(B, BODO)], SITES)
        await bench.distributor.due()
        offer = await bench.offer()
        assert (offer.contact, offer.agent) == ("c0", A)
        await bench.live(3_000)
        await bench.distributor.put_agent(at(B, OSLO))
        assert (await bench.offer()).contact == "c1"
        assert (await bench.queue()).waiting == 120
        assert {now.state for now in await bench.distributor.agents()} == {AgentState.OFFERED}

    async def test_tiers_by_state_are_looked_at_again_for_who_comes_back_after_a_missed_offer(
        self, bench: Bench
    ) -> None:
        tiers = (Tier(sites="own"), Tier(nobody="logged_in"))
        await configured(bench, [queue("x", tiers=tiers)], at(A, OSLO, log_out_after=1), at(B, BODO))
        await bench.comes("c1", site=OSLO)
        offer = await bench.offer()
        await bench.live(5_000)
        await bench.distributor.fail(offer.offer, offer.fence, "no_answer")
        await bench.live(1_000)
        assert (await bench.offer()).agent == B

    async def test_who_stands_far_behind_sees_the_state_of_the_own_site_too(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(site_lost=True))
        await configured(bench, [queue("x", tiers=tiers)], at(B, BODO))
        for n in range(140):
            await bench.comes(f"c{n}", site=MOSS)
        await bench.comes("far", site=OSLO)
        await bench.distributor.site_lost(OSLO, "node")
        await bench.live(6_000)
        assert [offer.contact for offer in await bench.offers()] == ["far"]

    async def test_new_tiers_are_seen_though_many_hang_up_meanwhile(self, bench: Bench) -> None:
        await configured(bench, [queue("x", tiers=(Tier(sites="own"),))], at(A, MOSS), at(B, BODO))
        for n in range(450):
            bench.pass_ms(1)
            await bench.comes(f"c{n}", site=OSLO)
        await bench.distributor.configure([queue("x", tiers=(Tier(),))], [at(A, MOSS), at(B, BODO)], SITES)
        taken = {offer.contact for offer in await bench.offers()}
        await bench.distributor.due()
        taken |= {offer.contact for offer in await bench.offers()}
        assert taken == {"c0", "c1"}, "those who wait longest"
        for n in range(2, 449):
            await bench.distributor.leave(f"c{n}", "caller_hung_up")
        await bench.live(1_000)
        await bench.distributor.put_agent(at(C, MOSS))
        await bench.distributor.log_in(C)
        assert [offer.contact for offer in await bench.offers()] == ["c449"]

    async def test_a_tier_that_opens_by_time_does_not_tell_of_closing(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(after_s=2, closing_s=60))
        await configured(bench, [queue("x", tiers=tiers)], at(B, BODO))
        await bench.comes("c1", site=OSLO)
        await bench.live(2_000)
        assert [event.why for event in await told(bench, TierOpened)] == ["after"]

    # --- Who of them ----------------------------------------------------------------------------------------------

    async def test_best_fitting_agent_is_chosen_where_the_level_counts(self, bench: Bench) -> None:
        serving = Serving(by="level", wishes={"english": 2})
        skills = ({"x": 5}, {"x": 9}, {"x": 1, "english": 2}, {"x": 1, "english": 1})
        specs = [at(name, OSLO, skills=own) for name, own in zip((A, B, C, D), skills, strict=True)]
        await configured(bench, [queue("x", serving=serving)], *specs)
        order = []
        for n in range(4):
            await bench.comes(f"c{n}")
            offer = await bench.offer()
            assert offer.grounds.rule == "level"
            order.append(offer.agent)
        assert order == [C, B, A, D]

    async def test_required_skills_are_all_needed(self, bench: Bench) -> None:
        serving = Serving(requires={"english": 2})
        specs = (at(A, OSLO), at(B, OSLO, skills={"x": 1, "english": 2}))
        await configured(bench, [queue("x", serving=serving)], *specs)
        await bench.comes("c1")
        assert (await bench.offer()).agent == B

    async def test_preferred_agent_is_waited_for_and_then_anybody(self, bench: Bench) -> None:
        await configured(bench, [queue("x")], at(A, OSLO), at(B, OSLO))
        await bench.distributor.not_ready(B, "break")
        await bench.comes("c1", prefer=B, prefer_s=10)
        await bench.live(9_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).agent == A
        await bench.comes("c2", prefer=B, prefer_s=10)
        await bench.distributor.ready(B)
        offer = await bench.offer()
        assert (offer.agent, offer.grounds.rule, offer.grounds.tier) == (B, "preferred", 0)

    async def test_preferred_agent_who_is_not_there_is_not_waited_for(self, bench: Bench) -> None:
        await configured(bench, [queue("x")], at(A, OSLO), at(B, OSLO))
        await bench.distributor.log_out(B, "shift_over")
        await bench.comes("c1", prefer=B, prefer_s=10)
        assert (await bench.offer()).agent == A

    async def test_fairness_by_target_puts_the_shorter_target_first(self, bench: Bench) -> None:
        fair = Serving(fairness="target")
        queues = [queue("x", serving=fair, target_s=100), queue("y", serving=fair, target_s=20)]
        await configured(bench, queues, at(A, OSLO))
        await bench.distributor.not_ready(A, "break")
        await bench.comes("long", X)
        bench.pass_ms(1_000)
        await bench.comes("short", Y)
        bench.pass_ms(1_000)
        await bench.distributor.ready(A)
        assert (await bench.offer()).contact == "short"

    # --- Missed offers ----------------------------------------------------------------------------------------------

    async def test_rest_after_a_missed_offer_is_that_of_its_cause(self, bench: Bench) -> None:
        await configured(bench, [queue("x")], at(A, OSLO, rest_s=60, rests={"busy": 5}))
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.fail(offer.offer, offer.fence, "busy")
        await bench.live(5_000)
        offer = await bench.offer()
        await bench.distributor.fail(offer.offer, offer.fence, "no_answer")
        await bench.live(59_000)
        assert await bench.offers() == []

    async def test_ask_2_agent_who_misses_again_and_again_is_logged_out(self, bench: Bench) -> None:
        await configured(bench, [queue("x")], at(A, OSLO, rest_s=1, log_out_after=2))
        await bench.comes("c1")
        for state in (AgentState.NOT_READY, AgentState.LOGGED_OUT):
            offer = await bench.offer()
            await bench.distributor.fail(offer.offer, offer.fence, "no_answer")
            assert (await bench.agent(A)).state == state
            await bench.live(1_000)
        assert (await bench.distributor.place("c1")).position == 1

    # --- Partners -------------------------------------------------------------------------------------------------

    async def _with_partner(self, bench: Bench) -> Offer:
        tiers = (Tier(), Tier(partner="tax", after_s=10))
        partners = [PartnerSpec("tax", 2, rings_s=30, rest_s=20)]
        await configured(bench, [queue("x", tiers=tiers)], partners=partners)
        for slot in ("tax/1", "tax/2"):
            await bench.distributor.log_in(AgentId(slot))
        await bench.comes("c1")
        await bench.live(10_000)
        return await bench.offer()

    async def test_partner_who_answers_has_the_caller_as_flowed_out(self, bench: Bench) -> None:
        offer = await self._with_partner(bench)
        assert (offer.grounds.partner, offer.rings_for_ms) == ("tax", 30_000)
        await bench.distributor.accept(offer.offer, offer.fence)
        await bench.distributor.finish("c1", "agent_hung_up")
        numbers = await bench.queue()
        assert (numbers.offered, numbers.flowed_out, numbers.answered, numbers.waiting) == (1, 1, 0, 0)
        events = await bench.read_events()
        kinds = [e for e in events if isinstance(e, PartnerAnswered | ContactLeftQueue | PartnerReleased)]
        assert [e.kind for e in kinds] == ["partner_answered", "contact_left_queue", "partner_released"]
        assert not [e for e in events if e.kind == "agent_state_changed"], "its people are none of ours"
        assert await bench.distributor.agents() == []

    async def test_partner_who_does_not_answer_gives_the_caller_back_and_rests(self, bench: Bench) -> None:
        offer = await self._with_partner(bench)
        await bench.distributor.fail(offer.offer, offer.fence, "no_answer")
        assert (await bench.distributor.place("c1")).position == 1
        await bench.live(19_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).grounds.partner == "tax"

    async def test_partner_without_a_rest_is_asked_again_after_a_second(self, bench: Bench) -> None:
        queues = [queue("x", tiers=(Tier(partner="tax"),))]
        await configured(bench, queues, partners=[PartnerSpec("tax", 1, rings_s=30, rest_s=0)])
        await bench.distributor.log_in(AgentId("tax/1"))
        await bench.comes("c1")
        offer = await bench.offer()
        await bench.distributor.fail(offer.offer, offer.fence, "busy")
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).contact == "c1"

    async def test_partner_takes_no_more_than_its_capacity(self, bench: Bench) -> None:
        offer = await self._with_partner(bench)
        await bench.distributor.accept(offer.offer, offer.fence)
        for contact in ("c2", "c3"):
            await bench.comes(contact, since_ms=bench.now_ms() - 10_000)
        assert [one.contact for one in await bench.offers()] == ["c2"]

    # --- Duty, and what is changed live ---------------------------------------------------------------------------

    async def test_rostered_queue_is_served_by_those_on_duty_alone(self, bench: Bench) -> None:
        await configured(bench, [queue("x", rostered=True)], at(A, OSLO), at(B, OSLO))
        await bench.comes("c1")
        assert await bench.offers() == []
        await bench.read_events()
        await bench.distributor.on_duty(X, [B])
        assert (await bench.offer()).agent == B
        [duty] = await told(bench, DutyChanged)
        assert (duty.queue, duty.agents, duty.came, duty.went) == ("x", 1, "b", "")
        await bench.distributor.on_duty(X, [B])
        assert await told(bench, DutyChanged) == []
        await bench.distributor.on_duty(X, [])
        await bench.comes("c2")
        assert await bench.offers() == []

    async def test_agent_who_was_put_stays_over_a_configuration_until_dropped(self, bench: Bench) -> None:
        await configured(bench, [queue("x"), queue("y")], at(A, OSLO, skills={"x": 1}))
        await bench.distributor.put_agent(at(A, OSLO, skills={"y": 1}))
        await bench.distributor.put_agent(at(B, OSLO))
        await bench.distributor.configure([queue("x"), queue("y")], [at(A, OSLO, skills={"x": 1})], SITES)
        assert [now.agent for now in await bench.distributor.agents()] == [A, B]
        await bench.comes("c1", X)
        assert await bench.offers() == []
        await bench.distributor.drop_agent(A)
        assert (await bench.offer()).agent == A
        await bench.distributor.drop_agent(B)
        assert [now.agent for now in await bench.distributor.agents()] == [A]
        with pytest.raises(Refused, match="BADSTATE"):
            await bench.distributor.drop_agent(A)

    async def test_occupied_agent_gets_no_offers_and_is_ready_again_by_itself(self, bench: Bench) -> None:
        await configured(bench, [queue("x")], at(A, OSLO))
        await bench.distributor.occupy(A, "consult", 60)
        with pytest.raises(Refused, match="BADSTATE"):
            await bench.distributor.occupy(A, "consult", 60)
        await bench.comes("c1")
        await bench.live(59_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).agent == A

    async def test_agent_in_the_talk_of_another_stays_occupied_as_long_as_that_is_said_again(
        self, bench: Bench
    ) -> None:
        await configured(bench, [queue("x")], at(A, OSLO))
        await bench.distributor.occupy(A, "consult", 60)
        for reason in ("conference", "transferred", "transferred", "transferred"):
            await bench.live(50_000)
            await bench.distributor.occupy(A, reason, 60)
        states = [(event.state, event.reason) for event in await told(bench, AgentStateChanged)]
        assert states[-3:] == [("not_ready", one) for one in ("consult", "conference", "transferred")]
        with pytest.raises(Refused, match="BADSTATE"):
            await bench.distributor.occupy(A, "consult", 60)
        await bench.comes("c1")
        await bench.live(59_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).agent == A

    async def test_agent_who_is_not_ready_by_choice_is_in_no_talk(self, bench: Bench) -> None:
        await configured(bench, [queue("x")], at(A, OSLO))
        await bench.distributor.not_ready(A, "lunch")
        with pytest.raises(Refused, match="BADSTATE"):
            await bench.distributor.occupy(A, "transferred", 60)
        await bench.distributor.ready(A)
        await bench.distributor.occupy(A, "transferred", 60)
        assert [now.reason for now in await bench.distributor.agents()] == ["transferred"]

    # --- Why ------------------------------------------------------------------------------------------------------

    async def test_why_nobody_was_offered_is_told(self, bench: Bench) -> None:
        await configured(bench, [queue("x")], at(A, OSLO))
        await bench.comes("c1")
        await bench.comes("c2")
        await bench.distributor.not_ready(A, "break")
        await bench.distributor.log_out(A, "shift_over")
        await bench.comes("c3")
        withheld = await told(bench, OfferWithheld)
        assert [(e.contact, e.reason, e.there, e.ahead) for e in withheld] == [
            ("c2", "all_busy", 1, 0),
            ("c1", "all_on_break", 1, 0),
            ("c3", "nobody_logged_in", 0, 2),
        ]

    async def test_why_an_agent_was_chosen_is_told(self, bench: Bench) -> None:
        await configured(bench, [queue("x")], at(A, OSLO), at(B, OSLO))
        await bench.comes("c1")
        [made] = await told(bench, OfferMade)
        assert (made.tier, made.rule, made.candidates, made.partner) == (1, "longest_idle", 2, "")
