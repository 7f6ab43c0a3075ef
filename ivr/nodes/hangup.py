"""hangup: say goodbye and end the call."""

from typing import Literal

from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import Texts


class Hangup(Node):
    """Speaks to the end and hangs up."""

    type: Literal["hangup"]
    say: Texts | None = None

    async def run(self, run: Run) -> str | None:
        if self.say is not None:
            await run.say(self.say)
        await run.call.hangup("flow_ended")
        return None
