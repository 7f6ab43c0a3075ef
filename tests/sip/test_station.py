import pytest

from sip.config import Account, Address, CoreConfig, Trunk
from sip.events import Resolve, ResolveId
from sip.lookups import Known
from sip.message.message import respond
from sip.message.uri import SipUri
from sip.resolution import Ways
from sip.station import UNATTENDED, Station, hash_fraction, response_address
from sip.transaction import Failure
from tests.sip.network import counted
from tests.sip.raw import raw, request

V4, V6 = Address("192.0.2.1", 5060), Address("2001:db8::1", 5062)


def station() -> Station:
    return Station(CoreConfig(), counted("t"))


def test_peers_of_each_family_see_the_address_of_theirs() -> None:
    here = station()
    here.listens(V4)
    here.listens(V6)
    assert here.own(Address("198.51.100.1", 5060)) == "192.0.2.1:5060"
    assert here.contact(Address("2001:db8::9", 5060), "600") == "<sip:600@[2001:db8::1]:5062>"
    assert here.contact(V4, "") == "<sip:192.0.2.1:5060>"
    assert here.via(V6) == "SIP/2.0/UDP [2001:db8::1]:5062;branch=z9hG4bKt000001;rport"


def test_family_without_a_socket_gets_the_others_address() -> None:
    here = station()
    assert here.own(V4) == "127.0.0.1:5060"
    here.listens(V6)
    assert here.own(V4) == "[2001:db8::1]:5062"


def test_own_address_is_recognised_with_its_port() -> None:
    here = station()
    here.listens(V4)
    assert here.is_own("192.0.2.1", None)
    assert not here.is_own("192.0.2.1", 5070)
    assert not here.is_own("192.0.2.2", None)
    assert here.is_own_host("192.0.2.1")
    assert not here.is_own_host("192.0.2.2")


def test_socket_that_hears_every_address_takes_any_with_its_port() -> None:
    here = station()
    here.listens(V4, everywhere=True)
    assert here.is_own("127.0.0.1", None)
    assert here.is_own("2001:db8::7", 5060)
    assert not here.is_own("127.0.0.1", 5070)
    assert not here.is_own("elsewhere.example", None)
    assert here.is_own_host("2001:db8::7")
    assert not here.is_own_host("elsewhere.example")


def test_each_transport_has_its_own_address_and_port() -> None:
    here = station()
    here.listens(V4)
    here.listens(V4._replace(transport="TCP", port=5070))
    here.listens(V4._replace(transport="TLS", port=5061))
    tcp, tls = V4._replace(transport="TCP"), V4._replace(transport="TLS")
    assert here.via(tcp).startswith("SIP/2.0/TCP 192.0.2.1:5070;branch=")
    assert here.contact(tcp, "600") == "<sip:600@192.0.2.1:5070;transport=tcp>"
    assert here.contact(tls, "600") == "<sip:600@192.0.2.1:5061;transport=tls>"
    assert here.contact(tls, "", secure=True) == "<sips:192.0.2.1:5061>"
    assert here.is_own("192.0.2.1", 5070)
    assert here.is_own("192.0.2.1", None)


def test_transport_that_is_not_listened_to_gets_the_address_of_another() -> None:
    here = station()
    here.listens(V6._replace(transport="TLS"))
    assert here.own(V4._replace(transport="TCP")) == "[2001:db8::1]:5062"
    here.listens(V4)
    assert here.own(V4._replace(transport="TCP")) == "192.0.2.1:5060"


def test_responses_go_back_over_the_connection() -> None:
    source = Address("203.0.113.1", 40000, "TCP")
    assert response_address(request(raw("BYE", via="SIP/2.0/TCP 10.0.0.1:5070;branch=z9hG4bK1")), source) == source


def test_what_is_sent_is_counted_repeats_apart() -> None:
    here = station()
    here.send(b"x", V4)
    here.send(b"x", V4, repeat=True)
    assert (here.counts["messages_out"], here.counts["retransmissions"]) == (2, 1)
    assert here.outbox == [(b"x", V4), (b"x", V4)]


def test_chance_is_spread_and_repeats_with_its_tokens() -> None:
    drawn = [hash_fraction(f"token{number}") for number in range(1000)]
    assert all(0.0 <= one < 1.0 for one in drawn)
    assert 400 < sum(one < 0.5 for one in drawn) < 600
    assert station().chance() == station().chance()


def test_nobody_minds_the_outcome_of_an_unattended_transaction() -> None:
    here = station()
    asked = request(raw("BYE"))
    transaction = here.transactions.client(asked, V4, UNATTENDED, 0.0)
    UNATTENDED.responded(transaction, respond(asked, 200), 0.0)
    UNATTENDED.failed(transaction, Failure.TIMEOUT, 0.0)
    assert here.happened == []


@pytest.mark.parametrize(
    ("via", "port"),
    [
        ("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1;rport", 40000),
        ("SIP/2.0/UDP 10.0.0.1:5070;branch=z9hG4bK1", 5070),
        ("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", 5060),
    ],
)
def test_responses_go_to_the_host_that_asked(via: str, port: int) -> None:
    assert response_address(request(raw("BYE", via=via)), Address("203.0.113.1", 40000)) == Address("203.0.113.1", port)


def test_others_are_reached_as_we_listen() -> None:
    here = station()
    assert here.ways == Ways((), (4,))
    here.listens(V4)
    here.listens(V6._replace(transport="TLS"))
    assert here.ways == Ways(("UDP", "TLS"), (4, 6))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_dns_may_lead_to_loopback_for_those_alone_who_listen_there(host: str) -> None:
    here = station()
    here.listens(Address(host, 5060))
    assert here.ways.loopback


def test_proof_is_for_the_trunk_to_which_its_name_has_led() -> None:
    trunk = Trunk("carrier", (), account=Account("carrier", "nav", "secret"), address=SipUri.parse("sip:a.example"))
    here = Station(CoreConfig(trunks=(trunk,)), counted("t"))
    asked = request(raw("INVITE"))
    challenge = respond(asked, 401, headers=[("WWW-Authenticate", 'Digest realm="carrier", nonce="n", algorithm=MD5')])
    assert here.proof(asked, challenge, V4) is None
    here.lookups.known[V4] = Known("a.example", "carrier")
    line = here.proof(asked, challenge, V4)
    assert line is not None
    assert line[0] == "Authorization"


def test_peers_see_the_address_that_is_advertised() -> None:
    here = Station(CoreConfig(advertised="203.0.113.5"), counted("t"))
    here.listens(V4)
    here.listens(V6)
    assert here.own(Address("198.51.100.1", 5060)) == "203.0.113.5:5060"
    assert here.own(Address("2001:db8::9", 5060)) == "[2001:db8::1]:5062"
    assert here.is_own("203.0.113.5", 5060)
    assert here.is_own("203.0.113.5", None)
    assert not here.is_own("203.0.113.5", 5070)
    assert here.is_own_host("203.0.113.5")
    assert not here.is_own_host("203.0.113.6")


def test_what_happens_is_kept_until_it_is_asked_for() -> None:
    here = station()
    here.emit(Resolve(ResolveId("r"), SipUri("", "a.example")))
    assert here.happened == [Resolve(ResolveId("r"), SipUri("", "a.example"))]
    assert "INVITE" in here.allow
