import asyncio
from dataclasses import asdict, replace

from acd.model import AgentId, NodeId, Offer, OfferId, QueueId, Revoked, SiteId
from acd.post import REMEMBERED, Post, read

OFFER = Offer(OfferId("o7"), "c1", QueueId("x"), AgentId("a"), SiteId("oslo"), NodeId("n1"), 7, 30, 20, 10)


async def test_message_is_heard_after_the_command_and_once() -> None:
    post, heard = Post(), list[Offer | Revoked]()
    post.heard = heard.append
    revoked = Revoked(OfferId("o7"), "c1", "lease_expired")
    post.deliver([OFFER, OFFER])
    post.deliver([revoked, OFFER, revoked])
    assert heard == []
    await asyncio.sleep(0)
    assert heard == [OFFER, revoked]


async def test_offer_that_is_over_already_is_not_heard() -> None:
    post, heard = Post(), list[Offer | Revoked]()
    post.heard = heard.append
    revoked = Revoked(OfferId("o7"), "c1", "rejected")
    post.deliver([revoked])
    post.deliver([OFFER])
    await asyncio.sleep(0)
    assert heard == [revoked]


async def test_message_without_a_listener_is_not_taken_for_heard() -> None:
    post, heard = Post(), list[Offer | Revoked]()
    post.deliver([OFFER])
    post.heard = heard.append
    post.deliver([OFFER])
    await asyncio.sleep(0)
    assert heard == [OFFER]


async def test_memory_of_messages_is_bounded() -> None:
    post, heard = Post(), list[Offer | Revoked]()
    post.heard = heard.append
    post.deliver(replace(OFFER, fence=n) for n in range(REMEMBERED + 1))
    post.deliver([replace(OFFER, fence=0), replace(OFFER, fence=REMEMBERED)])
    await asyncio.sleep(0)
    assert [message.fence for message in heard[-2:] if isinstance(message, Offer)] == [REMEMBERED, 0]


def test_message_of_a_script_is_read() -> None:
    fields = asdict(OFFER)
    assert read(fields) == OFFER
    assert read({"offer": "o7", "contact": "c1", "cause": "busy"}) == Revoked(OfferId("o7"), "c1", "busy")
