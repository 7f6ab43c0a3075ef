"""The file of scenarios: who rings when, what they do, who answers, what goes wrong, and what has to come of it."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.calendar import OSLO
from ivr.language.lengths import LengthOrNone, WholeSeconds
from ivr.language.schema import Name, Number
from ivr.ports.callbacks import Promise
from ivr.ports.lookups import Cause
from ivr.ports.texting import Sending
from ivr.simulator.expected import Expected, Part

_KEYS_SCHEMA = WithJsonSchema({"type": ["string", "integer"], "pattern": "^[0-9*#]{1,32}$"})
_Keys = Annotated[
    str,
    BeforeValidator(lambda given: str(given) if type(given) is int else given),
    Field(pattern=r"^[0-9*#]{1,32}$"),
    _KEYS_SCHEMA,
]
_MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2}([+-][0-9]{4})?)?$"
"""The distance from UTC tells which of two equal hours is meant, when summer time ends."""


def _moment(given: object) -> datetime:
    text = str(given)
    try:
        if re.match(_MOMENT, text):
            read = datetime.fromisoformat(text)
            return read.astimezone(OSLO) if read.tzinfo else read.replace(tzinfo=OSLO)
    except ValueError:
        pass
    raise PydanticCustomError("moment", "a moment is written 2026-11-23 10:00, in Norway's time")


Moment = Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "pattern": _MOMENT})]


class Act(Part):
    """One thing that the caller does, after the act before it: at a step, on words, after a while, or at once.

    With several of these, in that order: when the caller has come to the step, and then heard the words, and then
    waited so long.
    """

    at: str = Field(default="", max_length=100, description="When the caller comes to this step, `subflow.step` too.")
    when_heard: str = Field(default="", description="When these words are heard.")
    after_s: LengthOrNone = Field(default=0.0, alias="after", description="So long after that, or the act before.")
    press: _Keys | None = Field(default=None, description="The keys, one after the other: 2, or '12345#'.")
    silence: bool = Field(default=False, description="Press nothing when a key is awaited, until that is answered.")
    speak_s: LengthOrNone | None = Field(default=None, alias="speak", description="Speak so long, to be recorded.")
    hang_up: bool = Field(default=False, description="The caller hangs up.")

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        if sum((self.press is not None, self.silence, self.speak_s is not None, self.hang_up)) != 1:
            raise PydanticCustomError(
                "act", "an act is one of `press: KEYS`, `silence: true`, `speak: 5s` and `hang_up: true`"
            )
        return self


class Agent(Part):
    """An agent who serves `queues`, here from `from` to `until` (counted from the beginning of the call)."""

    name: str = Field(min_length=1, max_length=64)
    queues: list[Name] = Field(min_length=1)
    from_s: LengthOrNone = Field(default=0.0, alias="from", description="0s: before the caller rings.")
    until_s: LengthOrNone | None = Field(default=None, alias="until", description="Logs out then.")
    roster: Name | None = Field(default=None, description="On duty by this roster instead, at the scenario's time.")
    comes_after_s: LengthOrNone | None = Field(
        default=None, alias="comes_after", description="As a reserve of `roster`: comes so long after being called in."
    )
    does: list[Literal["answer", "no_answer", "busy", "rejected", "unreachable"]] = Field(
        default=["answer"], min_length=1, description="Call by call; the last goes for all that follow."
    )
    answers_after_s: LengthOrNone = Field(default=3.0, alias="answers_after", description="For how long it rings.")
    talks_s: LengthOrNone = Field(default=120.0, alias="talks", description="Then the agent ends the talk.")
    then: Literal["hang_up", "transfer"] = Field(default="hang_up", description="How the agent ends it.")
    rests_s: WholeSeconds = Field(default=0, alias="rests", description="Ready again so long after a missed call.")

    @model_validator(mode="after")
    def _comes_by_a_roster(self) -> Self:
        if self.comes_after_s is not None and self.roster is None:
            raise PydanticCustomError("agent", "`comes_after` is for a reserve: say of which `roster`")
        return self


class Others(Part):
    """Callers who stand in a queue already. Agents talk with each for `talk`."""

    queue: Name
    waiting: int = Field(ge=1, le=1_000)
    talk_s: LengthOrNone = Field(default=120.0, alias="talk")


class LookedUp(Part):
    """What a web service does: it `gives` this (as JSON), or it fails."""

    gives: Any = Field(default=None, description="The answer's content.")
    fails: Cause | None = Field(default=None, description="Why it fails.")
    status: int = Field(default=0, ge=0, le=599, description="The status of HTTP, where it fails by `status`.")
    after_s: LengthOrNone = Field(default=0.0, alias="after", description="How long it takes.")

    @model_validator(mode="after")
    def _gives_or_fails(self) -> Self:
        if self.fails is not None and self.gives is not None:
            raise PydanticCustomError("lookup", "a look-up either `gives` something or `fails`")
        return self


class Caller(Part):
    """Who rings what, and does what."""

    number: Number | None = Field(default=None, description="What is dialled; without it the file's.")
    from_number: Number | None = Field(default=None, alias="from", description="The caller's number; none: withheld.")
    diverted_from: Number | None = Field(default=None, description="The number that the caller dialled at first.")
    caller: list[Act] = Field(default_factory=list, max_length=200, description="What the caller does.")
    expect: Expected = Field(description="What has to come of it.")


class FurtherCaller(Caller):
    """Another caller of the same story, who rings `rings_after` the first."""

    name: str = Field(min_length=1, max_length=100)
    rings_after_s: LengthOrNone = Field(default=0.0, alias="rings_after")


class _Trouble(Part):
    """What is out of order, or otherwise than usual."""

    settings: dict[Name, str | int | float | bool] = Field(
        default_factory=dict, description="The deployment's values for variables of the flows, such as demo."
    )
    crisis: str = Field(default="", max_length=64, description="The crisis that is on, a file under crises/.")
    queues: dict[Name, Literal["full", "away", "closing"]] = Field(
        default_factory=dict,
        description="Queues that take nobody more, are out of reach, or cannot serve the caller before they close.",
    )
    lookups: dict[str, LookedUp] = Field(default_factory=dict, description="What web services do, by name.")
    sms: Sending = Field(default=Sending.SENT, description="What becomes of text messages.")
    callbacks: Promise = Field(default=Promise.PROMISED, description="What becomes of wishes to be rung back.")
    mailboxes: dict[Name, Literal["full", "broken"]] = Field(
        default_factory=dict, description="Mailboxes that take no message, or cannot keep it."
    )
    transfers: dict[str, Literal["answered", "refused"]] = Field(
        default_factory=dict, description="Who takes transferred calls; who is not named answers."
    )


class Scenario(Caller, _Trouble):
    """One story: a caller, a moment, who is there to answer, and what goes wrong."""

    name: str = Field(min_length=1, max_length=200)
    at: Moment = Field(description="When the caller rings: 2026-11-23 10:00, in Norway's time.")
    note: str = Field(default="", description="For those who read it.")
    agents: list[Agent] = Field(default_factory=list, max_length=100)
    others: list[Others] = Field(default_factory=list, max_length=20)
    callers: list[FurtherCaller] = Field(default_factory=list, max_length=50, description="Who rings besides.")


class ScenarioFile(BaseModel):
    """Scenarios for one service; `number` is what is dialled where a scenario says no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Number
    scenarios: list[Scenario] = Field(min_length=1, max_length=500)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a scenario file, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ScenarioFile.model_json_schema()}
