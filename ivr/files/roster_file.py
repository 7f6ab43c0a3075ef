"""The file of a roster: shifts, absences, and reserves with the rule that calls them in."""

from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from ivr.files.calendar_file import DayOrSpan, OpenHours, day_span, weekday_numbers, weekdays
from ivr.language.roster import Absence, Reserve, Roster, Shift
from ivr.language.schema import Condition, Length, Name, Part

AgentName = Annotated[str, Field(min_length=1, max_length=64)]
Weekdays = Annotated[str, PlainValidator(weekdays), WithJsonSchema({"type": "string"})]


SHORTEST_ANSWER_S, LONGEST_ANSWER_S = 10.0, 900.0


def _answer_time(seconds: float) -> float:
    if not SHORTEST_ANSWER_S <= seconds <= LONGEST_ANSWER_S:
        raise PydanticCustomError("length", "an answer is waited for 10s to 15m")
    return seconds


AnswerTime = Annotated[Length, AfterValidator(_answer_time)]


class ShiftRow(Part):
    """Who is on duty at some hours of some weekdays: `{days: mon-fri, hours: 08:00-11:00, agents: [anna]}`."""

    days: Weekdays = Field(description="Weekdays: mon-fri, or sat.")
    hours: OpenHours = Field(description="From and until: 08:00-11:00.")
    agents: list[AgentName] = Field(min_length=1, max_length=200, description="Who is on duty then.")
    only: DayOrSpan | None = Field(default=None, description="In these days alone, such as 2026-07-01..2026-07-31.")


class AbsenceRow(Part):
    """Somebody is away: `{agent: anna, days: 2026-12-21..2026-12-23, instead: bjorn}`."""

    agent: AgentName = Field(description="Who is away.")
    days: DayOrSpan = Field(description="A day, or from a day to a day, both included.")
    instead: AgentName | None = Field(default=None, description="Who stands in.")


class ReserveRow(Part):
    """Who is called in when it gets busy: `{agents: [dag], when: waiting >= 3 or wait > 300}`."""

    agents: list[AgentName] = Field(min_length=1, max_length=200, description="Who is called in.")
    when: Condition = Field(
        description="By `waiting` (callers), `wait` (the longest, in seconds) and `agents` (who are logged in)."
    )
    release_after_s: Length = Field(
        default=1800.0, alias="release_after", description="Released so long after the condition held last."
    )
    answer_within_s: AnswerTime = Field(
        default=60.0, alias="answer_within", description="Who has not said yes or no by then makes room for the next."
    )
    ring: bool = Field(default=True, description="Ring their phones and ask; otherwise they are told alone.")
    notice: Name | None = Field(default=None, description="A `[[notice]]` of the configuration that is told too.")

    def made(self) -> Reserve:
        """The rule that the row describes."""
        return Reserve(
            tuple(self.agents), self.when, self.release_after_s, self.answer_within_s, self.ring, self.notice or ""
        )


class RosterFile(Part):
    """`rosters/NAME.yaml`: who takes the calls of a queue when.

    ```yaml
    roster: desk
    queue: desk
    covers: desk
    shifts:
      - {days: mon-fri, hours: 08:00-11:00, agents: [anna]}
      - {days: mon-fri, hours: 11:00-15:30, agents: [bjorn]}
    absences:
      - {agent: anna, days: 2026-12-21..2026-12-23, instead: bjorn}
    reserves:
      - {agents: [bjorn], when: waiting >= 3 or wait > 300, release_after: 30m, answer_within: 45s}
    ```
    """

    roster: Name = Field(description="Its name.")
    title: str = Field(default="", max_length=200, description="Its name for people.")
    queue: Name = Field(description="The queue whose calls they take.")
    covers: Name | None = Field(default=None, description="A calendar: hours of it with nobody on duty are told.")
    shifts: list[ShiftRow] = Field(min_length=1, max_length=500, description="Who is on duty when.")
    absences: list[AbsenceRow] = Field(default_factory=list, max_length=1000, description="Who is away when.")
    reserves: list[ReserveRow] = Field(default_factory=list, max_length=20, description="Who is called in, by rule.")

    def made(self) -> Roster:
        """The roster that the file describes."""
        return Roster(
            self.roster,
            self.queue,
            tuple(
                Shift(weekday_numbers(row.days), row.hours, tuple(row.agents), day_span(row.only) if row.only else None)
                for row in self.shifts
            ),
            tuple(Absence(row.agent, day_span(row.days), row.instead or "") for row in self.absences),
            tuple(row.made() for row in self.reserves),
            self.covers or "",
        )
