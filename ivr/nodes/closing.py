"""What a queue node knows of closing time: who cannot be served before it, and is told so instead of waiting."""

from collections.abc import Iterable
from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.calendar import Opening, all_of
from ivr.language.schema import Condition, Target
from ivr.language.ways import Act, Kind, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.nodes.hours import Calendars
from ivr.running.queueing import NOT_LET_IN
from ivr.running.run import Run


class Closing(Node):
    """Both of `closes` and `closing`, or none of them."""

    closes: Calendars = Field(
        default_factory=list, description="A file under calendars/, or several: it closes when the first of them does."
    )
    closing: Target | None = Field(default=None, description="Who cannot be served before `closes`; not to wait.")
    always_open_when: Condition | None = Field(default=None, description="Where this holds, it does not close.")

    @model_validator(mode="after")
    def _closes_somewhere(self) -> Self:
        if bool(self.closes) != (self.closing is not None):
            raise PydanticCustomError("closing", "`closes` says when, and `closing` where callers go then: say both")
        if self.always_open_when is not None and not self.closes:
            raise PydanticCustomError("closing", "`always_open_when` stands beside `closes`")
        return self

    def way_at_closing(self) -> tuple[Way, ...]:
        if self.closing is None:
            return ()
        return (Way(("closing",), self.closing, Kind.CLOSING, " + ".join(self.closes)),)

    def moves_at_closing(self, moment: Moment, queue: str) -> Iterable[Move]:
        """Who is not let in because it closes. Whether they have waited before is not known here: all may be led so."""
        always = (False,) if self.always_open_when is None else moment.holds(self.always_open_when)
        if False in always:
            yield from (Move(way, acts=(Act("closing", queue),)) for way in self.way_at_closing())

    def closes_ms(self, run: Run) -> int:
        """When the service closes that was open when the call came; 0: never, for whoever has waited before too."""
        data = run.data
        waited = data.entry is not None or any(visit.outcome not in NOT_LET_IN for visit in data.journey)
        if not self.closes or waited:
            return 0
        if self.always_open_when is not None and self.always_open_when.evaluate(run.value):
            return 0
        began_ms = data.began_ms or run.services.now_ms()
        calendars = [run.book.calendars[name] for name in self.closes]
        if all_of(calendar.at(began_ms) for calendar in calendars) is not Opening.OPEN:
            return 0
        closing = (calendar.closes_after(began_ms) for calendar in calendars)
        return min((at_ms for at_ms in closing if at_ms is not None), default=0)
