"""What every media engine keeps that can mix: beside `MediaContract`, whose fixtures it uses."""

import asyncio
import itertools
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from rtp import wav
from rtp.engine import DtmfReceived, LegId, LegOptions, MediaError, PlayDone, RtpTimeout, Sides, Supervision
from rtp.g711 import A_TO_U, DECODE_A
from rtp.tone import silence, tone
from tests.rtp.hearing import contains
from tests.rtp.media_contract import PROMPTS, TIMEOUT_S, Call, Switchboard
from tests.rtp.phone import Phone, until

HEARD = 0.45
"""A tone among two others of the same level fits by 0.58."""
NOT_HEARD = 0.25


async def talk(said: Mapping[str, Call], ticks: int = 25) -> None:
    """Everybody says their prompt again and again, a frame each 20 ms."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    for tick in range(ticks):
        for name, call in said.items():
            at = 160 * tick % len(PROMPTS[name])
            frame = PROMPTS[name][at : at + 160]
            call.phone.talk(frame if call.phone.payload_type == 8 else frame.translate(A_TO_U))
        await asyncio.sleep(began + 0.02 * (tick + 1) - loop.time())


def forget(calls: Iterable[Call]) -> None:
    for call in calls:
        call.phone.hear()
        call.phone.packets.clear()


async def heard_after(said: Mapping[str, Call]) -> dict[str, str]:
    """While all speak: by the name of what each says, the names of what it hears, once what was said before is past."""
    await talk(said, 5)
    forget(said.values())
    await talk(said)
    return {name: " ".join(heard_by(call)) for name, call in said.items()}


def heard_by(call: Call) -> list[str]:
    sound = call.phone.heard
    fits = {name: contains(sound, prompt) for name, prompt in PROMPTS.items()}
    assert not any(NOT_HEARD < fit < HEARD for fit in fits.values()), fits
    return [name for name, fit in fits.items() if fit >= HEARD]


def without_events(sdp: str) -> str:
    """The description of a phone that takes no telephone events."""
    lines = [line for line in sdp.replace(" 101\r\n", "\r\n").split("\r\n") if ":101 " not in line]
    return "\r\n".join(lines)


async def how_late(late: list[float]) -> None:
    """Notes by how much the loop comes later than every 10 ms, in seconds, until it is cancelled."""
    clock = asyncio.get_running_loop().time
    while True:
        due = clock() + 0.01
        await asyncio.sleep(0.01)
        late.append(clock() - due)


class ConferenceContract:
    async def three(self, board: Switchboard) -> dict[str, Call]:
        names = iter(PROMPTS)
        return {next(names): await board.talking(leg) for leg in "abc"}

    async def test_all_of_a_conference_hear_all_others_and_nobody_themselves(self, board: Switchboard) -> None:
        said = await self.three(board)
        await board.engine.conference(tuple(call.leg for call in said.values()))
        expected = {"low": "middle high", "middle": "low high", "high": "low middle"}
        assert await heard_after(said) == expected

    async def test_phones_of_both_codecs_hear_each_other_also_after_a_change(self, board: Switchboard) -> None:
        names = iter(PROMPTS)
        said = {next(names): await board.talking(leg, Phone(kind)) for leg, kind in (("a", 8), ("b", 0), ("c", 8))}
        await board.engine.conference(tuple(call.leg for call in said.values()))
        expected = {"low": "middle high", "middle": "low high", "high": "low middle"}
        assert await heard_after(said) == expected
        changed = said["low"]
        changed.phone.payload_type = 0
        await board.engine.update(changed.leg, changed.phone.sdp(version=2))
        assert await heard_after(said) == expected

    async def test_a_third_joins_a_bridge_and_leaves_it_and_the_streams_go_on(self, board: Switchboard) -> None:
        said = await self.three(board)
        a, b, c = said.values()
        began = asyncio.get_running_loop().time()
        late = [0.0]
        watching = asyncio.create_task(how_late(late))
        await board.engine.bridge(a.leg, b.leg)
        await talk(said, 10)
        await board.engine.conference((a.leg, b.leg, c.leg))
        await talk(said, 25)
        await board.engine.close(c.leg)
        del said["high"]
        await talk(said, 25)
        packets = a.phone.voice
        assert len({packet.ssrc for packet in packets}) == 1
        assert [(p.sequence - packets[0].sequence) & 0xFFFF for p in packets] == list(range(len(packets)))
        steps = [(late.timestamp - early.timestamp) & 0xFFFFFFFF for early, late in itertools.pairwise(packets)]
        watching.cancel()
        # Three frames, and what a busy machine held us up for; no stream runs ahead of the clock or begins anew.
        assert max(steps) <= 3 * 160 + 8000 * max(late)
        assert sum(steps) <= 8000 * (asyncio.get_running_loop().time() - began) + 3 * 160
        assert len(packets) >= 57
        assert await heard_after(said) == {"low": "middle", "middle": "low"}
        assert [packet.payload in PROMPTS["middle"] for packet in a.phone.voice] == [True] * len(a.phone.voice)

    @pytest.mark.parametrize("leave", ["unbridge", "close", "bridge"])
    async def test_who_leaves_a_conference_is_heard_no_longer(self, board: Switchboard, leave: str) -> None:
        said = await self.three(board)
        a, b, c = said.values()
        legs = (a.leg, b.leg, c.leg)
        await board.engine.conference(legs)
        await board.engine.conference(legs)
        if leave == "unbridge":
            await board.engine.unbridge(c.leg)
        elif leave == "close":
            await board.engine.close(c.leg)
        else:
            await board.engine.bridge(c.leg, (await board.talking("d")).leg)
        expected = {"low": "middle", "middle": "low", "high": ""}
        assert await heard_after(said) == expected

    async def test_one_who_is_silent_is_no_gap_in_what_is_heard(self, board: Switchboard) -> None:
        said = await self.three(board)
        await board.engine.conference(tuple(call.leg for call in said.values()))
        listener = said.pop("high")
        await talk({"low": said["low"]}, 20)
        await talk({}, 5)
        packets = listener.phone.voice
        assert len(packets) >= 23
        assert {b.timestamp - a.timestamp for a, b in itertools.pairwise(packets)} == {160}
        assert contains(listener.phone.heard, PROMPTS["low"]) > 0.95

    @pytest.mark.parametrize("legs", [("a",), ("a", "a"), ("a", "b", "a")])
    async def test_a_conference_of_one_or_of_the_same_is_refused(
        self, board: Switchboard, legs: tuple[str, ...]
    ) -> None:
        for leg in "ab":
            await board.talking(leg)
        with pytest.raises(MediaError) as error:
            await board.engine.conference(tuple(LegId(leg) for leg in legs))
        assert error.value.status == 400

    async def test_a_prompt_to_one_of_a_conference_is_heard_by_it_alone(
        self, board: Switchboard, files: dict[str, str]
    ) -> None:
        said = await self.three(board)
        a, b, c = said.values()
        await board.engine.conference((a.leg, b.leg, c.leg))
        said = {"low": a, "middle": b}
        await talk(said, 10)
        forget((a, b, c))
        await board.engine.play(a.leg, (files["high"],))
        await talk(said, 25)
        assert a.told(PlayDone)
        played = next(i for i, packet in enumerate(a.phone.voice) if packet.payload == PROMPTS["high"][:160])
        assert contains(a.phone.heard[160 * played :][: 15 * 160], PROMPTS["high"]) > 0.95
        assert contains(a.phone.heard[160 * (played + 15) :], PROMPTS["middle"]) > 0.95
        assert heard_by(b) == ["low"]
        assert heard_by(c) == ["low", "middle"]

    async def test_keys_in_a_conference_are_told_and_not_passed_on(self, board: Switchboard) -> None:
        said = await self.three(board)
        a, b, c = said.values()
        await board.engine.conference((a.leg, b.leg, c.leg))
        a.phone.press("4")
        await until(lambda: bool(a.events), "key")
        await talk(said, 5)
        assert [event.digit for event in a.events if isinstance(event, DtmfReceived)] == ["4"]
        assert (b.events, b.phone.events, c.phone.events) == ([], [], [])

    async def test_a_recording_in_a_conference_has_on_its_far_side_what_the_leg_hears(
        self, board: Switchboard, tmp_path: Path
    ) -> None:
        said = await self.three(board)
        a, b, c = said.values()
        await board.engine.conference((a.leg, b.leg, c.leg))
        await board.engine.record(a.leg, str(tmp_path / "a.wav"), sides=Sides.STEREO)
        await talk(said, 30)
        await board.engine.stop_record(a.leg)
        sound = (tmp_path / "a.wav").read_bytes()[len(wav.header(0)) :]
        near, far = sound[0::2], sound[1::2]
        assert contains(near, PROMPTS["low"]) > 0.95
        assert min(contains(far, PROMPTS["middle"]), contains(far, PROMPTS["high"])) > HEARD
        assert contains(far, PROMPTS["low"]) < NOT_HEARD

    # Supervision

    async def test_a_supervisor_listens_whispers_and_barges_and_leaves_without_a_trace(
        self, board: Switchboard
    ) -> None:
        said = await self.three(board)
        agent, caller, supervisor = said.values()
        await board.engine.bridge(agent.leg, caller.leg)
        for mode, at_agent, at_caller in (
            (Supervision.LISTEN, "middle", "low"),
            (Supervision.WHISPER, "middle high", "low"),
            (Supervision.BARGE, "middle high", "low high"),
        ):
            await board.engine.supervise(supervisor.leg, agent.leg, mode)
            assert await heard_after(said) == {"low": at_agent, "middle": at_caller, "high": "low middle"}, mode
        await board.engine.unbridge(supervisor.leg)
        assert await heard_after(said) == {"low": "middle", "middle": "low", "high": ""}

    async def test_an_agent_alone_is_supervised_also_in_the_bridges_that_follow(self, board: Switchboard) -> None:
        said = await self.three(board)
        agent, caller, supervisor = said.values()
        await board.engine.supervise(supervisor.leg, agent.leg, Supervision.WHISPER)
        assert await heard_after(said) == {"low": "high", "middle": "", "high": "low"}
        await board.engine.supervise(supervisor.leg, agent.leg, Supervision.LISTEN)
        assert await heard_after(said) == {"low": "", "middle": "", "high": "low"}
        await board.engine.bridge(agent.leg, caller.leg)
        assert await heard_after(said) == {"low": "middle", "middle": "low", "high": "low middle"}
        await board.engine.close(agent.leg)
        assert await heard_after({"middle": caller, "high": supervisor}) == {"middle": "", "high": ""}

    async def test_who_supervises_cannot_be_supervised(self, board: Switchboard) -> None:
        said = await self.three(board)
        a, b, c = said.values()
        await board.engine.supervise(a.leg, b.leg, Supervision.LISTEN)
        for target in (a, c):
            with pytest.raises(MediaError) as error:
                await board.engine.supervise(c.leg, target.leg, Supervision.LISTEN)
            assert error.value.status == 400

    async def test_supervision_and_mute_of_an_unknown_leg_are_errors(self, board: Switchboard) -> None:
        engine, leg, known = board.engine, LegId("nobody"), (await board.talking("a")).leg
        for asked in (
            engine.conference((known, leg)),
            engine.supervise(leg, known, Supervision.LISTEN),
            engine.supervise(known, leg, Supervision.LISTEN),
            engine.mute(leg, muted=True),
        ):
            with pytest.raises(MediaError, match="nobody"):
                await asked

    # Mute

    async def test_a_muted_phone_is_heard_by_nobody_and_stays_alive(self, board: Switchboard, tmp_path: Path) -> None:
        said = await self.three(board)
        a, b, c = said.values()
        await board.engine.bridge(a.leg, b.leg)
        await board.engine.record(a.leg, str(tmp_path / "a.wav"))
        await board.engine.mute(a.leg, muted=True)
        assert await heard_after(said) == {"low": "middle", "middle": "", "high": ""}
        sequences = [packet.sequence for packet in b.phone.voice]
        assert len(sequences) >= 20
        await board.engine.conference((a.leg, b.leg, c.leg))
        assert await heard_after(said) == {"low": "middle high", "middle": "high", "high": "middle"}
        await talk(said, round(TIMEOUT_S * 50) + 5)
        assert not a.told(RtpTimeout)
        await board.engine.mute(a.leg, muted=False)
        assert await heard_after(said) == {"low": "middle high", "middle": "low high", "high": "low middle"}
        await board.engine.mute(a.leg, muted=True)
        await board.engine.stop_record(a.leg)
        recorded = wav.a_law((tmp_path / "a.wav").read_bytes())
        assert abs(DECODE_A[list(recorded[: 8000 // 2])]).max() == 8
        assert contains(recorded, PROMPTS["low"]) > 0.95

    async def test_keys_of_a_muted_phone_are_told_and_not_passed_on(self, board: Switchboard) -> None:
        a, b = await board.talking("a"), await board.talking("b")
        await board.engine.bridge(a.leg, b.leg)
        a.phone.talk()
        await board.engine.mute(a.leg, muted=True)
        a.phone.press("4")
        a.phone.talk(PROMPTS["low"][:160])
        await until(lambda: bool(a.told(DtmfReceived)), "key")
        await b.phone.hears(1)
        await board.engine.mute(a.leg, muted=False)
        a.phone.talk(PROMPTS["middle"][:160])
        await until(lambda: b.phone.heard.endswith(PROMPTS["middle"][:160]), "voice after the muting")
        packets = b.phone.packets
        assert b.phone.events == []
        assert [(p.sequence - packets[0].sequence) & 0xFFFF for p in packets] == list(range(len(packets)))

    async def test_broken_packets_in_a_conference_cost_nobody_anything(self, board: Switchboard) -> None:
        said = await self.three(board)
        a, b, c = said.values()
        await board.engine.conference((a.leg, b.leg, c.leg))
        for muted in (True, False):
            await board.engine.mute(a.leg, muted=muted)
            for broken in (b"\x8f\x08", b"\x80\x08", b"\xb0\x08"):
                a.phone.sock.sendto(broken + bytes(10), a.phone.engine)
            await talk(said, 5)
        assert await heard_after(said) == {"low": "middle high", "middle": "low high", "high": "low middle"}

    # Keys as tones

    async def toned(self, board: Switchboard, *, tones: bool = True, events: bool = False) -> Call:
        """A leg that may hear keys as tones; `events`: its phone takes telephone events."""
        call = Call(LegId("tones"), Phone())
        board.calls.append(call)
        board.engine.listen(call.leg, call.events.append)
        sdp = call.phone.sdp() if events else without_events(call.phone.sdp())
        call.phone.described(await board.engine.open(call.leg, sdp, LegOptions("c1", tones=tones)))
        return call

    async def dialled(self, call: Call) -> str:
        """The keys that are told while the phone says 5 and 9 as tones."""
        sound = silence(0.04) + tone((770, 1336), 0.1) + silence(0.06) + tone((852, 1477), 0.1) + silence(0.1)
        for at in range(0, len(sound), 160):
            call.phone.talk(sound[at : at + 160])
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.05)
        told = "".join(event.digit for event in call.events if isinstance(event, DtmfReceived))
        call.events.clear()
        return told

    async def test_keys_as_tones_are_told_once_where_no_telephone_events_were_agreed(self, board: Switchboard) -> None:
        call = await self.toned(board)
        call.phone.talk(silence(0.02), count=2)
        assert await self.dialled(call) == "59"
        await board.engine.update(call.leg, without_events(call.phone.sdp(version=2)))
        await board.engine.mute(call.leg, muted=True)
        assert await self.dialled(call) == "59"

    @pytest.mark.parametrize(("tones", "events"), [(False, False), (True, True)])
    async def test_tones_are_no_keys_unless_asked_for_and_needed(
        self, board: Switchboard, tones: bool, events: bool
    ) -> None:
        assert await self.dialled(await self.toned(board, tones=tones, events=events)) == ""

    async def test_tones_count_from_when_the_phone_takes_no_telephone_events(self, board: Switchboard) -> None:
        call = await self.toned(board, events=True)
        await board.engine.update(call.leg, without_events(call.phone.sdp(version=2)))
        assert await self.dialled(call) == "59"
        await board.engine.update(call.leg, call.phone.sdp(version=3))
        assert await self.dialled(call) == ""
