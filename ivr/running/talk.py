"""What may happen in a talk, as a state machine: commands and happenings in, actions out. Pure; time is an argument.

The caller is always with somebody or hears music, and every state but the talk itself and the conference has an end in
time. Whoever asks for what does not fit gets NotNow, and nothing changes.
"""

from ivr.ports.talk import NotNow, TransferTarget
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

RINGS_S = 60.0
"""How long somebody is rung at most; a destination may have a shorter time of its own."""
SEEKS_S = 300.0
"""How long an agent waits for a colleague from a queue at most."""
RECALLS_S = 20.0
"""How long the agent is rung again whose transfer failed."""
CONSULTS_S = 1800.0
HOLDS_S = 900.0


_BOTH = Seat((Who.CALLER, Who.AGENT))
_MUSIC = Seat(())
_RINGING = frozenset({State.CALLING, State.SENDING})
_WITH_THIRD = frozenset({State.CONSULTING, State.CONFERENCE})


class Talk:
    """One talk, from the moment in which caller and agent are joined."""

    __slots__ = ("_agent_there", "_began", "_held_by_phone", "_how", "_target", "deadline", "state")

    def __init__(self) -> None:
        self.state = State.TALKING
        self.deadline: float | None = None
        self._agent_there = True
        self._held_by_phone = False
        self._target: TransferTarget | None = None
        self._how = ""
        self._began = 0.0

    @property
    def held(self) -> bool:
        """Whether the agent's phone itself holds the caller."""
        return self._held_by_phone

    def begin(self) -> list[Action]:
        return [_BOTH]

    def handle(self, what: Input, now: float) -> list[Action]:
        """What is to be done. Raises NotNow for a command that does not fit; a happening that does not is nothing."""
        if what is Happening.TIME_UP and self.deadline is None:
            return []
        if what is Happening.CALLER_GONE and self.state is not State.OVER:
            return self._end("caller_hung_up", now, "caller_hung_up")
        step = TABLE[self.state].get(_kind(what))
        if step is not None:
            done: list[Action] = getattr(self, f"_{step}")(what, now)
            return done
        if isinstance(what, Order | Consult | Blind):
            raise NotNow(f"{_kind(what)} while {self.state}")
        return []

    # --- hold ---

    def _hold(self, what: Input, now: float) -> list[Action]:
        self._go(State.HELD, now, HOLDS_S)
        return [_MUSIC, Tell(Ack.HELD)]

    def _phone_holds(self, what: Input, now: float) -> list[Action]:
        self._held_by_phone = True
        self._go(State.HELD)
        return [_MUSIC]

    def _phone_resumes(self, what: Input, now: float) -> list[Action]:
        self._held_by_phone = False
        self._go(State.TALKING)
        return [_BOTH]

    def _note_hold(self, what: Input, now: float) -> list[Action]:
        self._held_by_phone = what is Happening.AGENT_HOLDS
        return []

    def _resume(self, what: Input, now: float) -> list[Action]:
        if self._held_by_phone:
            raise NotNow("the phone holds, and resumes by itself")
        self._go(State.TALKING)
        return [_BOTH, Tell(Ack.BACK)]

    # --- asking somebody ---

    def _consult(self, what: Input, now: float) -> list[Action]:
        assert isinstance(what, Consult)
        return [*self._call(State.CALLING, "attended", what.target, now), Tell(Ack.CALLING)]

    def _blind(self, what: Input, now: float) -> list[Action]:
        assert isinstance(what, Blind)
        target = what.target
        if target.to == "queue":
            self._go(State.OVER)
            finished = Finished("queue", target, "queued", 0)
            return [Began("queue", target), _MUSIC, finished, HangUp(Who.AGENT), Over("transferred", target.name)]
        how = "partner" if target.to == "partner" else "blind"
        return [*self._call(State.SENDING, how, target, now), Tell(Ack.SENDING)]

    def _call(self, state: State, how: str, target: TransferTarget, now: float) -> list[Action]:
        self._target, self._how, self._began = target, how, now
        self._go(state, now, SEEKS_S if target.to == "queue" else RINGS_S)
        return [Began(how, target), _MUSIC, Ring(target)]

    def _answered(self, what: Input, now: float) -> list[Action]:
        """Who is consulted has answered."""
        self._go(State.CONSULTING, now, CONSULTS_S)
        return [Seat((Who.AGENT, Who.THIRD))]

    def _failed(self, what: Input, now: float) -> list[Action]:
        """Who was rung does not take it: the caller is back with the agent, who is rung again if need be."""
        cause = what.cause if isinstance(what, ThirdFailed) else "no_answer"
        stopped: list[Action] = [] if isinstance(what, ThirdFailed) else [Do.STOP_RINGING]
        return [*stopped, *self._finish(cause, now), *self._back(now, Ack.FAILED)]

    def _take_back(self, what: Input, now: float) -> list[Action]:
        released: Action = Do.STOP_RINGING if self.state in _RINGING else HangUp(Who.THIRD)
        return [released, *self._finish("taken_back", now), *self._back(now, Ack.BACK)]

    def _third_gone(self, what: Input, now: float) -> list[Action]:
        return [*self._finish("target_hung_up", now), *self._back(now, Ack.THIRD_LEFT)]

    def _back(self, now: float, ack: Ack) -> list[Action]:
        if not self._agent_there:
            self._go(State.RECALLING, now, RECALLS_S)
            return [_MUSIC, Do.RING_AGENT]
        if self._held_by_phone:
            self._go(State.HELD)
            return [_MUSIC]
        self._go(State.TALKING)
        return [_BOTH, Tell(ack)]

    # --- giving the caller away ---

    def _send(self, what: Input, now: float) -> list[Action]:
        """The agent does not want to wait until it is answered."""
        self._go(State.SENDING, now, RINGS_S)
        return [Tell(Ack.SENDING)]

    def _leave(self, what: Input, now: float) -> list[Action]:
        """The agent hung up while somebody is rung: that goes on."""
        self._agent_there = False
        if self.state is State.CALLING:
            self._go(State.SENDING, now, RINGS_S)
        return []

    def _hand_over(self, what: Input, now: float) -> list[Action]:
        """The caller and the third talk; the agent is done."""
        there = self._agent_there and what is not Happening.AGENT_GONE
        released: list[Action] = [HangUp(Who.AGENT)] if there else []
        finished = self._finish("answered", now)
        self._agent_there, self._held_by_phone = True, False
        self._go(State.TALKING)
        return [*finished, Seat((Who.CALLER, Who.THIRD)), *released, Do.PROMOTE]

    def _join(self, what: Input, now: float) -> list[Action]:
        assert self._target is not None
        finished = self._finish("joined", now)
        self._how, self._began = "conference", now
        self._go(State.CONFERENCE)
        began = Began("conference", self._target)
        return [*finished, began, Seat((Who.CALLER, Who.AGENT, Who.THIRD)), Tell(Ack.JOINED)]

    def _cannot_join(self, what: Input, now: float) -> list[Action]:
        assert self._target is not None
        finished = self._finish("unreachable", now)
        self._how, self._began = "attended", now
        self._go(State.CONSULTING, now, CONSULTS_S)
        return [*finished, Began("attended", self._target), Seat((Who.AGENT, Who.THIRD)), Tell(Ack.NOT_NOW)]

    # --- the agent who comes back, and the end ---

    def _recalled(self, what: Input, now: float) -> list[Action]:
        self._agent_there, self._held_by_phone = True, False
        self._go(State.TALKING)
        return [_BOTH, Tell(Ack.FAILED)]

    def _requeue(self, what: Input, now: float) -> list[Action]:
        stopped: list[Action] = [Do.STOP_RINGING] if what is Happening.TIME_UP else []
        self._go(State.OVER)
        return [*stopped, Over("agent_hung_up", "")]

    def _agent_gone(self, what: Input, now: float) -> list[Action]:
        self._agent_there = False
        return self._end("agent_hung_up", now, "")

    def _broken(self, what: Input, now: float) -> list[Action]:
        return self._end("error", now, "unreachable")

    def _end(self, cause: str, now: float, outcome: str) -> list[Action]:
        state = self.state
        done: list[Action] = [Do.STOP_RINGING] if state in _RINGING or state is State.RECALLING else []
        if state in _RINGING or state in _WITH_THIRD:
            done += self._finish(outcome, now)
        if state in _WITH_THIRD:
            done.append(HangUp(Who.THIRD))
        if self._agent_there:
            done.append(HangUp(Who.AGENT))
        self._go(State.OVER)
        return [*done, Over(cause)]

    def _finish(self, outcome: str, now: float) -> list[Action]:
        assert self._target is not None
        return [Finished(self._how, self._target, outcome, round((now - self._began) * 1000))]

    def _go(self, state: State, now: float = 0.0, within_s: float = 0.0) -> None:
        self.state = state
        self.deadline = now + within_s if within_s else None


def _kind(what: Input) -> str:
    match what:
        case Consult():
            return "consult"
        case Blind():
            return "blind"
        case ThirdFailed():
            return "third_failed"
    return what.value


_NOTES = {"agent_holds": "note_hold", "agent_resumes": "note_hold"}
_RINGS = {
    "third_failed": "failed",
    "time_up": "failed",
    "take_back": "take_back",
    "drop_third": "take_back",
    "agent_gone": "leave",
    "seat_failed": "broken",
    **_NOTES,
}
_THREE = {
    "complete": "hand_over",
    "agent_gone": "hand_over",
    "take_back": "take_back",
    "drop_third": "take_back",
    "third_gone": "third_gone",
    **_NOTES,
}
_TWO = {
    "consult": "consult",
    "blind": "blind",
    "agent_holds": "phone_holds",
    "agent_gone": "agent_gone",
    "seat_failed": "broken",
}

TABLE: dict[State, dict[str, str]] = {
    State.TALKING: {**_TWO, "hold": "hold"},
    State.HELD: {
        **_TWO,
        "resume": "resume",
        "take_back": "resume",
        "time_up": "resume",
        "agent_resumes": "phone_resumes",
    },
    State.CALLING: {**_RINGS, "third_answered": "answered", "complete": "send"},
    State.CONSULTING: {**_THREE, "time_up": "take_back", "conference": "join", "seat_failed": "broken"},
    State.CONFERENCE: {**_THREE, "seat_failed": "cannot_join"},
    State.SENDING: {**_RINGS, "third_answered": "hand_over"},
    State.RECALLING: {
        "agent_answered": "recalled",
        "agent_failed": "requeue",
        "time_up": "requeue",
        "seat_failed": "broken",
    },
    State.OVER: {},
}
"""What each state does with what comes in, by the name of the step; all else does not fit."""
