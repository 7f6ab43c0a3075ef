"""Which addresses a service may have."""

import pytest

from ivr.web.addresses import may_reach, networks

REFUSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "::8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:7f00:1::1",
    "localhost",
    "example.com",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
]


@pytest.mark.parametrize("host", REFUSED)
def test_what_is_not_public_is_refused(host: str) -> None:
    assert not may_reach(host, ())


@pytest.mark.parametrize("host", ["8.8.8.8", "193.0.6.139", "2606:4700::1111", "2a00:1450::1"])
def test_what_is_public_is_reached(host: str) -> None:
    assert may_reach(host, ())


@pytest.mark.parametrize(
    ("host", "network", "reached"),
    [
        ("10.1.2.3", "10.1.2.0/24", True),
        ("10.1.3.3", "10.1.2.0/24", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("fd12::5", "fd12::/64", True),
        ("::ffff:10.1.2.3", "10.1.2.0/24", False),
        ("::ffff:10.1.2.3", "::ffff:10.1.2.0/120", True),
        ("64:ff9b::a01:203", "64:ff9b::/96", True),
        ("8.8.8.8", "10.0.0.0/8", True),
    ],
)
def test_a_network_that_is_named_is_reached_and_no_other(host: str, network: str, reached: bool) -> None:
    assert may_reach(host, networks([network])) is reached
