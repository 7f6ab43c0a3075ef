"""What every distributor has to do where sites become one, queues go, partners rest, and what it tells of that."""

from acd.model import AgentId, PartnerSpec, SiteId, Tier
from events.catalogue import AgentDropped, AgentPut, Event, OfferWithheld, SiteBack, SiteLost, TierOpened
from tests.acd.distributor_contract import A, B, Bench, Y
from tests.acd.twin import agent, queue, site

OSLO, MOSS, BODO = SiteId("oslo"), SiteId("moss"), SiteId("bodø")
TIERS = (Tier(sites="own"), Tier(sites="neighbours", after_s=45), Tier(after_s=120))
BEFORE = (site("oslo", "bodø"), site("moss", "bodø"), site("bodø"))
MERGED = (site("oslo", "bodø"), site("moss", "oslo", into="oslo"), site("bodø"))
AFTER = (site("oslo", "bodø"), site("bodø"))


async def of_kind(bench: Bench, *kinds: type[Event]) -> list[Event]:
    return [event for event in await bench.read_events() if isinstance(event, kinds)]


async def has(bench: Bench, sites: tuple[object, ...], *where: str, tiers: tuple[Tier, ...] = TIERS) -> None:
    """Agents a and b at these places."""
    specs = [agent(name, place, {"x": 1}) for name, place in zip("ab", where, strict=False)]
    await bench.distributor.configure([queue("x", tiers=tiers)], specs, sites)  # type: ignore[arg-type]


class MergingContract:
    """Subclass it and give the fixture `bench`."""

    # --- Sites ----------------------------------------------------------------------------------------------------

    async def test_callers_who_wait_at_a_merged_site_are_served_by_the_new_one_at_once(self, bench: Bench) -> None:
        await has(bench, BEFORE, "moss", "bodø")
        await bench.comes("c1", site=MOSS)
        await bench.distributor.log_in(B)
        assert await bench.offers() == []
        await has(bench, MERGED, "oslo", "bodø")
        await bench.distributor.log_in(A)
        await bench.distributor.due()
        offer = await bench.offer()
        assert (offer.contact, offer.agent, offer.grounds.tier) == ("c1", A, 1)
        await bench.distributor.accept(offer.offer, offer.fence)
        await bench.distributor.finish("c1", "caller_hung_up")
        await bench.comes("c2", site=MOSS)
        assert (await bench.offer()).agent == A, "who comes later too"

    async def test_who_is_being_offered_while_sites_merge_comes_back_to_the_new_one(self, bench: Bench) -> None:
        await has(bench, BEFORE, "moss", "oslo")
        await bench.distributor.log_in(A)
        await bench.comes("c1", site=MOSS)
        offer = await bench.offer()
        await has(bench, MERGED, "oslo", "oslo")
        await bench.distributor.log_in(B)
        await bench.distributor.due()
        await bench.distributor.fail(offer.offer, offer.fence, "no_answer")
        assert (await bench.offer()).agent == B

    async def test_merged_site_is_known_on_to_a_node_that_starts_without_it(self, bench: Bench) -> None:
        await has(bench, BEFORE, "moss", "bodø")
        await bench.comes("c1", site=MOSS)
        await has(bench, MERGED, "oslo", "bodø")
        await has(bench, AFTER, "oslo", "bodø")
        await bench.distributor.due()
        await bench.distributor.log_in(B)
        await bench.comes("c2", site=MOSS)
        assert await bench.offers() == []
        await bench.distributor.log_in(A)
        assert (await bench.offer()).contact == "c1"

    async def test_callers_of_a_site_that_is_gone_are_everybody_s(self, bench: Bench) -> None:
        await has(bench, BEFORE, "moss", "bodø")
        await bench.comes("c1", site=MOSS)
        await bench.distributor.log_in(B)
        await has(bench, AFTER, "oslo", "bodø")
        await bench.distributor.due()
        assert (await bench.offer()).agent == B
        await bench.distributor.log_in(A)
        await bench.comes("c2", site=MOSS)
        assert (await bench.offer()).agent == A, "newcomers too"

    async def test_sites_that_are_named_for_the_first_time_free_the_callers_of_others(self, bench: Bench) -> None:
        await has(bench, (), "bodø")
        await bench.distributor.log_in(A)
        await bench.comes("c1", site=MOSS)
        await has(bench, AFTER, "bodø")
        await bench.distributor.due()
        assert (await bench.offer()).agent == A

    async def test_tiers_that_are_open_stay_so_when_sites_merge(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(sites="neighbours", nobody="logged_in"))
        await has(bench, BEFORE, "moss", "bodø", tiers=tiers)
        await bench.comes("c1", site=MOSS)
        assert [one.tier for one in await of_kind(bench, TierOpened) if isinstance(one, TierOpened)] == [2]
        await bench.distributor.log_in(A, ready=False)
        await has(bench, MERGED, "oslo", "bodø", tiers=tiers)
        await bench.read_events()
        await bench.distributor.due()
        told = await bench.read_events()
        assert not [one for one in told if isinstance(one, TierOpened)]
        assert [(one.contact, one.tier) for one in told if isinstance(one, OfferWithheld)] == [("c1", 2)]
        await bench.distributor.log_in(B)
        assert (await bench.offer()).grounds.tier == 2, "bodø helps oslo"

    async def test_lost_sites_are_told_of_once(self, bench: Bench) -> None:
        await has(bench, BEFORE, "moss")
        await bench.read_events()
        for _ in range(2):
            await bench.distributor.site_lost(MOSS, "trunk")
        for name in (MOSS, MOSS, OSLO, SiteId("nowhere")):
            await bench.distributor.site_back(name)
        lost, back = await of_kind(bench, SiteLost, SiteBack)
        assert isinstance(lost, SiteLost)
        assert isinstance(back, SiteBack)
        assert (lost.site, lost.cause, back.site, back.cause, back.contact) == ("moss", "trunk", "moss", "trunk", "")

    async def test_site_that_merged_is_lost_with_the_one_it_is_part_of(self, bench: Bench) -> None:
        tiers = (Tier(sites="own"), Tier(site_lost=True))
        await has(bench, MERGED, "oslo", "bodø", tiers=tiers)
        await bench.distributor.log_in(B)
        await bench.comes("c1", site=MOSS)
        await bench.distributor.site_lost(OSLO, "node")
        await bench.live(1000)
        assert (await bench.offer()).agent == B

    # --- Queues and agents ----------------------------------------------------------------------------------------

    async def test_removed_queue_takes_callers_of_older_flows_until_it_is_empty(self, bench: Bench) -> None:
        await bench.set_up()
        await bench.comes("c1", Y)
        specs = [agent("a", "oslo", {"x": 1, "y": 1})]
        await bench.distributor.configure([queue("x")], specs)
        assert (await bench.comes("c2", Y)).position == 2
        await bench.distributor.configure([queue("x")], specs)
        await bench.distributor.log_in(A)
        assert (await bench.offer()).contact == "c1", "a node that started meanwhile has not ended it"

    async def test_agents_who_are_put_and_dropped_are_told_of(self, bench: Bench) -> None:
        await has(bench, BEFORE, "moss")
        await bench.read_events()
        for _ in range(2):
            await bench.distributor.put_agent(agent("a", "oslo", {"x": 2}))
        await bench.distributor.put_agent(agent("new", "bodø"))
        for name in ("a", "new"):
            await bench.distributor.drop_agent(AgentId(name))
        told = await of_kind(bench, AgentPut, AgentDropped)
        put = [(one.agent, one.site) for one in told if isinstance(one, AgentPut)]
        dropped = [(one.agent, one.site, one.configured) for one in told if isinstance(one, AgentDropped)]
        assert put == [("a", "oslo"), ("new", "bodø")]
        assert dropped == [("a", "oslo", True), ("new", "bodø", False)]

    # --- Partners -------------------------------------------------------------------------------------------------

    async def test_partner_s_slot_that_comes_free_rests_with_the_others(self, bench: Bench) -> None:
        partner = PartnerSpec("tax", capacity=3, rest_s=30)
        await bench.distributor.configure([queue("x", tiers=(Tier(partner="tax"),))], [], (), [partner])
        for slot in ("tax/1", "tax/2"):
            await bench.distributor.log_in(AgentId(slot))
        talks = await bench.talks("c1")
        await bench.comes("c2")
        missed = await bench.offer()
        assert {talks.agent, missed.agent} == {"tax/1", "tax/2"}
        await bench.distributor.fail(missed.offer, missed.fence, "no_answer")
        await bench.live(10_000)
        await bench.distributor.finish("c1", "caller_hung_up")
        await bench.distributor.log_in(AgentId("tax/3"))
        await bench.live(19_000)
        assert await bench.offers() == []
        await bench.live(1_000)
        assert (await bench.offer()).contact == "c2"
        await bench.comes("c3")
        assert (await bench.offer()).grounds.partner == "tax", "the others rest no longer either"

    async def test_partner_that_misses_again_rests_from_then_on(self, bench: Bench) -> None:
        partner = PartnerSpec("tax", capacity=2, rest_s=30)
        await bench.distributor.configure([queue("x", tiers=(Tier(partner="tax"),))], [], (), [partner])
        for slot in ("tax/1", "tax/2"):
            await bench.distributor.log_in(AgentId(slot))
        offers = []
        for contact in ("c1", "c2"):
            await bench.comes(contact)
            offers.append(await bench.offer())
        for offer in offers:
            await bench.distributor.fail(offer.offer, offer.fence, "busy")
            await bench.live(10_000)
        await bench.live(19_000)
        assert await bench.offers() == [], "30 s after the second miss"
        await bench.live(1_000)
        assert [offer.contact for offer in await bench.offers()] == ["c1", "c2"]
