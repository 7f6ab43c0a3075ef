"""Session timers: who refreshes, and how the call of a peer that died is ended (RFC 4028)."""

import json
from typing import Literal

import pytest

from sip.config import Address, CoreConfig, SessionTimers
from sip.events import Accepted, Ended, Refreshed, Rejected
from sip.message.message import Request
from sip.session.timer import interval_refusal
from sip.snapshot import DialogSnapshot
from tests.sip.network import ALICE, ANSWER, BOB, NEAR, OFFER, Peer, nothing_left
from tests.sip.raw import PEER, answers, ask, raw, request, statuses
from tests.sip.session.test_reinvite import HOLD, Pair, kinds
from tests.sip.session.test_uac import START, Desk
from tests.sip.session.test_uas import CONTACT
from tests.sip.session.test_uas import Desk as CalledDesk

Mode = Literal["off", "accept", "require"]


def timers(mode: Mode, expires_s: int = 600, least_s: int = 90) -> CoreConfig:
    return CoreConfig(trunks=(NEAR,), session_timers=SessionTimers(mode, expires_s, least_s))


def causes(pair: Pair) -> tuple[list[str], list[str]]:
    return ends(pair.alice), ends(pair.bob)


def ends(peer: Peer) -> list[str]:
    return [event.cause for event in peer.heard if isinstance(event, Ended)]


@pytest.mark.parametrize(
    ("caller", "callee", "who_refreshes"),
    [
        ("require", "accept", "caller"),
        ("accept", "require", "caller"),
        ("require", "require", "caller"),
        ("require", "off", "caller"),
        ("off", "require", "callee"),
        ("accept", "accept", "nobody"),
        ("off", "off", "nobody"),
    ],
)
def test_one_side_refreshes_and_the_call_stands(caller: Mode, callee: Mode, who_refreshes: str) -> None:
    pair = Pair(alice=timers(caller), bob=timers(callee))
    pair.network.run(3000.0)
    counts = {"caller": len(pair.alice.of(Refreshed)), "callee": len(pair.bob.of(Refreshed))}
    assert [name for name, count in counts.items() if count] == [who_refreshes] * (who_refreshes != "nobody")
    assert sum(counts.values()) == (0 if who_refreshes == "nobody" else 10)
    assert causes(pair) == ([], [])
    pair.alice.core.bye(pair.ours, pair.now)
    pair.network.run(100.0)
    assert nothing_left(pair.alice)
    assert nothing_left(pair.bob)


@pytest.mark.parametrize("survivor", ["caller", "callee"])
@pytest.mark.parametrize(("caller", "callee"), [("require", "accept"), ("off", "require"), ("require", "off")])
def test_call_whose_other_side_died_ends_within_the_interval(caller: Mode, callee: Mode, survivor: str) -> None:
    pair = Pair(alice=timers(caller), bob=timers(callee))
    dead, alive = (pair.bob, pair.alice) if survivor == "caller" else (pair.alice, pair.bob)
    watches = {"caller": caller, "callee": callee}[survivor] != "off"
    pair.network.run(100.0)
    del pair.network.peers[dead.address]
    pair.network.run(700.0)
    ended = causes(pair)[0 if survivor == "caller" else 1]
    assert ended in ((["timeout"], ["expired"]) if watches else ([],))
    assert nothing_left(alive) is watches


def test_peer_that_was_to_refresh_and_does_not_is_hung_up_32_s_before_the_end() -> None:
    desk = CalledDesk("Supported: timer", "Session-Expires: 600;refresher=uac")
    answer = desk.accept()
    assert (answer.headers.get("Session-Expires"), answer.require) == ("600;refresher=uac", ["timer"])
    desk.ack()
    sent = desk.sent(700)
    assert sent[0] == (568.0, "BYE")
    assert desk.causes() == ["expired"]


def test_short_interval_leaves_a_third_of_it_for_the_bye() -> None:
    desk = CalledDesk("Supported: timer", "Session-Expires: 90;refresher=uac")
    desk.accept()
    desk.ack()
    assert desk.sent(100)[0] == (60.0, "BYE")


def test_who_refreshes_goes_on_doing_so_when_the_peer_does_not_say() -> None:
    desk = CalledDesk("Supported: timer", "Session-Expires: 600;refresher=uas")
    answer = desk.accept()
    desk.ack()
    for number, line in ((2, "Session-Expires: 600"), (3, "X-None: 1")):
        changed = {"to": str(answer.to), "cseq": str(number), "branch": f"z9hG4bK{number}"}
        desk.core.receive(raw("INVITE", CONTACT, "Supported: timer", line, **changed), PEER, START)
        assert desk.core.accept(desk.session, ANSWER, START)
        (again,) = answers(desk.peer)
        assert again.headers.get("Session-Expires") == "600;refresher=uas"
        desk.core.receive(raw("ACK", to=str(answer.to), cseq=str(number), branch=f"z9hG4bKa{number}"), PEER, START)


def test_answer_that_does_not_say_who_refreshes_leaves_it_to_us() -> None:
    at_s, refresh = next_sent(refreshing(interval="600"))
    assert (at_s, refresh.method) == (300.0, "INVITE")


def test_refresh_of_the_peer_starts_the_interval_anew() -> None:
    desk = CalledDesk("Supported: timer", "Session-Expires: 600;refresher=uac")
    answer = desk.accept()
    desk.ack()
    refresh = raw("INVITE", CONTACT, "Supported: timer", to=str(answer.to), cseq="2", branch="z9hG4bK2")
    desk.core.receive(refresh, PEER, START + 300)
    assert desk.core.accept(desk.session, ANSWER, START + 300)
    (again,) = answers(desk.peer)
    assert again.headers.get("Session-Expires") == "600;refresher=uac"
    desk.core.receive(raw("ACK", to=str(answer.to), cseq="2", branch="z9hG4bK3"), PEER, START + 300)
    assert next(one for one in desk.sent(1000) if one[1] == "BYE") == (868.0, "BYE")


@pytest.mark.parametrize(
    ("mode", "headers", "granted"),
    [
        ("accept", ["Supported: timer", "Session-Expires: 3600"], "600;refresher=uac"),
        ("accept", ["Supported: timer", "Session-Expires: 300;refresher=uas"], "300;refresher=uas"),
        ("accept", ["Require: timer", "Session-Expires: 3600", "Min-SE: 1200"], "1200;refresher=uac"),
        ("accept", ["Session-Expires: 3600;refresher=uac"], "600;refresher=uas"),
        ("accept", ["Supported: timer"], None),
        ("accept", ["Supported: timer", "Session-Expires: soon"], None),
        ("require", ["Supported: timer"], "600;refresher=uac"),
        ("require", [], "600;refresher=uas"),
        ("off", ["Supported: timer", "Session-Expires: 3600"], None),
    ],
)
def test_what_a_caller_is_granted(mode: Mode, headers: list[str], granted: str | None) -> None:
    answer = CalledDesk(*headers, config=timers(mode)).accept()
    assert answer.headers.get("Session-Expires") == granted
    assert ("timer" in answer.require) is (granted is not None and "timer" in "".join(headers))
    assert answer.supported == ([] if mode == "off" else ["timer"])


def test_interval_that_is_too_small_gets_422_with_ours() -> None:
    desk = CalledDesk(config=timers("accept", least_s=120))
    headers = (CONTACT, "Supported: timer", "Session-Expires: 119")
    (refused,) = ask(desk.peer, raw("INVITE", *headers, call_id="c2", branch="z9hG4bKc2"))
    assert (refused.status, refused.min_se) == (422, 120)
    answer = desk.accept()
    desk.ack()
    within = raw("INVITE", *headers, to=str(answer.to), cseq="2", branch="z9hG4bK2")
    assert statuses(ask(desk.peer, within)) == [422]


@pytest.mark.parametrize(
    ("mode", "headers", "refused"),
    [
        ("accept", ["Supported: timer", "Session-Expires: 89"], True),
        ("accept", ["Supported: timer", "Session-Expires: 90"], False),
        ("accept", ["Session-Expires: 10"], False),
        ("accept", ["Supported: timer"], False),
        ("off", ["Supported: timer", "Session-Expires: 10"], False),
    ],
)
def test_422_is_for_peers_that_know_timers(mode: Mode, headers: list[str], refused: bool) -> None:
    asked = request(raw("INVITE", *headers))
    assert (interval_refusal(asked, timers(mode, least_s=10).session_timers) is not None) is refused


def test_required_timer_is_a_bad_extension_where_there_are_none() -> None:
    peer = CalledDesk(config=timers("off")).peer
    (refused,) = ask(peer, raw("INVITE", CONTACT, "Require: timer", call_id="c2", branch="z9hG4bKc2"))
    assert (refused.status, refused.headers.get("Unsupported")) == (420, "timer")


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (timers("off"), ("100rel, 199", None, None)),
        (timers("accept"), ("timer", None, None)),
        (timers("require"), ("timer", "600", None)),
        (timers("require", 60, 120), ("timer", "120", "120")),
    ],
)
def test_what_our_invite_asks_for(config: CoreConfig, expected: tuple[str | None, ...]) -> None:
    invite = Desk(config=config).invite
    assert tuple(invite.headers.get(name) for name in ("Supported", "Session-Expires", "Min-SE")) == expected


def test_call_is_made_again_with_the_interval_that_the_peer_wants() -> None:
    desk = Desk(config=timers("require"))
    assert desk.reply(180)
    desk.reply(422, "b", ("Min-SE", "900"))
    ack, again = desk.requests()
    assert (ack.method, str(again.cseq), again.call_id) == ("ACK", "2 INVITE", desk.invite.call_id)
    assert (again.headers.get("Session-Expires"), again.min_se, again.body) == ("900", 900, desk.invite.body)
    assert (again.via.branch == desk.invite.via.branch, again.to.tag) == (False, None)
    desk.core.connection_lost(Address("192.0.2.77", 5060), START)
    (accepted,) = desk.reply(200, "b", ("Session-Expires", "900;refresher=uas"), to=again)
    assert isinstance(accepted, Accepted)
    assert str(desk.requests()[0].cseq) == "2 ACK"


def test_connection_that_is_lost_after_422_fails_the_call_once() -> None:
    desk = Desk(config=timers("require"))
    desk.reply(422, "b", ("Min-SE", "900"))
    desk.core.connection_lost(PEER, START)
    assert [type(event) for event in desk.core.events()] == [Rejected]
    assert nothing_left(desk.peer)


@pytest.mark.parametrize("least", ["60", "", "90"])
def test_422_that_asks_for_nothing_new_is_a_refusal(least: str) -> None:
    desk = Desk(config=timers("require"))
    (rejected,) = desk.reply(422, "b", ("Min-SE", least))
    assert isinstance(rejected, Rejected)
    assert rejected.status == 422


def test_422_to_a_call_that_we_gave_up_is_a_refusal() -> None:
    desk = Desk(config=timers("require"))
    desk.core.cancel(desk.session, START)
    assert [type(event) for event in desk.reply(422, "b", ("Min-SE", "900"))] == [Rejected]


def test_peer_that_wants_ever_longer_intervals_is_given_up() -> None:
    desk = Desk(config=timers("require"))
    invite, least_s = desk.invite, 100
    while not (events := desk.reply(422, "b", ("Min-SE", str(least_s)), to=invite)):
        invite, least_s = desk.requests()[-1], least_s + 100
    assert [type(event) for event in events] == [Rejected]
    assert str(invite.cseq) == "5 INVITE"


def refreshing(config: CoreConfig | None = None, interval: str = "600;refresher=uac") -> Desk:
    """A call of ours that stands, whose peer is played by the test."""
    desk = Desk(config=config or timers("require"))
    desk.reply(200, "b", ("Session-Expires", interval))
    desk.requests()
    return desk


def next_sent(desk: Desk) -> tuple[float, Request]:
    while True:
        assert desk.core.deadline is not None
        now = desk.core.deadline
        desk.core.handle_timeout(now)
        for sent in desk.requests():
            return now - START, sent


def test_refresh_offers_what_was_offered_before() -> None:
    desk = refreshing()
    at_s, refresh = next_sent(desk)
    assert (at_s, refresh.method, refresh.body) == (300.0, "INVITE", desk.invite.body)
    assert refresh.headers.get("Session-Expires") == "600;refresher=uac"
    (refreshed,) = desk.reply(
        200, "b", ("Session-Expires", "600;refresher=uac"), to=refresh, body=ANSWER, now=START + 300
    )
    assert isinstance(refreshed, Refreshed)
    assert refreshed.sdp == ANSWER
    assert desk.methods() == ["ACK"]


def test_interval_below_90_s_is_not_believed() -> None:
    assert next_sent(refreshing(interval="1;refresher=uac"))[0] == 45.0


def test_refresh_with_an_interval_that_is_too_small_is_made_again() -> None:
    desk = refreshing()
    _, refresh = next_sent(desk)
    assert desk.reply(422, "b", ("Min-SE", "1000"), to=refresh, now=START + 300) == []
    _, again = desk.requests()
    assert (again.headers.get("Session-Expires"), again.min_se) == ("1000;refresher=uac", 1000)


def test_refused_refresh_is_made_again_until_the_interval_is_over() -> None:
    desk = refreshing()
    at_s, refresh = next_sent(desk)
    times = []
    while refresh.method == "INVITE":
        times.append(at_s)
        assert desk.reply(503, "b", to=refresh, now=START + at_s) == []
        desk.requests()
        at_s, refresh = next_sent(desk)
    assert times[:3] == [300.0, 310.0, 320.0]
    assert (at_s, refresh.method) == (568.0, "BYE")
    assert [event.cause for event in desk.core.events() if isinstance(event, Ended)] == ["expired"]


def test_peer_without_timers_that_refuses_the_refresh_lives_all_the_same() -> None:
    desk = Desk(config=timers("require"))
    desk.reply(200)
    desk.requests()
    for expected in (300.0, 600.0, 900.0):
        at_s, refresh = next_sent(desk)
        assert (at_s, refresh.method) == (expected, "INVITE")
        assert desk.reply(488, "b", to=refresh, now=START + at_s) == []
        desk.requests()


def test_refresh_waits_while_an_offer_is_open() -> None:
    desk = refreshing()
    offer = raw(
        "INVITE", CONTACT, to=str(desk.invite.from_), from_="<sip:bob@192.0.2.9>;tag=b", call_id=desk.invite.call_id
    )
    desk.core.receive(offer, PEER, START + 299)
    now = START + 300.0
    desk.core.handle_timeout(now)
    assert desk.methods() == []
    desk.core.reject(desk.session, 488, now)
    ack = raw("ACK", to=str(desk.invite.from_), from_="<sip:bob@192.0.2.9>;tag=b", call_id=desk.invite.call_id)
    desk.core.receive(ack, PEER, now)
    desk.core.datagrams()
    at_s, refresh = next_sent(desk)
    assert (at_s, refresh.method) == (310.0, "INVITE")


def test_refusal_of_a_refresh_that_crossed_the_peers_own_changes_nothing() -> None:
    desk = refreshing()
    _, refresh = next_sent(desk)
    assert desk.reply(491, "b", to=refresh, now=START + 300) == []
    offer = raw(
        "INVITE", CONTACT, to=str(desk.invite.from_), from_="<sip:bob@192.0.2.9>;tag=b", call_id=desk.invite.call_id
    )
    desk.core.receive(offer, PEER, START + 300)
    assert desk.core.accept(desk.session, ANSWER, START + 300)
    ack = raw("ACK", to=str(desk.invite.from_), from_="<sip:bob@192.0.2.9>;tag=b", call_id=desk.invite.call_id)
    desk.core.receive(ack, PEER, START + 300)
    desk.requests()
    desk.core.events()
    at_s, again = next_sent(desk)
    assert at_s < 305
    assert desk.reply(500, "b", to=again, now=START + at_s) == []
    assert len([one for *_, one in desk.core._station.deadlines._heap if one.waiting and one.name == "refresh"]) == 1


def test_answer_without_an_interval_ends_the_timer() -> None:
    desk = refreshing(timers("accept"))
    _, refresh = next_sent(desk)
    desk.reply(200, to=refresh, now=START + 300)
    desk.wait(2000)
    assert desk.core.deadline is None
    assert refresh.headers.get("Session-Expires") == "600;refresher=uac"


def test_refusal_after_the_timer_ended_asks_for_nothing_more() -> None:
    pair = Pair(alice=timers("accept"), bob=timers("accept"))
    (session,) = pair.alice.core._sessions.by_id.values()
    pair.network.run(100.0)
    session.timer.refused(pair.now)
    assert pair.alice.core.deadline is None


def test_offer_of_ours_starts_the_interval_anew() -> None:
    pair = Pair(alice=timers("require"), bob=timers("accept"))
    pair.network.run(200.0)
    assert pair.alice.core.reoffer(pair.ours, HOLD, pair.now)
    pair.network.run(299.0)
    assert pair.alice.of(Refreshed) == []
    pair.network.run(2.0)
    assert len(pair.alice.of(Refreshed)) == 1
    assert kinds(pair.alice) == ["Reoffered", "Refreshed"]


def test_answer_to_a_refresh_that_crosses_our_bye_starts_nothing() -> None:
    desk = refreshing()
    _, refresh = next_sent(desk)
    desk.core.bye(desk.session, START + 300)
    bye = desk.requests()[-1]
    assert desk.reply(200, "b", ("Session-Expires", "600;refresher=uac"), to=refresh, now=START + 300) == []
    desk.reply(200, to=bye, now=START + 300)
    desk.wait(500)
    assert nothing_left(desk.peer)


def test_node_that_takes_over_goes_on_with_the_timer() -> None:
    pair = Pair(alice=timers("require"), bob=timers("accept"))
    snapshot = pair.bob.core.snapshot(pair.theirs, pair.now)
    assert snapshot is not None
    assert snapshot.session_timer == (600, False)
    del pair.network.peers[BOB], pair.network.peers[ALICE]
    again = pair.network.join(BOB, timers("accept"), "9")
    again.core.resume(DialogSnapshot.from_json(json.loads(json.dumps(snapshot.to_json()))), pair.now)
    pair.network.run(700.0)
    assert [event.cause for event in again.heard if isinstance(event, Ended)] == ["expired"]


def test_node_that_took_over_and_never_spoke_cannot_refresh_by_an_offer() -> None:
    pair = Pair(alice=timers("require"), bob=timers("accept"))
    snapshot = pair.alice.core.snapshot(pair.ours, pair.now)
    assert snapshot is not None
    assert snapshot.session_timer == (600, True)
    del pair.network.peers[ALICE], pair.network.peers[BOB]
    again = pair.network.join(ALICE, timers("accept"), "9")
    again.core.resume(snapshot, pair.now)
    pair.network.run(700.0)
    assert [event.cause for event in again.heard if isinstance(event, Ended)] == ["expired"]
    assert set(pair.network.starts(again)) == {"BYE"}


def we_refresh(*allow: tuple[str, str]) -> tuple[Desk, Request]:
    """A call of ours that we refresh, and the first refresh."""
    desk = Desk(config=timers("require"))
    desk.reply(200, "b", ("Session-Expires", "600;refresher=uac"), *allow, body=ANSWER)
    desk.requests()
    desk.wait(300)
    (refresh,) = desk.requests()
    return desk, refresh


def test_refresh_goes_by_update_without_an_offer_where_the_peer_takes_it() -> None:
    desk, refresh = we_refresh(("Allow", "INVITE, ACK, BYE, UPDATE"))
    assert (refresh.method, refresh.body, str(refresh.session_expires)) == ("UPDATE", b"", "600;refresher=uac")
    (event,) = desk.reply(200, "b", ("Session-Expires", "600;refresher=uac"), to=refresh, now=START + 300)
    assert isinstance(event, Refreshed)
    assert (event.sdp, event.moved) == (None, False)


def test_refresh_by_update_that_is_refused_goes_by_reinvite_next_time() -> None:
    desk, refresh = we_refresh(("Allow", "UPDATE"))
    assert desk.reply(501, "b", to=refresh, now=START + 300) == []
    desk.wait(310)
    (again,) = desk.requests()
    assert (again.method, again.body) == ("INVITE", OFFER.encode())


@pytest.mark.parametrize(("answer", "moved"), [(ANSWER, False), (ANSWER.replace("4000", "4002"), True), ("", False)])
def test_answer_to_a_refresh_tells_whether_the_peer_has_moved(answer: str, moved: bool) -> None:
    desk, refresh = we_refresh()
    (event,) = desk.reply(200, "b", ("Session-Expires", "600"), to=refresh, body=answer, now=START + 300)
    assert isinstance(event, Refreshed)
    assert (event.sdp or "", event.moved) == (answer, moved)
