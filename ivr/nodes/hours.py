"""hours: go on by the opening hours of a calendar."""

from typing import Literal

from ivr.calendar import Opening
from ivr.expression import Expression
from ivr.nodes.base import Node
from ivr.run import Run
from ivr.schema import Condition, Name, Target, Where


class Hours(Node):
    """Open, closed, or (when given) a holiday. Where `always_open_when` holds, the calendar isn't asked."""

    type: Literal["hours"]
    calendar: Name
    open: Target
    closed: Target
    holiday: Target | None = None
    always_open_when: Condition | None = None

    def targets(self) -> dict[Where, str]:
        found: dict[Where, str] = {("open",): self.open, ("closed",): self.closed}
        if self.holiday is not None:
            found[("holiday",)] = self.holiday
        return found

    def conditions(self) -> dict[Where, Expression]:
        return {} if self.always_open_when is None else {("always_open_when",): self.always_open_when}

    async def run(self, run: Run) -> str | None:
        if self.always_open_when is not None and self.always_open_when.evaluate(run.value):
            return self.open
        services = run.services
        opening = services.calendars[self.calendar].at(services.now_ms())
        if opening is Opening.OPEN:
            return self.open
        return self.holiday if opening is Opening.HOLIDAY and self.holiday is not None else self.closed
