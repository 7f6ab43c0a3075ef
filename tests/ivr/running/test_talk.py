"""The state machine of a talk: what each state does, and that no sequence loses a caller or leaves a phone behind."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.ports.talk import NotNow, TransferTarget
from ivr.running.talk import CONSULTS_S, HOLDS_S, RECALLS_S, RINGS_S, SEEKS_S, TABLE, Talk
from ivr.running.talk_words import (
    Ack,
    Action,
    Began,
    Blind,
    Consult,
    Do,
    Finished,
    HangUp,
    Happening,
    Input,
    Order,
    Over,
    Ring,
    Seat,
    State,
    Tell,
    ThirdFailed,
    Who,
)

BERIT = TransferTarget("agent", "berit")
QUEUE = TransferTarget("queue", "family")
PARTNER = TransferTarget("partner", "hospital")
ALL: tuple[Input, ...] = (
    *Order,
    *Happening,
    ThirdFailed("busy"),
    Consult(BERIT),
    Consult(QUEUE),
    Blind(BERIT),
    Blind(QUEUE),
    Blind(PARTNER),
)
MUSIC = Seat(())
BOTH = Seat((Who.CALLER, Who.AGENT))


class Room:
    """Does what a talk says, and notes who is there; raises where an action makes no sense."""

    def __init__(self) -> None:
        self.talk = Talk()
        self.now = 100.0
        self.agent = True
        self.third = self.ringing = self.agent_rings = False
        self.seated: tuple[Who, ...] = ()
        self.open: list[str] = []
        self.over: Over | None = None
        self.done: list[Action] = []
        self._do(self.talk.begin())

    def happens(self, what: Input) -> list[Action]:
        """What comes only where it can come. Raises NotNow."""
        if not self._can(what):
            return []
        if what is Happening.TIME_UP:
            assert self.talk.deadline is not None
            self.now = self.talk.deadline
        if what is Happening.AGENT_GONE:
            self.agent = False
        if what is Happening.THIRD_GONE:
            self.third = False
        if what is Happening.THIRD_ANSWERED:
            self.third, self.ringing = True, False
        if isinstance(what, ThirdFailed):
            self.ringing = False
        if what in (Happening.AGENT_ANSWERED, Happening.AGENT_FAILED):
            self.agent, self.agent_rings = what is Happening.AGENT_ANSWERED, False
        actions = self.talk.handle(what, self.now)
        self._do(actions)
        return actions

    def _can(self, what: Input) -> bool:
        if isinstance(what, ThirdFailed) or what is Happening.THIRD_ANSWERED:
            return self.ringing
        if what in (Happening.AGENT_ANSWERED, Happening.AGENT_FAILED):
            return self.agent_rings
        if what in (Happening.AGENT_GONE, Happening.AGENT_HOLDS, Happening.AGENT_RESUMES):
            return self.agent
        if what is Happening.THIRD_GONE:
            return self.third
        if what is Happening.TIME_UP:
            return self.talk.deadline is not None
        return True

    def _do(self, actions: list[Action]) -> None:
        for action in actions:
            assert self.over is None, f"{action} after the end"
            self.done.append(action)
            match action:
                case Seat(together):
                    assert self.agent or Who.AGENT not in together
                    assert self.third or Who.THIRD not in together
                    self.seated = together
                case Ring():
                    assert not self.ringing
                    assert not self.third
                    self.ringing = True
                case HangUp(who):
                    there = self.agent if who is Who.AGENT else self.third
                    assert there, f"{who} is not there"
                    if who is Who.AGENT:
                        self.agent = False
                    else:
                        self.third = False
                case Began(how):
                    self.open.append(how)
                case Finished(how, _, _, lasted_ms):
                    assert self.open == [how]
                    assert lasted_ms >= 0
                    self.open.clear()
                case Do.STOP_RINGING:
                    assert self.ringing or self.agent_rings
                    self.ringing = self.agent_rings = False
                case Do.RING_AGENT:
                    assert not self.agent
                    self.agent_rings = True
                case Do.PROMOTE:
                    assert (self.third, self.agent) == (True, False)
                    self.agent, self.third = True, False
                    self.seated = tuple(Who.AGENT if who is Who.THIRD else who for who in self.seated)
                case Tell():
                    assert self.agent, "nobody is there to be told"
                case Over():
                    self.over = action

    def check(self) -> None:
        """What holds after every step."""
        state = self.talk.state
        assert (state is State.OVER) == (self.over is not None)
        if self.over is not None:
            assert not any((self.agent, self.third, self.ringing, self.agent_rings)), "somebody is left behind"
            assert not self.open
            return
        with_caller = {
            State.TALKING: (Who.CALLER, Who.AGENT),
            State.CONSULTING: (Who.AGENT, Who.THIRD),
            State.CONFERENCE: (Who.CALLER, Who.AGENT, Who.THIRD),
        }.get(state, ())
        assert self.seated == with_caller
        assert self.ringing == (state in (State.CALLING, State.SENDING))
        assert self.third == (state in (State.CONSULTING, State.CONFERENCE))
        assert bool(self.open) == (self.ringing or self.third)
        assert self.agent or state in (State.SENDING, State.RECALLING)


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(ALL), max_size=25))
def test_whatever_happens_the_caller_is_with_somebody_or_hears_music_and_nobody_is_left(inputs: list[Input]) -> None:
    room = Room()
    for what in inputs:
        before = room.talk.state
        try:
            room.happens(what)
        except NotNow:
            assert room.talk.state is before
        room.check()
    if room.over is None:
        room.happens(Happening.CALLER_GONE)
        room.check()
        assert room.over == Over("caller_hung_up")


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(ALL), max_size=25))
def test_no_state_but_the_talk_itself_lasts_without_an_end_in_time(inputs: list[Input]) -> None:
    room = Room()
    for what in inputs:
        try:
            room.happens(what)
        except NotNow:
            continue
    for _ in range(4):
        if room.talk.deadline is not None:
            room.happens(Happening.TIME_UP)
            room.check()
    assert room.talk.state in (State.TALKING, State.HELD, State.CONFERENCE, State.OVER)
    assert room.talk.deadline is None


def arrive(state: State) -> Room:
    room = Room()
    ways: dict[State, tuple[Input, ...]] = {
        State.TALKING: (),
        State.HELD: (Order.HOLD,),
        State.CALLING: (Consult(BERIT),),
        State.CONSULTING: (Consult(BERIT), Happening.THIRD_ANSWERED),
        State.CONFERENCE: (Consult(BERIT), Happening.THIRD_ANSWERED, Order.CONFERENCE),
        State.SENDING: (Blind(BERIT),),
        State.RECALLING: (Blind(BERIT), Happening.AGENT_GONE, ThirdFailed("busy")),
        State.OVER: (Happening.AGENT_GONE,),
    }
    for what in ways[state]:
        room.happens(what)
    assert room.talk.state is state
    return room


@pytest.mark.parametrize("state", [state for state in State if state is not State.OVER])
def test_a_caller_may_hang_up_in_every_state(state: State) -> None:
    room = arrive(state)
    room.happens(Happening.CALLER_GONE)
    room.check()
    assert room.over == Over("caller_hung_up")


@pytest.mark.parametrize("state", [state for state in State if state not in (State.OVER, State.RECALLING)])
def test_an_agent_may_hang_up_in_every_state(state: State) -> None:
    room = arrive(state)
    room.happens(Happening.AGENT_GONE)
    room.check()
    after = {
        State.CALLING: State.SENDING,
        State.SENDING: State.SENDING,
        State.CONSULTING: State.TALKING,
        State.CONFERENCE: State.TALKING,
    }
    assert room.talk.state is after.get(state, State.OVER)


@pytest.mark.parametrize("state", [state for state in State if state is not State.OVER])
def test_media_that_fails_ends_the_talk_or_goes_back_and_leaves_nobody(state: State) -> None:
    room = arrive(state)
    room.happens(Happening.SEAT_FAILED)
    room.check()
    if state is State.CONFERENCE:
        assert room.talk.state is State.CONSULTING
        assert room.done[-1] == Tell(Ack.NOT_NOW)
    else:
        assert room.over == Over("error")


def test_who_is_consulted_gets_the_caller() -> None:
    room = arrive(State.CONSULTING)
    room.now += 7
    actions = room.happens(Order.COMPLETE)
    assert actions == [
        Finished("attended", BERIT, "answered", 7000),
        Seat((Who.CALLER, Who.THIRD)),
        HangUp(Who.AGENT),
        Do.PROMOTE,
    ]
    assert room.talk.state is State.TALKING


def test_who_got_the_caller_may_hand_on_in_turn() -> None:
    room = arrive(State.CONSULTING)
    room.happens(Order.COMPLETE)
    assert room.happens(Consult(PARTNER))[:3] == [Began("attended", PARTNER), MUSIC, Ring(PARTNER)]


def test_take_back_brings_caller_and_agent_together() -> None:
    room = arrive(State.CONSULTING)
    actions = room.happens(Order.TAKE_BACK)
    assert actions == [HangUp(Who.THIRD), Finished("attended", BERIT, "taken_back", 0), BOTH, Tell(Ack.BACK)]


def test_three_talk_and_the_third_is_dropped() -> None:
    room = arrive(State.CONFERENCE)
    assert room.done[-2:] == [Seat((Who.CALLER, Who.AGENT, Who.THIRD)), Tell(Ack.JOINED)]
    room.now += 3
    actions = room.happens(Order.DROP_THIRD)
    assert Finished("conference", BERIT, "taken_back", 3000) in actions
    assert room.talk.state is State.TALKING


def test_a_blind_transfer_that_fails_comes_back_to_the_agent_who_is_still_there() -> None:
    room = arrive(State.SENDING)
    assert room.happens(ThirdFailed("busy")) == [Finished("blind", BERIT, "busy", 0), BOTH, Tell(Ack.FAILED)]


def test_a_blind_transfer_that_fails_rings_the_agent_who_hung_up_and_then_goes_to_the_queue() -> None:
    room = arrive(State.RECALLING)
    assert Do.RING_AGENT in room.done
    room.happens(Happening.AGENT_FAILED)
    assert room.over == Over("agent_hung_up", "")


def test_an_agent_who_answers_again_has_the_caller_back() -> None:
    room = arrive(State.RECALLING)
    assert room.happens(Happening.AGENT_ANSWERED) == [BOTH, Tell(Ack.FAILED)]


def test_a_transfer_to_a_queue_ends_the_talk_there() -> None:
    room = arrive(State.TALKING)
    room.happens(Blind(QUEUE))
    assert room.over == Over("transferred", "family")
    assert Finished("queue", QUEUE, "queued", 0) in room.done


def test_a_transfer_to_a_partner_is_told_as_one() -> None:
    assert arrive(State.TALKING).happens(Blind(PARTNER))[0] == Began("partner", PARTNER)


def test_who_consults_a_queue_waits_there_longer_than_a_phone_rings() -> None:
    room = arrive(State.TALKING)
    assert room.happens(Consult(QUEUE))[:3] == [Began("attended", QUEUE), Seat(()), Ring(QUEUE)]
    assert room.talk.deadline == room.now + SEEKS_S


def test_who_is_rung_for_too_long_is_given_up() -> None:
    room = arrive(State.CALLING)
    assert room.talk.deadline == room.now + RINGS_S
    assert room.happens(Happening.TIME_UP)[:2] == [
        Do.STOP_RINGING,
        Finished("attended", BERIT, "no_answer", int(RINGS_S * 1000)),
    ]


def test_an_agent_need_not_wait_for_the_answer() -> None:
    room = arrive(State.CALLING)
    assert room.happens(Order.COMPLETE) == [Tell(Ack.SENDING)]
    room.happens(Happening.THIRD_ANSWERED)
    assert room.talk.state is State.TALKING


def test_a_phone_that_holds_resumes_by_itself_alone() -> None:
    room = arrive(State.TALKING)
    assert room.happens(Happening.AGENT_HOLDS) == [MUSIC]
    with pytest.raises(NotNow):
        room.happens(Order.RESUME)
    assert room.happens(Happening.AGENT_RESUMES) == [BOTH]


def test_after_a_consultation_by_a_phone_that_holds_the_caller_hears_music_until_it_resumes() -> None:
    room = arrive(State.TALKING)
    for what in (Happening.AGENT_HOLDS, Consult(BERIT), Happening.THIRD_ANSWERED, Order.TAKE_BACK):
        room.happens(what)
    assert (room.talk.state, room.seated) == (State.HELD, ())
    room.happens(Happening.AGENT_RESUMES)
    assert room.talk.state is State.TALKING


def test_a_phone_that_resumed_in_between_is_not_waited_for() -> None:
    room = arrive(State.TALKING)
    for what in (Happening.AGENT_HOLDS, Consult(BERIT), Happening.AGENT_RESUMES, ThirdFailed("busy")):
        room.happens(what)
    assert room.talk.state is State.TALKING


@pytest.mark.parametrize(
    ("state", "within_s"),
    [(State.HELD, HOLDS_S), (State.CONSULTING, CONSULTS_S), (State.SENDING, RINGS_S), (State.RECALLING, RECALLS_S)],
)
def test_states_that_could_get_stuck_have_an_end(state: State, within_s: float) -> None:
    room = arrive(state)
    assert room.talk.deadline == room.now + within_s


def test_what_the_table_names_there_is() -> None:
    assert set(TABLE) == set(State)
    for steps in TABLE.values():
        assert all(hasattr(Talk, f"_{step}") for step in steps.values())
