"""Each offer reaches the contact it is for."""

import asyncio
from dataclasses import replace

from acd.model import AgentId, NodeId, Offer, OfferId, QueueId, Revoked, SiteId
from events.sink import MemorySink
from ivr.running.offers import Offers
from tests.ivr.engine import Fickle

VIRTUAL_TIME = True
OFFER = Offer(OfferId("o1"), "c1", QueueId("q"), AgentId("kari"), SiteId("s"), NodeId("n1"), 1, 0, 20_000, 0)


def made() -> tuple[Offers, list[Offer]]:
    unclaimed: list[Offer] = []
    return Offers(Fickle(lambda: 0, MemorySink()), NodeId("n1"), unclaimed.append), unclaimed


async def test_an_offer_wakes_who_waits_for_it() -> None:
    offers, _ = made()
    waiting = asyncio.ensure_future(offers.expect("c1").get())
    other = asyncio.ensure_future(offers.expect("c2").get())
    await asyncio.sleep(0)
    offers._heard(OFFER)
    assert await waiting == OFFER
    assert not other.done()
    other.cancel()


async def test_offers_that_come_early_are_kept_in_order() -> None:
    offers, _ = made()
    mailbox = offers.expect("c1")
    assert offers.expect("c1") is mailbox
    second = replace(OFFER, offer=OfferId("o2"))
    offers._heard(OFFER)
    offers._heard(second)
    assert [await mailbox.get(), await mailbox.get()] == [OFFER, second]


async def test_an_offer_that_is_revoked_before_it_is_taken_is_never_seen() -> None:
    offers, _ = made()
    mailbox = offers.expect("c1")
    second = replace(OFFER, offer=OfferId("o2"))
    offers._heard(OFFER)
    offers._heard(second)
    offers._heard(Revoked(OfferId("o1"), "c1", "lease_expired"))
    assert await mailbox.get() == second


async def test_one_that_was_taken_is_told_to_who_rings() -> None:
    offers, _ = made()
    mailbox = offers.expect("c1")
    offers._heard(OFFER)
    await mailbox.get()
    revoked = Revoked(OfferId("o1"), "c1", "lease_expired")
    offers._heard(revoked)
    told: list[Revoked] = []
    mailbox.on_revoked = told.append
    offers._heard(revoked)
    assert told == [revoked]


async def test_offers_for_contacts_that_are_gone_are_unclaimed() -> None:
    offers, unclaimed = made()
    offers.expect("c1")
    offers.forget("c1")
    offers.forget("c1")
    offers._heard(OFFER)
    offers._heard(Revoked(OfferId("o1"), "c1", "x"))
    assert unclaimed == [OFFER]
    assert len(offers) == 0


async def test_a_wait_that_is_given_up_leaves_the_next_one_whole() -> None:
    offers, _ = made()
    mailbox = offers.expect("c1")
    waiting = asyncio.ensure_future(mailbox.get())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    offers._heard(OFFER)
    assert await mailbox.get() == OFFER


async def test_an_offer_that_comes_with_a_cancellation_is_not_lost() -> None:
    offers, _ = made()
    mailbox = offers.expect("c1")
    waiting = asyncio.ensure_future(mailbox.get())
    await asyncio.sleep(0)
    offers._heard(OFFER)
    waiting.cancel()
    await asyncio.sleep(0)
    assert await mailbox.get() == OFFER
