"""returning: know a caller again who is promised to be rung back."""

import asyncio
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ivr.language.prompting import Said
from ivr.language.schema import KEYS, Attempts, Length, PressedKey, Target, Texts
from ivr.language.ways import Act, Kind, Moment, Move, Reached, Way
from ivr.nodes.base import Node
from ivr.ports.callbacks import Callbacks, Standing
from ivr.running.regaining import take_up
from ivr.running.run import Run

CODE_DIGITS = 8
EXAMPLE_CODE = "20410732"
"""The code of every caller in simulations."""


class Returning(Node):
    """Tells a caller who rings again that they will be rung back, and lets them take that back by a key.

    Callers are known by the number that a trusted trunk vouches for. Others are asked for the code that they were told;
    who has none says nothing, and goes on. A code that was told in a queue, as {place_code}, gives the place there back
    to who was cut off; callers who are vouched for get theirs back in the queue itself.

    ```yaml
    again:
      type: returning
      say:
        nb: Vi ringer deg opp. Tast 9 for å avbestille.
        en: We will ring you back. Press 9 to cancel.
      cancelled: {nb: Det er avbestilt., en: It is cancelled.}
      code: {nb: "Har du en kode, tast den nå. Ellers vent.", en: If you have a code key it in. Otherwise wait.}
      stands: goodbye
      next: menu
    ```
    """

    type: Literal["returning"]
    say: Texts = Field(description="Said to who will be rung back; it offers the key that cancels.")
    cancel: PressedKey = Field(default="9", description="The key that takes the promise back.")
    cancelled: Texts | None = Field(default=None, description="Said when it is taken back.")
    code: Texts | None = Field(default=None, description="Asks whom no trusted trunk vouches for for the code.")
    wait_s: Length = Field(default=4.0, alias="wait", description="For how long a key is awaited.")
    attempts: Attempts = Field(default=2, description="How often a code may be keyed in.")
    stands: Target = Field(description="Where a caller goes who leaves it as it is.")
    next: Target = Field(description="Where all others go, and those who took it back.")

    def ways(self) -> tuple[Way, ...]:
        return (Way(("next",), self.next, Kind.NEXT), Way(("stands",), self.stands, Kind.DONE))

    def silent_targets(self) -> list[str]:
        return [self.next, self.stands]

    def moves(self, moment: Moment) -> Iterable[Move]:
        onward = self.ways()[0]
        yield Move(onward, acts=(Act("shows"),))
        yield from self._known((), 0.0, (Act("known"), Act("shows")))
        if self.code is not None:
            typed_s = self.wait_s * (CODE_DIGITS + 1)
            yield Move(onward, (self.code,), self.wait_s)
            wrong = [Act("press", "0" * CODE_DIGITS)] * self.attempts
            yield Move(onward, (self.code,) * self.attempts, typed_s * self.attempts, acts=wrong)
            yield from self._known((self.code,), typed_s, (Act("known"), Act("press", EXAMPLE_CODE)))

    def _known(self, asked: tuple[Said, ...], asked_s: float, acts: tuple[Act, ...]) -> Iterable[Move]:
        """What may come of it for who will be rung back, after what they were asked."""
        onward, stands = self.ways()
        said, waits_s = (*asked, self.say), asked_s + self.wait_s
        cancelled = said if self.cancelled is None else (*said, self.cancelled)
        yield Move(onward, cancelled, waits_s, acts=(*acts, Act("press", self.cancel)))
        yield Move(stands, said, waits_s, reached=Reached.CALLBACK, acts=(*acts, Act("silence")))

    async def run(self, run: Run) -> str | None:
        callbacks = run.services.callbacks
        if callbacks is None:
            return self.next
        standing = await self._standing(run, callbacks)
        if standing is None:
            return self.next
        key = await run.say(self.say, keys=KEYS)
        if key is None:
            key = (await run.call.collect(most=1, terminator="", first_timeout_s=self.wait_s)).pii_digits
        if key != self.cancel:
            return self.stands
        run.progressed()
        # Who cancels and hangs up at once is not rung.
        if not await asyncio.shield(run.services.commands.own(callbacks.cancel(standing))):
            return self.stands
        if self.cancelled is not None:
            await run.say(self.cancelled)
        return self.next

    async def _standing(self, run: Run, callbacks: Callbacks) -> Standing | None:
        info = run.call.info
        if info.asserted and info.pii_caller:
            return await callbacks.standing(pii_caller=info.pii_caller)
        for _ in range(self.attempts if self.code is not None else 0):
            pii_code = await self._keyed(run)
            if not pii_code:
                return None
            standing = await callbacks.standing(pii_code=pii_code)
            if standing is not None:
                return standing
            places = run.services.places
            if places is not None and (place := await places.regain_by(pii_code)) is not None:
                take_up(run, place.queue, place.waited_ms)
                return None
        return None

    async def _keyed(self, run: Run) -> str:
        assert self.code is not None
        first = await run.say(self.code, keys=KEYS) or ""
        if first == "#":
            return ""
        collected = await run.call.collect(
            most=CODE_DIGITS - len(first), first_timeout_s=self.wait_s, next_timeout_s=self.wait_s
        )
        pii_code = first + collected.pii_digits
        if pii_code:
            run.progressed()
        return pii_code
