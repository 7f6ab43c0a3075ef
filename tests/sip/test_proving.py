"""Challenges of trunks: answered for the realm that is configured, once each, and for nobody else."""

from ipaddress import ip_network

import pytest

from sip.config import Account, Address, CoreConfig, SessionTimers, Trunk
from sip.events import Accepted, Ended, Refreshed, Rejected, Reoffered, ReofferFailed
from sip.message.auth import Challenge, Credentials, hash_a1, is_right
from sip.message.message import Request, respond
from sip.proving import account_at, proof
from tests.sip.network import ANSWER, NEAR, nothing_left
from tests.sip.raw import raw, request
from tests.sip.session.test_reinvite import HOLD
from tests.sip.session.test_timer import next_sent
from tests.sip.session.test_uac import START, Desk

ACCOUNT = Account("carrier", "nav", "secret")
TRUNK = Trunk("carrier", (ip_network("192.0.2.9/32"),), account=ACCOUNT)
TRUSTED = CoreConfig(trunks=(TRUNK, NEAR), session_timers=SessionTimers("off"))
ASKED = ("WWW-Authenticate", str(Challenge("carrier", "n1")))
NAMES = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


def proves(asked: Request, name: str = "Authorization") -> bool:
    """Whether the request carries one right proof."""
    (line,) = asked.headers.get_all(name)
    given = Credentials.parse(line)
    assert (given.username, given.realm, given.uri) == ("nav", "carrier", str(asked.uri))
    return is_right(given, asked.method, hash_a1("nav", "carrier", "secret", given.algorithm))


@pytest.mark.parametrize("status", [401, 407])
def test_challenge_is_answered_by_the_same_call_with_a_proof(status: int) -> None:
    desk = Desk(config=TRUSTED)
    asks, proves_by = NAMES[status]
    assert desk.reply(status, "b", (asks, str(Challenge("carrier", "n1", "SHA-256")))) == []
    ack, again = desk.requests()
    assert (ack.method, str(again.cseq), again.call_id) == ("ACK", "2 INVITE", desk.invite.call_id)
    assert proves(again, proves_by)
    assert again.body == desk.invite.body
    (accepted,) = desk.reply(200, to=again)
    assert isinstance(accepted, Accepted)
    (ack,) = desk.requests()
    assert (str(ack.cseq), ack.headers.get(proves_by)) == ("2 ACK", again.headers.get(proves_by))


def test_proof_is_not_shown_to_whoever_else_the_answer_names() -> None:
    desk = Desk(config=TRUSTED)
    desk.reply(401, "b", ASKED)
    again = desk.requests()[-1]
    desk.reply(200, "b", ("Record-Route", "<sip:198.51.100.66;lr>"), to=again)
    (ack,) = desk.requests()
    assert (ack.method, ack.headers.get("Authorization")) == ("ACK", None)


def test_proxy_and_peer_may_both_ask() -> None:
    desk = Desk(config=TRUSTED)
    desk.reply(407, "b", ("Proxy-Authenticate", str(Challenge("carrier", "n1"))))
    first = desk.requests()[-1]
    assert desk.reply(401, "b", ASKED, to=first) == []
    second = desk.requests()[-1]
    assert proves(second)
    assert proves(second, "Proxy-Authorization")


def test_refused_proof_is_not_given_again() -> None:
    desk = Desk(config=TRUSTED)
    desk.reply(401, "b", ASKED)
    again = desk.requests()[-1]
    other = ("WWW-Authenticate", str(Challenge("carrier", "n2")))
    (rejected,) = desk.reply(401, "b", other, to=again)
    assert isinstance(rejected, Rejected)
    assert rejected.status == 401
    assert desk.methods() == ["ACK"]


def test_stale_nonce_is_replaced_but_not_for_ever() -> None:
    desk = Desk(config=TRUSTED)
    invite, tries = desk.invite, 0
    while not (events := desk.reply(401, "b", ("WWW-Authenticate", stale(tries)), to=invite)):
        invite, tries = desk.requests()[-1], tries + 1
        assert proves(invite)
    assert tries == 4
    assert [type(event) for event in events] == [Rejected]


def stale(number: int) -> str:
    return str(Challenge("carrier", f"n{number}", stale=True))


@pytest.mark.parametrize(
    "challenge",
    ['Digest realm="other", nonce="n"', 'Digest realm="carrier", nonce="n", algorithm=X', 'Basic realm="carrier"', ""],
)
def test_other_realms_and_schemes_get_no_proof(challenge: str) -> None:
    desk = Desk(config=TRUSTED)
    assert [type(event) for event in desk.reply(401, "b", ("WWW-Authenticate", challenge))] == [Rejected]
    assert desk.methods() == ["ACK"]


def test_peer_without_an_account_gets_no_proof() -> None:
    desk = Desk(config=CoreConfig(trunks=(NEAR, TRUNK)))
    assert [type(event) for event in desk.reply(401, "b", ASKED)] == [Rejected]
    assert account_at(CoreConfig(), Address("192.0.2.9", 5060)) is None
    assert account_at(TRUSTED, Address("192.0.2.9", 5080)) is ACCOUNT
    assert account_at(TRUSTED, Address("fe80::1%eth0", 5060)) is None


def test_call_that_we_gave_up_proves_nothing() -> None:
    desk = Desk(config=TRUSTED)
    desk.core.cancel(desk.session, START)
    assert [type(event) for event in desk.reply(401, "b", ASKED)] == [Rejected]


def test_stale_challenge_with_the_same_nonce_is_no_new_one() -> None:
    asked = request(raw("INVITE", "Authorization: " + str(Credentials("nav", "carrier", "n1", "sip:x", "0"))))
    assert proof(asked, respond(asked, 401, headers=[("WWW-Authenticate", stale(1))]), ACCOUNT, "c") is None
    assert proof(asked, respond(asked, 401, headers=[("WWW-Authenticate", stale(2))]), ACCOUNT, "c") is not None


def talking(config: CoreConfig = TRUSTED) -> Desk:
    desk = Desk(config=config)
    desk.reply(200)
    desk.requests()
    return desk


def test_offer_within_the_call_is_proven_too() -> None:
    desk = talking()
    desk.core.reoffer(desk.session, HOLD, START)
    (offer,) = desk.requests()
    assert desk.reply(401, "b", ASKED, to=offer) == []
    ack, again = desk.requests()
    assert (ack.method, str(again.cseq), proves(again)) == ("ACK", "3 INVITE", True)
    assert [type(event) for event in desk.reply(200, to=again, body=ANSWER)] == [Reoffered]
    (ack,) = desk.requests()
    assert (ack.method, ack.headers.get("Authorization")) == ("ACK", again.headers.get("Authorization"))


def test_offer_whose_proof_is_refused_fails() -> None:
    desk = talking()
    desk.core.reoffer(desk.session, HOLD, START)
    desk.reply(401, "b", ASKED, to=desk.requests()[-1])
    assert desk.reply(401, "b", ASKED, to=desk.requests()[-1]) == [ReofferFailed(desk.session, 401)]


def test_refresh_is_proven_so_that_the_call_stands() -> None:
    desk = talking(CoreConfig(trunks=(TRUNK,), session_timers=SessionTimers("require")))
    at_s, refresh = next_sent(desk)
    desk.reply(407, "b", ("Proxy-Authenticate", str(Challenge("carrier", "n1"))), to=refresh, now=START + at_s)
    again = desk.requests()[-1]
    assert proves(again, "Proxy-Authorization")
    assert [type(event) for event in desk.reply(200, to=again, now=START + at_s)] == [Refreshed]


def test_bye_is_proven_once() -> None:
    desk = talking()
    desk.core.bye(desk.session, START)
    (bye,) = desk.requests()
    assert desk.reply(401, "b", ASKED, to=bye) == []
    (again,) = desk.requests()
    assert (again.method, str(again.cseq), proves(again)) == ("BYE", "3 BYE", True)
    (ended,) = desk.reply(401, "b", ("WWW-Authenticate", stale(2)), to=again)
    assert isinstance(ended, Ended)
    assert desk.requests() == []
    desk.wait(100)
    assert nothing_left(desk.peer)


def test_bye_that_a_stranger_challenges_ends_the_call_all_the_same() -> None:
    desk = talking(CoreConfig(trunks=(NEAR,)))
    desk.core.bye(desk.session, START)
    (bye,) = desk.requests()
    assert [type(event) for event in desk.reply(401, "b", ASKED, to=bye)] == [Ended]


def test_secret_of_an_account_is_not_shown() -> None:
    assert "secret" not in repr(TRUSTED)


def test_account_is_of_the_trunk_that_was_looked_up() -> None:
    there = Address("198.51.100.7", 5060)
    assert account_at(TRUSTED, there) is None
    assert account_at(TRUSTED, there, "carrier") is ACCOUNT
    assert account_at(TRUSTED, there, "nobody") is None
