"""Reserves: one is asked at a time, every state has its bound, and whoever came is released again."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from acd.call_ins import (
    AGAIN_MS,
    HELD_EVERY_MS,
    LATE_MS,
    LONGEST_MS,
    NEXT_MS,
    Rule,
    Seen,
    answered,
    call_ended,
    orphaned,
    released,
    step,
)
from acd.duty import By, Change, Standing
from events.catalogue import Event, ReserveAnswered, ReserveCalled, ReserveReleased

RULE = Rule("desk/1", "desk", "waiting > 2", ("anna", "bjorn"), answer_ms=30_000, release_ms=600_000)
N1, N2 = By("svar", "t", "n1"), By("svar", "t", "n2")
BEGIN = 1_000_000


class Desk:
    """One rule, looked at by nodes as time goes on."""

    def __init__(self) -> None:
        self.standing = Standing()
        self.events: list[Event] = []
        self.now_ms = BEGIN

    def look(self, *, holds: bool = True, after_ms: int = 0, by: By = N1, away: tuple[str, ...] = ()) -> None:
        self.now_ms += after_ms
        here = tuple(agent for agent in RULE.agents if agent not in away)
        self.take(step(self.standing, RULE, Seen(holds, self.now_ms, here, away, (3, 200, -1)), by))

    def take(self, change: Change | None) -> None:
        if change is not None:
            self.standing = replace(change.to, sequence=self.standing.sequence + 1)
            self.events += change.events

    def answer(self, agent: str, answer: str, how: str = "key") -> None:
        self.take(answered(self.standing, agent, answer, how, self.now_ms, N1))

    @property
    def calling(self) -> str:
        found = self.standing.call_in("desk/1")
        return found.calling if found is not None else ""

    def on_duty(self) -> tuple[str, ...]:
        found = self.standing.call_in("desk/1")
        return found.on_duty if found is not None else ()

    def told(self) -> list[tuple[str, str]]:
        found = []
        for event in self.events:
            match event:
                case ReserveCalled():
                    found.append(("called", event.agent))
                case ReserveAnswered():
                    found.append((event.answer, event.agent))
                case ReserveReleased():
                    found.append((event.cause, event.agent))
        return found


def test_nobody_is_called_while_the_rule_does_not_hold() -> None:
    desk = Desk()
    desk.look(holds=False)
    assert desk.standing == Standing()


def test_the_first_reserve_is_called_once_though_every_node_looks() -> None:
    desk = Desk()
    desk.look(by=N1)
    seen = desk.standing
    desk.look(by=N2)
    desk.look(by=N1, after_ms=1000)
    assert desk.standing is seen
    [called] = desk.events
    assert isinstance(called, ReserveCalled)
    assert (called.agent, called.why, called.waiting, called.wait_s, called.node) == (
        "anna",
        "waiting > 2",
        3,
        200,
        "n1",
    )
    assert called.until_ms == BEGIN + 30_000


def test_who_says_yes_is_on_duty_until_the_rule_has_long_not_held() -> None:
    desk = Desk()
    desk.look()
    desk.now_ms += 5000
    desk.answer("anna", "yes")
    assert desk.on_duty() == ("anna",)
    desk.look(after_ms=HELD_EVERY_MS)
    desk.look(holds=False, after_ms=599_999 + HELD_EVERY_MS)
    assert desk.on_duty() == ("anna",)
    desk.look(holds=False, after_ms=1)
    assert desk.on_duty() == ()
    assert desk.standing.calls == (), "nothing is left of it"
    assert desk.told() == [("called", "anna"), ("yes", "anna"), ("quiet", "anna")]
    released_event = desk.events[-1]
    assert isinstance(released_event, ReserveReleased)
    assert released_event.served_ms == 2 * HELD_EVERY_MS + 600_000


def test_who_does_not_answer_makes_room_for_the_next() -> None:
    desk = Desk()
    desk.look()
    desk.look(after_ms=29_999)
    assert desk.calling == "anna"
    desk.look(after_ms=1)
    assert desk.calling == "bjorn"
    desk.look(after_ms=30_000)
    assert desk.calling == ""
    assert desk.told() == [("called", "anna"), ("no_answer", "anna"), ("called", "bjorn"), ("no_answer", "bjorn")]
    desk.look(after_ms=AGAIN_MS - 30_001)
    assert desk.calling == "", "nobody is pestered"
    desk.look(after_ms=1)
    assert desk.calling == "anna"


def test_a_node_that_dies_while_it_asks_holds_nobody_up_for_long() -> None:
    desk = Desk()
    desk.look(by=N1)
    desk.look(by=N2, after_ms=30_000 + LATE_MS - 1)
    assert desk.calling == "anna"
    desk.look(by=N2, after_ms=1)
    assert desk.calling == "bjorn"


def test_who_says_no_is_not_asked_again_soon_and_a_late_yes_counts() -> None:
    desk = Desk()
    desk.look()
    desk.answer("anna", "no")
    desk.look(after_ms=1000)
    assert desk.calling == "bjorn"
    desk.answer("anna", "yes", "log_in")
    assert desk.on_duty() == ("anna",)
    assert desk.calling == "bjorn", "who is being asked is asked to the end"
    desk.answer("bjorn", "yes")
    assert desk.on_duty() == ("anna", "bjorn")


def test_an_answer_that_nobody_asked_for_changes_nothing() -> None:
    desk = Desk()
    assert answered(desk.standing, "anna", "yes", "log_in", BEGIN, N1) is None
    desk.look()
    assert answered(desk.standing, "bjorn", "yes", "log_in", BEGIN, N1) is None
    assert call_ended(desk.standing, "desk/1", 99, "no_answer", "", BEGIN, N1) is None
    assert call_ended(desk.standing, "other/1", 1, "no_answer", "", BEGIN, N1) is None


def test_an_answer_belongs_to_its_call() -> None:
    desk = Desk()
    desk.look()
    first = desk.standing.calls[0].call
    desk.look(after_ms=30_000)
    assert call_ended(desk.standing, "desk/1", first, "yes", "key", desk.now_ms, N1) is None
    second = desk.standing.calls[0].call
    desk.take(call_ended(desk.standing, "desk/1", second, "yes", "key", desk.now_ms, N1))
    assert desk.on_duty() == ("bjorn",)


def test_the_next_is_called_when_one_was_not_enough() -> None:
    desk = Desk()
    desk.look()
    desk.answer("anna", "yes")
    desk.look(after_ms=NEXT_MS - 1)
    assert desk.calling == ""
    desk.look(after_ms=1)
    assert desk.calling == "bjorn"


def test_who_is_away_is_not_called_and_is_let_go() -> None:
    desk = Desk()
    desk.look(away=("anna",))
    assert desk.calling == "bjorn"
    desk.look(away=("anna", "bjorn"), after_ms=1000)
    assert desk.calling == ""
    desk.look(after_ms=1000)
    desk.answer("anna", "yes")
    desk.look(away=("anna",), after_ms=1000)
    assert desk.on_duty() == ()
    assert desk.told() == [
        ("called", "bjorn"), ("unreachable", "bjorn"), ("called", "anna"), ("yes", "anna"), ("away", "anna"),
    ]  # fmt: skip


def test_nobody_is_on_duty_for_ever() -> None:
    desk = Desk()
    desk.look()
    desk.answer("anna", "yes")
    desk.look(after_ms=LONGEST_MS)
    assert "anna" not in desk.on_duty()
    assert ("time_is_up", "anna") in desk.told()


def test_who_is_released_by_command_is_not_called_again_at_once() -> None:
    desk = Desk()
    assert released(desk.standing, "anna", BEGIN, N1) is None
    desk.look()
    desk.answer("anna", "yes")
    desk.take(released(desk.standing, "anna", desk.now_ms, N1))
    assert desk.on_duty() == ()
    desk.look(after_ms=NEXT_MS)
    assert desk.calling == "bjorn"


def test_a_rule_that_is_in_no_roster_any_more_ends_what_it_began() -> None:
    desk = Desk()
    desk.look()
    desk.answer("anna", "yes")
    desk.look(after_ms=NEXT_MS)
    assert orphaned(desk.standing, ["desk/1"], desk.now_ms, N1) is None
    desk.take(orphaned(desk.standing, [], desk.now_ms, N1))
    assert desk.standing.calls == ()
    assert desk.told()[-2:] == [("unreachable", "bjorn"), ("roster_changed", "anna")]


LOOKS = st.tuples(
    st.booleans(),
    st.sampled_from([0, 1, 999, HELD_EVERY_MS, 29_999, 30_000, NEXT_MS, 600_000, AGAIN_MS]),
    st.sampled_from([(), ("anna",), ("anna", "bjorn")]),
    st.sampled_from([N1, N2]),
    st.sampled_from(["", "anna yes", "anna no", "bjorn yes", "bjorn no"]),
)


@given(st.lists(LOOKS, max_size=40))
def test_nothing_gets_stuck_whatever_happens(looks: list[tuple[bool, int, tuple[str, ...], By, str]]) -> None:
    desk = Desk()
    for holds, after_ms, away, by, said in looks:
        desk.look(holds=holds, after_ms=after_ms, away=away, by=by)
        if said:
            desk.answer(*said.split())
        for one in desk.standing.calls:
            assert one.calling not in one.on_duty
            assert len(set(one.on_duty)) == len(one.came)
            assert not one.calling or desk.now_ms < one.until_ms + LATE_MS
    for _ in range(4):
        desk.look(holds=False, after_ms=605_000)
    assert desk.standing.calls == ()
    told = desk.told()
    assert sum(what == "called" for what, _ in told) <= sum(
        what in ("yes", "no", "no_answer", "unreachable") for what, _ in told
    )
    assert sum(what == "yes" for what, _ in told) == sum(what in ("quiet", "away", "time_is_up") for what, _ in told)
