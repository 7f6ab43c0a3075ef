"""What every media engine with SRTP keeps: subclass `SrtpContract` and give it the `engine` of the media contract."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from rtp import wav
from rtp.engine import DtmfReceived, LegId, LegOptions, MediaEngine, MediaError, PlayDone, Relatched, Srtp
from rtp.g711 import A_TO_U
from rtp.packet import RtpPacket
from rtp.rtcp import Report, ReportBlock, build_report
from sdp.crypto import Suite
from tests.rtp.conference_contract import heard_after
from tests.rtp.hearing import contains
from tests.rtp.media_contract import PROMPTS, Call, Switchboard
from tests.rtp.phone import Phone, until
from tests.rtp.srtp_phone import SrtpPhone, crypto_of

SUITES = list(Suite)
LOW, HIGH = PROMPTS["low"], PROMPTS["high"]


class SecureSwitchboard(Switchboard):
    """Requires SRTP of the phones that speak it."""

    async def call(self, name: str, phone: Phone | None = None, *, trusted: bool = True) -> Call:
        call = Call(LegId(name), phone or Phone())
        self.calls.append(call)
        self.engine.listen(call.leg, call.events.append)
        srtp = Srtp.REQUIRED if isinstance(phone, SrtpPhone) else Srtp.REFUSED
        options = LegOptions("c1", trusted=trusted, srtp=srtp)
        call.phone.described(await self.engine.open(call.leg, call.phone.sdp(), options))
        return call

    async def offering(self, name: str, phone: Phone, srtp: Srtp) -> tuple[Call, str]:
        """A leg that made the offer, which the phone has answered."""
        call = Call(LegId(name), phone)
        self.calls.append(call)
        self.engine.listen(call.leg, call.events.append)
        offer = await self.engine.open(call.leg, None, LegOptions("c1", srtp=srtp))
        phone.described(offer)
        await self.engine.update(call.leg, phone.sdp())
        return call, offer


@asynccontextmanager
async def secure_switchboard(engine: MediaEngine) -> AsyncIterator[SecureSwitchboard]:
    board = SecureSwitchboard(engine)
    yield board
    for call in board.calls:
        await engine.close(call.leg)
        call.phone.hang_up()


class SrtpContract:
    @pytest_asyncio.fixture
    async def secure(self, engine: MediaEngine) -> AsyncIterator[SecureSwitchboard]:
        async with secure_switchboard(engine) as board:
            yield board

    @pytest.fixture
    def low(self, tmp_path: Path) -> str:
        path = tmp_path / "low.al"
        path.write_bytes(LOW)
        return str(path)

    async def _speak_both_ways(self, board: SecureSwitchboard, call: Call, low: str) -> None:
        """The phone hears a prompt and a key, and its keys are heard; voice may be kept away while nobody wants it."""
        await board.engine.play(call.leg, (low,))
        await until(lambda: bool(call.told(PlayDone)), "end of the play")
        await call.phone.hears(15)
        assert contains(call.phone.heard, LOW) > 0.95
        call.phone.press("4")
        call.phone.talk(count=2)
        await until(lambda: bool(call.told(DtmfReceived)), "key")
        await board.heard(call, 7)
        await board.engine.send_dtmf(call.leg, "7")
        await until(lambda: len(call.phone.events) == 7, "key at the phone")

    # Agreeing

    @pytest.mark.parametrize("suite", SUITES)
    async def test_a_protected_offer_is_answered_and_spoken_by(
        self, secure: SecureSwitchboard, low: str, suite: Suite
    ) -> None:
        call = await secure.call("a", SrtpPhone(suite=suite, tag=5))
        await self._speak_both_ways(secure, call, low)

    @pytest.mark.parametrize(("srtp", "profile"), [(Srtp.REQUIRED, "RTP/SAVP"), (Srtp.PREFERRED, "RTP/AVP")])
    @pytest.mark.parametrize(("suite", "tag"), [(Suite.AES_128_GCM, 1), (Suite.AES_128_SHA1_80, 2)])
    async def test_our_offer_is_strict_or_best_effort_and_its_answer_starts_srtp(
        self, secure: SecureSwitchboard, low: str, srtp: Srtp, profile: str, suite: Suite, tag: int
    ) -> None:
        phone = SrtpPhone(suite=suite, tag=tag, profile=profile)
        call, offer = await secure.offering("a", phone, srtp)
        assert f" {profile} 8 0 101" in offer
        await self._speak_both_ways(secure, call, low)

    async def test_a_plain_answer_to_a_best_effort_offer_is_plain_rtp(
        self, secure: SecureSwitchboard, low: str
    ) -> None:
        call, offer = await secure.offering("a", Phone(), Srtp.PREFERRED)
        assert "a=crypto:1 " in offer
        await self._speak_both_ways(secure, call, low)

    @pytest.mark.parametrize("profile", ["RTP/AVP", "RTP/SAVP", "RTP/SAVPF"])
    async def test_where_it_is_preferred_keys_are_taken_under_any_profile(
        self, secure: SecureSwitchboard, low: str, profile: str
    ) -> None:
        phone = SrtpPhone(profile=profile)
        call = Call(LegId("a"), phone)
        secure.calls.append(call)
        secure.engine.listen(call.leg, call.events.append)
        answer = await secure.engine.open(call.leg, phone.sdp(), LegOptions("c1", srtp=Srtp.PREFERRED))
        assert f" {profile} 8 101" in answer
        phone.described(answer)
        await self._speak_both_ways(secure, call, low)

    async def test_what_the_policy_does_not_take_is_488(self, secure: SecureSwitchboard) -> None:
        with SrtpPhone() as strict, SrtpPhone(profile="RTP/AVP") as lenient, Phone() as plain:
            for phone, srtp in ((strict, Srtp.REFUSED), (plain, Srtp.REQUIRED)):
                with pytest.raises(MediaError) as error:
                    await secure.engine.open(LegId("a"), phone.sdp(), LegOptions("c1", srtp=srtp))
                assert error.value.status == 488
            answer = await secure.engine.open(LegId("b"), lenient.sdp(), LegOptions("c1"))
            assert "crypto" not in answer
            await secure.engine.close(LegId("b"))
            await secure.engine.open(LegId("c"), None, LegOptions("c1", srtp=Srtp.REQUIRED))
            with pytest.raises(MediaError) as error:
                await secure.engine.update(LegId("c"), plain.sdp())
            assert error.value.status == 488
            await secure.engine.close(LegId("c"))

    # Bridging and recording

    @pytest.mark.parametrize(
        ("left", "right"),
        [
            (SrtpPhone, Phone),
            (SrtpPhone, lambda: Phone(0)),
            (SrtpPhone, lambda: SrtpPhone(suite=Suite.AES_256_GCM, payload_type=0)),
            (lambda: SrtpPhone(mux=True), SrtpPhone),
        ],
    )
    async def test_protected_and_plain_phones_hear_each_other(
        self, secure: SecureSwitchboard, left: type[Phone], right: type[Phone]
    ) -> None:
        a, b = await secure.talking("a", left()), await secure.talking("b", right())
        await secure.engine.bridge(a.leg, b.leg)
        for at in range(0, 2400, 160):
            for speaker, said in ((a, LOW), (b, HIGH)):
                frame = said[at : at + 160]
                speaker.phone.talk(frame if speaker.phone.payload_type == 8 else frame.translate(A_TO_U))
            await asyncio.sleep(0.002)
        a.phone.press("7")
        await a.phone.hears(15)
        await b.phone.hears(22)
        assert contains(a.phone.heard, HIGH) > 0.95
        assert contains(b.phone.heard, LOW) > 0.95
        assert [packet.payload[0] for packet in b.phone.events] == [7] * 7
        stats = await secure.engine.stats(a.leg)
        assert (stats.sent, stats.lost) == (15, 0)

    async def test_protected_and_plain_phones_hear_each_other_in_a_conference(self, secure: SecureSwitchboard) -> None:
        phones = {"low": SrtpPhone(), "middle": Phone(0), "high": SrtpPhone(suite=Suite.AES_128_GCM)}
        said = {name: await secure.talking(name, phone) for name, phone in phones.items()}
        await secure.engine.conference(tuple(call.leg for call in said.values()))
        expected = {"low": "middle high", "middle": "low high", "high": "low middle"}
        assert await heard_after(said) == expected

    async def test_what_a_protected_phone_says_is_recorded(self, secure: SecureSwitchboard, tmp_path: Path) -> None:
        call = await secure.talking("a", SrtpPhone())
        path = tmp_path / "call.wav"
        await secure.engine.record(call.leg, str(path))
        for at in range(0, len(LOW), 160):
            call.phone.talk(LOW[at : at + 160])
        await secure.heard(call, 17)
        await secure.engine.stop_record(call.leg)
        assert wav.a_law(path.read_bytes()) == LOW

    async def test_a_number_that_comes_twice_in_the_clear_is_protected_once(self, secure: SecureSwitchboard) -> None:
        plain, safe = await secure.talking("a"), await secure.talking("b", SrtpPhone())
        await secure.engine.bridge(plain.leg, safe.leg)
        for payload in (b"\1" * 160, b"\2" * 160):
            plain.phone.talk(payload)
            plain.phone.sequence -= 1
        plain.phone.sequence += 1
        plain.phone.talk(b"\3" * 160)
        packets = await safe.phone.hears(2)
        assert [packet.payload[0] for packet in packets] == [1, 3]

    # Keys with the gate closed

    async def test_keys_are_heard_while_voice_is_dropped_unread(self, secure: SecureSwitchboard) -> None:
        call = await secure.talking("a", SrtpPhone())
        for digit in "159":
            call.phone.talk(count=200)
            await asyncio.sleep(0.02)
            call.phone.press(digit)
        await until(lambda: len(call.events) >= 3, "three keys")
        assert [event.digit for event in call.events if isinstance(event, DtmfReceived)] == ["1", "5", "9"]

    # What is not genuine

    @pytest.mark.parametrize("suite", [Suite.AES_128_SHA1_80, Suite.AES_128_GCM])
    async def test_what_is_plain_or_under_another_key_is_not_heard_and_moves_nothing(
        self, secure: SecureSwitchboard, low: str, suite: Suite
    ) -> None:
        call = await secure.call("a", SrtpPhone(suite=suite))
        other = await secure.talking("b")
        await secure.engine.bridge(call.leg, other.leg)
        stranger = Phone(engine=call.phone.engine)
        liar = SrtpPhone(engine=call.phone.engine, suite=suite, secret=9)
        for injector in (stranger, liar):
            injector.talk(count=20)
            injector.press("9")
        call.phone.sock.sendto(b"\x80\x08" + bytes(170), call.phone.engine)
        await asyncio.sleep(0.05)
        assert (await secure.engine.stats(call.leg)).received == 0
        assert (call.events, other.phone.hear()) == ([], [])
        call.phone.talk(b"\1" * 160)
        assert [packet.payload for packet in await other.phone.hears(1)] == [b"\1" * 160]
        assert call.told(Relatched) == []
        stranger.hang_up()
        liar.hang_up()

    async def test_a_packet_that_is_played_back_is_dropped(self, secure: SecureSwitchboard) -> None:
        call = await secure.talking("a", SrtpPhone())
        other = await secure.talking("b")
        await secure.engine.bridge(call.leg, other.leg)
        phone = call.phone
        packet = RtpPacket(8, phone.sequence, phone.timestamp, phone.ssrc, b"\1" * 160).to_bytes()
        sealed = phone.sealed(packet)
        for _ in range(5):
            phone.sock.sendto(sealed, phone.engine)
        phone.sequence += 1
        phone.talk(b"\2" * 160)
        await other.phone.hears(2)
        await asyncio.sleep(0.03)
        assert [packet.payload[0] for packet in other.phone.hear()] == [1, 2]

    async def test_a_phone_that_hears_another_key_hears_nothing(self, secure: SecureSwitchboard, low: str) -> None:
        call = await secure.call("a", SrtpPhone())
        with SrtpPhone(secret=9) as wrong:
            wrong.described(wrong.sdp())
            await secure.engine.play(call.leg, (low,))
            await until(lambda: bool(call.told(PlayDone)), "end of the play")
            data = call.phone.sock.recv(2048)
            assert LOW[:160] not in data
            with pytest.raises(AssertionError, match="not genuine"):
                wrong.opened(data)
            assert call.phone.opened(data)[12:] == LOW[:160]

    # Later offers

    @pytest.mark.parametrize("suite", [Suite.AES_128_SHA1_80, Suite.AES_128_GCM])
    async def test_hold_and_resume_keep_the_keys(self, secure: SecureSwitchboard, low: str, suite: Suite) -> None:
        call = await secure.talking("a", SrtpPhone(suite=suite))
        assert isinstance(call.phone, SrtpPhone)
        before = call.phone.theirs
        await secure.engine.play(call.leg, (low,), loop=True)
        await call.phone.hears(3)
        answer = await secure.engine.update(call.leg, call.phone.sdp(direction="sendonly", version=2))
        assert crypto_of(answer) == before
        answer = await secure.engine.update(call.leg, call.phone.sdp(version=3))
        assert crypto_of(answer) == before
        await call.phone.hears(len(call.phone.hear()) + 3)
        call.phone.press("1")
        await until(lambda: bool(call.told(DtmfReceived)), "key")
        assert crypto_of(await secure.engine.offer(call.leg)) == before
        await secure.engine.update(call.leg, call.phone.sdp(version=4))
        await call.phone.hears(len(call.phone.hear()) + 3)

    async def test_a_phone_that_changes_its_key_gets_a_new_one_and_both_begin_anew(
        self, secure: SecureSwitchboard, low: str
    ) -> None:
        call = await secure.talking("a", SrtpPhone())
        assert isinstance(call.phone, SrtpPhone)
        before = call.phone.theirs
        await secure.engine.play(call.leg, (low,), loop=True)
        await call.phone.hears(3)
        call.phone.secure(2)
        answer = await secure.engine.update(call.leg, call.phone.sdp(version=2))
        call.phone.hear()
        call.phone.described(answer)
        assert call.phone.theirs != before
        await call.phone.hears(len(call.phone.packets) + 3)
        call.phone.press("1")
        await until(lambda: bool(call.told(DtmfReceived)), "key")

    async def test_an_offer_of_ours_without_an_answer_is_withdrawn(self, secure: SecureSwitchboard) -> None:
        call = await secure.talking("a", SrtpPhone())
        await secure.engine.offer(call.leg)
        await secure.engine.withdraw(call.leg)
        answer = await secure.engine.update(call.leg, call.phone.sdp(direction="sendonly", version=2))
        assert "a=recvonly" in answer
        assert " RTP/SAVP 8 101" in answer

    # Reports

    @pytest.mark.parametrize("mux", [False, True])
    @pytest.mark.parametrize("suite", [Suite.AES_128_SHA1_32, Suite.AES_256_GCM])
    async def test_reports_are_protected_both_ways(self, secure: SecureSwitchboard, suite: Suite, mux: bool) -> None:
        call = await secure.talking("a", SrtpPhone(suite=suite, mux=mux))
        other = await secure.talking("b")
        await secure.engine.bridge(call.leg, other.leg)
        other.phone.talk(count=2)
        await call.phone.hears(2)
        await until(lambda: any(report.ntp for report in call.phone.told()), "sender report")
        ours = next(report for report in reversed(call.phone.told()) if report.ntp)
        block = ReportBlock(ours.ssrc, 0, 5, 0, 160, (ours.ntp or 0) >> 16 & 0xFFFFFFFF, 0)
        report = build_report(Report(call.phone.ssrc, (block,), 1 << 40), "phone")
        host, port = call.phone.engine
        sock, target = (call.phone.sock, port) if mux else (call.phone.rtcp, port + 1)
        sock.sendto(report, (host, target))
        await asyncio.sleep(0.1)
        assert (await secure.engine.stats(call.leg)).peer_lost is None
        call.phone.report(report)
        for _ in range(1000):
            if (await secure.engine.stats(call.leg)).peer_lost is not None:
                break
            await asyncio.sleep(0.002)
        assert (await secure.engine.close(call.leg)).peer_lost == 5
        await until(lambda: bool(call.phone.told() and call.phone.reports[-1][-1]), "goodbye")
