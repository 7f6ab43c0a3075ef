"""REFER in a call, and the NOTIFYs that tell what came of it (RFC 3515, RFC 4488, RFC 6665)."""

import pytest

from sip.config import CoreConfig, Limits
from sip.events import ReferProgress, ReferralId, ReferReceived
from sip.message.message import Request, parse, respond
from sip.message.transfer import ReferTo, Replaces
from sip.message.uri import SipUri
from tests.sip.network import NEAR, nothing_left
from tests.sip.raw import answers, ask, raw, statuses
from tests.sip.session.test_reinvite import Pair
from tests.sip.session.test_uac import START
from tests.sip.session.test_uac import Desk as CallingDesk
from tests.sip.session.test_within import Called
from tests.sip.test_proving import ASKED, TRUSTED

OPEN = CoreConfig(trunks=(NEAR,), methods=frozenset({"REFER"}))
TARGET = "Refer-To: <sip:600@192.0.2.1>"


class Asked(Called):
    """A call of a trunk that stands."""

    def __init__(self) -> None:
        super().__init__(config=OPEN)
        self.confirm()

    def referred(self, *lines: str, cseq: int = 20) -> ReferReceived:
        assert self.send("REFER", TARGET, *lines, cseq=cseq) == []
        (event,) = self.heard()
        assert isinstance(event, ReferReceived)
        return event

    def notifies(self) -> list[Request]:
        return [one for one in self.requests() if one.method == "NOTIFY"]

    def requests(self) -> list[Request]:
        return [one for data, _ in self.core.datagrams() if isinstance(one := parse(data), Request)]


def states(requests: list[Request]) -> list[tuple[str | None, bytes]]:
    return [(one.headers.get("Subscription-State"), one.body) for one in requests]


def test_refer_is_the_applications_to_answer() -> None:
    desk = Asked()
    event = desk.referred('Referred-By: "Anna" <sip:anna@example>')
    assert (event.target, event.replaces) == (SipUri("600", "192.0.2.1"), None)
    assert event.referred_by == '"Anna" <sip:anna@example>'
    assert (event.origin.kind, event.origin.name) == ("trunk", "near")
    assert desk.core.answer_refer(event.referral, 202, START)
    answer, notify = desk.core.datagrams()
    assert answer[0].startswith(b"SIP/2.0 202")
    assert notify[0].startswith(b"NOTIFY sip:peer@192.0.2.9")
    assert b"Event: refer;id=20" in notify[0]
    assert b"Content-Type: message/sipfrag" in notify[0]
    assert notify[0].endswith(b"SIP/2.0 100 Trying\r\n")
    assert not desk.core.answer_refer(event.referral, 202, START)
    assert not desk.core.answer_refer(event.referral, 603, START)


def test_progress_is_told_until_the_last_word() -> None:
    desk = Asked()
    referral = desk.referred().referral
    assert not desk.core.notify_refer(referral, 180, START)
    desk.core.answer_refer(referral, 202, START)
    desk.core.datagrams()
    assert desk.core.notify_refer(referral, 180, START + 30)
    assert desk.core.notify_refer(referral, 200, START + 31)
    assert states(desk.notifies()) == [
        ("active;expires=150", b"SIP/2.0 180 Ringing\r\n"),
        ("terminated;reason=noresource", b"SIP/2.0 200 OK\r\n"),
    ]
    assert not desk.core.notify_refer(referral, 200, START + 32)


def test_refer_that_is_refused_makes_no_subscription() -> None:
    desk = Asked()
    referral = desk.referred().referral
    assert desk.core.answer_refer(referral, 603, START)
    assert statuses(answers(desk.peer)) == [603]
    assert not desk.core.notify_refer(referral, 200, START)


def test_refer_that_the_application_ignores_is_declined() -> None:
    desk = Asked()
    desk.referred()
    assert (10.0, "603") in desk.sent(11)


def test_subscription_ends_with_its_time() -> None:
    desk = Asked()
    desk.core.answer_refer(desk.referred().referral, 202, START)
    (first,) = desk.notifies()
    ask(desk.peer, bytes(respond(first, 200)))
    while (at := desk.core.deadline) is not None and at <= START + 180:
        desk.core.handle_timeout(at)
    assert states(desk.notifies()) == [("terminated;reason=timeout", b"SIP/2.0 100 Trying\r\n")]


def test_who_wants_no_notify_gets_none() -> None:
    desk = Asked()
    desk.core.answer_refer(desk.referred("Refer-Sub: false", "Supported: norefersub").referral, 202, START)
    ((data, _),) = desk.core.datagrams()
    assert data.startswith(b"SIP/2.0 202")
    assert b"Refer-Sub: false" in data


@pytest.mark.parametrize("status", [481, 200])
def test_subscription_whose_owner_has_forgotten_it_is_dropped(status: int) -> None:
    desk = Asked()
    referral = desk.referred().referral
    desk.core.answer_refer(referral, 202, START)
    (first,) = desk.notifies()
    ask(desk.peer, bytes(respond(first, status)))
    assert desk.core.notify_refer(referral, 180, START) is (status == 200)


def test_subscription_outlives_the_call() -> None:
    desk = Asked()
    referral = desk.referred().referral
    desk.core.answer_refer(referral, 202, START)
    desk.core.datagrams()
    assert statuses(desk.send("BYE", cseq=21)) == [200]
    assert desk.core.notify_refer(referral, 200, START)
    (last,) = desk.notifies()
    assert last.headers.get("Subscription-State") == "terminated;reason=noresource"
    desk.sent(100)
    assert nothing_left(desk.peer)


def test_refers_of_one_call_are_bounded() -> None:
    desk = Asked()
    for number in range(4):
        desk.referred(cseq=20 + number)
    assert statuses(desk.send("REFER", TARGET, cseq=24)) == [503]


@pytest.mark.parametrize(
    ("lines", "status"), [((), 400), (("Refer-To: <tel:+47>",), 416), (("Refer-To: <sip:a@b;method=BYE>",), 403)]
)
def test_refer_that_names_no_call_is_refused(lines: tuple[str, ...], status: int) -> None:
    desk = Asked()
    assert statuses(desk.send("REFER", *lines)) == [status]
    assert desk.heard() == []


def test_refer_out_of_order_is_refused() -> None:
    desk = Asked()
    desk.referred(cseq=30)
    assert statuses(desk.send("REFER", TARGET, cseq=29)) == [500]


def test_refer_before_the_call_is_confirmed_is_refused() -> None:
    desk = Called(config=OPEN)
    assert statuses(desk.send("REFER", TARGET)) == [403]


# --- ours


class Referring(CallingDesk):
    """A call of ours that stands, and a REFER of ours in it."""

    def __init__(self, config: CoreConfig | None = None, *, subscribe: bool = True) -> None:
        super().__init__(config=config)
        self.reply(200)
        self.requests()
        found = self.core.refer(self.session, ReferTo(SipUri("carol", "c.example")), START, subscribe=subscribe)
        assert found is not None
        self.referral: ReferralId = found
        (self.refer,) = self.requests()

    def notify(
        self, status: int, state: str, *, cseq: int = 1, event: str = "refer", kind: str = "message/sipfrag"
    ) -> int:
        lines = [f"Event: {event}", *([f"Subscription-State: {state}"] if state else []), f"Content-Type: {kind}"]
        data = raw(
            "NOTIFY", *lines, body=f"SIP/2.0 {status} X\r\n", from_=str(self.refer.to), to=str(self.refer.from_),
            call_id=self.refer.call_id, cseq=str(cseq), branch=f"z9hG4bKn{cseq}{event}{status}{len(state)}{len(kind)}",
        )  # fmt: skip
        (answer,) = ask(self.peer, data)
        return answer.status

    def told(self) -> list[tuple[int, bool]]:
        return [(one.status, one.over) for one in self.core.events() if isinstance(one, ReferProgress)]


def test_refer_of_ours_says_whom_to_call_and_who_asks() -> None:
    refer = Referring().refer
    assert (refer.method, refer.headers.get("Refer-To")) == ("REFER", "<sip:carol@c.example>")
    assert refer.headers.get("Referred-By") == "Alice <sip:alice@192.0.2.1>"
    assert (len(refer.contacts), "NOTIFY" in refer.allow) == (1, True)


def test_what_the_peer_tells_of_our_refer_is_reported() -> None:
    desk = Referring()
    assert desk.reply(202, to=desk.refer) == []
    assert desk.notify(100, "active;expires=60") == 200
    assert desk.notify(180, "active", cseq=2, event=f"refer;id={desk.refer.cseq.number}") == 200
    assert desk.notify(200, "terminated;reason=noresource", cseq=3) == 200
    assert desk.told() == [(100, False), (180, False), (200, True)]
    assert desk.notify(200, "terminated", cseq=4) == 481


def test_notify_that_comes_before_the_answer_counts() -> None:
    desk = Referring()
    assert desk.notify(200, "terminated;reason=noresource") == 200
    assert desk.told() == [(200, True)]
    assert desk.reply(202, to=desk.refer) == []


@pytest.mark.parametrize("status", [403, 603])
def test_refer_of_ours_that_is_refused_is_over(status: int) -> None:
    desk = Referring()
    assert desk.reply(status, to=desk.refer) == [ReferProgress(desk.session, desk.referral, status, over=True)]


def test_refer_of_ours_that_nobody_answers_is_over() -> None:
    desk = Referring()
    (event,) = desk.wait(40)
    assert event == ReferProgress(desk.session, desk.referral, 408, over=True)


@pytest.mark.parametrize(
    ("state", "silent_s"),
    [("", 64.0), ("active;expires=70", 70.0), ("active;expires=99999999", 180.0), ("active;expires=²", 180.0)],
)
def test_peer_that_falls_silent_is_not_waited_for(state: str, silent_s: float) -> None:
    desk = Referring()
    desk.reply(202, to=desk.refer)
    if state:
        desk.notify(100, state)
    desk.told()
    assert desk.wait(silent_s - 0.1) == []
    assert desk.wait(silent_s) == [ReferProgress(desk.session, desk.referral, 408, over=True)]


def test_refer_without_a_subscription_ends_with_its_answer() -> None:
    desk = Referring(subscribe=False)
    assert (desk.refer.headers.get("Refer-Sub"), "norefersub" in desk.refer.supported) == ("false", True)
    assert desk.reply(202, "b", ("Refer-Sub", "false"), to=desk.refer) == [
        ReferProgress(desk.session, desk.referral, 202, over=True)
    ]


def test_refer_of_ours_is_repeated_with_a_proof_and_its_notifys_are_told_by_the_new_number() -> None:
    desk = Referring(TRUSTED)
    desk.reply(401, "b", ASKED, to=desk.refer)
    (again,) = desk.requests()
    desk.reply(202, to=again)
    assert desk.notify(200, "terminated", event=f"refer;id={again.cseq.number}") == 200


@pytest.mark.parametrize(
    ("event", "state", "kind", "status"),
    [
        ("presence", "active", "message/sipfrag", 489),
        ("refer;id=99", "active", "message/sipfrag", 481),
        ("refer", "active", "text/plain", 415),
        ("refer", "", "message/sipfrag", 400),
    ],
)
def test_notify_that_tells_nothing_is_refused(event: str, state: str, kind: str, status: int) -> None:
    desk = Referring()
    assert desk.notify(200, state, event=event, kind=kind) == status
    assert desk.told() == []


def test_notify_out_of_order_is_refused() -> None:
    desk = Referring()
    desk.notify(100, "active", cseq=5)
    assert desk.notify(200, "terminated", cseq=4) == 500


def test_notify_comes_after_the_calls_end_too() -> None:
    desk = Referring()
    desk.reply(202, to=desk.refer)
    desk.core.bye(desk.session, START)
    (bye,) = desk.requests()
    desk.reply(200, to=bye)
    assert desk.notify(200, "terminated") == 200
    assert desk.told() == [(200, True)]
    assert desk.notify(200, "terminated", cseq=2) == 481


def test_notify_that_nobody_asked_for_finds_nothing() -> None:
    desk = Called(config=OPEN)
    desk.confirm()
    assert statuses(desk.send("NOTIFY", "Event: refer")) == [481]
    assert statuses(ask(desk.peer, raw("NOTIFY", "Event: refer", branch="z9hG4bKother"))) == [481]


def test_refers_of_ours_are_bounded_and_need_a_call_that_stands() -> None:
    desk = Referring()
    to = ReferTo(SipUri("carol", "c.example"))
    made = [desk.core.refer(desk.session, to, START) for _ in range(4)]
    assert [one is None for one in made] == [False, False, False, True]
    ringing = CallingDesk(limits=Limits())
    assert ringing.core.refer(ringing.session, to, START) is None
    assert not desk.core.answer_refer(ReferralId("gone"), 202, START)
    assert not desk.core.notify_refer(ReferralId("gone"), 200, START)


def test_call_is_handed_to_another_call_of_ours() -> None:
    """An attended transfer: the peer of one call is sent to the peer of the other, in our place there."""
    pair = Pair()
    other = pair.alice.core.named_to_others(pair.ours)
    assert isinstance(other, Replaces)
    assert pair.bob.core._sessions.by_dialog[(other.call_id, other.to_tag, other.from_tag)].id == pair.theirs
    assert pair.alice.core.refer(pair.ours, ReferTo(SipUri("bob", "192.0.2.2"), other), pair.now) is not None
    ringing = CallingDesk()
    assert ringing.core.named_to_others(ringing.session) is None


def test_two_refers_of_ours_end_each_for_itself() -> None:
    desk = Referring()
    second = desk.core.refer(desk.session, ReferTo(SipUri("dave", "d.example")), START)
    assert second is not None
    desk.requests()
    assert desk.notify(200, "terminated", event=f"refer;id={desk.refer.cseq.number}") == 200
    assert desk.notify(486, "terminated", cseq=2, event=f"refer;id={desk.refer.cseq.number + 1}") == 200
    assert [(one.referral, one.status) for one in desk.core.events() if isinstance(one, ReferProgress)] == [
        (desk.referral, 200),
        (second, 486),
    ]


def test_refusal_after_the_last_word_is_nothing_new() -> None:
    desk = Referring()
    desk.notify(200, "terminated")
    desk.told()
    assert desk.reply(500, to=desk.refer) == []
