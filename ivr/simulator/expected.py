"""What a scenario expects of a call. What is left out isn't looked at."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from ivr.language.lengths import LengthOrNone
from ivr.language.schema import Name


class Part(BaseModel):
    """A part of a scenario."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Span(Part):
    """Lengths of time, both ends included."""

    least: LengthOrNone = 0.0
    most: LengthOrNone = 86_400.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise PydanticCustomError("order", "least is more than most")
        return self


def _words(given: object) -> dict[str, str]:
    found = {"": given} if isinstance(given, str) else given
    if not isinstance(found, dict) or not found or not all(isinstance(text, str) and text for text in found.values()):
        raise PydanticCustomError("words", "words are text, or text by language: {{nb: Velkommen}}")
    return found


_WORDS_SCHEMA = WithJsonSchema(
    {
        "description": "Words, or words by language.",
        "oneOf": [
            {"type": "string"},
            {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
        ],
    }
)
Words = Annotated[dict[str, str], PlainValidator(_words), _WORDS_SCHEMA]
"""Parts of what is heard: by language, or "" where any will do. One of them has to be heard."""


class Told(Part):
    """An event that has to be told; `fields` are those that matter."""

    event: str = Field(description="A kind of docs/events.md, such as contact_queued.")
    fields: dict[str, str | int | float | bool] = Field(default_factory=dict)


class _Way(Part):
    """Where the caller went, and how it ended."""

    path: list[str] | None = Field(default=None, description="All steps, from the first to the last.")
    path_contains: list[str] = Field(default_factory=list, description="Steps in this order, others between them.")
    queue: str | None = Field(default=None, description="The last queue that the caller was in; '' for none.")
    outcome: str | None = Field(default=None, description="answered, abandoned, ... as docs/events.md names them.")
    cause: str | None = Field(default=None, description="Why the call ended: caller_hung_up, flow_ended, ...")
    ends_well: Literal[True] | None = Field(
        default=None, description="With a person, a message left, or words said last; by no fault, within a day."
    )
    agent: str | None = Field(default=None, description="Who answered last; '' for nobody.")
    rung: list[str] | None = Field(default=None, description="All agents whose phones rang, in order.")
    transferred: str | None = Field(default=None, description="Where the caller was sent; '' for nowhere.")


class _Content(Part):
    """What was heard, and what stays of the call."""

    heard: list[Words] = Field(default_factory=list, description="Parts of what is heard, in this order.")
    not_heard: list[Words] = Field(default_factory=list, description="What is never heard.")
    variables: dict[Name, str | int | float | bool] = Field(
        default_factory=dict, description="Values of variables at the end. Personal ones cannot be looked at."
    )
    events: list[Told] = Field(default_factory=list, description="Events, in this order, others between them.")
    sms: list[str] | None = Field(default=None, description="Parts of the text messages that were sent, one each.")
    voicemail: str | None = Field(default=None, description="The mailbox that has a message now; '' for none.")
    callback: str | None = Field(default=None, description="The queue that promised to ring back; '' for none.")
    survey: dict[str, int] | None = Field(default=None, description="Answers of a survey, by question.")


class Expected(_Way, _Content):
    """What has to come of a call."""

    wait_s: Span | None = Field(default=None, alias="wait", description="In the last queue, until an agent answers.")
    lasts_s: Span | None = Field(default=None, alias="lasts", description="The whole call.")
    silence_s: Span | None = Field(
        default=None, alias="silence", description="The longest time in which the caller hears nothing at all."
    )
    listens_s: Span | None = Field(
        default=None, alias="listens", description="The longest time of listening to prompts before a key is pressed."
    )
    texts: int | None = Field(
        default=None, ge=0, description="The most texts in a row that the caller may hear without being asked."
    )
