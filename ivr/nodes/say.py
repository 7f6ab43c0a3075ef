"""say: speak to the caller, and go on."""

from typing import Literal

from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import Target, Texts, Where


class Say(Node):
    """Speaks to the end; keys that are pressed meanwhile count for the next menu."""

    type: Literal["say"]
    say: Texts
    next: Target

    def targets(self) -> dict[Where, str]:
        return {("next",): self.next}

    async def run(self, run: Run) -> str | None:
        await run.say(self.say)
        return self.next
