"""The engine in processes of its own keeps the media contract, and outlives them."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from structlog.testing import CapturingLogger

from rtp.aio.engine import MediaSettings
from rtp.aio.pool import MediaPool
from rtp.engine import LegId, LegOptions, LegStats, MediaEngine, MediaError, MediaEvent, WorkerGone, WorkerLost
from tests.ports import free_range
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
    Switchboard,
    switchboard,
)
from tests.rtp.phone import Phone, until
from tests.rtp.srtp_contract import SecureSwitchboard, SrtpContract, secure_switchboard

A, B = LegId("a"), LegId("b")


def settings(pairs: int) -> MediaSettings:
    first = free_range(pairs)
    return MediaSettings(
        "127.0.0.1",
        first_port=first,
        last_port=first + 2 * pairs - 1,
        quarantine_s=QUARANTINE_S,
        rtp_timeout_s=TIMEOUT_S,
        unheard_limit_s=UNHEARD_LIMIT_S,
        report_least_s=REPORT_LEAST_S,
    )


@asynccontextmanager
async def pool(workers: int, chosen: MediaSettings | None = None) -> AsyncIterator[MediaPool]:
    """Each worker with the ports that the contract wants: the legs of one contact are all on one."""
    made = MediaPool(chosen or settings(workers * PAIRS), workers)
    await made.start()
    try:
        yield made
    finally:
        await made.shutdown()


@asynccontextmanager
async def as_new(shared: MediaPool) -> AsyncIterator[MediaPool]:
    """The workers of all tests of a class, without a leg at its end, and all ports free again."""
    yield shared
    assert shared.legs == 0
    assert shared.crew.ended == 0
    await asyncio.sleep(QUARANTINE_S)


class OfAClass:
    """A contract's tests in one loop, that of the workers which they share."""

    @pytest_asyncio.fixture(loop_scope="class")
    async def board(self, engine: MediaEngine) -> AsyncIterator[Switchboard]:
        async with switchboard(engine) as board:
            yield board

    @pytest_asyncio.fixture(loop_scope="class")
    async def secure(self, engine: MediaEngine) -> AsyncIterator[SecureSwitchboard]:
        async with secure_switchboard(engine) as board:
            yield board


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def one_worker() -> AsyncIterator[MediaPool]:
    async with pool(1) as made:
        yield made


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def two_workers() -> AsyncIterator[MediaPool]:
    async with pool(2) as made:
        yield made


@pytest.mark.asyncio(loop_scope="class")
class TestOneWorker(OfAClass, MediaContract):
    @pytest_asyncio.fixture(loop_scope="class")
    async def engine(self, one_worker: MediaPool) -> AsyncIterator[MediaEngine]:
        async with as_new(one_worker) as made:
            yield made


@pytest.mark.asyncio(loop_scope="class")
class TestTwoWorkers(OfAClass, MediaContract, ConferenceContract, SrtpContract):
    @pytest_asyncio.fixture(loop_scope="class")
    async def engine(self, two_workers: MediaPool) -> AsyncIterator[MediaEngine]:
        async with as_new(two_workers) as made:
            yield made


@pytest.fixture
def music(tmp_path: Path) -> str:
    path = tmp_path / "low.al"
    path.write_bytes(PROMPTS["low"])
    return str(path)


def kill(media: MediaPool) -> int:
    """The first worker, as the kernel kills one; gives its pid."""
    pid = media.crew.pids[0]
    os.kill(pid, signal.SIGKILL)
    return pid


async def test_a_bridge_between_contacts_on_two_workers_is_refused() -> None:
    async with pool(2) as media:
        with Phone() as a, Phone() as b:
            await media.open(A, a.sdp(), LegOptions("one"))
            await media.open(B, b.sdp(), LegOptions("other"))
            with pytest.raises(MediaError, match="only legs of one contact"):
                await media.bridge(A, B)


async def test_workers_share_the_ports_and_the_contacts() -> None:
    async with pool(2) as media:
        phones = [Phone() for _ in range(2 * PAIRS)]
        for i, phone in enumerate(phones):
            phone.described(await media.open(LegId(str(i)), phone.sdp(), LegOptions(f"c{i}")))
        assert len({phone.engine[1] for phone in phones}) == 2 * PAIRS
        await until(lambda: media.crew.load.legs == 2 * PAIRS, "load")
        for phone in phones:
            phone.hang_up()


async def test_a_killed_workers_legs_are_told_and_open_again_on_the_other(music: str) -> None:
    async with pool(2) as media:
        with Phone() as phone, Phone() as other:
            events: list[MediaEvent] = []
            media.listen(A, events.append)
            stood = await media.open(A, phone.sdp(), LegOptions("c"))
            await media.open(B, other.sdp(), LegOptions("d"))
            media.listen(B, events.append)
            kill(media)
            await until(lambda: bool(events), "loss")
            assert events == [WorkerLost(A)]
            assert media.legs == 1
            with pytest.raises(MediaError, match="not open"):
                await media.play(A, (music,))
            offer = await media.open(A, None, LegOptions("c", last_sdp=stood))
            phone.described(offer)
            await media.update(A, phone.sdp(version=2))
            await media.play(A, (music,))
            await phone.hears(15)
            assert contains(phone.heard, PROMPTS["low"]) > 0.95
            assert media.crew.ended == 1


async def test_a_new_worker_takes_the_place_of_one_that_was_killed_but_not_its_ports_at_once() -> None:
    chosen = replace(settings(2), quarantine_s=1.0)
    async with pool(1, chosen) as media:
        with Phone() as phone:
            phone.described(await media.open(A, phone.sdp(), LegOptions("c")))
            used = phone.engine[1]
            pid = kill(media)
            await until(lambda: media.legs == 0, "loss")
            phone.described(await media.open(A, phone.sdp(), LegOptions("c")))
            assert media.crew.pids != [pid]
            assert phone.engine[1] != used
            with pytest.raises(MediaError, match="no media port"):
                await media.open(B, phone.sdp(), LegOptions("c"))
            await asyncio.sleep(1.0)
            phone.described(await media.open(B, phone.sdp(), LegOptions("c")))
            assert phone.engine[1] == used


async def test_commands_under_way_fail_after_the_loss_was_told() -> None:
    async with pool(1) as media:
        with Phone() as phone:
            events: list[MediaEvent] = []
            media.listen(A, events.append)
            await media.open(A, phone.sdp(), LegOptions("c"))
            os.kill(media.crew.pids[0], signal.SIGSTOP)
            asked = asyncio.ensure_future(media.stats(A))
            await asyncio.sleep(0)
            kill(media)
            with pytest.raises(WorkerGone) as error:
                await asked
            assert error.value.status == 503
            assert events == [WorkerLost(A)]


async def test_a_leg_that_is_opened_as_the_worker_ends_is_opened_on_another_and_nothing_is_told() -> None:
    async with pool(1) as media:
        with Phone() as phone:
            events: list[MediaEvent] = []
            media.listen(A, events.append)
            os.kill(media.crew.pids[0], signal.SIGSTOP)
            opening = asyncio.ensure_future(media.open(A, phone.sdp(), LegOptions("c")))
            await asyncio.sleep(0)
            kill(media)
            phone.described(await opening)
            assert events == []
            assert (await media.stats(A)).received == 0


async def test_a_leg_closed_before_it_was_open_is_not_opened() -> None:
    async with pool(1) as media:
        with Phone() as phone:
            kill(media)
            await until(lambda: not media.crew.running, "loss")
            opening = asyncio.ensure_future(media.open(A, phone.sdp(), LegOptions("c")))
            await asyncio.sleep(0)
            assert await media.close(A) == LegStats(0, 0, 0, 0, 0.0)
            with pytest.raises(MediaError, match="closed before"):
                await opening
            assert media.legs == 0


async def test_closing_a_leg_whose_worker_ends_is_no_fault() -> None:
    async with pool(1) as media:
        with Phone() as phone:
            await media.open(A, phone.sdp(), LegOptions("c"))
            os.kill(media.crew.pids[0], signal.SIGSTOP)
            closing = asyncio.ensure_future(media.close(A))
            await asyncio.sleep(0)
            kill(media)
            assert await closing == LegStats(0, 0, 0, 0, 0.0)


async def test_a_worker_that_hangs_is_replaced() -> None:
    async with pool(1) as media:
        pid = media.crew.pids[0]
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: media.crew.ended == 1 and media.crew.pids not in ([], [pid]), "new worker", deadline_s=12)


async def test_what_a_worker_logs_is_written_here_with_its_number() -> None:
    logger = CapturingLogger()
    structlog.configure(processors=[lambda _l, level, values: ((level,), dict(values))], logger_factory=lambda: logger)
    try:
        async with pool(1) as media:
            with Phone() as phone:
                await media.open(A, phone.sdp(), LegOptions("c"))
                with pytest.raises(MediaError) as error:
                    await media.crew.ask(0, "stats", None)
                assert error.value.status == 400
                with pytest.raises(MediaError, match="ValueError") as error:
                    await media.record(A, "x\0y")
                assert error.value.status == 500
                await until(lambda: any(call.args == ("error",) for call in logger.calls), "line of log")
    finally:
        structlog.reset_defaults()
    call = next(call for call in logger.calls if call.args == ("error",))
    assert (call.kwargs["event"], call.kwargs["worker"], call.kwargs["command"]) == (
        "media command failed",
        1,
        "record",
    )
    assert "Traceback" in call.kwargs["exception"]


async def test_workers_end_with_the_pool_and_their_recordings_are_whole(tmp_path: Path) -> None:
    async with pool(2) as media:
        pids = media.crew.pids
        with Phone() as phone:
            await media.open(A, phone.sdp(), LegOptions("c"))
            await media.record(A, str(tmp_path / "x.wav"))
    assert (tmp_path / "x.wav").read_bytes()[4:8] != bytes(4)
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_pool_that_cannot_start_leaves_no_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.exit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    media = MediaPool(settings(2), 2)
    began = time.monotonic()
    with pytest.raises(WorkerGone):
        await media.start()
    assert time.monotonic() - began < 10
    assert media.crew.running == []
