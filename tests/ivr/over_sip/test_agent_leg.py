"""An agent's phone over SIP: how it is rung, what it says, and what is left of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from events.catalogue import MediaReported
from ivr.over_sip.agent_leg import Target, is_held, unacceptable
from ivr.ports.call import CallEnded
from ivr.ports.phones import ELSEWHERE, NotAnswered
from rtp.aio.engine import MediaSettings
from rtp.engine import LegId, LegStats, MediaError
from sdp.errors import NoCommonCodec, UnusableAddress
from sip.config import Address
from sip.events import Confirmed, Ended, ProvisionalConfirmed, Reoffered, ReofferFailed
from sip.message.uri import SipUri
from tests.ivr.sip_lab import CountingEngine, Handset, Lab, hears, info, lab, offer_to, talk
from tests.ivr.sounds import tone
from tests.ports import free_port
from tests.rtp.phone import until


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab(tmp_path) as made:
        yield made


async def test_a_phone_that_answers_is_a_leg(phones: Lab) -> None:
    leg = await phones.ring("kari")
    assert leg.agent == "kari"
    assert phones.media.legs == 1
    await leg.hang_up()
    await until(lambda: phones.rung[0].ended, "BYE at the phone")
    await phones.nothing_left()


async def test_the_phone_is_told_who_rings_and_for_which_queue(phones: Lab) -> None:
    invites = []
    phones.phones_agent.ladder = lambda way, peer, data, now: invites.append(data.decode())
    await phones.ring()
    invite = next(text for text in invites if text.startswith("INVITE "))
    assert 'From: "work" <sip:4799999999@127.0.0.1>' in invite or "From: work <sip:4799999999@127.0.0.1>" in invite
    assert "X-Svar-Contact: c\r\n" in invite
    assert "X-Svar-Queue: work\r\n" in invite
    assert "X-Svar-Waited-Ms: 1234\r\n" in invite


async def test_the_phone_shows_the_wait_of_the_whole_journey(phones: Lab) -> None:
    invites = []
    phones.phones_agent.ladder = lambda way, peer, data, now: invites.append(data.decode())
    phones.targets["kari"] = phones.target("kari")
    await phones.phones.ring(replace(offer_to("kari"), total_waited_ms=425_000), info())
    invite = next(text for text in invites if text.startswith("INVITE "))
    assert 'From: "work, ventet 7 min" <sip:4799999999@127.0.0.1>' in invite


@pytest.mark.parametrize(
    ("status", "cause"),
    [(486, "busy"), (600, "busy"), (603, "rejected"), (403, "rejected"), (488, "rejected"), (480, "unreachable"),
     (404, "unreachable"), (408, "no_answer"), (500, "unreachable")],
)  # fmt: skip
async def test_a_phone_that_refuses_says_why(phones: Lab, status: int, cause: str) -> None:
    phones.on_rung = lambda handset: handset.refuse(status)
    with pytest.raises(NotAnswered) as refused:
        await phones.ring()
    assert refused.value.cause == cause
    await phones.nothing_left()


async def test_an_agent_without_a_phone_is_unreachable(phones: Lab) -> None:
    with pytest.raises(NotAnswered) as refused:
        await phones.phones.ring(offer_to("nobody"), info())
    assert refused.value.cause == "unreachable"
    assert phones.media.legs == 0


async def test_a_phone_that_is_gone_is_not_answered(phones: Lab) -> None:
    """Nobody listens there: the INVITE's time runs out (64*T1), or the system says so at once."""
    port = free_port()
    phones.targets["kari"] = Target(SipUri("kari", "127.0.0.1", port), Address("127.0.0.1", port))
    with pytest.raises(NotAnswered) as refused:
        await asyncio.wait_for(phones.ring(), 10)
    assert refused.value.cause in ("no_answer", "unreachable")
    await phones.nothing_left()


async def test_ringing_that_is_given_up_is_cancelled_at_the_phone(phones: Lab) -> None:
    phones.on_rung = Handset.ring
    ringing = asyncio.ensure_future(phones.ring())
    await until(lambda: bool(phones.rung), "ringing")
    ringing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ringing
    await until(lambda: phones.rung[0].ended, "CANCEL at the phone")
    assert [event.cause for event in phones.rung[0].heard_of if isinstance(event, Ended)] == ["cancelled"]
    await phones.nothing_left()


@pytest.mark.parametrize("after_turns", range(6))
async def test_an_answer_in_the_moment_of_the_cancel_leaves_no_phone_off_the_hook(
    phones: Lab, after_turns: int
) -> None:
    """The 200 and the CANCEL cross at every point where the loop may switch."""
    phones.on_rung = lambda handset: None
    ringing = asyncio.ensure_future(phones.ring())
    await until(lambda: bool(phones.rung), "INVITE at the phone")
    phones.rung[0].answer()
    for _ in range(after_turns):
        await asyncio.sleep(0)
    ringing.cancel()
    rung = (await asyncio.gather(ringing, return_exceptions=True))[0]
    if not isinstance(rung, BaseException):
        await rung.hang_up()
    await until(lambda: phones.rung[0].ended, "the phone on the hook")
    await phones.nothing_left()


async def test_a_phone_that_answers_with_unusable_media_is_hung_up(phones: Lab) -> None:
    phones.on_rung = lambda handset: handset.answer(sdp=handset.rtp.sdp().replace("RTP/AVP 8 101", "RTP/AVP 18"))
    with pytest.raises(NotAnswered) as refused:
        await phones.ring()
    assert refused.value.cause == "rejected"
    await until(lambda: phones.rung[0].ended, "BYE at the phone")
    await phones.nothing_left()


async def test_a_re_invite_without_an_offer_gets_ours(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    leg, agent = await phones.leg()
    talking = asyncio.ensure_future(call.bridge(leg))
    await talk(agent, tone("before", 0.1))
    offers: list[str] = []
    phones.phones_agent.ladder = lambda way, peer, data, now: offers.append(data.decode())
    assert phones.phones_agent.reoffer(agent.session, "")
    await until(lambda: any("SIP/2.0 200" in text and "m=audio" in text for text in offers), "our offer")
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    handset.hang_up()


async def test_media_that_cannot_be_changed_so_is_refused_and_the_talk_goes_on(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    leg, agent = await phones.leg()
    talking = asyncio.ensure_future(call.bridge(leg))
    await talk(agent, tone("before", 0.1))
    phones.phones_agent.reoffer(agent.session, agent.rtp.sdp(version=9).replace("RTP/AVP 8 101", "RTP/AVP 18"))
    await until(lambda: any(type(event).__name__ == "ReofferFailed" for event in agent.heard_of), "refusal")
    says = tone("still here", 0.4)
    await talk(agent, says)
    await until(lambda: hears(handset, says), "the agent at the caller's phone")
    handset.hang_up()
    with pytest.raises(CallEnded):
        await talking
    await phones.nothing_left()


async def test_an_agent_who_holds_at_the_answer_gives_the_caller_music(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    leg, agent = await phones.leg()
    agent.reoffer("sendonly")
    await until(lambda: agent.count(Reoffered) == 1, "answer to the hold")
    talking = asyncio.ensure_future(call.bridge(leg))
    await until(lambda: hears(handset, tone("music", 0.1), like=0.9), "music")
    agent.hang_up()
    assert await talking == "agent_hung_up"
    handset.hang_up()
    await phones.nothing_left()


@pytest.mark.parametrize(
    ("direction", "held"), [("sendonly", True), ("inactive", True), ("sendrecv", False), ("recvonly", False)]
)
def test_hold_is_read_from_the_offer(direction: str, held: bool) -> None:
    head = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    assert is_held(f"{head}m=audio 9 RTP/AVP 8\r\na={direction}\r\n") is held
    assert is_held(f"{head}a={direction}\r\nm=audio 9 RTP/AVP 8\r\n") is held
    assert not is_held("nothing")


@pytest.mark.parametrize(
    ("error", "cause", "code"),
    [
        (MediaError("no", 488), NoCommonCodec("no"), "305"),
        (MediaError("no", 488), UnusableAddress("no"), "301"),
        (MediaError("full", 503), None, ""),
    ],
)
def test_refusal_of_media_says_what_was_wrong(error: MediaError, cause: Exception | None, code: str) -> None:
    error.__cause__ = cause
    assert [line[1][:3] for line in unacceptable(error)] == ([code] if code else [])


async def test_a_phone_that_plays_before_it_answers_is_not_listened_to(phones: Lab) -> None:
    """Early media of the callee: the caller keeps our music, and the answer counts as always."""

    def progress(handset: Handset) -> None:
        phones.phones_agent.ring(handset.session, status=183, sdp=handset.rtp.sdp(), reliable=True)
        asyncio.get_running_loop().call_later(0.1, handset.answer)

    phones.on_rung = progress
    leg, handset = await phones.leg()
    assert handset.count(ProvisionalConfirmed) == 1
    assert not leg.over
    await leg.hang_up()
    await phones.nothing_left()


async def test_a_phone_that_changes_its_media_before_it_answers_is_refused_that_alone(phones: Lab) -> None:
    def change(handset: Handset) -> None:
        phones.phones_agent.ring(handset.session, status=183, sdp=handset.rtp.sdp(), reliable=True)
        loop = asyncio.get_running_loop()
        loop.call_later(0.1, lambda: phones.phones_agent.update(handset.session, handset.rtp.sdp(version=2)))
        loop.call_later(0.3, handset.answer)

    phones.on_rung = change
    leg, handset = await phones.leg()
    assert [event.status for event in handset.heard_of if isinstance(event, ReofferFailed)] == [488]
    await leg.hang_up()


async def test_a_phone_that_holds_by_update_holds(phones: Lab) -> None:
    leg, handset = await phones.leg()
    await until(lambda: handset.count(Confirmed) == 1, "acknowledgement")
    phones.phones_agent.update(handset.session, handset.rtp.sdp(direction="sendonly", version=2))
    await until(lambda: leg.held, "hold")


class Reporting(CountingEngine):
    """Its legs end with what a phone reported."""

    async def close(self, leg: LegId) -> LegStats:
        await super().close(leg)
        return LegStats(9, 9, 8, 0, 0.5, peer_lost=3, peer_jitter_ms=2.5)


async def test_what_a_leg_was_like_is_told_with_what_its_phone_reported(phones: Lab) -> None:
    media = Reporting(MediaSettings("127.0.0.1"))
    await replace(phones.line, media=media).close("c", LegId("a"))
    (told,) = [event for event in phones.sink.events if isinstance(event, MediaReported)]
    assert (told.sent, told.jitter_ms) == (9, 0.5)
    assert (told.peer_lost, told.peer_jitter_ms, told.round_trip_ms) == (3, 2.5, -1.0)
    await media.shutdown()


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_a_phone_that_rings_in_vain_is_told_where_somebody_else_has_the_call(
    phones: Lab, elsewhere: bool
) -> None:
    phones.on_rung = Handset.ring
    ringing = asyncio.ensure_future(phones.ring())
    await until(lambda: bool(phones.rung), "ringing")
    await asyncio.sleep(0.05)  # so that the provisional has arrived, before which no CANCEL goes out
    ringing.cancel(ELSEWHERE if elsewhere else None)
    await until(lambda: phones.rung[0].ended, "end of the ringing")
    (ended,) = [event for event in phones.rung[0].heard_of if isinstance(event, Ended)]
    assert ended.cause == "cancelled"
    assert [one.elsewhere for one in ended.reasons] == ([True] if elsewhere else [])
