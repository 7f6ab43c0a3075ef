import pytest

from sip.config import Address
from sip.own_addresses import OwnAddresses
from sip.resolution import Ways

V4, V6 = Address("192.0.2.1", 5060), Address("2001:db8::1", 5062)


def known(*addresses: Address, advertised: str = "", everywhere: bool = False) -> OwnAddresses:
    own = OwnAddresses(advertised)
    for address in addresses:
        own.add(address, everywhere=everywhere)
    return own


@pytest.mark.parametrize(
    ("own", "towards", "seen"),
    [
        (known(), V4, "127.0.0.1:5060"),
        (known(V4, V6), V4, "192.0.2.1:5060"),
        (known(V4, V6), V6, "[2001:db8::1]:5062"),
        (known(V4), V6, "192.0.2.1:5060"),
        (known(V4), V4._replace(transport="TLS"), "192.0.2.1:5060"),
        (known(V6._replace(transport="TCP")), V4, "[2001:db8::1]:5062"),
        (known(V4, V6, advertised="203.0.113.5"), V4, "203.0.113.5:5060"),
        (known(V4, V6, advertised="203.0.113.5"), V6, "[2001:db8::1]:5062"),
    ],
)
def test_peer_sees_the_address_that_fits_its_own(own: OwnAddresses, towards: Address, seen: str) -> None:
    assert own.towards(towards) == own.towards(towards) == seen


def test_uri_means_us_by_address_and_port() -> None:
    own = known(V4, advertised="203.0.113.5")
    assert own.mean("192.0.2.1", 5060)
    assert own.mean("203.0.113.5", None)
    assert not own.mean("203.0.113.5", 5070)
    assert not own.mean("192.0.2.2", 5060)
    assert own.mean_host("203.0.113.5")
    assert own.mean_host("192.0.2.1")
    assert not own.mean_host("192.0.2.2")
    assert not own.mean_host("a.example")


def test_socket_bound_to_no_address_takes_them_all() -> None:
    own = known(V4, everywhere=True)
    assert own.mean("198.51.100.1", 5060)
    assert not own.mean("198.51.100.1", 5070)
    assert not own.mean("a.example", 5060)
    assert own.mean_host("198.51.100.1")


@pytest.mark.parametrize(
    ("own", "ways"),
    [
        (known(), Ways((), (4,))),
        (known(V4, V6._replace(transport="TLS")), Ways(("UDP", "TLS"), (4, 6))),
        (known(V6), Ways(("UDP",), (6,))),
        (known(Address("127.0.0.1", 5060)), Ways(("UDP",), (4,), loopback=True)),
        (known(Address("::1", 5060)), Ways(("UDP",), (6,), loopback=True)),
    ],
)
def test_others_are_reached_as_we_listen(own: OwnAddresses, ways: Ways) -> None:
    assert own.ways == ways
