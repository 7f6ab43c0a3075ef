"""What every media engine keeps, whoever carries the media: subclass `MediaContract` and give it an `engine` fixture.

The engine has to be made with the settings below; phones are plain sockets on loopback.
"""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from rtp import wav
from rtp.dtmf import EVENT
from rtp.engine import (
    DtmfReceived,
    LegId,
    LegOptions,
    LegStats,
    MediaEngine,
    MediaError,
    MediaEvent,
    PlayDone,
    Recorded,
    RecordingEnded,
    Relatched,
    RtpTimeout,
    Sides,
)
from rtp.g711 import A_TO_U
from rtp.latch import PROBATION
from rtp.packet import RtpPacket
from rtp.rtcp import Bye, Report, ReportBlock, build_report
from rtp.tone import tone
from tests.rtp.hearing import best_match, contains
from tests.rtp.phone import Phone, until

PAIRS = 4
"""Legs that the engine has ports for."""
QUARANTINE_S = 0.4
TIMEOUT_S = 0.5
UNHEARD_LIMIT_S = 0.3
REPORT_LEAST_S = 0.2
"""In place of the five seconds of RFC 3550."""

PROMPTS = {
    "low": tone((300, 340), 0.3),
    "middle": tone((640, 900), 0.3),
    "high": tone((1500, 2100), 0.3),
}


@dataclass
class Call:
    """A leg, the phone at its other end, and what the engine told of it."""

    leg: LegId
    phone: Phone
    events: list[MediaEvent] = field(default_factory=list)

    def told(self, kind: type[MediaEvent]) -> list[MediaEvent]:
        return [event for event in self.events if isinstance(event, kind)]


class Switchboard:
    """Opens legs with phones, and takes them down."""

    def __init__(self, engine: MediaEngine) -> None:
        self.engine = engine
        self.calls: list[Call] = []

    async def call(self, name: str, phone: Phone | None = None, *, trusted: bool = True) -> Call:
        call = Call(LegId(name), phone or Phone())
        self.calls.append(call)
        self.engine.listen(call.leg, call.events.append)
        call.phone.described(await self.engine.open(call.leg, call.phone.sdp(), LegOptions("c1", trusted=trusted)))
        return call

    async def talking(self, name: str, phone: Phone | None = None) -> Call:
        """A leg whose phone has been heard, to which nobody listens: an engine with a gate has closed it."""
        call = await self.call(name, phone)
        for count in (1, 2):
            call.phone.talk()
            await self.heard(call, count)
        return call

    async def heard(self, call: Call, count: int) -> None:
        """Wait until the engine has heard `count` packets from the phone."""
        for _ in range(1000):
            if (await self.engine.stats(call.leg)).received >= count:
                return
            await asyncio.sleep(0.002)
        raise AssertionError(f"the engine has not heard {count} packets of {call.leg}")


@asynccontextmanager
async def switchboard(engine: MediaEngine) -> AsyncIterator[Switchboard]:
    board = Switchboard(engine)
    yield board
    for call in board.calls:
        await engine.close(call.leg)
        call.phone.hang_up()


class MediaContract:
    counts_by_clock = 0
    """By how many packets an engine may be wrong that goes by the clock, since its server does not say what it sent."""

    @pytest_asyncio.fixture
    async def board(self, engine: MediaEngine) -> AsyncIterator[Switchboard]:
        async with switchboard(engine) as board:
            yield board

    @pytest.fixture
    def files(self, tmp_path: Path) -> dict[str, str]:
        paths = {}
        for name, sound in PROMPTS.items():
            path = tmp_path / f"{name}.al"
            path.write_bytes(sound)
            paths[name] = str(path)
        return paths

    # Opening

    async def test_an_offer_is_answered_with_a_port_of_ours(self, board: Switchboard) -> None:
        call = await board.call("a")
        assert call.phone.engine[1] % 2 == 0
        assert board.engine.legs == 1

    async def test_opening_twice_gives_the_same_description(self, board: Switchboard) -> None:
        phone = Phone()
        first = await board.engine.open(LegId("a"), phone.sdp(), LegOptions("c1"))
        assert await board.engine.open(LegId("a"), phone.sdp(), LegOptions("c1")) == first
        assert board.engine.legs == 1
        await board.engine.close(LegId("a"))
        phone.hang_up()

    async def test_without_an_offer_one_is_made_and_the_answer_starts_media(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        phone = Phone()
        call = Call(LegId("a"), phone)
        board.calls.append(call)
        offer = await board.engine.open(call.leg, None, LegOptions("c1"))
        assert " 8 0 101" in offer
        phone.described(offer)
        await board.engine.update(call.leg, phone.sdp())
        await board.engine.play(call.leg, (files["low"],))
        await phone.hears(15)
        assert contains(phone.heard, PROMPTS["low"]) > 0.95

    async def test_no_shared_codec_is_488_and_costs_no_port(self, board: Switchboard) -> None:
        strange = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 18\r\n"
        for text in [strange] * (PAIRS + 1) + ["nonsense"]:
            with pytest.raises(MediaError) as error:
                await board.engine.open(LegId("a"), text, LegOptions("c1"))
            assert error.value.status == 488
            await asyncio.sleep(QUARANTINE_S / PAIRS)
        assert board.engine.legs == 0

    async def test_an_exhausted_pool_is_503_until_quarantine_has_passed(self, board: Switchboard) -> None:
        ports = {(await board.call(f"a{i}")).phone.engine[1] for i in range(PAIRS)}
        assert len(ports) == PAIRS
        spare = board.calls[0].phone.sdp()
        with pytest.raises(MediaError) as error:
            await board.engine.open(LegId("b"), spare, LegOptions("c1"))
        assert error.value.status == 503
        closed = board.calls[0]
        await board.engine.close(closed.leg)
        with pytest.raises(MediaError):
            await board.engine.open(LegId("b"), spare, LegOptions("c1"))
        await asyncio.sleep(QUARANTINE_S)
        again = await board.call("b")
        assert again.phone.engine[1] == closed.phone.engine[1]

    async def test_an_unknown_leg_is_an_error_everywhere_but_in_close(
        self, board: Switchboard, files: dict[str, str], tmp_path: Path
    ) -> None:
        engine, leg = board.engine, LegId("nobody")
        for asked in (
            engine.update(leg, ""),
            engine.offer(leg),
            engine.play(leg, (files["low"],)),
            engine.stop(leg),
            engine.send_dtmf(leg, "1"),
            engine.bridge(leg, leg),
            engine.unbridge(leg),
            engine.record(leg, str(tmp_path / "x.wav")),
            engine.pause_record(leg),
            engine.resume_record(leg),
            engine.stop_record(leg),
            engine.stats(leg),
        ):
            with pytest.raises(MediaError, match="nobody"):
                await asked
        assert await engine.close(leg) == LegStats(0, 0, 0, 0, 0.0)

    # Playing

    async def test_a_phone_that_never_sends_hears_the_prompt_and_its_end_is_told(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        call = await board.call("a")
        played = await board.engine.play(call.leg, (files["middle"],))
        assert played.duration_s == pytest.approx(0.3)
        await until(lambda: call.events == [PlayDone(call.leg, played.play)], "end of the play")
        assert len(call.phone.voice) == 15
        name, fit = best_match(call.phone.heard, PROMPTS)
        assert (name, fit > 0.95) == ("middle", True)
        stats = await board.engine.stats(call.leg)
        assert (stats.sent, stats.due) == (15, 15)

    async def test_one_stream_of_numbers_goes_through_all_plays(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        call = await board.call("a")
        for _ in range(2):
            await board.engine.play(call.leg, (files["low"], files["high"]), offset_s=0.2)
            await until(lambda: bool(call.told(PlayDone)), "end of the play")
            call.events.clear()
        packets = call.phone.voice
        assert len({packet.ssrc for packet in packets}) == 1
        assert [(p.sequence - packets[0].sequence) & 0xFFFF for p in packets] == list(range(40))
        steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(packets)]
        assert [step for step in steps if step != 160] == [step for step in steps if step > 160][:1]
        assert [i for i, packet in enumerate(packets) if packet.marker] == [0, 20]

    async def test_a_loop_goes_on_until_it_is_stopped_and_its_end_is_not_told(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        call = await board.call("a")
        assert (await board.engine.play(call.leg, (files["low"],), loop=True)).duration_s == 0
        await call.phone.hears(20)
        await board.engine.stop(call.leg)
        count = len(call.phone.hear())
        await asyncio.sleep(0.08)
        assert len(call.phone.hear()) <= count + 1
        assert call.events == []

    async def test_a_play_replaces_another(self, board: Switchboard, files: dict[str, str]) -> None:
        call = await board.call("a")
        await board.engine.play(call.leg, (files["low"],), loop=True)
        await call.phone.hears(3)
        second = await board.engine.play(call.leg, (files["high"],))
        await until(lambda: bool(call.events), "end of the play")
        assert call.events == [PlayDone(call.leg, second.play)]
        assert contains(call.phone.heard, PROMPTS["high"]) > 0.95

    async def test_packets_are_20_ms_apart(self, board: Switchboard, files: dict[str, str]) -> None:
        call = await board.call("a")
        loop = asyncio.get_running_loop()
        began = loop.time()
        await board.engine.play(call.leg, (files["low"],), loop=True)
        await call.phone.hears(50)
        assert loop.time() - began > 0.9

    async def test_a_mu_law_phone_hears_the_prompt_in_its_own_codec(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        call = await board.call("a", Phone(payload_type=0))
        await board.engine.play(call.leg, (files["high"],))
        await call.phone.hears(15)
        assert call.phone.voice[0].payload == PROMPTS["high"][:160].translate(A_TO_U)
        assert best_match(call.phone.heard, PROMPTS)[0] == "high"

    @pytest.mark.parametrize(
        ("asked", "count"), [("ptime:10", 30), ("ptime:30", 10), ("ptime:40", 8), ("maxptime:10", 30)]
    )
    async def test_a_phone_gets_packets_as_long_as_it_asks_for(
        self, board: Switchboard, files: dict[str, str], asked: str, count: int
    ) -> None:
        call = await board.call("a", Phone(attributes=f"a={asked}\r\n"))
        loop = asyncio.get_running_loop()
        began = loop.time()
        await board.engine.play(call.leg, (files["low"],))
        await until(lambda: bool(call.told(PlayDone)), "end of the play")
        assert loop.time() - began > 0.25
        assert (len(call.phone.voice), call.phone.heard) == (count, PROMPTS["low"])
        steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in itertools.pairwise(call.phone.voice)]
        assert steps == [len(packet.payload) for packet in call.phone.voice[:-1]]

    async def test_a_phone_that_asks_for_other_packets_gets_them_from_then_on(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        call = await board.call("a")
        await board.engine.play(call.leg, (files["low"],), loop=True)
        await call.phone.hears(3)
        for version, length in ((2, 10), (3, 40)):
            call.phone.attributes = f"a=ptime:{length}\r\n"
            await board.engine.update(call.leg, call.phone.sdp(version=version))
            count = len(call.phone.hear())
            await call.phone.hears(count + 10)
            assert len(call.phone.packets[-1].payload) == 8 * length

    async def test_packets_of_any_length_are_heard_and_passed_on(self, board: Switchboard, tmp_path: Path) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.record(a.leg, str(tmp_path / "a.wav"))
        for size in (80, 240, 320, 160):
            a.phone.send(bytes([size // 80]) * size, 8)
            a.phone.timestamp += size
        packets = await b.phone.hears(4)
        assert [len(packet.payload) for packet in packets] == [80, 240, 320, 160]
        await board.engine.stop_record(a.leg)
        assert wav.a_law((tmp_path / "a.wav").read_bytes()) == b"".join(p.payload for p in packets)

    async def test_a_wav_file_is_played_and_a_changed_file_is_read_again(
        self, board: Switchboard, tmp_path: Path
    ) -> None:
        path = tmp_path / "prompt.wav"
        call = await board.call("a")
        for name in ("low", "high"):
            path.write_bytes(wav.write(PROMPTS[name] + b"\xd5" * len(name)))
            call.phone.packets.clear()
            await board.engine.play(call.leg, (str(path),))
            await until(lambda: bool(call.told(PlayDone)), "end of the play")
            call.events.clear()
            assert best_match(call.phone.heard, PROMPTS)[0] == name

    async def test_a_file_that_cannot_be_read_is_an_error(self, board: Switchboard, tmp_path: Path) -> None:
        call = await board.call("a")
        broken = tmp_path / "broken.wav"
        broken.write_bytes(b"RIFF\x00\x00\x00\x00WAVE")
        for path in (tmp_path / "absent.al", broken):
            with pytest.raises(MediaError, match=path.name):
                await board.engine.play(call.leg, (str(path),))

    async def test_a_stranger_that_never_sends_is_sent_to_for_a_bounded_time(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        call = await board.call("a", trusted=False)
        await board.engine.play(call.leg, (files["low"],), loop=True)
        await until(lambda: bool(call.told(RtpTimeout)), "time-out")
        call.phone.hear()
        count = len(call.phone.packets)
        await asyncio.sleep(0.1)
        assert len(call.phone.hear()) == count
        stats = await board.engine.stats(call.leg)
        assert stats.due > stats.sent >= count - self.counts_by_clock
        call.phone.talk()
        await call.phone.hears(count + 3)

    # Keys

    async def test_a_key_is_told_once_even_as_the_first_thing_heard(self, board: Switchboard) -> None:
        call = await board.call("a")
        call.phone.press("2")
        call.phone.press("#")
        await until(lambda: len(call.events) >= 2, "two keys")
        await asyncio.sleep(0.03)
        keys = [event.digit for event in call.events if isinstance(event, DtmfReceived)]
        assert keys == ["2", "#"]

    async def test_keys_are_heard_with_the_gate_closed(self, board: Switchboard) -> None:
        call = await board.talking("a")
        for digit in "159":
            call.phone.talk(count=30)
            await asyncio.sleep(0.02)
            call.phone.press(digit)
        await until(lambda: len(call.events) >= 3, "three keys")
        assert [event.digit for event in call.events if isinstance(event, DtmfReceived)] == ["1", "5", "9"]

    async def test_keys_are_sent_and_the_play_pauses_meanwhile(self, board: Switchboard, files: dict[str, str]) -> None:
        call = await board.call("a")
        await board.engine.play(call.leg, (files["low"],))
        await call.phone.hears(2)
        await board.engine.send_dtmf(call.leg, "1#")
        await until(lambda: bool(call.told(PlayDone)), "end of the play")
        events = call.phone.events
        assert [packet.payload[0] for packet in events] == [1] * 7 + [11] * 7
        assert [packet.payload[1] >= 128 for packet in events] == ([False] * 4 + [True] * 3) * 2
        assert len({packet.timestamp for packet in events}) == 2
        assert len(call.phone.voice) == 15

    async def test_what_is_no_key_is_an_error(self, board: Switchboard) -> None:
        call = await board.call("a")
        for digits in ("1x", "1" * 1000):
            with pytest.raises(MediaError):
                await board.engine.send_dtmf(call.leg, digits)

    # Bridging

    @pytest.mark.parametrize(("left", "right"), [(8, 8), (0, 0), (8, 0)])
    async def test_bridged_phones_hear_each_other(self, board: Switchboard, left: int, right: int) -> None:
        a, b = await board.talking("a", Phone(left)), await board.talking("b", Phone(right))
        await board.engine.bridge(a.leg, b.leg)
        for i in range(30):
            for speaker, name in ((a, "low"), (b, "high")):
                frame = PROMPTS[name][160 * (i % 15) :][:160]
                speaker.phone.talk(frame if speaker.phone.payload_type == 8 else frame.translate(A_TO_U))
            await asyncio.sleep(0.002)
        await a.phone.hears(30)
        await b.phone.hears(30)
        assert (len(a.phone.voice), len(b.phone.voice)) == (30, 30)
        assert contains(a.phone.heard, PROMPTS["high"]) > 0.95
        assert contains(b.phone.heard, PROMPTS["low"]) > 0.95
        stats = await board.engine.stats(a.leg)
        assert (stats.sent, stats.lost) == (30, 0)

    async def test_a_bridge_continues_the_stream_that_was_played(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.play(a.leg, (files["low"],), loop=True)
        await a.phone.hears(5)
        await board.engine.bridge(a.leg, b.leg)
        played = len(a.phone.hear())
        b.phone.talk(count=5)
        packets = await a.phone.hears(played + 5)
        assert len({packet.ssrc for packet in packets}) == 1
        assert [(p.sequence - packets[0].sequence) & 0xFFFF for p in packets] == list(range(len(packets)))
        assert packets[-5].marker

    async def test_loss_before_the_bridge_is_passed_on_and_counted(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        a.phone.talk(count=3)
        a.phone.sequence += 2
        a.phone.talk(count=3)
        await b.phone.hears(6)
        assert b.phone.packets[3].sequence - b.phone.packets[2].sequence & 0xFFFF == 3
        assert (await board.engine.stats(a.leg)).lost == 2

    async def test_comfort_noise_is_borne_and_is_no_loss_on_either_side(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        a.phone.talk(count=3)
        for _ in range(2):
            a.phone.send(b"\x40", 13)
        a.phone.talk(count=3)
        packets = await b.phone.hears(6)
        assert [(p.sequence - packets[0].sequence) & 0xFFFF for p in packets] == list(range(6))
        await board.heard(a, 10)
        assert (await board.engine.stats(a.leg)).lost == 0

    async def test_keys_pass_the_bridge_under_the_other_legs_number_and_are_told(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b", Phone(event_type=96))
        await board.engine.bridge(a.leg, b.leg)
        a.phone.talk()
        a.phone.press("7")
        await b.phone.hears(8)
        assert [packet.payload[0] for packet in b.phone.events] == [7] * 7
        assert len({packet.timestamp for packet in b.phone.events}) == 1
        await until(lambda: bool(a.events), "key")
        assert len(a.told(DtmfReceived)) == 1

    async def test_a_phone_that_changes_its_codec_in_a_bridge_is_translated(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        b.phone.payload_type = 0
        await board.engine.update(b.leg, b.phone.sdp(version=2))
        for i in range(15):
            a.phone.talk(PROMPTS["low"][160 * i :][:160])
            b.phone.talk(PROMPTS["high"][160 * i :][:160].translate(A_TO_U))
        await a.phone.hears(15)
        await b.phone.hears(15)
        assert contains(a.phone.heard, PROMPTS["high"]) > 0.95
        assert contains(b.phone.heard, PROMPTS["low"]) > 0.95

    async def test_a_bridge_with_a_leg_that_is_not_answered_yet_begins_with_the_answer(
        self, board: Switchboard
    ) -> None:
        a = await board.talking("a")
        b = Call(LegId("b"), Phone(payload_type=0))
        board.calls.append(b)
        b.phone.described(await board.engine.open(b.leg, None, LegOptions("c1")))
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.update(b.leg, b.phone.sdp())
        a.phone.talk(PROMPTS["low"][:160])
        b.phone.talk(PROMPTS["low"][:160].translate(A_TO_U))
        await a.phone.hears(1)
        await b.phone.hears(1)
        assert b.phone.packets[0].payload == PROMPTS["low"][:160].translate(A_TO_U)

    async def test_unbridged_phones_hear_each_other_no_longer(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.bridge(a.leg, b.leg)
        a.phone.talk()
        await b.phone.hears(1)
        await board.engine.unbridge(b.leg)
        await board.engine.unbridge(b.leg)
        a.phone.talk(count=5)
        b.phone.talk(count=5)
        await asyncio.sleep(0.05)
        assert (len(a.phone.hear()), len(b.phone.hear())) == (0, 1)

    async def test_a_leg_moves_from_one_bridge_to_another(self, board: Switchboard) -> None:
        a, b, c = [await board.talking(name) for name in "abc"]
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.bridge(a.leg, c.leg)
        a.phone.talk()
        b.phone.talk()
        await c.phone.hears(1)
        await asyncio.sleep(0.02)
        assert (len(a.phone.hear()), len(b.phone.hear())) == (0, 0)

    async def test_a_closed_leg_leaves_its_peer_open(self, board: Switchboard, files: dict[str, str]) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.close(a.leg)
        b.phone.talk(count=3)
        await board.engine.play(b.leg, (files["low"],))
        await b.phone.hears(15)

    # Hold and moving

    @pytest.mark.parametrize("direction", ["sendonly", "inactive"])
    async def test_a_phone_on_hold_is_sent_nothing_until_it_resumes(
        self, board: Switchboard, files: dict[str, str], direction: str
    ) -> None:
        call = await board.talking("a")
        await board.engine.play(call.leg, (files["low"],), loop=True)
        await call.phone.hears(3)
        answer = await board.engine.update(call.leg, call.phone.sdp(direction=direction, version=2))
        assert ("a=recvonly" if direction == "sendonly" else "a=inactive") in answer
        held = len(call.phone.hear())
        await asyncio.sleep(0.1)
        assert len(call.phone.hear()) == held
        await board.engine.update(call.leg, call.phone.sdp(version=3))
        packets = await call.phone.hears(held + 3)
        assert packets[held].marker
        assert (packets[held].sequence - packets[held - 1].sequence) & 0xFFFF == 1

    async def test_a_bridged_phone_on_hold_is_heard_by_nobody_and_hears_nothing(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.update(a.leg, a.phone.sdp(direction="inactive", version=2))
        a.phone.talk(count=3)
        b.phone.talk(count=3)
        await asyncio.sleep(0.05)
        assert (a.phone.hear(), b.phone.hear()) == ([], [])
        await board.engine.update(a.leg, a.phone.sdp(version=3))
        a.phone.talk()
        b.phone.talk()
        await a.phone.hears(1)
        await b.phone.hears(1)

    async def test_injected_packets_of_another_source_are_ignored(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        injector = Phone(engine=a.phone.engine)
        injector.talk(count=20)
        injector.press("9")
        a.phone.talk(bytes([1]) * 160)
        await b.phone.hears(1)
        await asyncio.sleep(0.03)
        assert [packet.payload[0] for packet in b.phone.hear()] == [1]
        assert a.events == []
        injector.hang_up()

    async def test_packets_sprayed_before_the_phone_speaks_do_not_win(self, board: Switchboard) -> None:
        call = await board.call("a")
        for _ in range(3):
            injector = Phone(engine=call.phone.engine)
            for _ in range(PROBATION - 1):
                injector.send(EVENT.pack(9, 10, 160), injector.event_type, timestamp=1)
            await asyncio.sleep(0.02)
            injector.hang_up()
        call.phone.press("1")
        await until(lambda: bool(call.events), "key")
        assert [event.digit for event in call.events if isinstance(event, DtmfReceived)] == ["1"]

    async def test_a_phone_behind_nat_is_heard_and_answered_where_it_sends_from(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        inside, outside = Phone(), Phone()
        call = await board.call("a", inside)
        await board.engine.play(call.leg, (files["low"],), loop=True)
        await inside.hears(1)
        outside.engine = inside.engine
        outside.talk(count=5)
        await outside.hears(3)
        count = len(inside.hear())
        await asyncio.sleep(0.05)
        assert len(inside.hear()) == count
        outside.hang_up()

    async def test_a_phone_that_moves_is_heard_after_an_update_only(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        moved = Phone(engine=a.phone.engine)
        moved.talk(count=10)
        await asyncio.sleep(0.05)
        assert b.phone.hear() == []
        await board.engine.update(a.leg, moved.sdp(version=2))
        moved.talk(count=2)
        await b.phone.hears(2)
        b.phone.talk()
        await moved.hears(1)
        await until(lambda: bool(a.told(Relatched)), "another source")
        assert a.told(Relatched) == [Relatched(a.leg)]
        moved.hang_up()

    async def test_silence_is_told_once_and_then_another_source_is_let_in(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        await until(lambda: bool(a.events), "time-out")
        (timeout,) = a.events
        assert isinstance(timeout, RtpTimeout)
        assert timeout.silent_ms >= TIMEOUT_S * 1000
        moved = Phone(engine=a.phone.engine)
        moved.talk(count=8)
        await b.phone.hears(5)
        await until(lambda: bool(a.told(Relatched)), "another source")
        assert len(a.told(RtpTimeout)) == 1
        moved.hang_up()

    async def test_a_trusted_leg_that_never_speaks_does_not_time_out(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        call = await board.call("a")
        await board.engine.play(call.leg, (files["low"],), loop=True)
        await call.phone.hears(round((TIMEOUT_S + 0.3) * 50))
        assert call.events == []

    async def test_a_phone_that_is_gone_harms_nobody(self, board: Switchboard, files: dict[str, str]) -> None:
        gone, other = await board.talking("a"), await board.call("b")
        gone.phone.sock.close()
        for call in (gone, other):
            await board.engine.play(call.leg, (files["low"],))
        await other.phone.hears(15)
        await until(lambda: bool(gone.told(PlayDone)), "end of the play")
        gone.phone.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    # Reports

    @pytest.mark.parametrize("mux", [False, True])
    async def test_a_phone_is_told_what_it_was_sent_and_how_it_is_heard(
        self, board: Switchboard, files: dict[str, str], mux: bool
    ) -> None:
        a, b = await board.talking("a", Phone(mux=mux)), await board.talking("b")
        await board.engine.play(a.leg, (files["low"],))
        await a.phone.hears(15)
        await until(lambda: any(report.packets == 15 for report in a.phone.told()), "sender report of it all")
        assert {r.octets for r in a.phone.told() if r.packets == 15} == {2400}
        assert {report.ssrc for report in a.phone.told()} == {a.phone.packets[0].ssrc}
        assert not any(report.blocks for report in a.phone.told())
        await board.engine.bridge(a.leg, b.leg)
        a.phone.talk(count=3)
        a.phone.sequence += 1
        a.phone.talk(count=4)
        await until(lambda: any(report.blocks for report in a.phone.told()), "report of what was heard")
        a.phone.talk()
        last = a.phone.sequence - 1
        await until(lambda: any(b.highest == last for r in a.phone.told() for b in r.blocks), "report of the last")
        blocks = [block for report in a.phone.told() for block in report.blocks]
        assert (blocks[-1].ssrc, blocks[-1].lost) == (a.phone.ssrc, 1)

    @pytest.mark.parametrize("mux", [False, True])
    async def test_what_a_phone_reports_is_in_the_figures(self, board: Switchboard, mux: bool) -> None:
        call = await board.talking("a", Phone(mux=mux))
        assert await board.engine.stats(call.leg) == LegStats(0, 0, 2, 0, 0.0)
        other = await board.talking("b")
        await board.engine.bridge(call.leg, other.leg)
        other.phone.talk(count=2)
        await call.phone.hears(2)
        await until(lambda: any(report.ntp for report in call.phone.told()), "sender report")
        ours = next(report for report in reversed(call.phone.told()) if report.ntp)
        block = ReportBlock(ours.ssrc, 0, 5, 0, 160, (ours.ntp or 0) >> 16 & 0xFFFFFFFF, 0)
        call.phone.report(build_report(Report(call.phone.ssrc, (block,), 1 << 40), "phone"))
        await self._figures(board, call)
        stats = await board.engine.close(call.leg)
        assert (stats.peer_lost, stats.peer_jitter_ms) == (5, 20.0)
        assert stats.round_trip_ms is not None
        assert 0 <= stats.round_trip_ms < 5000

    async def _figures(self, board: Switchboard, call: Call) -> None:
        for _ in range(1000):
            if (await board.engine.stats(call.leg)).peer_lost is not None:
                return
            await asyncio.sleep(0.002)
        raise AssertionError("the report was not taken in")

    async def test_a_phone_behind_nat_is_reported_to_where_its_reports_come_from(self, board: Switchboard) -> None:
        inside, outside = Phone(), Phone(address="127.0.0.2")
        call = await board.call("a", inside)
        outside.engine = inside.engine
        outside.talk(count=5)
        await board.heard(call, 1)
        await self._reports_until_told(outside)
        assert inside.told() == []
        outside.hang_up()

    async def _reports_until_told(self, phone: Phone) -> None:
        """A report a few times: the engine listens on the odd port only from its own first report on."""
        for _ in range(100):
            phone.report(build_report(Report(phone.ssrc, (), 1 << 40), "phone"))
            await asyncio.sleep(0.02)
            if phone.told():
                return
        raise AssertionError("no report came")

    @pytest.mark.parametrize("mux", [False, True])
    async def test_reports_of_another_source_and_nonsense_are_not_believed(self, board: Switchboard, mux: bool) -> None:
        call = await board.talking("a", Phone(mux=mux))
        await until(lambda: bool(call.phone.told()), "report")
        ssrc = call.phone.told()[0].ssrc
        lie = build_report(Report(call.phone.ssrc, (ReportBlock(ssrc, 0, 99, 0, 0),)), "liar")
        stranger = Phone(engine=call.phone.engine, address="127.0.0.2", mux=mux)
        for _ in range(20):
            stranger.report(lie)
        call.phone.report(lie[:9] + b"junk")
        call.phone.report(lie[:-4])
        await asyncio.sleep(0.4)
        assert (await board.engine.stats(call.leg)).peer_lost is None
        stranger.hang_up()

    @pytest.mark.parametrize("mux", [False, True])
    async def test_a_leg_that_reported_says_goodbye(self, board: Switchboard, mux: bool) -> None:
        call = await board.talking("a", Phone(mux=mux))
        await until(lambda: bool(call.phone.told()), "report")
        await board.engine.close(call.leg)
        await until(lambda: bool(call.phone.told() and isinstance(call.phone.reports[-1][-1], Bye)), "goodbye")
        assert call.phone.reports[-1][-1] == Bye((call.phone.told()[0].ssrc,))

    async def test_a_stranger_that_never_sends_gets_reports_for_a_bounded_time(self, board: Switchboard) -> None:
        call = await board.call("a", trusted=False)
        await until(lambda: bool(call.told(RtpTimeout)), "time-out")
        count = len(call.phone.told())
        await asyncio.sleep(0.4)
        assert len(call.phone.told()) == count

    # Recording

    @pytest.mark.parametrize("payload_type", [8, 0])
    async def test_what_a_phone_says_is_recorded(self, board: Switchboard, tmp_path: Path, payload_type: int) -> None:
        call = await board.talking("a", Phone(payload_type))
        path = tmp_path / "call.wav"
        await board.engine.record(call.leg, str(path))
        said = PROMPTS["middle"]
        for at in range(0, len(said), 160):
            frame = said[at : at + 160]
            call.phone.talk(frame if payload_type == 8 else frame.translate(A_TO_U))
        await board.heard(call, 17)
        await board.engine.stop_record(call.leg)
        await board.engine.stop_record(call.leg)
        recorded = wav.a_law(path.read_bytes())
        assert len(recorded) == len(said)
        assert best_match(recorded, PROMPTS)[0] == "middle"

    async def test_a_recording_ends_with_its_leg_and_a_bridge_does_not_disturb_it(
        self, board: Switchboard, tmp_path: Path
    ) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        path = tmp_path / "call.wav"
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.record(a.leg, str(path))
        a.phone.talk(PROMPTS["low"][:160], count=10)
        await b.phone.hears(10)
        await board.engine.close(a.leg)
        assert wav.a_law(path.read_bytes()) == PROMPTS["low"][:160] * 10

    async def test_both_sides_of_a_bridge_are_recorded_whoever_the_other_is(
        self, board: Switchboard, tmp_path: Path
    ) -> None:
        a, b, c = await board.talking("a"), await board.talking("b", Phone(payload_type=0)), await board.talking("c")
        path = tmp_path / "both.wav"
        await board.engine.record(a.leg, str(path), sides=Sides.STEREO)
        heard = 0
        for other, theirs in ((b, PROMPTS["high"].translate(A_TO_U)), (c, PROMPTS["middle"])):
            await board.engine.bridge(a.leg, other.leg)
            for at in range(0, 2400, 160):
                a.phone.talk(PROMPTS["low"][at : at + 160])
                other.phone.talk(theirs[at : at + 160])
                await asyncio.sleep(0.01)
            heard += 15
            await other.phone.hears(15)
            await a.phone.hears(heard)
        await board.engine.stop_record(a.leg)
        data = path.read_bytes()
        sound = data[len(wav.header(0)) :]
        assert data.startswith(wav.header(len(sound), 2))
        left, right = sound[0::2], sound[1::2]
        assert contains(left, PROMPTS["low"]) > 0.95
        assert min(contains(right, PROMPTS["high"]), contains(right, PROMPTS["middle"])) > 0.9
        assert max(contains(left, PROMPTS["high"]), contains(right, PROMPTS["low"])) < 0.5

    async def test_both_sides_can_be_mixed(self, board: Switchboard, tmp_path: Path) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.record(b.leg, str(tmp_path / "mixed.wav"), sides=Sides.MIXED)
        for at in range(0, 2400, 160):
            a.phone.talk(PROMPTS["low"][at : at + 160])
            b.phone.talk(PROMPTS["high"][at : at + 160])
            await asyncio.sleep(0.01)
        await a.phone.hears(15)
        await b.phone.hears(15)
        await board.engine.close(b.leg)
        mixed = wav.a_law((tmp_path / "mixed.wav").read_bytes())
        assert min(contains(mixed, PROMPTS["low"]), contains(mixed, PROMPTS["high"])) > 0.6
        assert contains(mixed, PROMPTS["middle"]) < 0.3

    async def test_nothing_that_is_said_in_a_pause_is_recorded(self, board: Switchboard, tmp_path: Path) -> None:
        call = await board.talking("a")
        path = tmp_path / "call.wav"
        await board.engine.pause_record(call.leg)
        await board.engine.resume_record(call.leg)
        await board.engine.record(call.leg, str(path))
        for i, said in enumerate((1, 2, 3)):
            call.phone.talk(bytes([said]) * 160, count=5)
            await board.heard(call, 2 + 5 * (i + 1))
            await (board.engine.resume_record if i else board.engine.pause_record)(call.leg)
        await board.engine.stop_record(call.leg)
        assert wav.a_law(path.read_bytes()) == bytes([1]) * 800 + bytes([3]) * 800

    async def test_a_recording_that_is_full_says_so_and_costs_the_call_nothing(
        self, board: Switchboard, tmp_path: Path
    ) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        path = tmp_path / "call.wav"
        await board.engine.record(a.leg, str(path), most_s=0.1)
        a.phone.talk(count=20)
        await b.phone.hears(20)
        assert a.events == [RecordingEnded(a.leg, "full")]
        await board.engine.stop_record(a.leg)
        assert len(wav.a_law(path.read_bytes())) == 800

    async def test_silence_ends_a_recording_and_what_was_said_is_told(self, board: Switchboard, tmp_path: Path) -> None:
        call = await board.talking("a")
        path = tmp_path / "said.wav"
        await board.engine.record(call.leg, str(path), silence_s=0.3)
        for at in range(0, len(PROMPTS["middle"]), 160):
            call.phone.talk(PROMPTS["middle"][at : at + 160])
            await asyncio.sleep(0.02)
        await until(lambda: bool(call.told(RecordingEnded)), "end by silence")
        assert call.events == [RecordingEnded(call.leg, "silence")]
        recorded = await board.engine.stop_record(call.leg)
        assert recorded == Recorded(0.3, 0.3, whole=True)
        assert best_match(wav.a_law(path.read_bytes()), PROMPTS)[0] == "middle"
        assert await board.engine.stop_record(call.leg) == Recorded()

    async def test_a_recording_that_cannot_be_written_is_an_error(self, board: Switchboard, tmp_path: Path) -> None:
        call = await board.call("a")
        with pytest.raises(MediaError, match="absent"):
            await board.engine.record(call.leg, str(tmp_path / "absent" / "x.wav"))

    # Bad input

    async def test_a_flood_of_nonsense_costs_the_leg_nothing(self, board: Switchboard) -> None:
        call = await board.call("a")
        for data in (b"", b"x", b"\x80", b"\x80\x08", bytes(1500), b"\x80\xc8" + bytes(30)) * 20:
            call.phone.sock.sendto(data, call.phone.engine)
        call.phone.press("1")
        await until(lambda: bool(call.events), "key")

    async def test_a_listener_that_fails_harms_nobody(self, board: Switchboard) -> None:
        call = await board.call("a")

        def fail(_event: MediaEvent) -> None:
            raise RuntimeError("listener")

        board.engine.listen(call.leg, fail)
        call.phone.press("1")
        await board.heard(call, 7)
        board.engine.listen(call.leg, call.events.append)
        call.phone.press("2")
        await until(lambda: bool(call.events), "key")

    async def test_closing_gives_what_the_leg_was_like(self, board: Switchboard, files: dict[str, str]) -> None:
        call = await board.talking("a")
        await board.engine.play(call.leg, (files["low"],))
        await until(lambda: bool(call.events), "end of the play")
        stats = await board.engine.close(call.leg)
        assert (stats.sent, stats.due, stats.received) == (15, 15, 2)
        assert board.engine.legs == 0
        assert call.phone.hear()[0] == RtpPacket(
            8,
            call.phone.packets[0].sequence,
            call.phone.packets[0].timestamp,
            call.phone.packets[0].ssrc,
            PROMPTS["low"][:160],
            marker=True,
        )
