"""message: information for a while, or the message of the crisis that is on."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from events.catalogue import CrisisHeard
from ivr.language.moments import MomentMs
from ivr.language.prompting import Said
from ivr.language.schema import Target, Texts, Where
from ivr.language.ways import Kind, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.running.run import Run


class Message(Node):
    """Says something that is true for a while, and goes on; before `from` and after `until` it only goes on.

    With `crisis: true` it says what is prepared for the crisis that is on, and nothing where none is.

    ```yaml
    news:
      type: message
      say: {nb: Barnetrygden utbetales i dag., en: Child benefit is paid out today.}
      from: 2026-11-27 00:00
      until: 2026-11-28 00:00
      next: menu
    ```
    """

    type: Literal["message"]
    say: Texts | None = Field(default=None, description="What is said, unless it is `crisis: true`.")
    crisis: bool = Field(default=False, description="Says the message of the crisis that is on (crises/NAME.yaml).")
    from_ms: MomentMs | None = Field(default=None, alias="from", description="It is said from this moment on.")
    until_ms: MomentMs | None = Field(default=None, alias="until", description="It is said until this moment.")
    next: Target = Field(description="Where the caller goes on, whether or not something was said.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.crisis and (self.say is not None or self.from_ms is not None or self.until_ms is not None):
            raise PydanticCustomError("message", "a message says either `say` or `crisis: true`, which has no moments")
        if not self.crisis and self.say is None:
            raise PydanticCustomError("message", "a message has a `say`, or is `crisis: true`")
        if self.from_ms is not None and self.until_ms is not None and self.until_ms <= self.from_ms:
            raise PydanticCustomError("message", "until is not after from")
        return self

    def ways(self) -> tuple[Way, ...]:
        return (Way(("next",), self.next, Kind.NEXT),)

    def moves(self, moment: Moment) -> Iterable[Move]:
        said = None if moment.prepared is None else moment.prepared.message
        if not self.crisis:
            said = self.say if moment.between(self.from_ms, self.until_ms) else None
        return [Move(self.ways()[0], () if said is None else (said,))]

    def heard(self) -> dict[Where, Said]:
        return {}

    def changes_at(self) -> tuple[int, ...]:
        return tuple(moment for moment in (self.from_ms, self.until_ms) if moment is not None)

    async def run(self, run: Run) -> str | None:
        if self.crisis:
            await self._say_crisis(run)
        elif self.say is not None and self._is_now(run.services.now_ms()):
            await run.say(self.say)
        return self.next

    def _is_now(self, now_ms: int) -> bool:
        begun = self.from_ms is None or self.from_ms <= now_ms
        return begun and (self.until_ms is None or now_ms < self.until_ms)

    async def _say_crisis(self, run: Run) -> None:
        crisis = run.crisis()
        if crisis is None:
            return
        services, said = run.services, crisis.message.falling_back(run.flow.fallback)
        services.sink.emit(
            CrisisHeard(
                at_ms=services.now_ms(),
                tenant=services.tenant,
                node=services.node,
                contact=run.data.contact,
                crisis=crisis.name,
                lasts_ms=round(sum(clip.duration_s for clip in run.clips(said)) * 1000),
            )
        )
        await run.say(said)
