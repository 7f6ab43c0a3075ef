"""What an edition knows of its contacts, and how patient a thread is that makes one."""

import asyncio
import gc
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from acd.model import QueueId, QueueSpec
from acd.versions import VersionId, identify, listing
from events.catalogue import ContactQueued, ContactStarted
from ivr.book import load_book
from ivr.ports.call import CallInfo, ContactId
from ivr.simulator.call import SimulatedCall
from svar.edition import COPIES, GIL_S, Edition, Press, patient
from tests.ivr.engine import Engine
from tests.ivr.files.routing_folders import write
from tests.svar.editions import Silent, content
from tests.svar.system.installation import eventually


def test_a_thread_gives_way_sooner_while_it_loads() -> None:
    usual = sys.getswitchinterval()
    with patient():
        assert sys.getswitchinterval() == pytest.approx(GIL_S)
        assert not gc.isenabled()
        with patient():
            pass
        assert not gc.isenabled()
    assert sys.getswitchinterval() == pytest.approx(usual)
    assert gc.isenabled()


async def test_a_contact_is_counted_while_it_is_in_an_edition(tmp_path: Path) -> None:
    async def speak(*_: object) -> Silent:
        return Silent()

    given = content("hello")
    id_ = identify(listing(given))
    edition = await Press(tmp_path, load_book, speak).of_content(id_, given)
    assert edition.name == id_[:12]
    engine = Engine()
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test"))
    counts: list[int] = []
    call.on_end(lambda cause: counts.append(edition.contacts))
    await edition.serve(call, edition.book.by_number["5000"], engine.services)
    [started] = engine.told(ContactStarted)
    assert started.flow_version == edition.name
    assert counts == [1]
    assert (edition.contacts, edition.begun) == (0, 1)
    assert isinstance(Edition(VersionId(""), edition.book, Silent()).name, str)


async def test_the_copy_of_an_edition_in_use_outlives_newer_ones(tmp_path: Path) -> None:
    async def speak(*_: object) -> Silent:
        return Silent()

    press = Press(tmp_path, load_book, speak)
    used = await press.of_content(identify(listing(content("used"))), content("used"))
    for number in range(COPIES + 1):
        given = content(f"newer {number}")
        await press.of_content(identify(listing(given)), given)
    copies = os.listdir(tmp_path)
    assert used.name in copies
    assert len(copies) <= COPIES + 1


@pytest.mark.parametrize(("node", "asked"), [("oslo", "oslo"), ("main", "")])
async def test_callers_of_a_node_whose_site_is_none_of_the_routings_have_no_site(
    tmp_path: Path, node: str, asked: str
) -> None:
    edition = Edition(VersionId("v"), load_book(write(tmp_path)), Silent())
    engine = Engine()
    await engine.distributor.configure([QueueSpec(QueueId("family"))], [])
    call = SimulatedCall(CallInfo(ContactId("c1"), "5000", "test"))
    services = replace(engine.services, site=node)
    serving = asyncio.create_task(edition.serve(call, edition.book.by_number["5000"], services))
    await eventually(lambda: len(engine.told(ContactQueued)) == 1, "the caller in the queue")
    assert [event.site for event in engine.told(ContactQueued)] == [asked]
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
