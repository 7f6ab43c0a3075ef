from ipaddress import ip_network

import pytest

from sip.admission import Admission, Allowance
from sip.config import Limits, Trunk

TRUNKS = (
    Trunk("north", (ip_network("192.0.2.0/25"), ip_network("2001:db8:1::/48"))),
    Trunk("south", (ip_network("192.0.2.128/25"),)),
)


def admission(**limits: float) -> Admission:
    return Admission(TRUNKS, Limits(**{"stranger_requests_per_s": 1.0, "stranger_burst": 3.0, **limits}))  # type: ignore[arg-type]


def taken(one: Admission, host: str, now: float, tries: int = 100) -> int:
    return sum(one.stranger_may(host, now) for _ in range(tries))


def test_allowance_fills_with_time_up_to_its_burst() -> None:
    one = Allowance(2.0, 4.0, 0.0)
    assert [one.take(0.0) for _ in range(5)] == [True] * 4 + [False]
    assert not one.full(1.0)
    assert [one.take(1.0) for _ in range(3)] == [True, True, False]
    assert one.full(100.0)
    assert [one.take(100.0) for _ in range(5)] == [True] * 4 + [False]


def test_trunk_is_known_by_its_networks() -> None:
    one = admission()
    assert one.trunk("192.0.2.1") == "north"
    assert one.trunk("192.0.2.200") == "south"
    assert one.trunk("2001:db8:1::5") == "north"
    assert one.trunk("198.51.100.1") is None
    assert one.trunk("fe80::1%eth0") is None
    assert one.trunk("not an address") is None
    assert one.trunk("192.0.2.1") == "north"


def test_memory_of_sources_is_bounded() -> None:
    one = admission()
    for number in range(5000):
        one.trunk(f"10.0.{number // 256}.{number % 256}")
    assert len(one._known) <= 4096


def test_each_stranger_has_an_allowance_of_its_own() -> None:
    one = admission()
    assert taken(one, "198.51.100.1", 0.0) == 3
    assert taken(one, "198.51.100.2", 0.0) == 3
    assert taken(one, "198.51.100.1", 2.0) == 2


def test_addresses_of_one_ipv6_network_share_an_allowance() -> None:
    one = admission()
    assert taken(one, "2001:db8:2::1", 0.0) == 3
    assert taken(one, "2001:db8:2::ffff:1", 0.0) == 0
    assert taken(one, "2001:db8:2:1::1", 0.0) == 3
    assert taken(one, "fe80::1%eth0", 0.0) == 3
    assert taken(one, "not:an address", 0.0) == 3


def test_strangers_beyond_the_table_share_one_allowance() -> None:
    one = admission(stranger_sources=2)
    assert taken(one, "198.51.100.1", 0.0) == 3
    assert taken(one, "198.51.100.2", 0.0) == 3
    assert taken(one, "198.51.100.3", 0.0) == 3
    assert taken(one, "198.51.100.4", 0.0) == 0
    assert len(one._strangers) == 2


def test_places_of_strangers_that_were_quiet_are_given_away() -> None:
    one = admission(stranger_sources=2)
    taken(one, "198.51.100.1", 0.0)
    taken(one, "198.51.100.2", 0.0)
    assert taken(one, "198.51.100.3", 100.0) == 3
    assert len(one._strangers) == 1


def test_who_proved_who_they_are_gets_more_room_for_all_behind_that_address() -> None:
    one = admission()
    one.vouch("198.51.100.1", 0.0)
    one.vouch("198.51.100.1", 0.0)
    assert taken(one, "198.51.100.1", 0.0) == 60
    one.vouch("198.51.100.1", 0.0)
    assert taken(one, "198.51.100.1", 0.0) == 0


def test_who_proved_who_they_are_keeps_the_place_while_strangers_fill_the_table() -> None:
    one = admission(stranger_sources=1)
    one.vouch("198.51.100.2", 0.0)
    for number in range(3, 100):
        taken(one, f"198.51.100.{number}", 600.0)
    assert taken(one, "198.51.100.2", 600.0) == 60
    assert len(one._strangers) == 1


def test_the_places_of_those_who_proved_who_they_are_are_bounded() -> None:
    one = admission(stranger_sources=2)
    for host in ("198.51.100.1", "198.51.100.2", "198.51.100.1", "198.51.100.3"):
        one.vouch(host, 0.0)
    assert [taken(one, f"198.51.100.{n}", 0.0) for n in (1, 2, 3)] == [60, 3, 60]


def test_a_stranger_has_spent_the_allowance_until_it_fills_and_a_trunk_never() -> None:
    one = admission()
    assert not one.spent("198.51.100.1", 0.0)
    taken(one, "198.51.100.1", 0.0)
    assert one.spent("198.51.100.1", 0.0)
    assert not one.spent("198.51.100.1", 1.0)
    taken(one, "192.0.2.1", 0.0)
    assert not one.spent("192.0.2.1", 0.0)


def test_all_strangers_together_have_a_rate_that_trunks_and_those_who_proved_themselves_do_not_share() -> None:
    one = admission(stranger_sources=10_000)
    one.vouch("203.0.113.7", 0.0)
    hosts = [f"10.0.{number >> 8}.{number & 255}" for number in range(5000)]
    assert sum(one.stranger_may(host, 0.0) for host in hosts) == 2000
    assert one.spent("198.51.100.1", 0.0)
    assert taken(one, "203.0.113.7", 0.0) == 60
    assert not one.spent("192.0.2.1", 0.0)
    assert sum(one.stranger_may(host, 1.0) for host in reversed(hosts)) == 1000


def test_new_calls_have_a_rate() -> None:
    one = admission(calls_per_s=5.0)
    assert sum(one.call_may(0.0) for _ in range(20)) == 5
    assert sum(one.call_may(1.0) for _ in range(20)) == 5


def test_a_trunk_has_a_rate_of_its_own_within_the_total() -> None:
    slow = Trunk("slow", (ip_network("198.51.100.0/24"),), calls_per_s=2.0)
    one = Admission((*TRUNKS, slow), Limits(calls_per_s=5.0))
    assert sum(one.call_may(0.0, "slow") for _ in range(20)) == 2
    assert sum(one.call_may(0.0, "north") for _ in range(20)) == 3
    assert sum(one.call_may(1.0, "slow") for _ in range(20)) == 2


@pytest.mark.parametrize(("calls_per_s", "at_once"), [(0.5, 1), (5, 5), (40, 40), (150, 40), (300, 60), (1000, 200)])
def test_so_many_calls_may_come_at_once(calls_per_s: float, at_once: int) -> None:
    one = admission(calls_per_s=calls_per_s)
    assert sum(one.call_may(0.0) for _ in range(2000)) == at_once
