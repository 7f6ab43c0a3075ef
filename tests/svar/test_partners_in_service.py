"""A partner's slots are there while it is open and some node reaches its trunk; telling it twice changes nothing."""

import asyncio
from contextlib import suppress
from datetime import datetime

import pytest

from acd.distributor import Refused, Unavailable
from acd.model import AgentId, PartnerSpec
from ivr.files.calendar_file import CalendarFile
from ivr.files.marked_yaml import read
from ivr.files.validation import validated
from ivr.language.calendar import OSLO, Calendar
from ivr.language.routing import RoutedPartner
from svar.partners_in_service import AGAIN_S, Partner, PartnersInService, partners_of

IN, OUT = ["agency/1", "agency/2"], "logged_out"


def calendar() -> Calendar:
    found = validated(CalendarFile, read("c.yaml", "calendar: office\nweekly: {mon-fri: 08:00-15:30}\n"))
    assert found is not None
    return found.made()


def at(text: str) -> int:
    return round(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=OSLO).timestamp() * 1000)


class World:
    """What nodes share: the slots and what they have told of trunks. `told` notes every command."""

    def __init__(self) -> None:
        self.now_ms = at("2026-11-24 07:59")
        self.partners = [Partner("agency", 2, calendar(), "carrier")]
        self.up_somewhere: set[str] = set()
        self.states: dict[str, str] = {}
        self.told: list[str] = []
        self.said = 0
        self.away = False
        self.unknown = ""

    async def log_in(self, agent: AgentId, *, ready: bool = True) -> None:
        self._there(agent)
        self.states[agent] = "ready"

    async def log_out(self, agent: AgentId, reason: str) -> None:
        self._there(agent)
        self.states[agent] = reason

    async def say_up(self, partner: str) -> None:
        self.said += 1
        self.up_somewhere.add(partner)

    async def is_up(self, partner: str) -> bool:
        return partner in self.up_somewhere

    def _there(self, agent: str) -> None:
        if self.away:
            raise Unavailable("away")
        self.told.append(agent)
        if agent == self.unknown:
            raise Refused("NOAGENT", agent)


class Node:
    def __init__(self, world: World) -> None:
        self.down: set[str] = set()
        self.service = PartnersInService(
            lambda: world.partners, world, world, lambda trunk: trunk not in self.down, lambda: world.now_ms
        )


@pytest.fixture
async def world() -> World:
    return World()


async def test_slots_are_there_while_the_partner_is_open(world: World) -> None:
    node = Node(world)
    seen = []
    for minute in ("2026-11-24 07:59", "2026-11-24 08:00", "2026-11-24 15:29", "2026-11-24 15:30"):
        world.now_ms = at(minute)
        await node.service.look()
        seen.append(dict(world.states))
    closed, opened = dict.fromkeys(IN, "closed"), dict.fromkeys(IN, "ready")
    assert seen == [closed, opened, opened, closed]
    assert len(world.told) == 6, "what is so is not told at every look"


async def test_a_trunk_that_one_node_reaches_is_enough(world: World) -> None:
    world.now_ms = at("2026-11-24 09:00")
    node, other = Node(world), Node(world)
    node.down = {"carrier"}
    await other.service.look()
    await node.service.look()
    assert world.states == dict.fromkeys(IN, "ready")
    other.down = {"carrier"}
    world.up_somewhere.clear()
    await other.service.look()
    await node.service.look()
    assert world.states == dict.fromkeys(IN, "trunk_down")
    assert node.service.figures() == {("agency",): 0}
    other.down = set()
    await other.service.look()
    await node.service.look()
    assert world.states == dict.fromkeys(IN, "ready")
    assert node.service.figures() == {("agency",): 2}


async def test_that_a_trunk_is_up_is_not_said_at_every_look(world: World) -> None:
    world.now_ms = at("2026-11-24 09:00")
    node = Node(world)
    for _ in range(5):
        await node.service.look()
    assert world.said == 1


async def test_a_partner_without_hours_and_trunk_is_always_there(world: World) -> None:
    world.partners = [Partner("agency", 2)]
    await Node(world).service.look()
    assert world.states == dict.fromkeys(IN, "ready")
    assert world.said == 0


async def test_slots_that_are_no_more_are_logged_out(world: World) -> None:
    node = Node(world)
    world.partners = [Partner("agency", 2)]
    await node.service.look()
    world.partners = [Partner("agency", 1)]
    await node.service.look()
    await node.service.look()
    assert world.states == {"agency/1": "ready", "agency/2": "partner_gone"}
    assert len(world.told) == 3


async def test_a_slot_that_is_not_there_yet_is_told_again(world: World) -> None:
    world.partners = [Partner("agency", 2)]
    world.unknown = "agency/1"
    node = Node(world)
    await node.service.look()
    assert world.states == {"agency/2": "ready"}
    world.unknown = ""
    node.service.forgotten()
    await node.service.look()
    assert world.states == dict.fromkeys(IN, "ready")
    assert AGAIN_S <= 60


async def test_the_loop_outlives_a_store_that_is_away(world: World) -> None:
    world.partners = [Partner("agency", 2)]
    world.away = True
    running = asyncio.create_task(Node(world).service.run())
    await asyncio.sleep(0)
    world.away = False
    async with asyncio.timeout(5):
        while len(world.states) < 2:  # noqa: ASYNC110 - the port tells nobody
            await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def test_a_version_s_partners_have_its_calendars_and_the_configuration_s_trunks() -> None:
    office = calendar()
    routed = {
        "agency": RoutedPartner(PartnerSpec("agency", 3), hours="office"),
        "friend": RoutedPartner(PartnerSpec("friend")),
    }
    found = list(partners_of(routed, {"office": office}, {"agency": "carrier", "other": "x"}))
    assert found == [Partner("agency", 3, office, "carrier"), Partner("friend", 1, None, "")]
    assert found[0].slots() == ["agency/1", "agency/2", "agency/3"]
