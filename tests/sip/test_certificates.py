import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip.certificates import Expected, canonical, identities, validity
from tests.sip.aio.authority import Authority


def certificate(*alternatives: tuple[str, str], common: str = "common.example") -> dict[str, object]:
    shown: dict[str, object] = {"subject": ((("organizationName", "x"),), (("commonName", common),))}
    return shown | ({"subjectAltName": alternatives} if alternatives else {})


@pytest.mark.parametrize(
    ("alternatives", "names"),
    [
        ((), ("common.example",)),
        ((("DNS", "Sip.Example."), ("DNS", "b.example")), ("sip.example", "b.example")),
        ((("URI", "sip:nav.example"), ("DNS", "b.example")), ("nav.example",)),
        ((("URI", "sip:anna@nav.example"), ("URI", "https://x.example"), ("DNS", "b.example")), ("b.example",)),
        ((("URI", "sips:nav.example"),), ()),
        ((("DNS", "*.example"),), ()),
        ((("DNS", "a.example"), ("IP Address", "2001:DB8:0::1")), ("a.example", "2001:db8::1")),
        ((("email", "a@b.example"),), ()),
    ],
)
def test_names_of_a_certificate_are_those_of_rfc_5922(
    alternatives: tuple[tuple[str, str], ...], names: tuple[str, ...]
) -> None:
    assert identities(certificate(*alternatives)) == names


def test_no_certificate_proves_nothing() -> None:
    assert identities({}) == ()
    assert identities({"subject": "odd", "subjectAltName": 7}) == ()


def test_expected_name_has_to_be_among_them() -> None:
    assert Expected("Nav.example.").met(("nav.example",))
    assert not Expected("sub.nav.example").met(("nav.example",))
    assert Expected("2001:db8:0:0::1").met(("2001:db8::1",))
    assert Expected("anything", verify=False).met(())


def test_address_that_is_none_is_compared_as_it_stands() -> None:
    assert canonical("1.2.3.4.5") == "1.2.3.4.5"
    assert canonical("[2001:DB8:0::1]") == "2001:db8::1"


@pytest.mark.parametrize("life", [timedelta(days=30), timedelta(hours=-1), timedelta(days=40 * 365)])
def test_a_certificate_says_until_when_it_counts(tmp_path: Path, life: timedelta) -> None:
    file, _ = Authority(tmp_path).issue("nav.example", "nav.example", life=life)
    begins, ends = validity(ssl.PEM_cert_to_DER_cert(Path(file).read_text()))
    now = datetime.now(UTC)
    assert abs(ends - now - life) < timedelta(minutes=1)
    assert abs(now - begins - timedelta(hours=2)) < timedelta(minutes=1)


def test_a_certificate_without_a_version_counts_too() -> None:
    time = bytes([0x17, 13]) + b"260101000000Z"
    later = bytes([0x18, 15]) + b"20560101000000Z"
    until = bytes([0x30, len(time + later)]) + time + later
    signed = bytes([0x02, 1, 1, 0x30, 0, 0x30, 0]) + until
    signed = bytes([0x30, len(signed)]) + signed
    begins, ends = validity(bytes([0x30, len(signed)]) + signed)
    assert (begins.year, ends.year) == (2026, 2056)


@given(st.binary(max_size=64))
def test_what_is_no_certificate_is_refused(noise: bytes) -> None:
    with pytest.raises(ValueError, match="not a certificate in DER"):
        validity(noise)
