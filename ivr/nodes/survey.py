"""survey: ask the caller about the call, after the agent has hung up."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from acd.model import QueueId
from events.catalogue import SurveyAnswered
from ivr.language.schema import KEYS, Attempts, Length, Name, Part, Target, Texts
from ivr.language.ways import Act, Kind, Moment, Move, Way
from ivr.nodes.base import Node
from ivr.running.run import Run, Visit

_DIGITS = "0123456789"
_YES = "1"
_NO_TALK = Visit(QueueId(""), 0)


def _grades(given: Any) -> Any:
    """`1-5` is 1 to 5; what is neither a list nor a range is left to be refused."""
    if isinstance(given, str) and len(given) == 3 and given[1] == "-" and given[0] in _DIGITS and given[2] in _DIGITS:
        return tuple(str(grade) for grade in range(int(given[0]), int(given[2]) + 1))
    if isinstance(given, list):
        return tuple(str(key) if type(key) is int else key for key in given)
    raise PydanticCustomError("grades", "the keys are a list, [1, 2], or a range, 1-5")


Grades = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[0-9]$")], ...],
    BeforeValidator(_grades),
    Field(min_length=2, max_length=10),
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 2},
                {"type": "string", "pattern": "^[0-9]-[0-9]$"},
            ]
        }
    ),
]
"""The keys that are answers; each counts as the number on it."""


class Question(Part):
    """One question, answered by one key."""

    id: Name = Field(description="Its name in the events.")
    say: Texts = Field(description="The question, with its keys.")
    keys: Grades = Field(description="The answers: `[1, 2]`, or `1-5`.")
    wait_s: Length = Field(default=5.0, alias="wait", description="For how long a key is awaited after the text.")


class Survey(Node):
    """Asks questions of a caller whom an agent has helped: a queue's `next` leads here.

    With `offer` only those are asked who press 1. Who does not answer a question, said `attempts` times, is asked no
    more; who hangs up has given the answers until then. Each answer is an event with the queue of the talk and without
    the caller's number.

    ```yaml
    after_the_talk:
      type: survey
      survey: family
      offer: {nb: "Tast 1 for to spørsmål om samtalen."}
      questions:
        - {id: helped, say: {nb: "Fikk du hjelp? Tast 1 for ja, 2 for nei."}, keys: [1, 2]}
        - {id: grade, say: {nb: "Hvor fornøyd er du, fra 1 til 5?"}, keys: 1-5}
      thanks: {nb: Takk.}
      next: goodbye
    ```
    """

    type: Literal["survey"]
    survey: Name = Field(description="Its name in the events.")
    offer: Texts | None = Field(default=None, description="Asks whether the caller wants to answer: 1 is yes.")
    questions: list[Question] = Field(min_length=1, max_length=10, description="They are asked in this order.")
    attempts: Attempts = Field(default=2, description="How often a question is said in all.")
    thanks: Texts | None = Field(default=None, description="Said to who has answered something.")
    name_agent: bool = Field(default=False, description="Whether the events say which agent talked.")
    next: Target = Field(description="Where callers go on, whether or not they answered.")

    @model_validator(mode="after")
    def _apart(self) -> "Survey":
        names = [question.id for question in self.questions]
        if len(set(names)) < len(names):
            raise PydanticCustomError("apart", "two questions have the same id")
        return self

    def ways(self) -> tuple[Way, ...]:
        return (Way(("next",), self.next, Kind.NEXT),)

    def moves(self, moment: Moment) -> Iterable[Move]:
        (way,) = self.ways()
        wait_s = max(question.wait_s for question in self.questions)
        offer = () if self.offer is None else (self.offer,)
        thanks = () if self.thanks is None else (self.thanks,)
        keys = [*([_YES] if offer else []), *(question.keys[0] for question in self.questions)]
        said = (*offer, *(question.say for question in self.questions), *thanks)
        yield Move(way, said, wait_s, acts=[Act("press", key) for key in keys])
        first = offer or (self.questions[0].say,) * self.attempts
        yield Move(way, first, wait_s * len(first), acts=[Act("silence")] * len(first))

    async def run(self, run: Run) -> str | None:
        if self.offer is None or await _key(run, self.offer, self.questions[0].wait_s) == _YES:
            answered = 0
            for question in self.questions:
                answer = await self._asked(run, question)
                if answer is None:
                    break
                answered += 1
                self._tell(run, question, answer)
            if answered and self.thanks is not None:
                await run.say(self.thanks)
        return self.next

    async def _asked(self, run: Run, question: Question) -> str | None:
        for _ in range(self.attempts):
            key = await _key(run, question.say, question.wait_s)
            if key is not None:
                run.progressed()
            if key in question.keys:
                return key
        return None

    def _tell(self, run: Run, question: Question, answer: str) -> None:
        talk = next((visit for visit in reversed(run.data.journey) if visit.outcome == "answered"), _NO_TALK)
        services = run.services
        services.sink.emit(
            SurveyAnswered(
                at_ms=services.now_ms(),
                tenant=services.tenant,
                node=services.node,
                contact=run.data.contact,
                survey=self.survey,
                question=question.id,
                answer=int(answer),
                queue=talk.queue,
                agent=talk.agent if self.name_agent else "",
            )
        )


async def _key(run: Run, say: Texts, wait_s: float) -> str | None:
    """The key that is pressed during the text, or within `wait_s` after it."""
    key = await run.say(say, keys=KEYS)
    if key is None:
        collected = await run.call.collect(most=1, terminator="", first_timeout_s=wait_s)
        key = collected.pii_digits or None
    return key
