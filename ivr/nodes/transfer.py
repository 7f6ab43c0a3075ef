"""transfer: send the caller to a destination of the dial plan."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import Destination, Target, Texts, Where
from ivr.ways import Act, Kind, Moment, Move, Reached, Way

_LONGEST_RING_S = 120.0


class Transfer(Node):
    """Sends the caller to `to`; who isn't taken there comes back and goes on at `failed`."""

    type: Literal["transfer"]
    to: Destination = Field(description="A `[[destination]]` of the deployment.")
    say: Texts | None = None
    failed: Target = Field(description="Where a caller goes on who isn't taken there.")

    def ways(self) -> tuple[Way, ...]:
        return (Way(("failed",), self.failed, Kind.FAILED),)

    def moves(self, moment: Moment) -> Iterable[Move]:
        said = () if self.say is None else (self.say,)
        yield Move(None, said, reached=Reached.PERSON, acts=(Act("agent", self.to),))
        yield Move(self.ways()[0], said, waits_s=_LONGEST_RING_S, acts=(Act("nobody", self.to),))

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("to",): ("destination", self.to)}

    async def run(self, run: Run) -> str | None:
        if self.say is not None:
            await run.say(self.say)
        if not run.call.answered:
            await run.call.answer()
        run.data.transferred = self.to
        if await run.call.transfer(self.to):
            return None
        run.data.transferred = ""
        return self.failed
