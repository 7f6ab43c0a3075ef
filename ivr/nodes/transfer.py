"""transfer: send the caller to a destination of the dial plan."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.expression import Expression, parse
from ivr.language.schema import Destination, Name, Target, Texts, Where
from ivr.language.ways import Act, Kind, Moment, Move, Reached, Way
from ivr.nodes.base import Node
from ivr.running.handing_over import hand_over
from ivr.running.run import Run

_LONGEST_RING_S = 120.0


class Transfer(Node):
    """Sends the caller, who hears music meanwhile, to `to`; who isn't taken there comes back and goes on at `failed`.

    Blind: the caller is handed over. Attended: whoever answers is told `context` first, and presses 1 to take the
    caller. Partner: `to` is a site of a partner. `context` goes along in the header X-Svar-Context (docs/agents.md).

    ```yaml
    to_the_hospital:
      type: transfer
      to: hospital
      how: partner
      say: {nb: Vi setter deg over., en: We are connecting you.}
      failed: call_again
    ```
    """

    type: Literal["transfer"]
    to: Destination = Field(description="A `[[destination]]` of the deployment.")
    how: Literal["blind", "attended", "partner"] = Field(default="blind", description="How the caller is handed over.")
    say: Texts | None = Field(default=None, description="Said before.")
    context: list[Name] = Field(
        default_factory=list, max_length=20, description="The variables that go along; not for `how: blind`."
    )
    failed: Target = Field(description="Where a caller goes on who isn't taken there.")

    @model_validator(mode="after")
    def _takes_along(self) -> Self:
        if self.context and self.how == "blind":
            raise PydanticCustomError("context", "a blind transfer takes no context along: say `how: attended`")
        return self

    def ways(self) -> tuple[Way, ...]:
        return (Way(("failed",), self.failed, Kind.FAILED),)

    def moves(self, moment: Moment) -> Iterable[Move]:
        said = () if self.say is None else (self.say,)
        reached = Reached.PARTNER if self.how == "partner" else Reached.PERSON
        yield Move(None, said, reached=reached, acts=(Act("agent", self.to),))
        yield Move(self.ways()[0], said, waits_s=_LONGEST_RING_S, acts=(Act("nobody", self.to),))

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("to",): ("destination", self.to)}

    def expressions(self) -> dict[Where, Expression]:
        return {("context", index): parse(name) for index, name in enumerate(self.context)}

    def leaves(self) -> dict[Where, frozenset[str]]:
        if self.how != "partner":
            return {}
        return {("context", index): frozenset({name}) for index, name in enumerate(self.context)}

    async def run(self, run: Run) -> str | None:
        if self.say is not None:
            await run.say(self.say)
        if not run.call.answered:
            await run.call.answer()
        run.data.elsewhere.transferred = self.to
        await run.call.start_music(run.services.prompts.music("default"))
        if await hand_over(run, self.how, self.to, self.context):
            return None
        await run.call.stop_music()
        run.data.elsewhere.transferred = ""
        return self.failed
