from dataclasses import replace
from ipaddress import ip_network

import pytest

from sip.config import Account, Address, CoreConfig, Outwards, Trunk
from sip.core import UserAgentCore
from sip.events import Accepted, Resolve, SipEvent, TrunkPinged, TrunkRegistered, TrunkRegistrationFailed
from sip.message.address import NameAddr
from sip.message.message import Request, respond
from sip.message.uri import SipUri
from tests.sip.network import ALICE, OFFER, Network, Peer, counted
from tests.sip.raw import request

FIRST, SECOND = Address("192.0.2.11", 5060), Address("192.0.2.12", 5060)
ACCOUNT = Account("carrier.example", "nav", "secret")
CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n1", algorithm=MD5')


def carrier(register_s: int = 600, ping_s: float = 0.0, account: Account | None = ACCOUNT) -> Trunk:
    return Trunk(
        "carrier",
        (ip_network("192.0.2.0/24"),),
        account=account,
        address=SipUri.parse("sip:carrier.example"),
        outwards=Outwards(register_s=register_s, ping_s=ping_s),
    )


class Customer:
    """Us at a carrier that the test plays."""

    def __init__(self, trunk: Trunk, *targets: Address) -> None:
        self.targets = list(targets)
        self.network = Network()
        self.peer: Peer = self.network.join(ALICE, CoreConfig(trunks=(trunk,)))
        self.peer.react = self._react
        self.peer.core.hire(self.network.now)

    def asked(self, for_s: float = 0.0) -> list[Request]:
        """The requests of the next `for_s` seconds, repeats left out."""
        already = len(self.network.sent)
        self.network.run(for_s)
        found = {data: request(data) for _, data in self.network.sent[already:] if not data.startswith(b"SIP/2.0")}
        return list(found.values())

    def next(self) -> Request:
        """The next request, whenever it comes."""
        for _ in range(10_000):
            if asked := self.asked(0.4):
                return asked[0]
        raise AssertionError("nothing was asked")

    def reply(self, asked: Request, status: int, *headers: tuple[str, str], source: Address = FIRST) -> None:
        answer = respond(asked, status, to_tag="x", headers=list(headers))
        self.peer.core.receive(bytes(answer), source, self.network.now)

    def news(self) -> list[SipEvent]:
        self.network.run(0.0)
        told: list[SipEvent] = [event for event in self.peer.heard if not isinstance(event, Resolve)]
        self.peer.heard.clear()
        return told

    def _react(self, event: SipEvent, now: float) -> None:
        if isinstance(event, Resolve):
            self.peer.core.resolved(event.id, self.targets, now)


def test_registrar_at_a_port_of_its_own_is_asked_by_it_and_the_address_of_record_has_none() -> None:
    trunk = replace(carrier(), address=SipUri.parse("sip:192.0.2.11:5080;transport=tcp"))
    (asked,) = Customer(trunk, Address("192.0.2.11", 5080, "TCP")).asked()
    assert (str(asked.uri), str(asked.to.uri)) == ("sip:192.0.2.11:5080", "sip:nav@192.0.2.11")


def ring(customer: Customer, trunk: str = "carrier") -> Request:
    target = SipUri.parse("sip:+4755@carrier.example")
    customer.peer.core.invite(
        target,
        local=NameAddr(SipUri("nav", "nav.example")),
        remote=NameAddr(target),
        trunk=trunk,
        sdp=OFFER,
        now=customer.network.now,
    )
    return next(one for one in customer.asked(0.1) if one.method == "INVITE")


def test_trunk_is_registered_at_with_the_password_of_its_realm() -> None:
    customer = Customer(carrier(), FIRST)
    (bare,) = customer.asked(0.1)
    assert (str(bare.uri), str(bare.to.uri)) == ("sip:carrier.example", "sip:nav@carrier.example")
    assert bare.headers.get("Authorization") is None
    customer.reply(bare, 401, CHALLENGE)
    (proven,) = customer.asked(0.1)
    assert 'username="nav"' in (proven.headers.get("Authorization") or "")
    customer.reply(proven, 200, ("Expires", "100"))
    assert customer.news() == [TrunkRegistered("carrier", 100)]


def test_registration_is_refreshed_in_time_where_the_name_leads_then() -> None:
    customer = Customer(carrier(), FIRST)
    (first,) = customer.asked(0.1)
    customer.reply(first, 200, ("Expires", "100"))
    customer.targets = [SECOND]
    assert customer.asked(59.0) == []
    (again,) = customer.asked(2.0)
    assert again.call_id == first.call_id
    assert again.cseq.number == first.cseq.number + 1
    customer.reply(again, 200, source=SECOND)
    assert TrunkRegistered("carrier", 600) in customer.news()


def test_password_is_not_proven_to_another_realm() -> None:
    customer = Customer(carrier(), FIRST)
    (asked,) = customer.asked(0.1)
    customer.reply(asked, 401, ("WWW-Authenticate", 'Digest realm="evil.example", nonce="n", algorithm=MD5'))
    assert customer.asked(1000.0) == []
    assert customer.news() == [TrunkRegistrationFailed("carrier", 401, "Unauthorized", None)]


@pytest.mark.parametrize("status", [401, 403, 407])
def test_trunk_that_wants_us_not_is_not_asked_again(status: int) -> None:
    customer = Customer(carrier(account=None), FIRST)
    (asked,) = customer.asked(0.1)
    customer.reply(asked, status)
    assert customer.asked(4000.0) == []
    (event,) = customer.news()
    assert isinstance(event, TrunkRegistrationFailed)
    assert (event.status, event.retry_s) == (status, None)


def test_wrong_password_is_tried_once() -> None:
    customer = Customer(carrier(), FIRST)
    for _ in range(2):
        (asked,) = customer.asked(0.1)
        customer.reply(asked, 401, CHALLENGE)
    assert customer.asked(4000.0) == []


def test_failures_are_tried_again_later_each_time_and_not_all_at_once() -> None:
    customer = Customer(carrier(), FIRST)
    waits = []
    for _ in range(9):
        customer.reply(customer.next(), 500)
        (event,) = [one for one in customer.news() if isinstance(one, TrunkRegistrationFailed)]
        assert event.retry_s is not None
        waits.append(event.retry_s)
    for n, wait_s in enumerate(waits):
        assert 0.5 * min(5 * 2**n, 300) <= wait_s <= min(5 * 2**n, 300)
    assert len(set(waits)) == 9


def test_success_ends_the_backing_off() -> None:
    customer = Customer(carrier(), FIRST)
    for _ in range(5):
        customer.reply(customer.next(), 500)
    customer.reply(customer.next(), 200)
    customer.news()
    customer.reply(customer.next(), 500)
    (event,) = [one for one in customer.news() if isinstance(one, TrunkRegistrationFailed)]
    assert event.retry_s is not None
    assert event.retry_s <= 5.0


def test_retry_after_is_honoured() -> None:
    customer = Customer(carrier(), FIRST)
    customer.reply(customer.asked(0.1)[0], 503, ("Retry-After", "50"))
    (event,) = customer.news()
    assert isinstance(event, TrunkRegistrationFailed)
    assert event.retry_s is not None
    assert 50.0 <= event.retry_s <= 55.0
    assert customer.asked(49.9) == []
    assert len(customer.asked(10.0)) == 1


def test_too_brief_a_registration_is_made_longer() -> None:
    customer = Customer(carrier(60), FIRST)
    customer.reply(customer.asked(0.1)[0], 423, ("Min-Expires", "900"))
    (longer,) = customer.asked(0.1)
    assert longer.expires == 900


def test_registrar_that_wants_ever_longer_is_left() -> None:
    customer = Customer(carrier(60), FIRST)
    for n in range(5):
        (asked,) = customer.asked(0.1)
        customer.reply(asked, 423, ("Min-Expires", str(900 + n)))
    (event,) = customer.news()
    assert isinstance(event, TrunkRegistrationFailed)
    assert event.status == 423


def test_registration_goes_to_the_next_target() -> None:
    customer = Customer(carrier(), FIRST, SECOND)
    (asked,) = customer.asked(0.1)
    customer.reply(asked, 503)
    (again,) = customer.asked(0.1)
    customer.reply(again, 200, source=SECOND)
    assert customer.news() == [TrunkRegistered("carrier", 600)]


def test_trunk_that_cannot_be_found_is_looked_for_again() -> None:
    customer = Customer(carrier())
    (event,) = customer.news()
    assert isinstance(event, TrunkRegistrationFailed)
    assert (event.status, event.retry_s is not None) == (503, True)
    customer.targets = [FIRST]
    assert len(customer.asked(5.0)) == 1


def test_nobody_answers() -> None:
    customer = Customer(carrier(), FIRST)
    customer.asked(33.0)
    (event,) = customer.news()
    assert isinstance(event, TrunkRegistrationFailed)
    assert (event.status, event.reason) == (408, "Request Timeout")


def test_service_route_is_the_way_of_our_calls() -> None:
    customer = Customer(carrier(), FIRST)
    customer.reply(customer.asked(0.1)[0], 200, ("Service-Route", "<sip:orig@core.example;lr>"))
    invite = ring(customer)
    assert [str(one) for one in invite.route] == ["<sip:orig@core.example;lr>"]
    assert str(invite.uri) == "sip:+4755@carrier.example"


def test_call_by_a_trunk_without_registration_has_no_route() -> None:
    assert ring(Customer(carrier(0), FIRST)).route == []


def test_contact_is_taken_back_at_the_end() -> None:
    customer = Customer(carrier(ping_s=10.0), FIRST)
    for asked in customer.asked(0.1):
        customer.reply(asked, 200)
    customer.news()
    customer.peer.core.quit(customer.network.now)
    (last,) = customer.asked(0.1)
    assert (last.method, last.expires) == ("REGISTER", 0)
    customer.reply(last, 200)
    assert customer.asked(4000.0) == []
    assert customer.news() == []


def test_end_of_a_registration_waits_for_its_proof() -> None:
    customer = Customer(carrier(), FIRST)
    (asked,) = customer.asked(0.1)
    core = customer.peer.core
    core.quit(customer.network.now)
    assert core.quitting
    (bare,) = customer.asked(0.1)
    customer.reply(asked, 200)
    assert core.quitting
    customer.reply(bare, 401, CHALLENGE)
    (proven,) = customer.asked(0.1)
    assert ("Authorization" in proven.headers, proven.expires, core.quitting) == (True, 0, True)
    customer.reply(proven, 200)
    assert not core.quitting


def test_end_of_a_registration_that_nobody_answers_is_not_waited_for_any_longer() -> None:
    customer = Customer(carrier(), FIRST)
    (asked,) = customer.asked(0.1)
    customer.reply(asked, 200)
    core = customer.peer.core
    core.quit(customer.network.now)
    customer.asked(31.0)
    assert core.quitting
    customer.asked(2.0)
    assert not core.quitting


def test_two_accounts_at_one_carrier_are_kept_apart() -> None:
    other = Trunk("other", (), account=Account("carrier.example", "second", "other"), address=carrier().address)
    customer = Customer(carrier(0), FIRST)
    core = customer.peer.core = UserAgentCore(CoreConfig(trunks=(carrier(0), other)), counted("u"))
    core.listens(ALICE)
    called = {trunk: ring(customer, trunk) for trunk in ("carrier", "other")}
    for trunk, user in (("carrier", "nav"), ("other", "second")):
        customer.reply(called[trunk], 401, CHALLENGE)
        proven = [one for one in customer.asked(0.1) if one.method == "INVITE"][-1]
        assert f'username="{user}"' in (proven.headers.get("Authorization") or "")
        customer.reply(proven, 200, ("Contact", "<sip:192.0.2.11>"))
        (session,) = [event.session for event in customer.news() if isinstance(event, Accepted)]
        core.bye(session, customer.network.now)
        bye = customer.asked(0.1)[-1]
        customer.reply(bye, 401, CHALLENGE)
        again = customer.asked(0.1)[-1]
        assert (again.method, f'username="{user}"' in (again.headers.get("Authorization") or "")) == ("BYE", True)


def test_stop_while_everything_is_under_way() -> None:
    customer = Customer(carrier(ping_s=10.0), FIRST)
    under_way = customer.asked(0.1)
    customer.peer.core.quit(customer.network.now)
    for asked in under_way:
        customer.reply(asked, 500)
    assert [one.method for one in customer.asked(40.0)] == ["REGISTER"]
    assert customer.news() == []


def test_stop_while_the_name_is_resolved_and_while_backing_off() -> None:
    customer = Customer(carrier(ping_s=10.0))
    customer.network.run(0.1)
    assert customer.news()
    customer.peer.core.quit(customer.network.now)
    customer.targets = [FIRST]
    assert customer.asked(400.0) == []
    waiting = Customer(carrier(ping_s=10.0), FIRST)
    waiting.peer.react = lambda event, now: None
    waiting.network.run(0.1)
    waiting.peer.core.quit(waiting.network.now)
    for event in waiting.peer.of(Resolve):
        assert isinstance(event, Resolve)
        waiting.peer.core.resolved(event.id, (FIRST,), waiting.network.now)
    assert waiting.asked(400.0) == []


def test_trunk_is_asked_whether_it_lives() -> None:
    customer = Customer(carrier(0, ping_s=30.0), FIRST)
    (ping,) = customer.asked(0.25)
    assert (ping.method, str(ping.uri)) == ("OPTIONS", "sip:carrier.example")
    customer.reply(ping, 100)
    customer.reply(ping, 404)
    (event,) = customer.news()
    assert isinstance(event, TrunkPinged)
    assert event.round_trip_s == pytest.approx(0.25)
    assert customer.asked(26.0) == []
    (ping,) = customer.asked(7.5)
    customer.reply(ping, 503)
    assert customer.news() == [TrunkPinged("carrier", None)]


def test_trunk_that_is_silent_or_cannot_be_found_is_down() -> None:
    customer = Customer(carrier(0, ping_s=30.0), FIRST)
    customer.asked(32.5)
    assert customer.news() == [TrunkPinged("carrier", None)]
    customer.targets = []
    customer.network.run(40.0)
    assert customer.news() == [TrunkPinged("carrier", None)]


def test_trunk_has_to_be_known_and_to_have_an_address() -> None:
    core = Network().join(ALICE, CoreConfig(trunks=(Trunk("inwards", ()),))).core
    core.hire(1000.0)
    core.quit(1000.0)
    who = NameAddr(SipUri("nav", "nav.example"))
    for trunk, error in (("nobody", KeyError), ("inwards", ValueError)):
        with pytest.raises(error, match=trunk):
            core.invite(SipUri("1", "a.example"), local=who, remote=who, trunk=trunk, sdp=None, now=1000.0)
    assert core.stats["sessions"] == 0
    core.invite(SipUri("1", "a.example"), local=who, remote=who, destination=FIRST, sdp=None, now=1000.0)
    assert [destination for _, destination in core.datagrams()] == [FIRST]


def test_password_is_shown_nowhere() -> None:
    assert "secret" not in repr(carrier())


def test_server_over_tls_has_to_show_the_name_that_was_looked_up() -> None:
    secure = Trunk("carrier", (), address=SipUri.parse("sips:carrier.example"), outwards=Outwards(ping_s=30.0))
    there = Address("198.51.100.7", 5061, "TLS")
    core = Network().join(ALICE, CoreConfig(trunks=(secure,))).core
    core.listens(Address("192.0.2.1", 5061, "TLS"))
    assert (core.expected(there).name, core.looked_up(there)) == ("198.51.100.7", False)
    core.hire(1000.0)
    (asked,) = [event for event in core.events() if isinstance(event, Resolve)]
    core.resolved(asked.id, (there,), 1000.0)
    assert (core.expected(there).name, core.looked_up(there)) == ("carrier.example", True)
