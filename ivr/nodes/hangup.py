"""hangup: say goodbye and end the call."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ivr.language.schema import Texts
from ivr.language.ways import Moment, Move, Reached
from ivr.nodes.base import Node
from ivr.running.run import Run


class Hangup(Node):
    """Speaks to the end and hangs up.

    ```yaml
    closed:
      type: hangup
      say: {nb: Vi har stengt. Ha det bra., en: We are closed. Goodbye.}
    ```
    """

    type: Literal["hangup"]
    say: Texts | None = Field(default=None, description="Said before the call ends; without it nobody says goodbye.")

    def moves(self, moment: Moment) -> Iterable[Move]:
        return [Move(None, () if self.say is None else (self.say,), reached=Reached.GOODBYE if self.say else None)]

    async def run(self, run: Run) -> str | None:
        if self.say is not None:
            await run.say(self.say)
        await run.call.hangup("flow_ended")
        return None
