"""transfer: send the caller to a destination of the dial plan."""

from typing import Literal

from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import Destination, Target, Texts, Where


class Transfer(Node):
    """Sends the caller to `to`; who isn't taken there comes back and goes on at `failed`."""

    type: Literal["transfer"]
    to: Destination
    say: Texts | None = None
    failed: Target

    def targets(self) -> dict[Where, str]:
        return {("failed",): self.failed}

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
