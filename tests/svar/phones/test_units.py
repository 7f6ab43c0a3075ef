"""What people write on the command line."""

import pytest

from svar.phones.units import address_towards, host_and_port, resolved, seconds


@pytest.mark.parametrize(
    ("text", "expected"), [("3s", 3.0), ("500ms", 0.5), ("2m", 120.0), ("1.5", 1.5), ("1h", 3600.0), (" 0 ", 0.0)]
)
def test_lengths_of_time(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "s", "-3s", "3 days", "1e3", "nan"])
def test_what_is_no_length_of_time_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ValueError, match="write 3s"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:5070", ("localhost", 5070)),
        ("10.0.0.1", ("10.0.0.1", 5060)),
        ("[2001:db8::1]:5062", ("2001:db8::1", 5062)),
        ("[::1]", ("::1", 5060)),
        ("::1", ("::1", 5060)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert host_and_port(text) == expected


@pytest.mark.parametrize("text", ["", ":5060", "host:sip", "host:70000", "[]:5060"])
def test_what_is_no_address_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        host_and_port(text)


def test_our_own_address_towards_loopback_is_loopback() -> None:
    assert address_towards(resolved("127.0.0.1", 5060)) == "127.0.0.1"
