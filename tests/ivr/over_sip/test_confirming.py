"""Machines answer too: whoever takes a caller presses 1."""

import asyncio
from pathlib import Path

import pytest

from ivr.over_sip.confirming import confirmed
from ivr.ports.call import Clip
from ivr.ports.phones import NotAnswered
from tests.ivr.sip_lab import Handset, Lab, hears, lab
from tests.ivr.sounds import tone
from tests.rtp.phone import until

SAID = tone("press one", 0.4)


def clip(folder: Path) -> Clip:
    (folder / "said.al").write_bytes(SAID)
    return Clip(str(folder / "said.al"), 0.4, "Tast 1.", "nb")


async def asked(made: Lab, folder: Path) -> tuple["asyncio.Task[None]", Handset]:
    leg, phone = await made.leg()
    await phone.connected()
    return asyncio.create_task(confirmed(made.line, leg, (clip(folder),), pause_s=0.3)), phone


async def test_who_presses_1_has_heard_what_it_is_about(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        asking, phone = await asked(made, tmp_path)
        await until(lambda: hears(phone, SAID), "the words")
        phone.rtp.press("1")
        await asyncio.wait_for(asking, 5)
        assert not phone.ended


async def test_who_presses_another_key_has_refused(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        asking, phone = await asked(made, tmp_path)
        phone.rtp.press("2")
        with pytest.raises(NotAnswered, match="rejected"):
            await asyncio.wait_for(asking, 5)
        await until(phone.is_over, "the phone on the hook")


async def test_a_machine_is_told_three_times_and_let_go(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        asking, phone = await asked(made, tmp_path)
        with pytest.raises(NotAnswered, match="no_answer"):
            await asyncio.wait_for(asking, 10)
        await until(phone.is_over, "the phone on the hook")
        assert len(phone.rtp.heard) >= 2.5 * len(SAID)


async def test_who_hangs_up_has_not_answered(tmp_path: Path) -> None:
    async with lab(tmp_path) as made:
        asking, phone = await asked(made, tmp_path)
        phone.hang_up()
        with pytest.raises(NotAnswered, match="no_answer"):
            await asyncio.wait_for(asking, 5)
