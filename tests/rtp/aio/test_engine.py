import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.engine import LegId, LegOptions, MediaEngine, MediaError, MediaEvent
from tests.ports import free_range, is_free
from tests.rtp.conference_contract import ConferenceContract
from tests.rtp.hearing import contains
from tests.rtp.media_contract import (
    PAIRS,
    PROMPTS,
    QUARANTINE_S,
    REPORT_LEAST_S,
    TIMEOUT_S,
    UNHEARD_LIMIT_S,
    MediaContract,
)
from tests.rtp.phone import Phone, until


async def made(*, gate: bool) -> AsyncIterator[MediaEngine]:
    first = free_range(PAIRS)
    engine = LocalMediaEngine(
        MediaSettings(
            "127.0.0.1",
            first_port=first,
            last_port=first + 2 * PAIRS - 1,
            quarantine_s=QUARANTINE_S,
            rtp_timeout_s=TIMEOUT_S,
            unheard_limit_s=UNHEARD_LIMIT_S,
            report_least_s=REPORT_LEAST_S,
            gate=gate,
        )
    )
    yield engine
    await engine.shutdown()


class TestLocalMediaEngine(MediaContract, ConferenceContract):
    @pytest.fixture
    async def engine(self) -> AsyncIterator[MediaEngine]:
        async for engine in made(gate=True):
            yield engine


class TestLocalMediaEngineWithoutGate(MediaContract, ConferenceContract):
    """Where the system has no kernel filter."""

    @pytest.fixture
    async def engine(self) -> AsyncIterator[MediaEngine]:
        async for engine in made(gate=False):
            yield engine


LEG = LegId("a")
OPTIONS = LegOptions("c1")


async def test_a_port_that_another_program_holds_is_passed_over() -> None:
    first = free_range(2)
    engine = LocalMediaEngine(MediaSettings("127.0.0.1", first_port=first, last_port=first + 3))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", first))
        phone = Phone()
        phone.described(await engine.open(LEG, phone.sdp(), OPTIONS))
        assert phone.engine[1] == first + 2
        with pytest.raises(MediaError, match="no media port is free") as error:
            await engine.open(LegId("b"), phone.sdp(), OPTIONS)
        assert error.value.status == 503
    phone.hang_up()
    await engine.shutdown()


async def test_a_range_that_another_program_holds_is_503() -> None:
    with Phone() as taken:
        engine = LocalMediaEngine(
            MediaSettings("127.0.0.1", first_port=taken.port, last_port=taken.port, quarantine_s=0.0)
        )
        with pytest.raises(MediaError, match=r"cannot be bound|no media port") as error:
            await engine.open(LEG, taken.sdp(), OPTIONS)
        assert error.value.status == 503
        await engine.shutdown()


async def test_a_peer_without_telephone_events_is_sent_no_keys() -> None:
    async for engine in made(gate=True):
        with Phone() as phone:
            text = "".join(f"{line}\r\n" for line in phone.sdp().splitlines() if "101" not in line or "m=" in line)
            await engine.open(LEG, text.replace(" 8 101", " 8"), OPTIONS)
            with pytest.raises(MediaError) as error:
                await engine.send_dtmf(LEG, "1")
            assert error.value.status == 488


async def test_a_leg_closed_while_its_recording_begins_leaves_no_open_file(tmp_path: Path) -> None:
    async for engine in made(gate=True):
        with Phone() as phone:
            await engine.open(LEG, phone.sdp(), OPTIONS)
            beginning = asyncio.create_task(engine.record(LEG, str(tmp_path / "x.wav")))
            await asyncio.sleep(0)
            await engine.close(LEG)
            with pytest.raises(MediaError, match="closed before"):
                await beginning


async def test_events_that_nobody_listens_to_are_dropped() -> None:
    async for engine in made(gate=True):
        with Phone() as phone:
            phone.described(await engine.open(LEG, phone.sdp(), OPTIONS))
            phone.press("1")
            heard: list[int] = []
            while not heard or heard[-1] < 7:
                heard.append((await engine.stats(LEG)).received)
                assert len(heard) < 1000
                await asyncio.sleep(0.002)


async def test_the_engine_shuts_down_with_legs_open() -> None:
    first = free_range(1)
    engine = LocalMediaEngine(MediaSettings("127.0.0.1", first_port=first, last_port=first))
    with Phone() as phone:
        await engine.open(LEG, phone.sdp(), OPTIONS)
        await engine.shutdown()
        assert engine.legs == 0
        assert engine.skipped == 0
        assert engine.worst_late_s < 1.0
        await until(lambda: is_free(first), "free port")


async def test_media_flows_over_ipv6(tmp_path: Path) -> None:
    sound = tmp_path / "low.al"
    sound.write_bytes(PROMPTS["low"])
    phone = Phone(sock=socket.socket(socket.AF_INET6, socket.SOCK_DGRAM), address="::1")
    engine = LocalMediaEngine(MediaSettings("::1", first_port=(first := free_range(2)), last_port=first + 3))
    with phone:
        events: list[MediaEvent] = []
        engine.listen(LEG, events.append)
        phone.described(await engine.open(LEG, phone.sdp(), OPTIONS))
        phone.press("3")
        await until(lambda: bool(events), "key")
        await engine.play(LEG, (str(sound),))
        await phone.hears(15)
        assert contains(phone.heard, PROMPTS["low"]) > 0.95
    await engine.shutdown()
