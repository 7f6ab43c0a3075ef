"""Calls and registrations over connections in memory: nothing is repeated in vain, and a loss costs what it must."""

from dataclasses import replace

import pytest

from sip.config import Address, CoreConfig, Digest, Transport
from sip.events import (
    Accepted,
    Confirmed,
    Ended,
    InviteReceived,
    Registered,
    RegistrationActive,
    ReinviteReceived,
    Rejected,
    Reoffered,
    Resolve,
    SessionId,
    SipEvent,
    Unregistered,
)
from sip.message.address import NameAddr
from sip.message.message import Request
from sip.message.uri import SipUri
from sip.registering import ClientCredentials
from tests.sip.network import ALICE, ANSWER, BOB, NEAR, OFFER, Network, Peer, call, nothing_left

OVER = pytest.mark.parametrize("transport", ["TCP", "TLS"])
REGISTRAR = CoreConfig(trunks=(NEAR,), digest=Digest("nav.example", {"anna": "right"}.get, b"secret"))


def answer_all(peer: Peer) -> None:
    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, InviteReceived | ReinviteReceived):
            peer.core.accept(event.session, ANSWER, now)

    peer.react = react


def joined() -> tuple[Network, Peer, Peer]:
    network = Network()
    return network, network.join(ALICE), network.join(BOB)


def established(transport: Transport = "TCP") -> tuple[Network, Peer, Peer, SessionId, SessionId]:
    network, alice, bob = joined()
    answer_all(bob)
    ours = call(network, alice, bob, transport=transport)
    network.run(1.0)
    (confirmed,) = bob.of(Confirmed)
    assert isinstance(confirmed, Confirmed)
    return network, alice, bob, ours, confirmed.session


def ended(peer: Peer) -> str:
    (event,) = peer.of(Ended)
    assert isinstance(event, Ended)
    return event.cause


@OVER
def test_call_uses_one_connection_in_both_directions(transport: Transport) -> None:
    network, alice, bob, _, theirs = established(transport)
    assert alice.of(Accepted)
    assert len(network.links) == 2
    bob.core.bye(theirs, network.now)
    network.run()
    assert (ended(alice), ended(bob)) == ("remote", "local")
    assert len(network.links) == 2
    assert network.starts() == ["INVITE", "200", "ACK", "BYE", "200"]
    assert nothing_left(alice)
    assert nothing_left(bob)


def test_via_and_contact_name_the_transport() -> None:
    network, alice, bob, _, _ = established()
    (invite, *_) = network.messages(alice)
    assert isinstance(invite, Request)
    assert (invite.via.transport, str(invite.contacts[0])) == ("TCP", "<sip:alice@192.0.2.1:5060;transport=tcp>")
    assert str(network.messages(bob)[0].contacts[0]) == "<sip:bob@192.0.2.2:5060;transport=tcp>"


def test_sips_stays_sips() -> None:
    network, alice, bob = joined()
    answer_all(bob)
    alice.core.invite(
        SipUri("bob", BOB.host, BOB.port, "sips"),
        local=NameAddr(SipUri("alice", ALICE.host, scheme="sips")),
        remote=NameAddr(SipUri("bob", BOB.host, scheme="sips")),
        destination=BOB._replace(transport="TLS"),
        sdp=OFFER,
        now=network.now,
    )
    network.run(1.0)
    assert alice.of(Accepted)
    contacts = [str(message.contacts[0].uri) for message in network.messages() if message.contacts]
    assert contacts == ["sips:alice@192.0.2.1:5060", "sips:bob@192.0.2.2:5060"]


def test_nothing_but_what_the_session_repeats_is_repeated() -> None:
    network, alice, bob = joined()
    call(network, alice, bob, transport="TCP")
    network.run(60.0)
    assert network.starts() == ["INVITE", "100"]


def test_success_is_repeated_until_the_ack_all_the_same() -> None:
    network, alice, bob = joined()
    call(network, alice, bob, sdp=None, transport="TCP")
    network.run(0.1)
    (invited,) = bob.of(InviteReceived)
    assert isinstance(invited, InviteReceived)
    bob.core.accept(invited.session, OFFER, network.now)
    network.run(4.0)
    assert network.starts(bob) == ["200"] * 4


def test_invite_that_nobody_answers_times_out() -> None:
    network, alice, bob = joined()
    bob.core.receive = lambda *_: None  # type: ignore[method-assign]
    call(network, alice, bob, transport="TCP")
    network.run(40.0)
    (rejected,) = alice.of(Rejected)
    assert isinstance(rejected, Rejected)
    assert rejected.status == 408
    assert network.starts(alice) == ["INVITE"]


def test_place_where_nobody_listens_is_told_at_once() -> None:
    network = Network()
    alice, bob = network.join(ALICE), network.join(BOB)
    assert bob.address in network.peers
    del network.peers[BOB]
    call(network, alice, bob, transport="TCP")
    network.run(1.0)
    (rejected,) = alice.of(Rejected)
    assert isinstance(rejected, Rejected)
    assert rejected.status == 503
    assert nothing_left(alice)


def test_connection_that_is_lost_while_it_rings_ends_the_call_for_both() -> None:
    network, alice, bob = joined()
    call(network, alice, bob, transport="TCP")
    network.run(1.0)
    network.cut()
    network.run(1.0)
    (rejected,) = alice.of(Rejected)
    assert isinstance(rejected, Rejected)
    assert rejected.status == 503
    assert ended(bob) == "cancelled"
    network.run()
    assert nothing_left(alice)
    assert nothing_left(bob)


def test_callee_is_not_told_of_the_lost_connection_and_answers_by_another() -> None:
    network, alice, bob = joined()
    call(network, alice, bob, transport="TCP")
    network.run(1.0)
    (invited,) = bob.of(InviteReceived)
    assert isinstance(invited, InviteReceived)
    network.cut()
    assert bob.core.alive(invited.session)
    bob.core.accept(invited.session, ANSWER, network.now)
    network.settle(bob)
    (source, destination) = next(iter(network.links))
    assert (source, destination) == (BOB, ALICE._replace(transport="TCP"))


@pytest.mark.parametrize("side", ["caller", "callee"])
def test_call_outlives_its_connection_and_ends_by_a_new_one(side: str) -> None:
    network, alice, bob, ours, theirs = established()
    network.cut()
    peer, other, session = (alice, bob, ours) if side == "caller" else (bob, alice, theirs)
    assert peer.core.bye(session, network.now)
    network.run()
    assert (ended(peer), ended(other)) == ("local", "remote")
    assert len(network.links) == 2
    assert nothing_left(peer)
    assert nothing_left(other)


def test_requests_follow_the_connection_that_the_peer_used_last() -> None:
    network, alice, bob, ours, theirs = established()
    network.cut()
    answer_all(bob)
    alice.core.reoffer(ours, OFFER, network.now)
    network.run(1.0)
    assert alice.of(Reoffered)
    bob.core.bye(theirs, network.now)
    network.run()
    assert len(network.links) == 2
    assert ended(alice) == "remote"


def test_call_of_a_trunk_with_a_named_contact_can_be_ended_after_a_loss() -> None:
    network = Network()
    carrier = network.join(ALICE, CoreConfig(advertised="sip.carrier.example"))
    bob = network.join(BOB)

    def react(event: SipEvent, now: float) -> None:
        if isinstance(event, InviteReceived):
            bob.core.accept(event.session, ANSWER, now)
        elif isinstance(event, Resolve):
            bob.core.resolved(event.id, (ALICE._replace(transport="TCP"),), now)

    bob.react = react
    call(network, carrier, bob, transport="TCP")
    network.run(1.0)
    (confirmed,) = bob.of(Confirmed)
    assert isinstance(confirmed, Confirmed)
    network.cut()
    network.run(0.1)
    bob.core.bye(confirmed.session, network.now)
    network.run()
    assert (ended(bob), ended(carrier)) == ("local", "remote")


def test_loss_while_our_bye_waits_ends_the_session() -> None:
    network, alice, bob, ours, _ = established()
    bob.core.receive = lambda *_: None  # type: ignore[method-assign]
    alice.core.bye(ours, network.now)
    network.run(0.1)
    network.cut()
    network.run(0.1)
    assert ended(alice) == "local"


def registered(transport: Transport = "TCP") -> tuple[Network, Peer, Peer]:
    """Alice is the registrar, Bob's phone is Anna's."""
    network = Network()
    registrar, phone = network.join(ALICE, REGISTRAR), network.join(BOB)
    phone.core.register(
        NameAddr(SipUri("anna", ALICE.host)),
        registrar=SipUri("", ALICE.host),
        destination=ALICE._replace(transport=transport),
        credentials=ClientCredentials("anna", "right"),
        now=network.now,
    )
    network.run(1.0)
    assert registrar.of(Registered)
    assert phone.of(RegistrationActive)
    return network, registrar, phone


@OVER
def test_phone_is_rung_over_the_connection_of_its_registration(transport: Transport) -> None:
    network, registrar, phone = registered(transport)
    answer_all(phone)
    (binding,) = registrar.core.locations("sip:anna@192.0.2.1", network.now)
    assert registrar.core.registrar.reaches(binding.destination)
    assert registrar.core.uses(binding.destination)
    anna = NameAddr(SipUri("anna", ALICE.host))
    registrar.core.invite(
        binding.contact, local=anna, remote=anna, destination=binding.destination, sdp=OFFER, now=network.now
    )
    network.run(1.0)
    assert registrar.of(Accepted)
    assert len(network.links) == 2


def test_binding_ends_with_its_connection() -> None:
    network, registrar, _ = registered()
    (binding,) = registrar.core.locations("sip:anna@192.0.2.1", network.now)
    assert registrar.core.registrar.save(network.now) == []
    network.cut()
    network.run(0.1)
    (gone,) = registrar.of(Unregistered)
    assert gone == Unregistered("sip:anna@192.0.2.1", str(binding.contact), "connection lost")
    assert registrar.core.locations("sip:anna@192.0.2.1", network.now) == []
    assert not registrar.core.registrar.reaches(binding.destination)
    assert not registrar.core.uses(binding.destination)


def test_phone_that_registered_again_by_another_connection_stays() -> None:
    network, registrar, _ = registered()
    (old,) = registrar.core.locations("sip:anna@192.0.2.1", network.now)
    network.links.clear()
    network.run(600.0)  # the refresh opens a new one
    registrar.core.connection_lost(old.destination, network.now)
    network.run(0.1)
    assert registrar.of(Unregistered) == []
    (new,) = registrar.core.locations("sip:anna@192.0.2.1", network.now)
    assert new.destination != old.destination


def test_phone_registers_anew_where_its_connection_was_lost() -> None:
    network, registrar, phone = registered()
    place = ALICE._replace(transport="TCP")
    assert phone.core.uses(place)
    network.cut()
    network.run(1.0)
    assert registrar.core.locations("sip:anna@192.0.2.1", network.now) == []
    network.run(5.0)
    assert len(registrar.core.locations("sip:anna@192.0.2.1", network.now)) == 1
    assert len(phone.of(RegistrationActive)) == 2


def test_registration_that_was_taken_back_stays_so_when_its_connection_is_lost() -> None:
    network, registrar, phone = registered()
    (event, *_) = phone.of(RegistrationActive)
    assert isinstance(event, RegistrationActive)
    phone.core.unregister(event.registration, network.now)
    network.run(1.0)
    network.cut()
    network.run(10.0)
    assert registrar.core.locations("sip:anna@192.0.2.1", network.now) == []


def test_phone_over_udp_is_unaffected() -> None:
    network, registrar, _ = registered("UDP")
    (binding,) = registrar.core.locations("sip:anna@192.0.2.1", network.now)
    registrar.core.connection_lost(binding.destination, network.now)
    assert registrar.core.locations("sip:anna@192.0.2.1", network.now) == [binding]
    assert len(registrar.core.registrar.save(network.now)) == 1


def test_certificate_makes_a_connection_the_trunks() -> None:
    network = Network()
    carrier = replace(NEAR, name="carrier", networks=(), certificate="sip.carrier.example", ca="carrier.pem")
    alice, bob = network.join(ALICE), network.join(BOB, CoreConfig(trunks=(carrier,)))
    connection = Address(ALICE.host, 39999, "TLS")
    bob.core.connected(connection, ("sip.carrier.example",))
    bob.core.connected(connection._replace(port=1), ("sip.other.example",))
    assert (bob.core.trunk(connection), bob.core.trunk(connection._replace(port=1))) == ("carrier", None)
    assert bob.core.expected(connection).name == "sip.carrier.example"
    call(network, alice, bob, transport="TLS")
    network.run(0.1)
    (rejected,) = alice.of(Rejected)
    assert isinstance(rejected, Rejected)
    assert rejected.status == 403  # another connection proved nothing
    bob.core.connection_lost(connection, network.now)
    assert bob.core.trunk(connection) is None


def test_trunk_that_proved_its_name_is_let_in_and_never_dropped() -> None:
    network = Network()
    carrier = replace(NEAR, name="carrier", networks=(), certificate="sip.carrier.example")
    alice, bob = network.join(ALICE), network.join(BOB, CoreConfig(trunks=(carrier,)))
    first = Address(ALICE.host, 40000, "TLS")
    bob.core.connected(first, ("sip.carrier.example",))
    call(network, alice, bob, transport="TLS")
    network.run(0.1)
    (invited,) = bob.of(InviteReceived)
    assert isinstance(invited, InviteReceived)
    assert (invited.origin.kind, invited.origin.name) == ("trunk", "carrier")


def test_server_is_expected_to_prove_the_domain_of_the_request() -> None:
    network, alice, _ = joined()
    place = BOB._replace(transport="TLS")
    assert alice.core.expected(place).name == BOB.host
    anna = NameAddr(SipUri("anna", "nav.example"))
    alice.core.invite(
        SipUri("bob", "carrier.example"), local=anna, remote=anna, destination=place, sdp=OFFER, now=network.now
    )
    assert alice.core.expected(place).name == "carrier.example"


def test_server_that_is_no_trunks_is_expected_by_its_address() -> None:
    _, alice, _ = joined()
    assert alice.core.expected(Address("203.0.113.7", 5061, "TLS")).name == "203.0.113.7"
