"""One talk as it goes on: what phones and commands say goes into its state machine, and what that says is done."""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from acd.model import Offer
from ivr.ports.call import AgentLeg
from ivr.ports.talk import (
    Destinations,
    Gone,
    Held,
    LegTold,
    Moved,
    NotNow,
    Pressed,
    Referred,
    TableError,
    Tables,
    TransferTarget,
)
from ivr.running.directory import Directory
from ivr.running.inbox import Heard, Inbox, Lost, Moves
from ivr.running.keypad import Keypad
from ivr.running.ringing import Rang, Ringing
from ivr.running.run import Run
from ivr.running.seats import Seats
from ivr.running.talk import Talk
from ivr.running.talk_commands import TalkCommands
from ivr.running.talk_said import LANGUAGE, SAID
from ivr.running.talk_words import (
    Ack,
    Action,
    Began,
    Blind,
    Command,
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
from ivr.running.transfers_told import status_of, tell_began, tell_finished

_log = structlog.get_logger(__name__)

FORBIDDEN, ACCEPTED, PENDING = 403, 202, 491


class Desk(Protocol):
    """What talks have in common (`ivr.running.talks.Talks`)."""

    tables: Tables
    destinations: Destinations
    directory: Directory

    def keypad(self) -> Keypad: ...


class Conversation(TalkCommands):
    """`agent` is who leads the talk now."""

    __slots__ = (
        "_desk",
        "_done",
        "_inbox",
        "_keypad",
        "_lost",
        "_referral",
        "_ringing",
        "_run",
        "_seats",
        "_talk",
        "agent",
    )

    def __init__(self, desk: Desk, run: Run, offer: Offer, leg: AgentLeg, done: Callable[[], None]) -> None:
        self._desk = desk
        self._run = run
        self._done: Callable[[], None] = done
        self.agent = "" if offer.grounds.partner else str(offer.agent)
        self._talk = Talk()
        self._inbox = Inbox()
        self._keypad = None if offer.grounds.partner else desk.keypad()
        self._ringing = Ringing(run, offer, desk.destinations, lambda rang: self._inbox.put(Heard(rang)))
        self._seats = Seats(desk.tables(run.call, leg), self._ringing.colleagues, leg, self._told)
        self._referral: Callable[[int], None] | None = None
        self._lost: list[AgentLeg] = []

    @property
    def contact(self) -> str:
        return self._run.data.contact

    @property
    def state(self) -> State:
        return self._talk.state

    # --- commands (TalkControl) ---

    def consult_aside(self, target: TransferTarget, leg: AgentLeg) -> None:
        """The agent's phone rings somebody by a second call, `leg`, which is ended where that does not fit."""

        def ended(error: NotNow | None) -> None:
            if error is not None:
                self._seats.release(leg)

        def fits() -> None:
            self._seats.take(Who.ASIDE, leg)

        over = self._talk.state is State.OVER
        if over or Who.ASIDE in self._seats or not self._inbox.put(Heard(Consult(target), fits, ended)):
            self._seats.release(leg)

    async def _command(self, command: Command) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def ended(error: NotNow | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

        if isinstance(command, Consult | Blind) and not self._desk.directory.has(command.target):
            raise NotNow(f"there is no {command.target.to} {command.target.name!r} to give callers to")
        if self._talk.state is State.OVER or not self._inbox.put(Heard(command, ended=ended)):
            raise NotNow("the talk is over")
        await done

    # --- from the first word to the last ---

    async def through(self) -> Over:
        """Raises CallEnded, and is cancelled, when the caller is gone."""
        try:
            self._seats.begin()
            over = await self._do(self._talk.begin())
            while over is None:
                over = await self._take(await self._inbox.get(self._talk.deadline))
        except BaseException:
            for action in self._talk.handle(Happening.CALLER_GONE, self._now()):
                self._do_now(action)
            self._close()
            self._run.services.commands.own(self._seats.close())
            raise
        self._close()
        await self._seats.close()
        return over

    def _close(self) -> None:
        self._ringing.stop()
        self._ringing.colleagues.free_all()
        for heard in self._inbox.drain():
            if isinstance(heard.what, Rang):
                self._give_up(heard.what)
            heard.end(NotNow("the talk is over"))

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _take(self, heard: Heard) -> Over | None:
        if isinstance(heard.what, Moves):
            return await self._moved(heard.what)
        what = self._input(heard.what)
        if what is None:
            return None
        try:
            actions = self._talk.handle(what, self._now())
        except NotNow as error:
            heard.end(error)
            return None
        if heard.fits is not None:
            heard.fits()
        state = self._talk.state
        over = await self._do(actions)
        await self._mind_aside(what)
        heard.end(None if self._talk.state is state else NotNow("the media cannot do it"))
        return over

    def _input(self, what: Input | Lost | Rang) -> Input | None:
        if isinstance(what, Lost):
            return self._gone(what)
        return self._rang(what) if isinstance(what, Rang) else what

    # --- what is to be done ---

    async def _do(self, actions: list[Action]) -> Over | None:
        over, failed = None, False
        for action in actions:
            try:
                match action:
                    case Seat(together):
                        await self._seats.join(together, held=self._talk.held)
                    case Tell(ack):
                        await self._tell(ack)
                    case Over():
                        over = action
                    case _:
                        self._do_now(action)
            except TableError as error:
                if not self._lost:  # else that one's turn comes
                    _log.warning("phones could not be joined", contact=self._run.data.contact, error=str(error))
                    failed = True
        if failed and over is None:
            return await self._do(self._talk.handle(Happening.SEAT_FAILED, self._now()))
        return over

    def _do_now(self, action: Action) -> None:
        """What waits for nothing."""
        match action:
            case HangUp(who):
                self._seats.hang_up(who)
            case Ring(target):
                self._ringing.ring(target, self.agent if self._talk.state is State.CALLING else "")
            case Do.RING_AGENT:
                self._ringing.ring_again(self.agent)
            case Do.STOP_RINGING:
                self._ringing.stop()
            case Do.PROMOTE:
                self._promote()
            case Began():
                tell_began(self._run.services, self._run.data.contact, action, self.agent)
            case Finished():
                tell_finished(self._run.services, self._run.data.contact, action, self.agent)
                referral, self._referral = self._referral, None
                if referral is not None:
                    referral(status_of(action.outcome))
            case _:
                pass

    async def _mind_aside(self, what: Input) -> None:
        """The agent's second call lasts as long as somebody is asked by it."""
        if Who.ASIDE not in self._seats:
            return
        if self._talk.state not in (State.CALLING, State.CONSULTING):
            self._seats.hang_up(Who.ASIDE)
        elif self._talk.state is State.CONSULTING and what in (Happening.AGENT_HOLDS, Happening.AGENT_RESUMES):
            await self._seats.join((Who.AGENT, Who.THIRD), held=self._talk.held)

    async def _tell(self, ack: Ack) -> None:
        await self._seats.say(self._run.services.prompts.clips(SAID[ack], LANGUAGE))

    def _promote(self) -> None:
        self._ringing.colleagues.free(self.agent)
        leg = self._seats.promote()
        of_ours = self._ringing.colleagues.leads(leg.agent)
        self.agent = leg.agent if of_ours else ""
        self._keypad = self._desk.keypad() if of_ours else None
        self._done()

    def _rang(self, rang: Rang) -> Input | None:
        leg = rang.leg
        if rang.number != self._ringing.number:
            self._give_up(rang)
            return None
        if leg is None:
            return Happening.AGENT_FAILED if rang.again else ThirdFailed(rang.cause)
        self._seats.take(Who.AGENT if rang.again else Who.THIRD, leg)
        return Happening.AGENT_ANSWERED if rang.again else Happening.THIRD_ANSWERED

    def _give_up(self, rang: Rang) -> None:
        """Before its turn came it was too late for it."""
        if rang.leg is not None:
            self._run.services.commands.own(rang.leg.hang_up())

    # --- what phones tell ---

    def _told(self, leg: AgentLeg, told: LegTold) -> None:
        who = self._seats.who(leg)
        leads = who is Who.AGENT
        if isinstance(told, Moved):
            moves = Heard(Moves(leg, told.leg), ended=lambda _: self._seats.release(told.leg))
            if self._talk.state is State.OVER or not self._inbox.put(moves):
                self._seats.release(told.leg)
            return
        if who is Who.ASIDE and not isinstance(told, Held | Pressed):
            self._told_aside(leg, told)
            return
        match told:
            case Gone():
                self._lost.append(leg)
                self._inbox.put(Heard(Lost(leg)))
            case Held(held) if leads:
                self._inbox.put(Heard(Happening.AGENT_HOLDS if held else Happening.AGENT_RESUMES))
            case Pressed(key) if leads and self._keypad is not None:
                self._pressed(self._keypad.press(key, self._now()))
            case Referred() if leads and self._keypad is not None:
                self._referred(told)
            case Referred():
                told.answer(FORBIDDEN)
            case _:
                pass

    def _told_aside(self, leg: AgentLeg, told: LegTold) -> None:
        if isinstance(told, Referred) and self._keypad is not None:
            self._referred(told)
        elif isinstance(told, Gone):
            self._seats.gone(leg)
            self._inbox.put(Heard(Order.TAKE_BACK))

    async def _moved(self, moves: Moves) -> Over | None:
        """All hear each other as before; who was held by the phone that is left is so no more."""
        who = self._seats.move(moves.leg, moves.to)
        if who is None:
            return None
        if who is Who.AGENT and self._talk.held:
            return await self._take(Heard(Happening.AGENT_RESUMES))
        return await self._do([Seat(self._seats.together)])

    def _gone(self, lost: Lost) -> Happening | None:
        self._lost.remove(lost.leg)
        who = self._seats.gone(lost.leg)
        if who is None:
            return None
        return Happening.AGENT_GONE if who is Who.AGENT else Happening.THIRD_GONE

    def _pressed(self, command: Command | Ack | None) -> None:
        if isinstance(command, Ack):
            self._run.services.commands.own(self._tell(command))
        elif command is not None:
            self._inbox.put(Heard(command, ended=self._tell_refusal))

    def _tell_refusal(self, error: NotNow | None) -> None:
        if error is not None and self._talk.state is not State.OVER:
            self._run.services.commands.own(self._tell(Ack.NOT_NOW))

    def _referred(self, asked: Referred) -> None:
        target = None if asked.joins else self._desk.directory.find(asked.target)
        if target is None and not asked.joins:
            asked.answer(FORBIDDEN)
            return

        def fits() -> None:
            asked.answer(ACCEPTED)
            self._referral = asked.progress

        def ended(error: NotNow | None) -> None:
            if error is not None:
                asked.answer(PENDING)

        command: Command = Order.COMPLETE if target is None else Blind(target)
        if not self._inbox.put(Heard(command, fits, ended)):
            asked.answer(PENDING)
