from ipaddress import ip_network

import pytest

from sip.config import Outwards, Trunk
from sip.message.message import Response, parse, respond
from sip.message.uri import SipUri
from sip.redirection import redirects
from tests.sip.raw import raw, request

TRUNK = Trunk(
    "carrier",
    (ip_network("192.0.2.0/24"),),
    address=SipUri.parse("sip:Carrier.example"),
    outwards=Outwards(redirects=frozenset(("other.example",)), redirect_prefixes=("+4780",)),
)


def followed(
    contact: str, status: int = 302, uri: str = "sip:+4755@carrier.example", trunk: Trunk = TRUNK
) -> list[str]:
    """The new Request-URIs, `=` where the old one stays."""
    asked = request(raw("INVITE", uri=uri))
    answer = parse(bytes(respond(asked, status, headers=[("Contact", contact)])))
    assert isinstance(answer, Response)
    return [str(one.uri) if one.uri is not None else f"= {one.hop}" for one in redirects(asked, answer, trunk)]


@pytest.mark.parametrize(
    ("contact", "uris"),
    [
        ("<sip:+4755@192.0.2.7>", ["sip:+4755@192.0.2.7"]),
        ("<sip:+4755@CARRIER.example:5070;transport=tcp>", ["sip:+4755@CARRIER.example:5070;transport=tcp"]),
        ("<sip:+4755@other.example;user=phone>", ["sip:+4755@other.example;user=phone"]),
        ("<sips:+4755@other.example>", ["sips:+4755@other.example"]),
        ("<sip:+4755;npdi;rn=+4799@carrier.example>", ["sip:+4755;npdi;rn=+4799@carrier.example"]),
        ("<sip:%2B4755@carrier.example>", ["sip:%2B4755@carrier.example"]),
        ("<sip:+4780012345@carrier.example>", ["sip:+4780012345@carrier.example"]),
        ("<sip:+4780,,1@carrier.example>", []),
        ("<sip:+4755@carrier.example;method=BYE;ttl=3?Replaces=x>", ["sip:+4755@carrier.example"]),
        ("<sip:+4756@carrier.example>", []),
        ("<sip:carrier.example>", []),
        ("<sip:+4755@198.51.100.1>", []),
        ("<sip:+4755@carrier.example.evil.example>", []),
        ("<sip:+4755@carrier.example;maddr=198.51.100.1>", []),
        ("<tel:+4755>", []),
        ("<mailto:a@carrier.example>", []),
    ],
)
def test_only_the_trunk_itself_and_only_the_number_dialled(contact: str, uris: list[str]) -> None:
    assert followed(contact) == uris


def test_contacts_are_in_order_of_q() -> None:
    contacts = ", ".join(f"<sip:+4755@192.0.2.{n}>{q}" for n, q in enumerate((";q=0.5", ";q=x", "", ";q=7", ";q=0.9")))
    assert [one[-1] for one in followed(contacts)] == ["2", "4", "0", "1", "3"]


def test_proxy_changes_the_way_and_not_the_request() -> None:
    assert followed("<sip:192.0.2.7;lr>", 305) == ["= sip:192.0.2.7"]
    assert followed("<sip:198.51.100.1>", 305) == []


def test_alternative_services_are_not_the_call_that_was_asked_for() -> None:
    assert followed("<sip:+4755@192.0.2.7>", 380) == []


def test_secure_call_stays_secure() -> None:
    contacts = "<sip:+4755@192.0.2.7>, <sips:+4755@192.0.2.8>"
    assert followed(contacts, uri="sips:+4755@carrier.example") == ["sips:+4755@192.0.2.8"]


def test_call_by_another_kind_of_address_is_not_led_elsewhere() -> None:
    assert followed("<sip:+4755@192.0.2.7>", uri="tel:+4755") == []


def test_trunk_without_an_address_leads_to_its_networks_alone() -> None:
    bare = Trunk("bare", TRUNK.networks)
    assert followed("<sip:+4755@192.0.2.7>, <sip:+4755@carrier.example>", trunk=bare) == ["sip:+4755@192.0.2.7"]


def test_route_that_was_given_stays_the_way() -> None:
    asked = request(raw("INVITE", "Route: <sip:edge.example;lr>", uri="sip:+4755@carrier.example"))
    answer = parse(bytes(respond(asked, 302, headers=[("Contact", "<sip:+4755@192.0.2.7>")])))
    assert isinstance(answer, Response)
    (one,) = redirects(asked, answer, TRUNK)
    assert (str(one.uri), one.hop.host) == ("sip:+4755@192.0.2.7", "edge.example")
