"""callback: promise to ring the caller up instead of letting them wait."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import ClassVar, Literal, Self

import structlog
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.calendar import OSLO, Opening
from ivr.language.checked_digits import EXAMPLES, is_phone_number
from ivr.language.prompting import Said, Spelled
from ivr.language.schema import KEYS, Attempts, Length, Name, Part, PressedKey, Target, Texts, Where
from ivr.language.ways import Act, Kind, Moment, Move, Reached, Way
from ivr.nodes.base import Node
from ivr.ports.callbacks import Callbacks, CallbackWish, Order, Promise
from ivr.running.run import Run

_log = structlog.get_logger(__name__)

_MOST_DIGITS = 15
_CLOCK_DIGITS = 4
_DAY_S = 86_400.0


class Later(Part):
    """How a caller chooses when to be rung: `key` in place of the one that confirms, then four digits, 1430."""

    key: PressedKey = Field(default="3", description="The key for a time of the caller's choice.")
    ask: Texts = Field(description="Asks for the time, four digits.")
    within_s: Length = Field(default=_DAY_S, alias="within", description="How far ahead it may be.")
    calendar: Name | None = Field(default=None, description="A calendar that has to be open then.")


class Terms(Node):
    """What else is agreed with who is rung back."""

    order: Order = Field(
        default="agent_first",
        description="Who is rung first: the agent, who hears whom it is for, or the caller (`caller_first`).",
    )
    code: Texts | None = Field(
        default=None, description="Tells a caller whom no trusted trunk vouches for a {code}, which is asked for again."
    )
    already: Texts | None = Field(default=None, description="Said to who is promised it already; they go on at `done`.")
    later: Later | None = Field(default=None, description="Lets the caller choose when.")


class Callback(Terms):
    """Asks whether to ring back the number that the caller rings from, `{caller}`, or another one, and promises it.

    Who withholds their number is asked for one at once. The number is personal. A caller whom a queue leads straight
    here has flowed out of it with the cause `callback`, and keeps the place. Each caller and each number has one
    promise at most; `returning` lets callers take theirs back.

    ```yaml
    ring_back:
      type: callback
      queue: family
      say:
        nb: Vi ringer deg opp på {caller}. Tast 1 hvis det er riktig, eller 2 for et annet nummer.
        en: We will ring you on {caller}. Press 1 if that is right, or 2 for another number.
      ask: {nb: Tast nummeret., en: Key in the number.}
      promised: {nb: Vi ringer deg., en: We will ring you.}
      later: {ask: {nb: Når skal vi ringe? Tast fire sifre., en: When shall we ring? Four digits.}}
      done: goodbye
      refused: wait
      unavailable: wait
    ```
    """

    slots: ClassVar[frozenset[str]] = frozenset({"caller", "code"})
    flows_out_as: ClassVar[str] = "callback"

    type: Literal["callback"]
    queue: Name = Field(description="A `[[queue]]` of the deployment: who rings back.")
    say: Texts = Field(description="Asks whether {caller} is the right number.")
    ask: Texts = Field(description="Asks for another number, ended by #.")
    promised: Texts | None = Field(default=None, description="Said when it is promised; {caller} is the number.")
    confirm: PressedKey = Field(default="1", description="The key that says that the number is right.")
    another: PressedKey = Field(default="2", description="The key for another number.")
    wait_s: Length = Field(default=6.0, alias="wait", description="For how long a key is awaited.")
    attempts: Attempts = Field(default=3, description="How often it is asked in all.")
    done: Target = Field(description="When it is promised.")
    refused: Target = Field(description="Where a caller goes who confirmed no number.")
    unavailable: Target = Field(description="When nobody can ring back, or the number may not be rung.")

    @model_validator(mode="after")
    def _different_keys(self) -> Self:
        if self.confirm == self.another:
            raise PydanticCustomError("order", "confirm and another are the same key")
        if self.later is not None and self.later.key in (self.confirm, self.another):
            raise PydanticCustomError("order", "the key of later is that of confirm or another")
        return self

    def needs(self) -> dict[Where, tuple[str, str]]:
        needed: dict[Where, tuple[str, str]] = {("queue",): ("queue", self.queue)}
        if self.later is not None and self.later.calendar is not None:
            needed["later", "calendar"] = ("calendar", self.later.calendar)
        return needed

    def ways(self) -> tuple[Way, ...]:
        return (
            Way(("done",), self.done, Kind.DONE),
            Way(("refused",), self.refused, Kind.REFUSED),
            Way(("unavailable",), self.unavailable, Kind.UNAVAILABLE),
        )

    def moves(self, moment: Moment) -> Iterable[Move]:
        done, refused, unavailable = self.ways()
        promised = tuple(said for said in (self.promised, self.code) if said is not None)
        shows, confirm = Act("shows"), Act("press", self.confirm)
        again = () if self.later is None else (confirm,)
        other = Act("press", f"{self.another}{EXAMPLES['phone_number']}#")
        keyed = Act("press", f"{EXAMPLES['phone_number']}#")
        typed_s = self.wait_s * (_MOST_DIGITS + 1)
        asked = (self.ask,) if self.later is None else (self.ask, self.say)
        yield Move(done, (self.say, *promised), self.wait_s, reached=Reached.CALLBACK, acts=(shows, confirm))
        yield Move(done, (self.say, *asked, *promised), typed_s, reached=Reached.CALLBACK, acts=(shows, other, *again))
        yield Move(done, (*asked, *promised), typed_s, reached=Reached.CALLBACK, acts=(keyed, *again))
        if self.later is not None and self.later.calendar is None and self.later.within_s >= _DAY_S:
            said, time = (self.say, self.later.ask, *promised), Act("press", f"{self.later.key}1430")
            yield Move(done, said, 2 * self.wait_s, reached=Reached.CALLBACK, acts=(shows, time))
        silence = [Act("silence")] * self.attempts
        yield Move(refused, (self.say,) * self.attempts, self.wait_s * self.attempts, acts=(shows, *silence))
        yield Move(refused, (self.ask,) * self.attempts, typed_s * self.attempts, acts=silence)
        yield Move(unavailable, (self.say,), self.wait_s, acts=(shows, Act("full", self.queue), confirm))

    async def run(self, run: Run) -> str | None:
        callbacks = run.services.callbacks
        if callbacks is None:
            _log.warning("nobody rings back here", contact=run.data.contact, queue=self.queue)
            return self.unavailable
        pii_number, at_ms = await self._number(run, callbacks)
        if not pii_number:
            return self.refused
        # Who confirms the number and hangs up at once is rung back all the same.
        asking = run.services.commands.own(callbacks.ask(self._wish(run, pii_number, at_ms)))
        run.data.elsewhere.promised = True
        answer = await asyncio.shield(asking)
        run.data.elsewhere.promised = answer.promise in (Promise.PROMISED, Promise.ALREADY)
        if answer.promise is Promise.ALREADY:
            if self.already is not None:
                await run.say(self.already)
            return self.done
        if answer.promise is not Promise.PROMISED:
            _log.warning("a callback is not promised", contact=run.data.contact, queue=self.queue, why=answer.promise)
            return self.unavailable
        if self.promised is not None:
            await run.say(self.promised, caller=Spelled(pii_number))
        if self.code is not None and answer.pii_code:
            await run.say(self.code, code=Spelled(answer.pii_code))
        return self.done

    def _wish(self, run: Run, pii_number: str, at_ms: int) -> CallbackWish:
        info, data, now_ms = run.call.info, run.data, run.services.now_ms()
        visit = data.journey[-1] if data.journey else None
        waits = visit is not None and visit.outcome == self.flows_out_as
        arrived_ms = visit.arrived_ms if visit is not None and waits else now_ms
        return CallbackWish(
            data.contact,
            self.queue,
            run.language,
            arrived_ms,
            pii_number,
            since_ms=now_ms - sum(each.waited_ms for each in data.journey),
            at_ms=at_ms,
            order=self.order,
            pii_caller=info.pii_caller if info.asserted else "",
        )

    async def _number(self, run: Run, callbacks: Callbacks) -> tuple[str, int]:
        """The number that the caller confirmed or keyed in (empty: none), and when to ring it (0: in turn)."""
        pii_number = run.call.info.pii_caller
        pii_number = pii_number if pii_number and callbacks.fits(pii_number) else ""
        for _ in range(self.attempts):
            if pii_number:
                key = await self._key(run, self.say, pii_number)
                if key == self.confirm:
                    return pii_number, 0
                if self.later is not None and key == self.later.key:
                    if at_ms := await self._time(run, self.later):
                        return pii_number, at_ms
                    continue
                if key != self.another:
                    continue
            pii_keyed = await self._keyed(run)
            if pii_keyed and callbacks.fits(pii_keyed):
                if self.later is None:
                    return pii_keyed, 0
                pii_number = pii_keyed
        return "", 0

    async def _key(self, run: Run, said: Said, pii_number: str) -> str:
        key = await run.say(said, keys=KEYS, caller=Spelled(pii_number))
        if key is None:
            collected = await run.call.collect(most=1, terminator="", first_timeout_s=self.wait_s)
            key = collected.pii_digits
        if key:
            run.progressed()
        return key

    async def _keyed(self, run: Run) -> str:
        pii_number = await self._digits(run, self.ask, _MOST_DIGITS)
        today = datetime.fromtimestamp(run.services.now_ms() / 1000, OSLO).date()
        return pii_number if is_phone_number(pii_number, today) else ""

    async def _time(self, run: Run, later: Later) -> int:
        """When to ring (epoch), 0 for a time that is none, is too far ahead, or lies outside the calendar."""
        digits = await self._digits(run, later.ask, _CLOCK_DIGITS)
        now = datetime.fromtimestamp(run.services.now_ms() / 1000, OSLO)
        at = next_time(digits, now)
        if at is None or (at - now).total_seconds() > later.within_s:
            return 0
        at_ms = round(at.timestamp()) * 1000
        closed = later.calendar is not None and run.book.calendars[later.calendar].at(at_ms) is not Opening.OPEN
        return 0 if closed else at_ms

    async def _digits(self, run: Run, ask: Said, most: int) -> str:
        first = await run.say(ask, keys=KEYS)
        if first == "#":
            return ""
        collected = await run.call.collect(
            most=most - len(first or ""), first_timeout_s=self.wait_s, next_timeout_s=self.wait_s
        )
        pii_digits = (first or "") + collected.pii_digits
        if pii_digits:
            run.progressed()
        return pii_digits


def next_time(digits: str, now: datetime) -> datetime | None:
    """The next time at which a clock shows these four digits; None for what no clock shows."""
    if len(digits) != _CLOCK_DIGITS or not digits.isdecimal() or int(digits[:2]) > 23 or int(digits[2:]) > 59:
        return None
    at = now.replace(hour=int(digits[:2]), minute=int(digits[2:]), second=0, microsecond=0)
    return at if at > now else at + timedelta(days=1)
