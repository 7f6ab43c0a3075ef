"""Transfers by the buttons and keys of a phone that shares no code with svar, judged by what the caller hears."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.interop.phones import Baresip, baresip, free_stream_port
from tests.interop.sound import a_law_file, power_at
from tests.ivr.sip_lab import Handset
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import phones_at
from tests.svar.system.test_talks import FLOW, PARTS, TRUNK

pytestmark = pytest.mark.interop

KARI_HZ, HOSPITAL_HZ, BERIT_HZ = 880, 660, 520
LISTENS_S = 1.5
PURE = 0.8


class Ward:
    """A caller of ours, and baresip as kari's, berit's and the hospital's phones."""

    def __init__(self, node: Installation, caller: Handset, phones: dict[str, Baresip], folder: Path) -> None:
        self.node = node
        self.caller = caller
        self.phones = phones
        self._folder = folder

    async def hears(self, hz: int) -> None:
        """Within a few seconds the caller hears this tone, and little else."""

        def alike() -> bool:
            heard = self.caller.rtp.heard[-round(LISTENS_S * 8000) :]
            file = self._folder / "heard.al"
            file.write_bytes(bytes(heard))
            return len(heard) >= LISTENS_S * 8000 and power_at(a_law_file(file), hz) > PURE

        await until(alike, f"{hz} Hz at the caller", deadline_s=15)


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    port = free_stream_port()
    node = Installation(tmp_path / "node", PARTS.format(port=port), flows={"test.yaml": FLOW}, trunks=TRUNK)

    def agent(name: str, hz: int) -> AbstractAsyncContextManager[Baresip]:
        return baresip(tmp_path / name, name, node.sip_port, password=node.password(name), answers=True, tone_hz=hz)

    async with (
        running(node),
        phones_at(node, "127.0.0.2") as callers,
        agent("kari", KARI_HZ) as kari,
        agent("berit", BERIT_HZ) as berit,
        baresip(
            tmp_path / "hospital", "hospital", node.sip_port, answers=True, tone_hz=HOSPITAL_HZ, sip_port=port
        ) as hospital,
    ):
        caller = await callers.answered_call()
        made = Ward(node, caller, {"kari": kari, "berit": berit, "hospital": hospital}, tmp_path)
        await made.hears(KARI_HZ)
        yield made


async def test_baresip_transfers_its_caller_to_a_destination(ward: Ward) -> None:
    kari, hospital = ward.phones["kari"], ward.phones["hospital"]
    await kari.command("transfer", f"sip:hospital@127.0.0.1:{ward.node.sip_port}")
    await hospital.event("CALL_ESTABLISHED")
    await kari.event("CALL_CLOSED")
    await ward.hears(HOSPITAL_HZ)
    await hospital.hang_up()
    await until(ward.caller.is_over, "the end", deadline_s=10)
    await ward.node.quiet()


async def test_baresip_is_refused_a_number_outside(ward: Ward) -> None:
    """It hangs up by itself when its transfer is refused."""
    kari = ward.phones["kari"]
    await kari.command("transfer", "sip:+4790000000@127.0.0.1:9")
    await kari.event("TRANSFER_FAILED")
    await until(lambda: "transfer failed: 403" in kari.log(), "the refusal in its log")
    await until(ward.caller.is_over, "the end", deadline_s=10)
    await ward.node.quiet()
    assert not [event for event in ward.phones["hospital"].events if event.get("type") == "CALL_INCOMING"]


async def test_an_agent_consults_takes_back_and_gives_away_by_the_keys_of_baresip(ward: Ward) -> None:
    kari, berit = ward.phones["kari"], ward.phones["berit"]
    await kari.press("*121#")
    await berit.event("CALL_ESTABLISHED")
    await asyncio.sleep(LISTENS_S)
    await kari.press("*3")
    await berit.event("CALL_CLOSED")
    await ward.hears(KARI_HZ)
    await kari.press("*121#")
    await berit.event("CALL_ESTABLISHED", 2)
    await asyncio.sleep(LISTENS_S)
    await kari.press("*4")
    await kari.event("CALL_CLOSED")
    await ward.hears(BERIT_HZ)
