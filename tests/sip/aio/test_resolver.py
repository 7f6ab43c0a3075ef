import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog

from sip.aio.resolver import NameServers, Resolver, name_server
from sip.config import Address
from sip.message.uri import SipUri
from sip.resolution import Ways
from tests.sip.aio.name_server import NameServer, Zone

WAYS = Ways(("UDP", "TCP", "TLS"), (4, 6))
CARRIER = SipUri.parse("sip:1@carrier.example")
RECORDS = {
    ("carrier.example", "NAPTR"): ['10 10 "s" "SIP+D2U" "" _sip._udp.carrier.example.'],
    ("_sip._udp.carrier.example", "SRV"): ["1 10 5066 a.carrier.example.", "2 0 5060 b.carrier.example."],
    ("a.carrier.example", "A"): ["192.0.2.1"],
    ("a.carrier.example", "AAAA"): ["2001:db8::1"],
    ("b.carrier.example", "CNAME"): ["c.carrier.example."],
    ("c.carrier.example", "A"): ["192.0.2.2"],
}
TARGETS = [Address("192.0.2.1", 5066), Address("2001:db8::1", 5066), Address("192.0.2.2", 5060)]


@asynccontextmanager
async def resolving(
    zone: Zone, *, ask_s: float = 2.0, try_s: float = 0.8, deadline_s: float = 4.0, rest_s: float = 5.0
) -> AsyncIterator[Resolver]:
    async with NameServer(zone) as server:
        servers = NameServers((server.address,), ask_s=ask_s, try_s=try_s, deadline_s=deadline_s, rest_s=rest_s)
        resolver = Resolver(servers, WAYS)
        yield resolver
        await resolver.close()


async def test_carrier_is_found_by_naptr_srv_and_both_families() -> None:
    async with resolving(Zone(RECORDS)) as resolver:
        assert await resolver.targets(CARRIER) == TARGETS


async def test_address_needs_no_server() -> None:
    resolver = Resolver(NameServers(("127.0.0.1:9",)), WAYS)
    assert await resolver.targets(SipUri.parse("sip:1@192.0.2.1")) == [Address("192.0.2.1", 5060)]


async def test_answers_and_denials_are_kept_for_their_time() -> None:
    zone = Zone(RECORDS)
    async with resolving(zone) as resolver:
        for _ in range(3):
            assert await resolver.targets(CARRIER) == TARGETS
            assert await resolver.targets(SipUri.parse("sip:1@nowhere.example")) == []
    assert set(zone.asked.values()) == {1}


async def test_answer_without_a_life_is_asked_for_again() -> None:
    zone = Zone(RECORDS, ttl_s=0)
    async with resolving(zone) as resolver:
        await resolver.targets(CARRIER)
        await resolver.targets(CARRIER)
    assert zone.asked["carrier.example", "NAPTR"] == 2


async def test_many_who_ask_at_once_ask_once() -> None:
    zone = Zone(RECORDS)
    async with resolving(zone) as resolver:
        found = await asyncio.gather(*(resolver.targets(CARRIER) for _ in range(50)))
    assert found == [TARGETS] * 50
    assert set(zone.asked.values()) == {1}


async def test_truncated_answer_is_asked_for_over_tcp() -> None:
    zone = Zone(RECORDS, truncated=True)
    async with resolving(zone) as resolver:
        assert await resolver.targets(CARRIER) == TARGETS
    assert zone.asked["carrier.example", "NAPTR"] == 2


async def test_forged_and_broken_datagrams_are_not_believed() -> None:
    async with resolving(Zone(RECORDS, forged=True)) as resolver:
        assert await resolver.targets(SipUri.parse("sip:1@a.carrier.example:5066")) == TARGETS[:2]


@pytest.mark.parametrize("zone", [Zone(silent=True), Zone(broken=True)], ids=["silent", "failing"])
async def test_server_that_does_not_answer_costs_a_bounded_time_and_the_loop_goes_on(zone: Zone) -> None:
    async with resolving(zone, ask_s=0.2, try_s=0.1, deadline_s=0.5) as resolver:
        before = time.monotonic()
        found = asyncio.ensure_future(resolver.targets(CARRIER))
        late_s = 0.0
        while not found.done():
            mark = time.monotonic()
            await asyncio.sleep(0.01)
            late_s = max(late_s, time.monotonic() - mark)
        assert found.result() == []
        assert time.monotonic() - before < 2.0
        assert late_s < 0.25


async def test_silent_server_is_not_asked_again_at_once() -> None:
    zone = Zone(silent=True)
    async with resolving(zone, ask_s=0.1, try_s=0.1) as resolver:
        await resolver.targets(CARRIER)
        asked = zone.asked.total()
        await resolver.targets(CARRIER)
        assert zone.asked.total() == asked


async def test_what_was_known_is_believed_while_no_server_answers() -> None:
    zone = Zone(RECORDS, ttl_s=0)
    async with resolving(zone, ask_s=0.1, try_s=0.1) as resolver:
        assert await resolver.targets(CARRIER) == TARGETS
        zone.silent = True
        with structlog.testing.capture_logs() as logs:
            assert await resolver.targets(CARRIER) == TARGETS
    assert {one["stale"] for one in logs} == {True}


async def test_what_was_known_is_told_in_time_however_many_questions_it_takes() -> None:
    zone = Zone(RECORDS, ttl_s=0)
    async with resolving(zone, ask_s=0.3, try_s=0.3, deadline_s=0.5) as resolver:
        assert await resolver.targets(CARRIER) == TARGETS
        zone.silent = True
        zone.asked.clear()
        assert await resolver.targets(CARRIER) == TARGETS
        assert await resolver.targets(CARRIER) == TARGETS
    assert set(zone.asked) == {("carrier.example", "NAPTR")}


async def test_failure_is_no_knowledge() -> None:
    zone = Zone(RECORDS, silent=True)
    uri = SipUri.parse("sip:1@other.example:5060")
    async with resolving(zone, ask_s=0.1, try_s=0.1, rest_s=0.0) as resolver:
        with structlog.testing.capture_logs() as logs:
            assert await resolver.targets(uri) == []
            assert await resolver.targets(uri) == []
    assert [one["stale"] for one in logs] == [False] * 4


async def test_aliases_that_go_round_lead_nowhere() -> None:
    records = {("a.example", "CNAME"): ["b.example."], ("b.example", "CNAME"): ["a.example."]}
    async with resolving(Zone(records), ask_s=0.5) as resolver:
        assert await resolver.targets(SipUri.parse("sip:1@a.example:5060")) == []


async def test_lying_records_lead_neither_to_us_nor_to_many() -> None:
    records = {("l.example", "A"): ["127.0.0.1", "224.0.0.1", "0.0.0.0", "192.0.2.7"], ("l.example", "AAAA"): ["::1"]}
    async with resolving(Zone(records)) as resolver:
        assert await resolver.targets(SipUri.parse("sip:1@l.example:5060")) == [Address("192.0.2.7", 5060)]


async def test_whoever_gives_up_leaves_the_answer_to_the_others() -> None:
    zone = Zone(RECORDS)
    async with resolving(zone) as resolver:
        impatient = asyncio.ensure_future(resolver.targets(CARRIER))
        patient = asyncio.ensure_future(resolver.targets(CARRIER))
        await asyncio.sleep(0)
        impatient.cancel()
        assert await patient == TARGETS


async def test_look_ups_at_once_are_bounded() -> None:
    async with resolving(Zone(silent=True), ask_s=0.2, try_s=0.2, deadline_s=0.2) as resolver:
        found = [asyncio.ensure_future(resolver.targets(SipUri.parse(f"sip:1@h{n}.example"))) for n in range(512)]
        await asyncio.sleep(0)
        with structlog.testing.capture_logs() as logs:
            assert await resolver.targets(CARRIER) == []
        assert logs[0]["event"] == "too many names are being looked up at once"
        assert await asyncio.gather(*found) == [[]] * 512


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
        ("[2001:db8::53]", ("2001:db8::53", 53)),
    ],
)
def test_name_servers_are_written_with_a_port_or_without(text: str, server: tuple[str, int]) -> None:
    assert name_server(text) == server


@pytest.mark.parametrize("text", ["", "ns.example", "192.0.2.53:x", "192.0.2.53:0", "192.0.2.53:65536"])
def test_what_is_no_name_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"port|address"):
        name_server(text)


async def test_without_configuration_the_systems_servers_are_asked(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    with pytest.raises(OSError, match=r"\[sip\] nameservers"):
        Resolver(NameServers(system=str(file)), WAYS)
    file.write_text("nameserver 127.0.0.1\n")
    assert Resolver(NameServers(system=str(file)), WAYS).ways == WAYS
