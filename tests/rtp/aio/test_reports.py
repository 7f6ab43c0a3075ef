import asyncio
import socket

from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.engine import LegId, LegOptions
from rtp.rtcp import Report, build_report
from tests.ports import free_range
from tests.rtp.phone import Phone, until

LEG = LegId("a")
OPTIONS = LegOptions("c1")


def engine(*, rtcp: bool = True, mux: bool = True) -> LocalMediaEngine:
    first = free_range(1)
    return LocalMediaEngine(
        MediaSettings("127.0.0.1", "", first, first, report_least_s=0.1, quarantine_s=0.0, rtcp=rtcp, rtcp_mux=mux)
    )


async def first_report(phone: Phone) -> bytes:
    loop = asyncio.get_running_loop()
    return await asyncio.wait_for(loop.sock_recv(phone.rtcp, 2048), 5.0)


async def test_every_leg_has_another_name_of_chance() -> None:
    media = engine()
    names = set()
    with Phone() as phone:
        for _ in range(2):
            await media.open(LEG, phone.sdp(), OPTIONS)
            names.add((await first_report(phone))[16:34])
            await media.close(LEG)
            while phone.told():
                phone.reports.clear()
    assert len(names) == 2
    assert all(name[:2] == b"\x01\x10" for name in names)
    await media.shutdown()


async def test_an_odd_port_that_another_program_holds_costs_the_reports_and_nothing_else() -> None:
    media = engine()
    with Phone() as phone, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        phone.described(await media.open(LEG, phone.sdp(), OPTIONS))
        taken.bind(("127.0.0.1", phone.engine[1] + 1))
        await asyncio.sleep(0.5)
        assert phone.told() == []
        phone.talk()
        await until(lambda: media.legs == 1, "leg")
        assert (await media.close(LEG)).peer_lost is None
    await media.shutdown()


async def test_without_rtcp_nothing_is_reported_and_mux_is_not_agreed() -> None:
    media = engine(rtcp=False)
    with Phone(mux=True) as phone:
        answer = await media.open(LEG, phone.sdp(), OPTIONS)
        assert "rtcp-mux" not in answer
        phone.described(answer)
        await asyncio.sleep(0.4)
        assert phone.told() == []
    await media.shutdown()


async def test_mux_is_offered_unless_it_is_switched_off() -> None:
    for mux in (True, False):
        media = engine(mux=mux)
        assert ("a=rtcp-mux\r\n" in await media.open(LEG, None, OPTIONS)) == mux
        await media.shutdown()


async def test_a_flood_on_the_odd_port_is_dropped() -> None:
    media = engine()
    with Phone() as phone:
        phone.described(await media.open(LEG, phone.sdp(), OPTIONS))
        await first_report(phone)
        for _ in range(500):
            phone.report(build_report(Report(phone.ssrc), "x"))
        await asyncio.sleep(0.3)
        assert await first_report(phone)
    await media.shutdown()
