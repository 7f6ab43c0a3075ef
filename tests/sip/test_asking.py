from sip.asking import GONE
from sip.config import Address, CoreConfig, Limits
from sip.events import PhoneAsked
from sip.message.message import Request, respond
from sip.message.uri import SipUri
from sip.registration import SavedBinding
from tests.sip.network import ALICE, BOB, Network, Peer
from tests.sip.raw import request

PHONE = SipUri.parse("sip:anna@192.0.2.2:5060")


def asked(network: Network, peer: Peer, contact: SipUri = PHONE, at: Address = BOB) -> PhoneAsked | None:
    question = peer.core.phones.ask(contact, at, network.now)
    assert question is not None
    network.run(40.0)
    found = [event for event in peer.heard if isinstance(event, PhoneAsked)]
    assert all(event.question == question for event in found)
    return found[-1] if found else None


def test_a_phone_that_is_there_answers_and_the_time_is_told() -> None:
    network = Network()
    alice = network.join(ALICE)
    network.join(BOB)
    event = asked(network, alice)
    assert event is not None
    assert event.round_trip_s is not None
    assert 0.015 < event.round_trip_s < 0.1
    sent = request(network.sent[0][1])
    assert (sent.method, str(sent.uri)) == ("OPTIONS", "sip:anna@192.0.2.2:5060")
    assert (sent.to.tag, sent.headers.get("Contact")) == (None, None)


def test_a_phone_that_is_gone_does_not() -> None:
    network = Network()
    event = asked(network, network.join(ALICE))
    assert event is not None
    assert event.round_trip_s is None


def test_a_connection_that_is_gone_is_told_at_once() -> None:
    network = Network()
    alice = network.join(ALICE)
    began = network.now
    question = alice.core.phones.ask(PHONE, Address("192.0.2.9", 5060, "TCP"), network.now)
    network.run(1.0)
    assert question is not None
    assert [event for event in alice.heard if isinstance(event, PhoneAsked)] == [PhoneAsked(question, None)]
    assert network.now - began < 2


def replied(*statuses: int) -> list[float | None]:
    """What is told after a phone, or its proxy, gave these answers to one question."""
    network = Network()
    alice = network.join(ALICE)
    alice.core.phones.ask(PHONE, BOB, network.now)
    network.run(0.1)
    sent: Request = request(network.sent[0][1])
    for status in statuses:
        alice.core.receive(bytes(respond(sent, status, to_tag="x")), BOB, network.now)
    network.run(0.0)
    return [event.round_trip_s for event in alice.heard if isinstance(event, PhoneAsked)]


def test_any_refusal_of_a_phone_shows_that_it_lives_and_a_proxys_word_that_it_does_not() -> None:
    for status in (200, 404, 405, 480, 486, 501, 603):
        [told] = replied(100, status)
        assert told is not None
    for status in GONE:
        assert replied(status) == [None]
    assert replied(100) == []


def test_a_phone_behind_a_proxy_is_asked_by_its_way() -> None:
    network = Network()
    alice = network.join(ALICE)
    saved = SavedBinding(
        aor="sip:anna@nav.example", contact="sip:anna@10.0.0.5", host="192.0.2.7", port=5060, expires_in_s=600.0, q=1.0,
        instance="", call_id="c", cseq=1, path="<sip:192.0.2.7;lr>", transport="UDP",
    )  # fmt: skip
    alice.core.registrar.restore([saved], network.now)
    alice.core.phones.ask(SipUri.parse("sip:anna@10.0.0.5"), Address("192.0.2.7", 5060), network.now)
    network.run(0.1)
    sent = [request(data) for sender, data in network.sent if sender == ALICE and data.startswith(b"OPTIONS")]
    assert sent[0].headers.get("Route") == "<sip:192.0.2.7;lr>"


def test_nothing_is_asked_where_too_much_is_under_way() -> None:
    network = Network()
    alice = network.join(ALICE, CoreConfig(limits=Limits(transactions=1)))
    assert alice.core.phones.ask(PHONE, BOB, network.now) is not None
    assert alice.core.phones.ask(PHONE, BOB, network.now) is None
