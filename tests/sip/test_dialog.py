import pytest

from sip.config import Address
from sip.dialog import Dialog, is_address, next_hop
from sip.message.address import NameAddr
from sip.message.message import respond
from sip.message.uri import SipUri, parse_uri
from tests.sip.raw import raw, request

CALLED = Address("192.0.2.1", 5060)
SOURCE = Address("192.0.2.9", 5060)
CONTACT = "Contact: <sip:peer@192.0.2.50:5070>"
VIA = "Via: SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKp"


def called(*headers: str, source: Address = SOURCE, **changed: str) -> Dialog:
    return Dialog.of_uas(request(raw("INVITE", *headers, **changed)), "t", source)


def calling(*headers: tuple[str, str], destination: Address = CALLED) -> Dialog:
    asked = request(raw("INVITE", uri="sip:600@192.0.2.1"))
    return Dialog.of_uac(asked, respond(asked, 200, to_tag="b", headers=list(headers)), destination)


def test_called_side_takes_its_state_from_the_request() -> None:
    dialog = called(CONTACT, cseq="17")
    assert dialog.id == ("c1", "t", "p")
    assert (dialog.local_cseq, dialog.remote_cseq, dialog.calls) == (0, 17, False)
    assert str(dialog.remote_target) == "sip:peer@192.0.2.50:5070"


def test_calling_side_takes_its_state_from_the_response() -> None:
    dialog = calling(("Contact", "<sip:bob@192.0.2.60>"))
    assert dialog.id == ("c1", "p", "b")
    assert (dialog.local_cseq, dialog.remote_cseq, dialog.calls) == (1, -1, True)
    assert dialog.destination == Address("192.0.2.60", 5060)


def test_peer_of_rfc_2543_without_contact_is_reached_by_its_from() -> None:
    dialog = called(from_="<sip:old@192.0.2.70>")
    assert (str(dialog.remote_target), dialog.destination) == ("sip:old@192.0.2.70", Address("192.0.2.70", 5060))


def test_requests_go_to_the_peers_contact() -> None:
    assert called(CONTACT).destination == Address("192.0.2.50", 5070)


def test_peer_behind_nat_is_reached_where_it_sends_from() -> None:
    source = Address("203.0.113.1", 40000)
    assert called(CONTACT, source=source, via="SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;rport").destination == source


def test_peer_behind_a_proxy_is_reached_by_its_contact() -> None:
    source = Address("203.0.113.1", 40000)
    dialog = called(CONTACT, VIA, source=source, via="SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;rport")
    assert dialog.destination == Address("192.0.2.50", 5070)


def test_name_that_would_have_to_be_resolved_is_reached_where_the_peer_was_last() -> None:
    assert called("Contact: <sip:peer@phone.example>").destination == SOURCE
    assert called("Contact: <tel:+4755553333>").destination == SOURCE


def test_calling_side_stays_where_it_sent_while_the_target_is_the_same() -> None:
    nat = Address("203.0.113.1", 40000)
    assert calling(("Contact", "<sip:bob@192.0.2.1>"), destination=nat).destination == nat
    assert calling(destination=nat).destination == nat
    assert calling(("Contact", "<tel:+47>"), destination=nat).destination == nat


def test_route_of_the_calling_side_is_turned_round() -> None:
    hops = ("Record-Route", "<sip:192.0.2.8;lr>"), ("Record-Route", "<sip:192.0.2.7:5070;lr>")
    dialog = calling(("Contact", "<sip:bob@10.0.0.1>"), *hops)
    assert [str(hop.uri) for hop in dialog.route] == ["sip:192.0.2.7:5070;lr", "sip:192.0.2.8;lr"]
    assert dialog.destination == Address("192.0.2.7", 5070)
    built = dialog.request("BYE", "SIP/2.0/UDP x;branch=z9hG4bKb")
    assert str(built.uri) == "sip:bob@10.0.0.1"
    assert built.headers.get_all("Route") == ["<sip:192.0.2.7:5070;lr>", "<sip:192.0.2.8;lr>"]


def test_strict_router_finds_itself_in_the_request_uri() -> None:
    dialog = called(CONTACT, "Record-Route: <sip:192.0.2.8>, <sip:192.0.2.7;lr>")
    built = dialog.request("BYE", "SIP/2.0/UDP x;branch=z9hG4bKb")
    assert str(built.uri) == "sip:192.0.2.8"
    assert built.headers.get_all("Route") == ["<sip:192.0.2.7;lr>", "<sip:peer@192.0.2.50:5070>"]
    assert dialog.destination == Address("192.0.2.8", 5060)


def test_requests_count_up_and_an_ack_does_not() -> None:
    dialog = called(CONTACT)
    via = "SIP/2.0/UDP x;branch=z9hG4bKb"
    numbers = [dialog.request("INVITE", via).cseq.number, dialog.request("ACK", via, cseq=1).cseq.number]
    numbers.append(dialog.request("BYE", via, headers=[("Reason", "x")], body=b"v=0").cseq.number)
    assert numbers == [1, 1, 2]


def test_body_is_a_session_description() -> None:
    built = called(CONTACT).request("INVITE", "SIP/2.0/UDP x;branch=z9hG4bKb", body=b"v=0\r\n")
    assert built.content_type == "application/sdp"


def test_target_moves_with_a_reinvite_and_the_route_stays() -> None:
    dialog = called(CONTACT)
    dialog.refresh(request(raw("INVITE")))
    dialog.refresh(request(raw("INVITE", CONTACT)))
    assert dialog.destination == Address("192.0.2.50", 5070)
    dialog.refresh(request(raw("INVITE", "Contact: <sip:other@192.0.2.50:5070>")))
    assert (str(dialog.remote_target), dialog.destination[1]) == ("sip:other@192.0.2.50:5070", 5070)
    dialog.refresh(request(raw("INVITE", "Contact: <sip:peer@192.0.2.51>")))
    assert dialog.destination == Address("192.0.2.51", 5060)


@pytest.mark.parametrize(
    ("host", "true"),
    [
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("nav.example", False),
        ("1and1.example", False),
        ("127.1", False),
        ("2130706433", False),
        ("1.2.3.4.5", False),
    ],
)
def test_address_is_told_from_a_name(host: str, true: bool) -> None:
    assert is_address(host) is true


def test_next_hop_of_a_route_comes_before_the_target() -> None:
    route = (NameAddr(SipUri("", "2001:db8::8", 5070)),)
    assert next_hop(route, parse_uri("sip:x@192.0.2.1"), SOURCE) == Address("2001:db8::8", 5070)
    assert next_hop((), parse_uri("urn:service:sos"), SOURCE) == SOURCE


STREAM = Address("192.0.2.9", 40000, "TCP")


def over_stream(contact: str, *headers: str) -> Dialog:
    return called(f"Contact: <{contact}>", *headers, source=STREAM, via="SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK1")


def test_peer_that_came_by_a_connection_is_reached_by_it() -> None:
    assert over_stream("sip:peer@10.0.0.1;transport=tcp").destination == STREAM


@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:x@192.0.2.7", Address("192.0.2.7", 5060)),
        ("sip:x@192.0.2.7;transport=TCP", Address("192.0.2.7", 5060, "TCP")),
        ("sip:x@192.0.2.7;transport=tls", Address("192.0.2.7", 5061, "TLS")),
        ("sips:x@192.0.2.7:5071;transport=tcp", Address("192.0.2.7", 5071, "TLS")),
        ("sip:x@192.0.2.7;transport=sctp", Address("192.0.2.7", 5060)),
        ("sip:x@192.0.2.9:5070;transport=tcp", STREAM),
        ("sip:x@192.0.2.9;transport=udp", Address("192.0.2.9", 5060)),
        ("sips:x@192.0.2.9", Address("192.0.2.9", 5061, "TLS")),
    ],
)
def test_uri_chooses_the_transport_and_a_connection_to_its_host_is_used_again(uri: str, hop: Address) -> None:
    assert next_hop((), parse_uri(uri), STREAM) == hop


def test_lost_connection_leaves_the_peers_own_word() -> None:
    dialog = over_stream("sip:peer@192.0.2.9:5070")
    dialog.connection_lost()
    assert dialog.destination == Address("192.0.2.9", 5070, "TCP")
    routed = over_stream("sip:peer@phone.example", "Record-Route: <sip:192.0.2.9;transport=tls;lr>")
    routed.connection_lost()
    assert routed.destination == Address("192.0.2.9", 5061, "TLS")
    nowhere = over_stream("sip:peer@phone.example")
    nowhere.connection_lost()
    assert nowhere.destination == STREAM


def test_dialog_follows_the_peer_to_another_connection() -> None:
    dialog = over_stream("sip:peer@10.0.0.1")
    elsewhere = Address("198.51.100.7", 40001, "TCP")
    dialog.heard_from(request(raw("INFO")), elsewhere)
    assert dialog.destination == elsewhere
    dialog.heard_from(request(raw("INFO", VIA)), STREAM)
    assert dialog.destination == elsewhere
    secure = over_stream("sips:peer@10.0.0.1")
    secure.heard_from(request(raw("INFO")), elsewhere)
    assert secure.destination == STREAM
    datagrams = called(CONTACT)
    datagrams.heard_from(request(raw("INFO")), elsewhere)
    assert datagrams.destination == Address("192.0.2.50", 5070)


def test_sips_of_the_peer_or_its_proxy_makes_a_dialog_secure() -> None:
    assert over_stream("sips:peer@10.0.0.1").secure
    assert over_stream("sip:peer@10.0.0.1", "Record-Route: <sips:192.0.2.9;lr>").secure
    assert not over_stream("sip:peer@10.0.0.1").secure
    assert not called("Contact: <tel:+47>").secure
