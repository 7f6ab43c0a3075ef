"""The file of scenarios: who rings when, what they do, who answers, and what has to come of it."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from ivr.calendar import OSLO
from ivr.lengths import LengthOrNone, WholeSeconds
from ivr.schema import Key, Name, Number

_Key = Annotated[Key, BeforeValidator(lambda given: str(given) if type(given) is int else given)]


def _moment(given: object) -> datetime:
    try:
        return datetime.strptime(str(given), "%Y-%m-%d %H:%M").replace(tzinfo=OSLO)
    except ValueError:
        raise PydanticCustomError("moment", "a moment is written 2026-11-23 10:00, in Norway's time") from None


Moment = Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string"})]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Act(_Part):
    """Something that the caller does: `after` after the act before it, or as soon as words are heard after that."""

    after_s: LengthOrNone = Field(default=0.0, alias="after")
    when_heard: str = ""
    press: _Key | None = None
    hang_up: bool = False

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if (self.press is None) == (not self.hang_up):
            raise PydanticCustomError("act", "an act is either `press: KEY` or `hang_up: true`")
        return self


class Agent(_Part):
    """An agent who serves `queues`, logged in from `from` on (0: before the caller rings)."""

    name: str = Field(min_length=1, max_length=64)
    queues: list[Name] = Field(min_length=1)
    from_s: LengthOrNone = Field(default=0.0, alias="from")
    does: list[Literal["answer", "no_answer", "busy", "rejected", "unreachable"]] = Field(
        default=["answer"], min_length=1
    )
    answers_after_s: LengthOrNone = Field(default=3.0, alias="answers_after")
    talks_s: LengthOrNone = Field(default=120.0, alias="talks")
    rests_s: WholeSeconds = Field(default=0, alias="rests")


class Others(_Part):
    """Callers who stand in a queue already. Agents talk with each for `talk`."""

    queue: Name
    waiting: int = Field(ge=1, le=1_000)
    talk_s: LengthOrNone = Field(default=120.0, alias="talk")


class Span(_Part):
    """Seconds, both ends included."""

    least: LengthOrNone = 0.0
    most: LengthOrNone = 86_400.0


class Expected(_Part):
    """What has to come of it; what is left out isn't looked at. `heard` has parts of what is heard, in this order."""

    path: list[Name] | None = None
    heard: list[str] = Field(default_factory=list)
    not_heard: list[str] = Field(default_factory=list)
    queue: str | None = None
    outcome: str | None = None
    cause: str | None = None
    agent: str | None = None
    rung: list[str] | None = None
    wait_s: Span | None = Field(default=None, alias="wait")
    lasts_s: Span | None = Field(default=None, alias="lasts")


class Scenario(_Part):
    """One caller's story."""

    name: str = Field(min_length=1, max_length=200)
    at: Moment
    number: Number | None = None
    settings: dict[Name, str | int | float | bool] = Field(default_factory=dict)
    caller: list[Act] = Field(default_factory=list, max_length=200)
    agents: list[Agent] = Field(default_factory=list, max_length=100)
    others: list[Others] = Field(default_factory=list, max_length=20)
    expect: Expected


class ScenarioFile(_Part):
    """Scenarios for one service; `number` is what is dialled where a scenario says no other."""

    number: Number
    scenarios: list[Scenario] = Field(min_length=1, max_length=500)
