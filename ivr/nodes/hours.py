"""hours: go on by the opening hours of a calendar."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from ivr.language.calendar import Opening, all_of
from ivr.language.expression import Expression
from ivr.language.schema import Condition, Name, Target, Where
from ivr.language.ways import Kind, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.running.run import Run

Calendars = Annotated[
    list[Name],
    Field(min_length=1, max_length=10),
    BeforeValidator(lambda given: [given] if isinstance(given, str) else given),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]


def calendars_needed(field: str, calendars: Sequence[str]) -> dict[Where, tuple[str, str]]:
    """What has to exist for a field that names a calendar, or several."""
    if len(calendars) == 1:
        return {(field,): ("calendar", calendars[0])}
    return {(field, index): ("calendar", name) for index, name in enumerate(calendars)}


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
    calendars: Calendars = Field(
        alias="calendar", description="A file under calendars/, or several: open where all of them are."
    )
    open: Target
    closed: Target
    holiday: Target | None = Field(
        default=None, description="On public holidays and days closed by a rule of their own."
    )
    always_open_when: Condition | None = Field(default=None, description="Where this holds, it is open.")

    def ways(self) -> tuple[Way, ...]:
        ways = [
            Way(("open",), self.open, Kind.OPEN, " + ".join(self.calendars)),
            Way(("closed",), self.closed, Kind.CLOSED),
        ]
        if self.holiday is not None:
            ways.append(Way(("holiday",), self.holiday, Kind.HOLIDAY))
        return tuple(ways)

    def moves(self, moment: Moment) -> Iterable[Move]:
        ways = self.ways()
        always = moment.holds(self.always_open_when) if self.always_open_when is not None else (False,)
        found = {ways[0]} if True in always else set()
        if False in always:
            opening = all_of(moment.opening(calendar) for calendar in self.calendars)
            at = (Opening.OPEN, Opening.CLOSED, Opening.HOLIDAY).index(opening)
            found.add(ways[at] if at < len(ways) else ways[1])
        return [Move(way) for way in ways if way in found]

    def conditions(self) -> dict[Where, Expression]:
        return {} if self.always_open_when is None else {("always_open_when",): self.always_open_when}

    def needs(self) -> dict[Where, tuple[str, str]]:
        return calendars_needed("calendar", self.calendars)

    async def run(self, run: Run) -> str | None:
        if self.always_open_when is not None and self.always_open_when.evaluate(run.value):
            return self.open
        services = run.services
        opening = all_of(run.book.calendars[calendar].at(services.now_ms()) for calendar in self.calendars)
        if opening is Opening.OPEN:
            return self.open
        return self.holiday if opening is Opening.HOLIDAY and self.holiday is not None else self.closed
