import pytest

from sip.certificates import Expected, canonical, identities


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
