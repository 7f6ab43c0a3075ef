"""hours: go on by the opening hours of a calendar."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from ivr.calendar import Opening
from ivr.expression import Expression
from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import Condition, Name, Target, Where
from ivr.ways import Kind, Moment, Move, Way


class Hours(Node):
    """Open, closed, or (when given) a holiday. Where `always_open_when` holds, the calendar isn't asked.

    ```yaml
    hours:
      type: hours
      calendar: office
      open: menu
      closed: closed
      holiday: holiday
    ```
    """

    type: Literal["hours"]
    calendar: Name = Field(description="A file under calendars/.")
    open: Target
    closed: Target
    holiday: Target | None = Field(
        default=None, description="On public holidays and days closed by a rule of their own."
    )
    always_open_when: Condition | None = Field(default=None, description="Where this holds, it is open.")

    def ways(self) -> tuple[Way, ...]:
        ways = [Way(("open",), self.open, Kind.OPEN, self.calendar), Way(("closed",), self.closed, Kind.CLOSED)]
        if self.holiday is not None:
            ways.append(Way(("holiday",), self.holiday, Kind.HOLIDAY))
        return tuple(ways)

    def moves(self, moment: Moment) -> Iterable[Move]:
        ways = self.ways()
        always = moment.holds(self.always_open_when) if self.always_open_when is not None else (False,)
        found = {ways[0]} if True in always else set()
        if False in always:
            opening = moment.opening(self.calendar)
            at = (Opening.OPEN, Opening.CLOSED, Opening.HOLIDAY).index(opening)
            found.add(ways[at] if at < len(ways) else ways[1])
        return [Move(way) for way in ways if way in found]

    def conditions(self) -> dict[Where, Expression]:
        return {} if self.always_open_when is None else {("always_open_when",): self.always_open_when}

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("calendar",): ("calendar", self.calendar)}

    async def run(self, run: Run) -> str | None:
        if self.always_open_when is not None and self.always_open_when.evaluate(run.value):
            return self.open
        services = run.services
        opening = run.book.calendars[self.calendar].at(services.now_ms())
        if opening is Opening.OPEN:
            return self.open
        return self.holiday if opening is Opening.HOLIDAY and self.holiday is not None else self.closed
