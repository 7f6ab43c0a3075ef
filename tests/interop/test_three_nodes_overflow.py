"""One caller through every tier over three nodes, up to a partner over a trunk: who was offered the call, and why."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from acd.staff import RedisStaff
from events.catalogue import ContactLeftQueue, ContactQueued, OfferFailed, OfferMade
from events.rosters import ReserveAnswered, ReserveCalled
from events.routing import PartnerAnswered, TierOpened
from ivr.language.calendar import OSLO
from tests.interop.peers import require
from tests.interop.phones import Baresip, baresip, free_stream_port
from tests.interop.sound import a_law_file, power_at
from tests.interop.three_nodes import SITES, Desk, Sites, desks, served, straight, three_nodes
from tests.ivr.sip_lab import Handset
from tests.ports import free_port
from tests.rtp.phone import until
from tests.svar.system.installation import eventually
from tests.svar.system.phones import answers, lets_it_ring, refuses
from tests.svar.system.test_rosters import Reserve

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]

PARTNER_HZ = 660
OPENS_S = {1: 0, 2: 1, 3: 2, 4: 3, 5: 5, 6: 9}
"""When each tier of the queue opens. The last is the partner's."""
QUEUES = """
queues:
  - name: work
    rostered: true
    level: 3
    offer: 10s
    tiers:
      - {sites: own}
      - {sites: neighbours, after: 1s}
      - {sites: all, after: 2s}
      - {skill: general, level: 1, after: 3s}
      - {groups: [reserve], skill: standby, level: 1, after: 5s}
      - {partner: tax, after: 9s}
  - {name: unanswered, tiers: [{sites: all}, {partner: silent, after: 1s}]}
  - {name: closed, tiers: [{sites: all}, {partner: shut, after: 1s}]}
"""
AGENTS = """
agents:
  - {name: own, site: oslo, skills: {work: 5}}
  - {name: beside, site: bodo, skills: {work: 5}}
  - {name: far, site: alta, skills: {work: 5}}
  - {name: novice, site: oslo, skills: {work: 2}}
  - {name: general, site: bodo, skills: {general: 1}}
  - {name: reserve, site: alta, skills: {standby: 5}, groups: [reserve]}
  - {name: later, site: alta, skills: {unanswered: 5, closed: 5}}
"""
PARTNERS = """
partners:
  - {name: tax, capacity: 1, rings: 10s, rest: 2s}
  - {name: silent, capacity: 1, rings: 2s, rest: 1h}
  - {name: shut, capacity: 1, hours: never}
"""
NEVER = """
calendar: never
title: Closed today and tomorrow
weekly: {mon-sun: 00:00-24:00}
days:
"""
ROSTER = """
roster: work
queue: work
shifts:
  - {days: mon-sun, hours: 00:00-24:00, agents: [own, beside, far, novice, general]}
reserves:
  - {agents: [reserve], when: wait > 2, release_after: 5s, answer_within: 20s}
"""
NAMES = ["own", "beside", "far", "novice", "general", "reserve", "later"]
FLOWS = {
    "work.yaml": straight(),
    "unanswered.yaml": straight("unanswered", "5001"),
    "closed.yaml": straight("closed", "5002"),
    "queues.yaml": QUEUES,
    "sites.yaml": SITES,
    "agents.yaml": AGENTS,
    "partners.yaml": PARTNERS,
    "rosters/work.yaml": ROSTER,
}
DESTINATION = """
[[destination]]
name = "{name}"
uri = "sip:{name}@127.0.0.1:{port}"
ring_s = 20
"""


@dataclass
class Agency:
    """`tax` is baresip, the other partners are phones of ours at `outside`."""

    sites: Sites
    desks: list[Desk]
    outside: Desk
    tax: Baresip
    folder: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agency(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agency]:
    require("baresip")
    folder = tmp_path_factory.mktemp("agency")
    port, other = free_stream_port(), free_port()
    ports = {"tax": port, "silent": other, "shut": other}
    days = (datetime.now(OSLO).date() + timedelta(days=n) for n in (0, 1))
    flows = FLOWS | {"calendars/never.yaml": NEVER + "".join(f"  {day}: closed\n" for day in days)}
    parts = "".join(DESTINATION.format(name=name, port=at) for name, at in ports.items())
    async with three_nodes(folder, flows, NAMES, parts=parts) as sites, desks(sites) as phones:
        outside = Desk(sites.nodes[0], port=other)
        await outside.start()
        first = sites.nodes[0].sip_port
        async with baresip(folder / "tax", "tax", first, answers=True, tone_hz=PARTNER_HZ, sip_port=port) as tax:
            yield Agency(sites, phones, outside, tax, folder)
        await outside.close()


async def test_a_caller_goes_through_every_tier_to_a_partner_who_answers(agency: Agency) -> None:
    sites, (first, second, third) = agency.sites, agency.desks
    reserve = Reserve(third, "1")

    async def comes_and_refuses(handset: Handset) -> None:
        await (reserve.takes(handset) if not reserve.questions else refuses(486)(handset))

    for desk, agent in ((first, "own"), (second, "beside"), (third, "far"), (first, "novice"), (second, "general")):
        await desk.register(agent, refuses(486))
    await third.register("reserve", comes_and_refuses)
    caller = await agency.outside.answered_call()
    await agency.tax.event("CALL_ESTABLISHED", wait_s=25)
    await _hears(agency, caller, PARTNER_HZ)
    assert not first.rung[1:], "who has too little skill is never offered"

    events = await sites.events()
    contact = next(event for event in events if isinstance(event, ContactQueued) and event.queue == "work")
    offers = [one for one in events if isinstance(one, OfferMade) and one.contact == contact.contact]
    by = [(one.tier, one.agent) for one in offers]
    wanted = [(1, "own"), (2, "beside"), (3, "far"), (4, "general"), (5, "reserve"), (6, "tax/1")]
    assert by == wanted
    for one in offers:
        late_ms = one.at_ms - contact.at_ms - 1000 * OPENS_S[one.tier]
        assert 0 <= late_ms < 2500, f"tier {one.tier} came {late_ms} ms late"
    opened = [(one.tier, one.why) for one in events if isinstance(one, TierOpened) and one.contact == contact.contact]
    assert opened == [(tier, "after") for tier in range(2, 7)]
    asked = [one for one in events if isinstance(one, ReserveCalled | ReserveAnswered)]
    assert [one.agent for one in asked] == ["reserve", "reserve"]
    assert isinstance(asked[1], ReserveAnswered)
    assert asked[1].answer == "yes"
    left = [one for one in events if isinstance(one, ContactLeftQueue) and one.contact == contact.contact]
    assert [(one.disposition, one.cause) for one in left] == [("flowed_out", "partner")]
    assert [one.partner for one in events if isinstance(one, PartnerAnswered)] == ["tax"]

    story = await sites.why(contact.contact)
    words = [f"offered to {agent} (" for _, agent in wanted[:-1]] + ["offered to the partner tax"]
    words += ["the partner tax answered"]
    places = [story.find(word) for word in words]
    assert -1 not in places, story
    assert places == sorted(places), story
    for tier in range(2, 7):
        assert f"tier {tier} (" in story, story
        assert " of work opened: its wait was long enough for it" in story, story
    assert story.count("was busy (busy") == 5, story
    await agency.tax.hang_up()
    await until(caller.is_over, "the end", deadline_s=10)
    await sites.proven(shared=("unanswered", "closed"))


async def _hears(agency: Agency, caller: Handset, hz: int) -> None:
    def alike() -> bool:
        heard = caller.rtp.heard[-12000:]
        file = agency.folder / "heard.al"
        file.write_bytes(bytes(heard))
        return len(heard) >= 12000 and power_at(a_law_file(file), hz) > 0.8

    await until(alike, f"{hz} Hz at the caller", deadline_s=15)


async def test_a_caller_whom_the_partner_does_not_answer_is_back_in_the_same_place(agency: Agency) -> None:
    sites, third = agency.sites, agency.desks[2]
    agency.outside.behaviours["silent"] = lets_it_ring
    first = await agency.outside.answered_call("5001")
    await sites.wait_for(1, "unanswered")
    second = await agency.desks[1].answered_call("5001")
    await sites.wait_for(2, "unanswered")
    silent = await agency.outside.rings()
    await until(lambda: silent.ended, "the end of the partner's ringing", deadline_s=10)
    await eventually(lambda: _failed(sites, "unanswered"), "the end of the offer")
    assert await sites.waiting("unanswered") == 2
    third.behaviours["later"] = answers
    await third.register("later", answers)
    rung = len([name for name, _ in third.rung if name == "later"])
    await until(lambda: len([n for n, _ in third.rung if n == "later"]) == rung + 1, "an offer", deadline_s=10)
    await eventually(lambda: _answered(sites, 1, "unanswered"), "an answer")
    first.hang_up()
    await eventually(lambda: _answered(sites, 2, "unanswered"), "the other's answer")
    second.hang_up()
    third.unregister("later")
    events = await sites.proven(shared=("unanswered", "closed"))
    came = [one.contact for one in events if isinstance(one, ContactQueued) and one.queue == "unanswered"]
    assert [contact for contact in served(events) if contact in came] == came, "the place was kept"
    assert sum(isinstance(one, OfferMade) and one.partner == "silent" for one in events) == 1


async def _failed(sites: Sites, queue: str) -> bool:
    return any(one.queue == queue and one.cause == "no_answer" for one in await sites.of(OfferFailed))


async def _answered(sites: Sites, count: int, queue: str) -> bool:
    events = await sites.events()
    came = {one.contact for one in events if isinstance(one, ContactQueued) and one.queue == queue}
    return len(came & set(served(events))) == count


async def test_a_partner_who_is_closed_is_never_rung(agency: Agency) -> None:
    sites, third = agency.sites, agency.desks[2]
    rung = len(agency.outside.rung)
    caller = await agency.outside.answered_call("5002")
    await sites.wait_for(1, "closed")
    await eventually(lambda: _opened(sites), "the partner's tier open")
    slot = (await sites.client.hget("svar:{t}:agents", "shut/1")) or ""
    assert '"logged_out"' in slot
    await asyncio.sleep(1)
    assert await sites.waiting("closed") == 1
    await third.register("later", answers)
    await eventually(lambda: _answered(sites, 1, "closed"), "an answer")
    caller.hang_up()
    third.unregister("later")
    events = await sites.proven(shared=("unanswered", "closed"))
    assert len(agency.outside.rung) == rung
    assert not [one for one in events if isinstance(one, OfferMade) and one.partner == "shut"]
    assert {one.now.agent for one in await RedisStaff(sites.client, "t").all()} == set(NAMES)


async def _opened(sites: Sites) -> bool:
    return any(one.queue == "closed" for one in await sites.of(TierOpened))
