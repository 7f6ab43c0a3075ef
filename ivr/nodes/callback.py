"""callback: promise to ring the caller up instead of letting them wait."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal, Self

import structlog
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.calendar import OSLO
from ivr.language.checked_digits import EXAMPLES, is_phone_number
from ivr.language.prompting import Said, Spelled
from ivr.language.schema import KEYS, Attempts, Length, Name, PressedKey, Target, Texts, Where
from ivr.language.ways import Act, Kind, Moment, Move, Reached, Way
from ivr.nodes.base import Node
from ivr.ports.callbacks import Callbacks, CallbackWish, Promise
from ivr.running.run import Run

_log = structlog.get_logger(__name__)

_MOST_DIGITS = 15


class Callback(Node):
    """Asks whether to ring back the number that the caller rings from, `{caller}`, or another one, and promises it.

    Who withholds their number is asked for one at once. The number is personal. A caller whom a queue leads straight
    here has flowed out of it with the cause `callback`, and keeps the place.

    ```yaml
    ring_back:
      type: callback
      queue: family
      say:
        nb: Vi ringer deg opp på {caller}. Tast 1 hvis det er riktig, eller 2 for et annet nummer.
        en: We will ring you on {caller}. Press 1 if that is right, or 2 for another number.
      ask: {nb: Tast nummeret., en: Key in the number.}
      promised: {nb: Vi ringer deg., en: We will ring you.}
      done: goodbye
      refused: wait
      unavailable: wait
    ```
    """

    slots: ClassVar[frozenset[str]] = frozenset({"caller"})
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
    def _two_keys(self) -> Self:
        if self.confirm == self.another:
            raise PydanticCustomError("order", "confirm and another are the same key")
        return self

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("queue",): ("queue", self.queue)}

    def ways(self) -> tuple[Way, ...]:
        return (
            Way(("done",), self.done, Kind.DONE),
            Way(("refused",), self.refused, Kind.REFUSED),
            Way(("unavailable",), self.unavailable, Kind.UNAVAILABLE),
        )

    def moves(self, moment: Moment) -> Iterable[Move]:
        done, refused, unavailable = self.ways()
        promised = () if self.promised is None else (self.promised,)
        shows, confirm = Act("shows"), Act("press", self.confirm)
        other = Act("press", f"{self.another}{EXAMPLES['phone_number']}#")
        keyed = Act("press", f"{EXAMPLES['phone_number']}#")
        typed_s = self.wait_s * (_MOST_DIGITS + 1)
        yield Move(done, (self.say, *promised), self.wait_s, reached=Reached.CALLBACK, acts=(shows, confirm))
        yield Move(done, (self.say, self.ask, *promised), typed_s, reached=Reached.CALLBACK, acts=(shows, other))
        yield Move(done, (self.ask, *promised), typed_s, reached=Reached.CALLBACK, acts=(keyed,))
        silence = [Act("silence")] * self.attempts
        yield Move(refused, (self.say,) * self.attempts, self.wait_s * self.attempts, acts=(shows, *silence))
        yield Move(refused, (self.ask,) * self.attempts, typed_s * self.attempts, acts=silence)
        yield Move(unavailable, (self.say,), self.wait_s, acts=(shows, Act("full", self.queue), confirm))

    async def run(self, run: Run) -> str | None:
        callbacks = run.services.callbacks
        if callbacks is None:
            _log.warning("nobody rings back here", contact=run.data.contact, queue=self.queue)
            return self.unavailable
        pii_number = await self._number(run, callbacks)
        if not pii_number:
            return self.refused
        visit = run.data.journey[-1] if run.data.journey else None
        waits = visit is not None and visit.outcome == self.flows_out_as
        arrived_ms = visit.arrived_ms if visit is not None and waits else run.services.now_ms()
        wish = CallbackWish(run.data.contact, self.queue, run.language, arrived_ms, pii_number)
        # Who confirms the number and hangs up at once is rung back all the same.
        promise = await asyncio.shield(run.services.commands.own(callbacks.ask(wish)))
        if promise is not Promise.PROMISED:
            _log.warning("a callback is not promised", contact=run.data.contact, queue=self.queue, why=promise)
            return self.unavailable
        if self.promised is not None:
            await run.say(self.promised, caller=Spelled(pii_number))
        return self.done

    async def _number(self, run: Run, callbacks: Callbacks) -> str:
        """The number that the caller confirmed or keyed in; empty: none."""
        pii_number = run.call.info.pii_caller
        pii_number = pii_number if pii_number and callbacks.fits(pii_number) else ""
        for _ in range(self.attempts):
            if pii_number:
                key = await self._key(run, self.say, pii_number)
                if key == self.confirm:
                    return pii_number
                if key != self.another:
                    continue
            pii_keyed = await self._keyed(run)
            if pii_keyed and callbacks.fits(pii_keyed):
                return pii_keyed
        return ""

    async def _key(self, run: Run, said: Said, pii_number: str) -> str:
        key = await run.say(said, keys=KEYS, caller=Spelled(pii_number))
        if key is None:
            collected = await run.call.collect(most=1, terminator="", first_timeout_s=self.wait_s)
            key = collected.pii_digits
        if key:
            run.progressed()
        return key

    async def _keyed(self, run: Run) -> str:
        first = await run.say(self.ask, keys=KEYS)
        if first == "#":
            return ""
        collected = await run.call.collect(
            most=_MOST_DIGITS - len(first or ""), first_timeout_s=self.wait_s, next_timeout_s=self.wait_s
        )
        pii_number = (first or "") + collected.pii_digits
        if pii_number:
            run.progressed()
        today = datetime.fromtimestamp(run.services.now_ms() / 1000, OSLO).date()
        return pii_number if is_phone_number(pii_number, today) else ""
