import pytest

from sip.config import Address, CoreConfig, Digest, Expiries
from sip.events import Registered, RegistrationActive, RegistrationFailed, RegistrationId, SipEvent, Unregistered
from sip.message.address import NameAddr
from sip.message.auth import Challenge
from sip.message.message import Request, parse, respond
from sip.message.uri import SipUri
from sip.registering import ClientCredentials, OwnRegistration, Reported, authorization
from sip.station import Station
from tests.sip.network import ALICE, BOB, NEAR, Network, Peer
from tests.sip.raw import raw, request

AOR = NameAddr(SipUri("anna", "192.0.2.2"))
REGISTRAR = SipUri("", "192.0.2.2")
RIGHT = ClientCredentials("anna", "right")


def desk(network: Network, expiries: Expiries | None = None) -> Peer:
    digest = Digest("nav.example", {"anna": "right"}.get, b"secret")
    return network.join(BOB, CoreConfig(trunks=(NEAR,), digest=digest, expiries=expiries or Expiries()))


def register(network: Network, phone: Peer, credentials: ClientCredentials | None = RIGHT, expires_s: int = 600) -> str:
    registration = phone.core.register(
        AOR, registrar=REGISTRAR, destination=BOB, credentials=credentials, now=network.now, expires_s=expires_s
    )
    network.run(5.0)
    return registration


def lone_phone(credentials: ClientCredentials = RIGHT) -> tuple[Peer, Request]:
    """A phone with a registrar that the test plays itself, and its first REGISTER."""
    network = Network()
    phone = network.join(ALICE)
    phone.core.register(AOR, registrar=REGISTRAR, destination=BOB, credentials=credentials, now=network.now)
    return phone, sent(phone)


def sent(phone: Peer) -> Request:
    ((data, destination),) = phone.core.datagrams()
    assert destination == BOB
    return request(data)


def reply(phone: Peer, asked: Request, status: int, *headers: tuple[str, str], source: Address = BOB) -> list[SipEvent]:
    phone.core.receive(bytes(respond(asked, status, headers=list(headers))), source, 1000.0)
    return phone.core.events()


def test_phone_registers_with_its_password_and_stays_registered() -> None:
    network = Network()
    registrar, phone = desk(network), network.join(ALICE)
    registration = register(network, phone)
    assert phone.heard == [RegistrationActive(registration, 600)]  # type: ignore[arg-type]
    assert network.starts() == ["REGISTER", "401", "REGISTER", "200"]
    assert registrar.heard == [Registered("sip:anna@192.0.2.2", "sip:anna@192.0.2.1:5060", ALICE, 600)]
    network.run(3600.0)
    assert len(registrar.core.locations("sip:anna@192.0.2.2", network.now)) == 1
    assert not registrar.of(Unregistered)
    assert len(phone.of(RegistrationActive)) == 7


def test_phone_that_leaves_takes_its_contact_back() -> None:
    network = Network()
    registrar, phone = desk(network), network.join(ALICE)
    registration = register(network, phone)
    phone.core.unregister(registration, network.now)  # type: ignore[arg-type]
    phone.core.unregister(registration, network.now)  # type: ignore[arg-type]
    network.run(60.0)
    assert [type(event) for event in registrar.heard] == [Registered, Unregistered]
    assert registrar.core.locations("sip:anna@192.0.2.2", network.now) == []
    assert len(phone.heard) == 1
    assert phone.core.stats["deadlines"] == 0


@pytest.mark.parametrize("credentials", [None, ClientCredentials("anna", "wrong"), ClientCredentials("bo", "right")])
def test_phone_without_the_right_password_fails_once(credentials: ClientCredentials | None) -> None:
    network = Network()
    desk(network)
    phone = network.join(ALICE)
    registration = register(network, phone, credentials)
    assert phone.heard == [RegistrationFailed(registration, 401)]  # type: ignore[arg-type]


def test_longer_life_is_asked_for_when_the_registrar_wants_it() -> None:
    network = Network()
    desk(network, Expiries(least_s=120))
    phone = network.join(ALICE)
    registration = register(network, phone, expires_s=30)
    assert phone.heard == [RegistrationActive(registration, 120)]  # type: ignore[arg-type]


@pytest.mark.parametrize("least", ["10", "abc", ""])
def test_demand_for_a_longer_life_that_makes_no_sense_fails(least: str) -> None:
    phone, asked = lone_phone()
    (failed,) = reply(phone, asked, 423, ("Min-Expires", least))
    assert isinstance(failed, RegistrationFailed)
    assert failed.status == 423


def test_registrar_that_is_silent_is_408_and_one_that_is_gone_503() -> None:
    for lost, status in ((False, 408), (True, 503)):
        network = Network()
        phone = network.join(ALICE)
        registration = register(network, phone)
        if lost:
            phone.core.connection_lost(BOB, network.now)
        network.run(40.0)
        assert phone.heard == [RegistrationFailed(registration, status)]  # type: ignore[arg-type]


def test_phone_that_gave_up_hears_nothing_more() -> None:
    network = Network()
    phone = network.join(ALICE)
    registration = phone.core.register(AOR, registrar=REGISTRAR, destination=BOB, credentials=RIGHT, now=network.now)
    phone.core.unregister(registration, network.now)
    network.run(100.0)
    assert phone.heard == []
    for status in (403, 401):
        phone, asked = lone_phone()
        phone.core.unregister(next(iter(phone.core._registrations)), 1000.0)
        phone.core.datagrams()
        assert reply(phone, asked, status) == []


def test_proxy_is_answered_with_proxy_authorization() -> None:
    phone, asked = lone_phone()
    reply(phone, asked, 100)
    reply(phone, asked, 407, ("Proxy-Authenticate", str(Challenge("r", "n", "SHA-256"))))
    again = sent(phone)
    assert (again.headers.get("Proxy-Authorization") or "").startswith('Digest username="anna", realm="r"')
    assert again.cseq.number == 2
    assert again.call_id == asked.call_id


@pytest.mark.parametrize(
    ("headers", "granted"),
    [
        ([("Contact", "<sip:anna@192.0.2.1:5060>;expires=77")], 77),
        ([("Contact", "<sip:anna@10.0.0.1>;expires=5, <sip:anna@192.0.2.1:5060>;expires=88")], 88),
        ([("Contact", "<tel:+47>;expires=5"), ("Expires", "99")], 99),
        ([("Contact", "<sip:anna@192.0.2.1:5060>")], 600),
        ([("Contact", '<sip:anna@192.0.2.1:5060>;expires="²"')], 600),
        ([], 600),
        ([("Expires", "0")], 1),
    ],
)
def test_granted_life_is_read_beside_our_contact(headers: list[tuple[str, str]], granted: int) -> None:
    phone, asked = lone_phone()
    (active,) = reply(phone, asked, 200, *headers)
    assert isinstance(active, RegistrationActive)
    assert active.expires_s == granted


def test_password_is_in_no_repr() -> None:
    assert "right" not in repr(RIGHT)
    assert isinstance(parse(bytes(lone_phone()[1])), Request)


def test_challenge_of_another_realm_than_the_configured_one_is_not_answered() -> None:
    for realm, sent_again in (("nav.example", 1), ("evil.example", 0)):
        phone, asked = lone_phone(ClientCredentials("anna", "right", "nav.example"))
        challenge = str(Challenge(realm=realm, nonce="n", algorithm="MD5"))
        reply(phone, asked, 401, ("WWW-Authenticate", challenge))
        assert len(phone.core.datagrams()) == sent_again


def test_challenge_that_cannot_be_read_is_not_answered() -> None:
    phone, asked = lone_phone()
    (event,) = reply(phone, asked, 401, ("WWW-Authenticate", "Bearer"))
    assert isinstance(event, RegistrationFailed)


def test_phone_whose_place_was_never_known_has_nothing_to_take_back() -> None:
    station = Station(CoreConfig(), lambda: "t")
    OwnRegistration(station, Reported(station, RegistrationId("r")), AOR, REGISTRAR, RIGHT, 600).remove(1000.0)
    assert station.outbox == []


@pytest.mark.parametrize(
    ("status", "challenge", "answer"),
    [
        (401, "WWW-Authenticate", "Authorization"),
        (407, "Proxy-Authenticate", "Proxy-Authorization"),
        (407, "WWW-Authenticate", None),
    ],
)
def test_phone_proves_who_calls(status: int, challenge: str, answer: str | None) -> None:
    asked = request(raw("INVITE"))
    response = respond(asked, status, headers=[(challenge, 'Digest realm="a", nonce="n", algorithm=MD5')])
    line = authorization(asked, response, RIGHT, "c")
    assert (line[0] if line is not None else None) == answer
    assert authorization(asked, response, None, "c") is None
