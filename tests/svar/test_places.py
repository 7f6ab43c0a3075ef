"""Who gets a place back."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.identities import Identities
from acd.outbound_caps import SharedCaps
from acd.regained import KeptPlaces
from events.catalogue import ContactLeftQueue
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.places import Regained
from ivr.running.commands import Commands
from svar.caller_codes import GUESSES, Guesses, is_code, new_code
from svar.places import PlacesInService

NOW = 1_000_000_000


@dataclass
class Site:
    """Two nodes of an installation."""

    here: PlacesInService
    there: PlacesInService
    commands: Commands
    client: Redis


@pytest.fixture
async def site(redis_url: str) -> AsyncIterator[Site]:
    client, commands, who = command_client(redis_url), Commands(), Identities(b"secret")
    store = KeptPlaces(client, "nav", now_ms=lambda: NOW)
    guesses = Guesses(SharedCaps(client, "nav"))
    here = PlacesInService(store, who, guesses, commands, within_s=600, region="NO")
    there = PlacesInService(store, who, guesses, commands, within_s=600, region="NO")
    yield Site(here, there, commands, client)
    await client.aclose()


def info(contact: str, pii_caller: str = "+4722334455", *, asserted: bool = True) -> CallInfo:
    return CallInfo(ContactId(contact), "5000", "carrier", pii_caller, asserted=asserted)


async def waits_and_is_cut(site: Site, who: CallInfo, *, cut: bool = True) -> None:
    site.here.entered(who, "q", NOW - 90_000)
    await site.commands.drain(5)
    site.here.left(who, cut=cut)
    await site.commands.drain(5)


@pytest.mark.parametrize("again", ["+4722334455", "22334455", "004722334455"])
async def test_a_caller_whom_a_trunk_vouches_for_gets_the_place_back_at_any_node(site: Site, again: str) -> None:
    await waits_and_is_cut(site, info("c1"))
    assert await site.there.regain(info("c2", again), "q") == Regained("q", 90_000)
    assert await site.there.regain(info("c3", again), "q") is None


async def test_a_number_in_from_alone_gives_no_place_back(site: Site) -> None:
    await waits_and_is_cut(site, info("c1"))
    assert await site.here.regain(info("c2", asserted=False), "q") is None
    await waits_and_is_cut(site, info("c3", "99887766", asserted=False))
    assert await site.here.regain(info("c4", "99887766"), "q") is None


async def test_who_was_answered_or_led_on_has_none(site: Site) -> None:
    await waits_and_is_cut(site, info("c1"), cut=False)
    assert await site.here.regain(info("c2"), "q") is None


async def test_a_withheld_number_is_nobodys(site: Site) -> None:
    await waits_and_is_cut(site, info("c1", ""))
    await waits_and_is_cut(site, info("c2", "anonymous"))
    assert await site.here.regain(info("c3", ""), "q") is None
    assert await site.here.regain(info("c4", "anonymous"), "q") is None


async def test_a_code_gives_the_place_back_to_whoever_was_told_it(site: Site) -> None:
    who = info("c1", "", asserted=False)
    code = site.here.code(who)
    assert code == site.here.code(who)
    assert is_code(code)
    await waits_and_is_cut(site, who)
    assert await site.there.regain_by(code) == Regained("q", 90_000)
    assert await site.there.regain_by(code) is None


async def test_a_node_that_is_lost_cuts_its_callers_off(site: Site) -> None:
    site.here.entered(info("c1"), "q", NOW - 90_000)
    await site.commands.drain(5)
    left = {"at_ms": NOW, "tenant": "nav", "node": "n1", "contact": "c1", "queue": "q", "waited_ms": 0}
    for cause in ("caller_hung_up", "node_lost", "node_lost"):
        site.there.heard(ContactLeftQueue(**left, disposition="lost", cause=cause))  # type: ignore[arg-type]
    await site.commands.drain(5)
    assert await site.there.regain(info("c2"), "q") is not None


async def test_no_number_and_no_code_is_in_the_store(site: Site) -> None:
    who = info("c2", "", asserted=False)
    code = site.here.code(who)
    await waits_and_is_cut(site, info("c1"))
    await waits_and_is_cut(site, who)
    kept = [key async for key in site.client.scan_iter("*")]
    kept += [str(await site.client.get(key)) for key in list(kept)]
    assert not [text for text in kept if "22334455" in text or code in text]


async def test_wrong_codes_are_bounded_over_all_nodes(site: Site) -> None:
    guesses = Guesses(SharedCaps(site.client, "nav"))
    for _ in range(GUESSES.most):
        assert await site.there.regain_by("00000000") is None
    assert not await guesses.may("00000000")
    who = info("c1", "", asserted=False)
    code = site.here.code(who)
    await waits_and_is_cut(site, who)
    assert await site.here.regain_by(code) is None


@pytest.mark.parametrize("code", ["", "1234567", "123456789", "1234567x", "*2345678"])
async def test_what_is_no_code_is_not_looked_at(site: Site, code: str) -> None:
    assert not await Guesses(SharedCaps(site.client, "nav")).may(code)
    assert await site.here.regain_by(code) is None


async def test_without_the_store_nobody_gets_a_place_and_nothing_fails() -> None:
    client, commands = command_client("unix:///nowhere/r.sock"), Commands()
    places = PlacesInService(
        KeptPlaces(client, "nav"),
        Identities(b"s"),
        Guesses(SharedCaps(client, "nav")),
        commands,
        within_s=1,
        region="NO",
    )
    await waits_and_is_cut(Site(places, places, commands, client), info("c1"))
    assert await places.regain(info("c2"), "q") is None
    assert await places.regain_by("12345678") is None
    await Guesses(SharedCaps(client, "nav")).right()
    await client.aclose()


def test_codes_are_different() -> None:
    assert len({new_code() for _ in range(100)}) > 95
