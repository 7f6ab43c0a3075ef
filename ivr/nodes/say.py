"""say: speak to the caller, and go on."""

from collections.abc import Iterable
from typing import Literal

from ivr.language.schema import Target, Texts
from ivr.language.ways import Kind, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.running.run import Run


class Say(Node):
    """Speaks to the end; keys that are pressed meanwhile count for the next menu.

    ```yaml
    welcome:
      type: say
      say: {nb: Velkommen til NAV., en: Welcome to NAV.}
      next: menu
    ```
    """

    type: Literal["say"]
    say: Texts
    next: Target

    def ways(self) -> tuple[Way, ...]:
        return (Way(("next",), self.next, Kind.NEXT),)

    def moves(self, moment: Moment) -> Iterable[Move]:
        return [Move(self.ways()[0], (self.say,))]

    async def run(self, run: Run) -> str | None:
        await run.say(self.say)
        return self.next
