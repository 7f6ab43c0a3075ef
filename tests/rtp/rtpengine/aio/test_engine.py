import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rtp.engine import LegId, LegOptions, MediaError, MediaEvent, Supervision, WorkerGone, WorkerLost
from rtp.rtpengine.aio.client import WAITS_S
from rtp.rtpengine.aio.engine import RtpengineMediaEngine, RtpengineSettings
from sdp.crypto import Srtp
from tests.ports import free_range
from tests.rtp.phone import Phone, until
from tests.rtp.rtpengine.daemon import Daemon, daemon
from tests.rtp.rtpengine.fake import FakeRtpengine, agreeable

PAIRS = 8


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[list[Daemon]]:
    """Two rtpengines that tell one address of keys, each with ports for four legs."""
    first = free_range(2 * PAIRS)
    with ExitStack() as stack:
        one = stack.enter_context(daemon(tmp_path / "one.log", first=first, last=first + 2 * PAIRS - 1))
        two = daemon(tmp_path / "two.log", first=first + 2 * PAIRS, last=first + 4 * PAIRS - 1, keys=one.keys[1])
        yield [one, stack.enter_context(two)]


@pytest.fixture
async def engine(daemons: list[Daemon], tmp_path: Path) -> AsyncIterator[RtpengineMediaEngine]:
    settings = RtpengineSettings(tuple(one.address for one in daemons), daemons[0].keys, tmp_path / "sounds")
    engine = RtpengineMediaEngine(settings)
    yield engine
    await engine.shutdown()


@pytest.fixture
def phone() -> Iterator[Phone]:
    with Phone() as phone:
        yield phone


def port(sdp: str) -> int:
    return int(sdp.partition("m=audio ")[2].partition(" ")[0])


def of(daemons: list[Daemon], number: int) -> Daemon:
    return next(one for one in daemons if one.first <= number <= one.last)


@pytest.mark.interop
async def test_contacts_are_shared_out_and_the_legs_of_one_stay_together(
    daemons: list[Daemon], engine: RtpengineMediaEngine, phone: Phone
) -> None:
    where = []
    for contact in ("c1", "c2"):
        for leg in "ab":
            sdp = await engine.open(LegId(contact + leg), phone.sdp(), LegOptions(contact))
            where.append(of(daemons, port(sdp)))
    assert where[0] is where[1] is not where[2]
    assert where[2] is where[3]
    with pytest.raises(MediaError, match="two contacts"):
        await engine.bridge(LegId("c1a"), LegId("c2a"))


@pytest.mark.interop
async def test_a_full_rtpengine_leaves_the_contact_to_the_other_and_then_it_is_503(
    engine: RtpengineMediaEngine, phone: Phone
) -> None:
    refused = []
    for i in range(4 * PAIRS):
        try:
            await engine.open(LegId(f"l{i}"), phone.sdp(), LegOptions(f"c{i}"))
        except MediaError as error:
            refused.append(error.status)
    assert PAIRS // 2 < engine.legs < 2 * PAIRS
    assert refused == [503] * (4 * PAIRS - engine.legs)


@pytest.mark.interop
async def test_a_dead_rtpengine_costs_a_bounded_time_and_its_legs_are_told_of(
    daemons: list[Daemon], engine: RtpengineMediaEngine, phone: Phone
) -> None:
    loop = asyncio.get_running_loop()
    told: list[MediaEvent] = []
    engine.listen(LegId("a"), told.append)
    first = of(daemons, port(await engine.open(LegId("a"), phone.sdp(), LegOptions("c0"))))
    first.kill()
    began = loop.time()
    for i in range(1, 4):
        sdp = await engine.open(LegId(f"b{i}"), phone.sdp(), LegOptions(f"c{i}"))
        assert of(daemons, port(sdp)) is not first
    assert loop.time() - began < sum(WAITS_S) + 5
    with pytest.raises(MediaError, match="not open here"):
        await engine.stats(LegId("a"))
    assert told == [WorkerLost(LegId("a"))]
    assert engine.legs == 3
    last = await engine.open(LegId("a"), phone.sdp(), LegOptions("c0", last_sdp=sdp))
    assert of(daemons, port(last)) is not first


@pytest.mark.interop
async def test_the_calls_of_one_that_began_anew_are_told_of(
    daemons: list[Daemon], engine: RtpengineMediaEngine, phone: Phone, tmp_path: Path
) -> None:
    told: list[MediaEvent] = []
    engine.listen(LegId("a"), told.append)
    first = of(daemons, port(await engine.open(LegId("a"), phone.sdp(), LegOptions("c0"))))
    first.kill()
    anew = daemon(tmp_path / "anew.log", first=first.first, last=first.last, port=first.address[1], keys=first.keys[1])
    with anew:
        await until(lambda: bool(told), "word of the lost leg", deadline_s=10)
    assert told == [WorkerLost(LegId("a"))]


async def fake(tmp_path: Path) -> tuple[FakeRtpengine, RtpengineMediaEngine]:
    server = await FakeRtpengine.start()
    return server, RtpengineMediaEngine(RtpengineSettings((server.address,), ("127.0.0.1", 0), tmp_path / "sounds"))


async def test_legs_are_told_of_before_the_command_fails_and_deleted_once_it_is_back(
    tmp_path: Path, phone: Phone
) -> None:
    server, engine = await fake(tmp_path)
    told: list[MediaEvent] = []
    engine.listen(LegId("a"), told.append)
    await engine.open(LegId("a"), phone.sdp(), LegOptions("c"))
    server.answers = lambda _said: None
    with pytest.raises(WorkerGone):
        await engine.stats(LegId("a"))
    assert told == [WorkerLost(LegId("a"))]
    server.answers = agreeable
    await until(lambda: server.commands[-1] == b"delete", "end of the old call")
    await engine.open(LegId("a"), phone.sdp(), LegOptions("c"))
    await engine.shutdown()
    server.close()


async def test_an_open_that_is_cancelled_leaves_what_close_finds(tmp_path: Path, phone: Phone) -> None:
    server, engine = await fake(tmp_path)
    opening = asyncio.create_task(engine.open(LegId("a"), phone.sdp(), LegOptions("c")))
    await until(lambda: bool(server.heard), "offer")
    opening.cancel()
    await until(lambda: engine.legs == 1, "open leg")
    await engine.close(LegId("a"))
    assert server.commands[-1] == b"delete"
    await engine.shutdown()
    server.close()


@pytest.mark.parametrize("ahead", [0, 1])
async def test_a_leg_that_is_closed_while_it_is_opened_is_not_left_behind(
    tmp_path: Path, phone: Phone, ahead: int
) -> None:
    server, engine = await fake(tmp_path)
    for other in range(ahead):
        await engine.open(LegId(f"other{other}"), phone.sdp(), LegOptions("c"))
    server.answers = lambda _said: None
    opening = asyncio.create_task(engine.open(LegId("a"), phone.sdp(), LegOptions("c")))
    await until(lambda: len(server.heard) > 2 * ahead, "offer")
    closing = asyncio.create_task(engine.close(LegId("a")))
    await asyncio.sleep(0)
    server.answers = agreeable
    await asyncio.gather(opening, closing)
    assert server.commands[-1] == b"delete"
    assert engine.legs == ahead
    await engine.shutdown()
    server.close()


async def test_a_leg_that_is_closed_before_its_turn_to_be_opened_is_not_opened(tmp_path: Path, phone: Phone) -> None:
    server, engine = await fake(tmp_path)
    server.answers = lambda _said: None
    opening = [
        asyncio.create_task(engine.open(LegId(leg), phone.sdp(), LegOptions("c"))) for leg in ("first", "second")
    ]
    await until(lambda: bool(server.heard), "offer")
    closing = asyncio.create_task(engine.close(LegId("second")))
    await asyncio.sleep(0)
    server.answers = agreeable
    await asyncio.gather(opening[0], closing)
    with pytest.raises(MediaError, match="closed before it was open"):
        await opening[1]
    assert set(server.commands) == {b"offer", b"answer"}
    assert engine.legs == 1
    await engine.shutdown()
    server.close()


async def test_an_open_that_fails_half_way_takes_back_what_it_had(tmp_path: Path, phone: Phone) -> None:
    server, engine = await fake(tmp_path)
    server.answers = lambda said: {"result": "ok", "sdp": "" if said["command"] == b"offer" else "v=0"}
    with pytest.raises(MediaError, match="no session description"):
        await engine.open(LegId("a"), phone.sdp(), LegOptions("c"))
    assert (server.commands, engine.legs) == ([b"offer", b"delete"], 0)
    await engine.shutdown()
    server.close()


async def test_what_is_not_done_is_said(tmp_path: Path, phone: Phone) -> None:
    server, engine = await fake(tmp_path)
    with pytest.raises(MediaError, match="no SRTP"):
        await engine.open(LegId("a"), phone.sdp(), LegOptions("c", srtp=Srtp.REQUIRED))
    legs = tuple(LegId(name) for name in "abc")
    for leg in legs:
        await engine.open(leg, phone.sdp(), LegOptions("c"))
    with pytest.raises(MediaError, match="mixes nothing"):
        await engine.conference(legs)
    with pytest.raises(MediaError, match="mixes nothing"):
        await engine.supervise(legs[0], legs[1], Supervision.LISTEN)
    await engine.conference(legs[:2])
    await engine.mute(legs[0], muted=True)
    assert server.commands[-1] == b"block media"
    await engine.shutdown()
    server.close()
