"""A call over SIP keeps the contract of the Call port, and hears what the network does besides."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from ivr.over_sip.agent_leg import MediaTerms
from ivr.over_sip.sip_call import Outside, SipCall
from ivr.ports.call import AgentLeg, Call, CallEnded, Clip
from rtp import wav
from rtp.aio.engine import MediaSettings
from rtp.engine import LegId, Played
from rtp.g711 import FRAME_BYTES
from rtp.tone import silence
from rtp.tone import tone as sines
from sip.events import Accepted, Origin, Provisional, Refreshed, Reoffered, ReofferFailed
from sip.message.message import Response, parse
from tests.ivr.call_contract import AgentEnd, CallContract, FarEnd
from tests.ivr.sip_lab import CountingEngine, Handset, Lab, hears, info, lab, talk, without_events
from tests.ivr.sounds import MUSIC, tone
from tests.rtp.hearing import contains
from tests.rtp.phone import until

SAID = "what the caller says"
FIRST_BYTES = 160
"""The first packet tells which sound it is."""


class Caller:
    """The caller's phone, which knows the sounds by their beginnings."""

    def __init__(self, world: "SipWorld", call: SipCall, handset: Handset) -> None:
        self._world = world
        self._call = call
        self._handset = handset

    async def press(self, key: str) -> None:
        media = self._world.lab.media
        before = media.keys
        await self._handset.connected()
        self._handset.rtp.press(key)
        await until(lambda: media.keys > before, f"key {key}")

    async def speak(self, duration_s: float) -> None:
        await self._handset.connected()
        await talk(self._handset, tone(SAID, duration_s))

    async def hang_up(self) -> None:
        await self._handset.connected()
        self._handset.hang_up()
        await until(lambda: bool(self._call.ended), "end of the call")

    def heard(self) -> list[str]:
        heard = self._handset.rtp.heard
        found = {text: heard.find(sound[:FIRST_BYTES]) for text, sound in self._world.sounds.items() if text != MUSIC}
        return sorted((text for text, at in found.items() if at >= 0), key=lambda text: found[text])


class Agent:
    def __init__(self, leg: AgentLeg, handset: Handset) -> None:
        self._handset = handset

    async def hang_up(self) -> None:
        self._handset.hang_up()
        await until(lambda: self._handset.ended, "end of the agent's call")

    @property
    def released(self) -> bool:
        return self._handset.ended


class SipWorld:
    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.sounds: dict[str, bytes] = {}

    async def make_call(self) -> tuple[Call, FarEnd]:
        call, handset = await self.lab.call()
        return call, Caller(self, call, handset)

    async def make_leg(self) -> tuple[AgentLeg, AgentEnd]:
        leg, handset = await self.lab.leg()
        return leg, Agent(leg, handset)

    def clip(self, text: str, duration_s: float) -> Clip:
        sound = self.sounds[text] = tone(text, duration_s)
        path = self.lab.folder / f"{text}.al"
        path.write_bytes(sound)
        return Clip(str(path), duration_s, text, "nb")

    def voice_file(self) -> str:
        return str(self.lab.folder / "said.wav")


@pytest.fixture
async def phones(tmp_path: Path) -> AsyncIterator[Lab]:
    async with lab(tmp_path) as made:
        yield made


@pytest.fixture
def world(phones: Lab) -> SipWorld:
    return SipWorld(phones)


class TestSipCall(CallContract):
    """The suite, over SIP and RTP on loopback."""


async def test_a_recording_has_what_the_caller_said(phones: Lab, tmp_path: Path) -> None:
    call, handset = await phones.call()
    await call.answer()
    path = tmp_path / "said.wav"
    path.touch(0o600)
    recording = asyncio.ensure_future(call.record(str(path), most_s=30, silence_s=0.4))
    await handset.connected()
    await talk(handset, tone(SAID))
    recorded = await asyncio.wait_for(recording, 5)
    said = wav.a_law(path.read_bytes())
    assert contains(said, tone(SAID)) > 0.95
    assert contains(said, tone("something else")) < 0.3
    assert recorded.spoken_s == pytest.approx(1.0, abs=0.1)
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_caller_who_hangs_up_leaves_a_whole_recording(phones: Lab, tmp_path: Path) -> None:
    call, handset = await phones.call()
    await call.answer()
    path = tmp_path / "said.wav"
    recording = asyncio.ensure_future(call.record(str(path), most_s=30))
    await handset.connected()
    await talk(handset, tone(SAID))
    handset.hang_up()
    recorded = await asyncio.wait_for(recording, 5)
    said = path.read_bytes()
    assert said == wav.write(wav.a_law(said)), "the head tells the length"
    assert (recorded.ended_by, contains(wav.a_law(said), tone(SAID)) > 0.95) == ("hung_up", True)
    await phones.nothing_left()


async def test_callers_are_recorded_beside_each_other(phones: Lab, tmp_path: Path) -> None:
    made = [await phones.call() for _ in range(2)]
    paths = [tmp_path / f"{number}.wav" for number in range(2)]
    recordings = []
    for (call, handset), path in zip(made, paths, strict=True):
        await call.answer()
        recordings.append(asyncio.ensure_future(call.record(str(path), most_s=30, silence_s=0.4)))
        await handset.connected()
    await asyncio.gather(*[talk(handset, tone(str(number))) for number, (_, handset) in enumerate(made)])
    await asyncio.wait_for(asyncio.gather(*recordings), 5)
    for number, path in enumerate(paths):
        said = wav.a_law(path.read_bytes())
        assert contains(said, tone(str(number))) > 0.95
        assert contains(said, tone(str(1 - number))) < 0.3


async def test_what_cannot_be_written_is_told_and_the_call_goes_on(phones: Lab, tmp_path: Path) -> None:
    call, _ = await phones.call()
    await call.answer()
    assert (await call.record(str(tmp_path / "absent" / "x.wav"), most_s=30)).ended_by == "failed"
    assert not call.ended


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
async def test_a_recording_that_a_full_disk_did_not_take_has_failed(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    recording = asyncio.ensure_future(call.record("/dev/full", most_s=30))
    await handset.connected()
    await talk(handset, tone(SAID, 0.2))
    handset.rtp.press("#")
    assert (await asyncio.wait_for(recording, 5)).ended_by == "failed"
    assert not call.ended


async def test_a_caller_who_cancels_ends_the_call_before_it_is_answered(phones: Lab) -> None:
    call, handset = await phones.call()
    phones.user_agent.ring(call._invite.session)
    await until(lambda: bool(handset.heard_of), "ringing")
    handset.hang_up()
    await until(lambda: bool(call.ended), "end of the call")
    with pytest.raises(CallEnded) as ended:
        await call.answer()
    assert ended.value.cause == "caller_hung_up"
    assert handset.status == 487
    await phones.nothing_left()


async def test_a_call_that_ends_unanswered_is_refused(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.hangup()
    await until(lambda: handset.ended, "refusal")
    assert handset.status == 480
    await phones.nothing_left()


async def test_a_shutdown_refuses_who_still_rings_with_503(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.hangup("shutdown")
    await until(lambda: handset.ended, "refusal")
    assert handset.status == 503


async def test_a_caller_without_a_common_codec_is_told_so(phones: Lab) -> None:
    call, handset = await phones.call(codecs=("RTP/AVP 18", "rtpmap:18 G729/8000"))
    with pytest.raises(CallEnded) as ended:
        await call.answer()
    assert ended.value.cause == "failed"
    await until(lambda: handset.ended, "refusal")
    assert handset.status == 488
    await phones.nothing_left()
    assert phones.media._listeners == {}


async def test_what_is_said_early_goes_by_183_and_the_answer_repeats_nothing(phones: Lab, world: SipWorld) -> None:
    call, handset = await phones.call()
    await call.answer(early=True)
    await call.play((world.clip("closed", 0.2),))
    progress = [event for event in handset.heard_of if isinstance(event, Provisional)]
    assert [(one.response.status, "100rel" in one.response.require) for one in progress] == [(183, True)]
    await call.answer()
    await until(lambda: handset.count(Accepted) == 1, "answer")
    (accepted,) = [event for event in handset.heard_of if isinstance(event, Accepted)]
    assert (accepted.response.body, accepted.sdp) == (b"", progress[0].sdp)
    await call.hangup()
    await phones.nothing_left()


@pytest.mark.parametrize("offer", [True, False])
async def test_who_cannot_hear_early_is_answered(phones: Lab, offer: bool) -> None:
    call, _ = await phones.call(offer=offer)
    if offer:
        call._invite = replace(call._invite, origin=Origin("stranger"))
    await call.answer(early=True)
    assert call.answered


async def test_an_offer_by_update_is_answered(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    await until(lambda: handset.count(Accepted) == 1, "answer")
    phones.phones_agent.update(handset.session, handset.rtp.sdp(direction="sendonly", version=2))
    await until(lambda: handset.count(Reoffered) == 1, "answer to the update")
    (answered,) = [event for event in handset.heard_of if isinstance(event, Reoffered)]
    assert "a=recvonly" in (answered.sdp or "")


async def test_an_update_that_fits_nothing_is_refused_with_a_warning(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    await until(lambda: handset.count(Accepted) == 1, "answer")
    phones.phones_agent.update(handset.session, handset.rtp.sdp().replace("RTP/AVP 8 101", "RTP/AVP 18"))
    await until(lambda: handset.count(ReofferFailed) == 1, "refusal")
    assert not handset.ended


async def test_a_caller_who_moves_while_it_answers_our_refresh_is_followed(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    await until(lambda: handset.count(Accepted) == 1, "answer")
    elsewhere = Handset(phones.phones_agent)
    call._heard(
        Refreshed(call._invite.session, Response(200, "OK", body=elsewhere.rtp.sdp(version=2).encode()), moved=True)
    )
    await call.start_music((Clip(str(phones.folder / "hold.al"), 1.0, MUSIC, "nb"),))
    await until(lambda: len(elsewhere.rtp.hear()) > 0, "music where the phone is now")
    elsewhere.rtp.hang_up()


async def test_a_caller_who_has_left_before_anybody_listens_is_gone(phones: Lab) -> None:
    first, handset = await phones.call()
    handset.hang_up()
    await until(lambda: bool(first.ended), "end of the call")
    late = SipCall(phones.line, phones.outside, first._invite, first.info, LegId("late"))
    with pytest.raises(CallEnded) as ended:
        await late.answer()
    assert ended.value.cause == "caller_hung_up"
    await phones.nothing_left()


async def test_an_agent_who_hangs_up_while_the_bridge_is_made_ends_it(phones: Lab) -> None:
    call, _ = await phones.call()
    await call.answer()
    leg, handset = await phones.leg()
    phones.media.bridged = asyncio.Event()
    bridging = asyncio.create_task(call.bridge(leg))
    await asyncio.sleep(0)
    handset.hang_up()
    await until(lambda: leg.over, "end of the agent's call")
    phones.media.bridged.set()
    assert await asyncio.wait_for(bridging, 5) == "agent_hung_up"


async def test_an_invite_without_an_offer_gets_ours(phones: Lab, world: SipWorld) -> None:
    call, handset = await phones.call(offer=False)
    await call.answer()
    await until(lambda: handset.count(Accepted) > 0, "answer")
    phones.phones_agent.acknowledge(handset.session, handset.rtp.sdp())
    await until(lambda: phones.user_agent.snapshot(call._invite.session) is not None, "ACK")
    await call.play((world.clip("hello", 0.3),))
    assert hears(handset, world.sounds["hello"], like=0.9)
    handset.hang_up()
    await phones.nothing_left()


async def test_an_invite_without_an_offer_whose_answer_cannot_be_used_is_hung_up(phones: Lab) -> None:
    call, handset = await phones.call(offer=False)
    told: list[str] = []
    call.on_end(told.append)
    await call.answer()
    await until(lambda: handset.count(Accepted) > 0, "answer")
    phones.phones_agent.acknowledge(handset.session, "v=0\r\nthis is nothing\r\n")
    await until(lambda: told == ["failed"], "end")
    await phones.nothing_left()


async def test_a_caller_may_hold_and_come_back(phones: Lab, world: SipWorld) -> None:
    call, handset = await phones.call()
    await call.answer()
    await until(lambda: handset.count(Accepted) > 0, "answer")
    handset.reoffer("sendonly")
    await until(lambda: handset.count(Reoffered) == 1, "answer to the hold")
    handset.reoffer("sendrecv")
    await until(lambda: handset.count(Reoffered) == 2, "answer to the resume")
    await call.play((world.clip("again", 0.2),))
    assert "again" in Caller(world, call, handset).heard()


async def test_a_hold_after_an_offer_of_ours_that_was_not_answered_is_answered(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()
    phones.phones_agent.reoffer(handset.session, "")
    await until(lambda: handset.count(Reoffered) == 1, "our offer, which the ACK does not answer")
    handset.reoffer("sendonly")
    await until(lambda: handset.count(Reoffered) == 2, "answer to the hold")
    (_, answer) = [event.sdp or "" for event in handset.heard_of if isinstance(event, Reoffered)]
    assert "a=recvonly" in answer
    await call.hangup("done")


async def test_both_hear_each_other(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    leg, agent = await phones.leg()
    talking = asyncio.ensure_future(call.bridge(leg))
    caller_says, agent_says = tone("caller says"), tone("agent says")
    await asyncio.gather(talk(handset, caller_says), talk(agent, agent_says))
    await until(lambda: hears(agent, caller_says), "caller at the agent's phone")
    await until(lambda: hears(handset, agent_says), "agent at the caller's phone")
    assert contains(handset.rtp.heard, caller_says) < 0.3
    handset.hang_up()
    with pytest.raises(CallEnded):
        await talking
    await phones.nothing_left()
    assert agent.ended


async def test_a_held_caller_hears_music_until_the_agent_is_back(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    leg, agent = await phones.leg()
    talking = asyncio.ensure_future(call.bridge(leg))
    await talk(agent, tone("before", 0.2))
    agent.reoffer("sendonly")
    await until(lambda: hears(handset, tone(MUSIC, 0.1), like=0.9), "music")
    agent.reoffer("sendrecv")
    await until(lambda: agent.count(Reoffered) == 2, "answer to the resume")
    quiet = len(handset.rtp.heard)
    await talk(agent, tone("after", 0.4))
    await until(lambda: hears(handset, tone("after", 0.4), since=quiet), "the agent again")
    assert not talking.done()
    agent.hang_up()
    assert await asyncio.wait_for(talking, 5) == "agent_hung_up"
    handset.hang_up()
    await phones.nothing_left()


async def test_an_agent_who_hangs_up_while_holding_ends_the_bridge(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    leg, agent = await phones.leg()
    talking = asyncio.ensure_future(call.bridge(leg))
    await talk(agent, tone("before", 0.1))
    agent.reoffer("inactive")
    await until(lambda: hears(handset, tone(MUSIC, 0.1), like=0.9), "music")
    agent.hang_up()
    assert await asyncio.wait_for(talking, 5) == "agent_hung_up"
    await asyncio.sleep(0.05)
    handset.rtp.hear()
    stopped_at = len(handset.rtp.packets)
    await asyncio.sleep(0.1)
    assert len(handset.rtp.hear()) == stopped_at, "music went on after the bridge"
    handset.hang_up()
    await phones.nothing_left()


async def test_a_transfer_joins_the_caller_with_the_destination(phones: Lab) -> None:
    phones.outside = Outside(phones.phones, {"partner": (phones.target("partner"), 5)})
    call, handset = await phones.call()
    await call.answer()
    moving = asyncio.ensure_future(call.transfer("partner"))
    await until(lambda: bool(phones.rung), "ringing at the destination")
    says = tone("partner says", 0.5)
    await talk(phones.rung[0], says)
    await until(lambda: hears(handset, says), "the destination at the caller's phone")
    phones.rung[0].hang_up()
    assert await asyncio.wait_for(moving, 5)
    handset.hang_up()
    await phones.nothing_left()


async def test_a_transfer_that_nobody_takes_leaves_the_caller_here(phones: Lab, world: SipWorld) -> None:
    phones.outside = Outside(phones.phones, {"partner": (phones.target("partner"), 0)})
    phones.on_rung = Handset.ring
    call, handset = await phones.call()
    await call.answer()
    assert not await call.transfer("partner")
    assert not await call.transfer("anybody else")
    await call.play((world.clip("sorry", 0.2),))
    assert "sorry" in Caller(world, call, handset).heard()
    await call.hangup()
    await phones.nothing_left()


async def test_a_leg_of_another_kind_is_refused(phones: Lab) -> None:
    class Other:
        agent = "kari"

        async def hang_up(self) -> None: ...

    call, _ = await phones.call()
    with pytest.raises(TypeError, match="Other"):
        await call.bridge(Other())


async def test_a_key_by_info_counts_where_no_telephone_events_were_agreed(phones: Lab) -> None:
    call, handset = await phones.call(events=False)
    await call.answer()
    await until(lambda: handset.count(Accepted) > 0, "answer")
    for key in "42":
        phones.press_by_info(handset, key)
    assert (await call.collect(most=2)).pii_digits == "42"
    handset.hang_up()
    await phones.nothing_left()


async def test_keys_are_heard_as_tones_where_the_terms_of_a_trunk_say_so(phones: Lab) -> None:
    phones.line = replace(phones.line, terms={Origin("trunk", "loopback"): MediaTerms(tones=True)})
    call, handset = await phones.call(events=False)
    await call.answer()
    await handset.connected()
    sound = silence(0.1) + sines((770, 1336), 0.1) + silence(0.1)
    for at in range(0, len(sound), FRAME_BYTES):
        handset.rtp.talk(sound[at : at + FRAME_BYTES])
        await asyncio.sleep(0)
    assert (await call.collect(most=1)).pii_digits == "5"
    handset.hang_up()
    await phones.nothing_left()


async def test_a_caller_who_gives_up_telephone_events_is_heard_by_info(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()
    phones.phones_agent.reoffer(handset.session, without_events(handset.rtp.sdp(version=2)))
    await until(lambda: handset.count(Reoffered) == 1, "answer to the new offer")
    phones.press_by_info(handset, "4")
    assert (await call.collect(most=1)).pii_digits == "4"
    handset.hang_up()
    await phones.nothing_left()


async def test_a_key_that_comes_by_rtp_and_by_info_counts_once(phones: Lab) -> None:
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()
    phones.press_by_info(handset, "4")
    await until(lambda: handset.informed == [200], "answer to the INFO")
    for key in "47":
        handset.rtp.press(key)
    assert (await call.collect(most=2)).pii_digits == "47"
    handset.hang_up()
    await phones.nothing_left()


class Pondering(CountingEngine):
    """Begins to play when it is let, as another process does."""

    def __init__(self, settings: MediaSettings) -> None:
        super().__init__(settings)
        self.begins = asyncio.Event()

    async def play(self, leg: LegId, files: tuple[str, ...], *, loop: bool = False, offset_s: float = 0.0) -> Played:
        await self.begins.wait()
        return await super().play(leg, files, loop=loop, offset_s=offset_s)


async def test_a_key_that_comes_while_a_prompt_is_begun_stops_it(phones: Lab, tmp_path: Path) -> None:
    media = phones.media = Pondering(MediaSettings("127.0.0.1"))
    phones.line = replace(phones.line, media=media)
    call, handset = await phones.call()
    await call.answer()
    await handset.connected()
    path = tmp_path / "menu.al"
    path.write_bytes(tone("menu", 5.0))
    playing = asyncio.create_task(call.play((Clip(str(path), 5.0, "menu", "nb"),), keys="12"))
    handset.rtp.press("2")
    await until(lambda: media.keys == 1, "key")
    media.begins.set()
    assert await asyncio.wait_for(playing, 2) == "2"
    await call.hangup()


async def test_who_knows_no_reliable_provisionals_hears_early_all_the_same(phones: Lab, world: SipWorld) -> None:
    """An INVITE as simple phones and carriers send it, from a plain socket."""
    rtp = Handset(phones.phones_agent).rtp
    address = phones.user_agent.address
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(2)
        here = f"127.0.0.1:{sock.getsockname()[1]}"

        def send(method: str, body: str = "") -> None:
            lines = [
                f"{method} sip:5000@127.0.0.1:{address.port} SIP/2.0", f"Via: SIP/2.0/UDP {here};branch=z9hG4bKplain",
                "From: <sip:a@127.0.0.1>;tag=a", "To: <sip:5000@127.0.0.1>", "Call-ID: plain", f"CSeq: 1 {method}",
                f"Contact: <sip:a@{here}>", *(["Content-Type: application/sdp"] if body else []),
                f"Content-Length: {len(body)}", "", body,
            ]  # fmt: skip
            sock.sendto("\r\n".join(lines).encode(), address[:2])

        send("INVITE", rtp.sdp())
        invite = await asyncio.wait_for(phones._invited.get(), 5)
        call = SipCall(phones.line, phones.outside, invite, info("plain"), LegId("plain"))
        await call.answer(early=True)
        progress = parse(await asyncio.to_thread(sock.recv, 65536))
        assert isinstance(progress, Response)
        assert (progress.status, progress.require, bool(progress.body)) == (183, [], True)
        await call.play((world.clip("closed", 0.4),))
        await until(lambda: len(rtp.hear()) >= 15, "the announcement")
        assert not call.answered
        send("CANCEL")
        await until(lambda: call.ended == "caller_hung_up", "end of the call")
    rtp.hang_up()
    await phones.nothing_left()
