import asyncio
import socket
import time

import pytest

from rtp.aio.readiness import Readiness
from rtp.aio.ticker import MOST_BEHIND, SLOT_S, SLOTS, Ticker
from tests.rtp.phone import until


class Member:
    def __init__(self) -> None:
        self.ticks: list[float] = []
        self.skipped = 0

    def tick(self, now: float) -> None:
        self.ticks.append(now)

    def skip(self, ticks: int) -> None:
        self.skipped += ticks


async def ticker() -> Ticker:
    return Ticker(asyncio.get_running_loop(), Readiness())


async def test_each_member_is_called_every_20_ms_and_no_more() -> None:
    clock = await ticker()
    members = [Member() for _ in range(6)]
    for member in members:
        clock.add(member)
        clock.add(member)
    await until(lambda: all(len(member.ticks) >= 11 for member in members), "ten ticks")
    counts = [len(member.ticks) for member in members]
    assert max(counts) - min(counts) <= 1
    for member in members:
        assert member.ticks[10] - member.ticks[0] == pytest.approx(0.2, abs=0.06)
    clock.close()


async def test_a_member_that_wants_it_is_called_every_10_ms() -> None:
    clock = await ticker()
    member, other = Member(), Member()
    clock.add(member, twice=True)
    clock.add(other)
    await until(lambda: len(other.ticks) >= 11, "ten ticks")
    assert len(member.ticks) == pytest.approx(2 * len(other.ticks), abs=1)
    assert member.ticks[20] - member.ticks[0] == pytest.approx(0.2, abs=0.06)
    clock.remove(member)
    count = len(member.ticks)
    await until(lambda: len(other.ticks) >= 13, "two more ticks")
    assert len(member.ticks) == count
    clock.close()


async def test_members_are_spread_over_the_slots() -> None:
    clock = await ticker()
    members = [Member() for _ in range(2 * SLOTS)]
    for member in members:
        clock.add(member)
    await until(lambda: all(member.ticks for member in members), "a tick each")
    first = sorted(member.ticks[0] for member in members)
    assert len(set(first)) == SLOTS
    clock.close()


async def test_a_member_that_left_is_not_called_and_the_ticker_rests() -> None:
    clock = await ticker()
    member = Member()
    clock.add(member)
    await until(lambda: bool(member.ticks), "a tick")
    clock.remove(member)
    clock.remove(member)
    count = len(member.ticks)
    await until(lambda: clock._timer is None, "rest")
    assert len(member.ticks) == count
    clock.add(member)
    await until(lambda: len(member.ticks) > count, "a tick after the rest")
    clock.close()
    clock.close()


async def test_after_a_short_stall_every_tick_is_caught_up_with() -> None:
    clock = await ticker()
    member = Member()
    clock.add(member)
    await until(lambda: bool(member.ticks), "a tick")
    began, count = member.ticks[-1], len(member.ticks)
    time.sleep(0.07)  # noqa: ASYNC251 - the stall that is tested
    await until(lambda: len(member.ticks) >= count + 5, "the ticks of the stall")
    assert member.ticks[-1] - began < 0.14
    assert member.skipped == clock.skipped == 0
    assert clock.worst_late_s > 0.04
    clock.close()


async def test_after_a_long_stall_what_is_left_out_is_counted() -> None:
    clock = await ticker()
    member = Member()
    clock.add(member)
    await until(lambda: bool(member.ticks), "a tick")
    began, count = member.ticks[-1], len(member.ticks)
    time.sleep(MOST_BEHIND * SLOT_S + 0.1)  # noqa: ASYNC251 - the stall that is tested
    await until(lambda: len(member.ticks) >= count + 5, "ticks after the stall")
    assert member.skipped * SLOTS == clock.skipped
    assert member.skipped + len(member.ticks) - count == pytest.approx((member.ticks[-1] - began) / 0.02, abs=1.5)
    assert member.skipped >= 9
    clock.close()


async def test_a_watched_socket_is_read_once_for_each_datagram_though_nothing_plays() -> None:
    loop = asyncio.get_running_loop()
    readiness = Readiness()
    clock = Ticker(loop, readiness)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs,
    ):
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(0.0)
        read: list[bytes] = []
        readiness.watch(ours, lambda _now: read.append(ours.recv(10)))
        clock.start()
        for _ in range(20):
            theirs.sendto(b"x", ours.getsockname())
        await until(lambda: len(read) == 20, "twenty datagrams")
        readiness.forget(ours)
        readiness.forget(ours)
        theirs.sendto(b"x", ours.getsockname())
        await until(lambda: clock._timer is None, "rest")
        assert len(read) == 20
    readiness.close()


async def test_without_members_it_sleeps_until_a_datagram_comes() -> None:
    loop = asyncio.get_running_loop()
    readiness = Readiness()
    clock = Ticker(loop, readiness)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs,
    ):
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(0.0)
        read: list[float] = []

        def readable(now: float) -> None:
            ours.recv(10)
            read.append(now)

        readiness.watch(ours, readable)
        for count in (1, 2):
            clock.start()
            await until(lambda: clock._timer is None, "rest")
            theirs.sendto(b"x", ours.getsockname())
            await until(lambda count=count: len(read) == count, "the datagram")  # type: ignore[misc]  # bound now
            assert clock._timer is not None
        clock.close()
        theirs.sendto(b"x", ours.getsockname())
        await asyncio.sleep(0)
        assert len(read) == 2
    readiness.close()


async def test_a_reader_that_another_one_has_removed_is_not_called() -> None:
    readiness = Readiness()
    pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(2)]
    called = []

    def first_only(_now: float) -> None:
        called.append(1)
        for ours, _ in pairs:
            readiness.forget(ours)

    for ours, theirs in pairs:
        readiness.watch(ours, first_only)
        theirs.send(b"x")
    readiness.poll(0.0)
    assert called == [1]
    assert not readiness.watching
    for ours, theirs in pairs:
        ours.close()
        theirs.close()
    readiness.close()


async def test_work_that_can_wait_is_done_right_after_a_slot() -> None:
    clock = await ticker()
    loop = asyncio.get_running_loop()
    assert clock.slot_after(loop.time() + 1) == pytest.approx(loop.time() + 1, abs=0.05)
    member = Member()
    clock.add(member)
    began: list[tuple[float, int]] = []
    asked = loop.time() + 0.05
    at = clock.slot_after(asked)
    assert asked < at <= asked + SLOT_S + 1e-5
    loop.call_at(at, lambda: began.append((loop.time(), len(member.ticks))))
    until_then = clock.slot_after(at - 5e-6)
    assert until_then == pytest.approx(at, abs=1e-9)
    await until(lambda: bool(began), "the work")
    assert began[0][0] >= at
    assert began[0][1] == len([tick for tick in member.ticks if tick <= began[0][0]])
    clock.close()
