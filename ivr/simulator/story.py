"""What came of one simulated call, as data, and its moments in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from events import catalogue
from events.catalogue import Event, StepEntered
from ivr.language.lengths import length_text
from ivr.ports.callbacks import CallbackWish, Standing
from ivr.ports.texting import TextMessage
from ivr.running.run import FlowRun
from ivr.simulator.ear import Did, Heard

Item = Event | Heard | Did | TextMessage | CallbackWish | Standing


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened `at_s` after the beginning of the story."""

    at_s: float
    item: Item


@dataclass(frozen=True, slots=True)
class Story:
    """What came of a scenario for one caller, who rang at `begins_ms` (epoch). `further` are the other callers'."""

    run: FlowRun
    begins_ms: int
    moments: tuple[Moment, ...]
    outcome: str
    cause: str
    lasted_s: float
    longest_silence_s: float
    longest_listened_s: float
    further: tuple["Story", ...] = ()

    @property
    def path(self) -> tuple[str, ...]:
        """All steps, those of sub-flows as `flow.step`."""
        return tuple(step_name(event, self.first_flow) for event in self.events if isinstance(event, StepEntered))

    @property
    def first_flow(self) -> str:
        return next((event.flow for event in self.events if isinstance(event, StepEntered)), "")

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(moment.item for moment in self.moments if isinstance(moment.item, Event))

    @property
    def heard(self) -> tuple[Heard, ...]:
        return tuple(moment.item for moment in self.moments if isinstance(moment.item, Heard))

    @property
    def rung(self) -> tuple[str, ...]:
        """The agents whose phones rang, in order."""
        return tuple(event.agent for event in self.events if isinstance(event, catalogue.OfferMade))


def step_name(event: StepEntered, first_flow: str) -> str:
    """The step as paths name it: `flow.step` where another flow than the caller's first one was called."""
    return event.step if event.flow == first_flow else f"{event.flow}.{event.step}"


@dataclass(frozen=True, slots=True)
class Line:
    """One moment in words. `role`: step, heard, did, queue, end; `step` is where the caller came to, if anywhere."""

    at_s: float
    role: str
    text: str
    step: str = ""

    @property
    def words(self) -> str:
        """The step with its type, or what happened there."""
        if not self.step:
            return self.text
        return self.step if self.text == f"({self.step})" else f"{self.step} {self.text}"


def lines(story: Story) -> Iterator[Line]:
    """The moments that people want to read."""
    first = story.first_flow
    for moment in story.moments:
        line = line_of(moment, first)
        if line is not None:
            yield line


def line_of(moment: Moment, first_flow: str) -> Line | None:
    """A moment in words; None for one that says nothing of the caller's way."""
    item = moment.item
    if isinstance(item, StepEntered):
        return Line(moment.at_s, "step", f"({item.type})", step_name(item, first_flow))
    if isinstance(item, Heard):
        return Line(moment.at_s, "heard", f'"{item.text}"' + (f" [{item.language}]" if item.language else ""))
    if isinstance(item, Did):
        return Line(moment.at_s, "did", _DID[item.kind].format(item.what).rstrip())
    if isinstance(item, TextMessage):
        return Line(moment.at_s, "did", f'gets a text message: "{item.text}"')
    if isinstance(item, CallbackWish):
        return Line(moment.at_s, "queue", f"is promised to be rung back by the queue {item.queue}")
    if isinstance(item, Standing):
        return Line(moment.at_s, "did", "is known as one who will be rung back")
    text = event_text(item)
    return Line(moment.at_s, "end" if isinstance(item, catalogue.ContactEnded) else "queue", text) if text else None


_DID = {
    "press": "presses {}",
    "silence": "says and presses nothing",
    "speak": "speaks for {} s",
    "hang_up": "hangs up {}",
    "cancel": "takes the promise to be rung back back",
}


def event_text(event: Event) -> str:
    """An event in plain words; nothing for those that say nothing of the caller's way."""
    match event:
        case catalogue.ContactQueued():
            return f"in the queue {event.queue}, number {event.position}"
        case catalogue.OfferMade():
            return f"{event.agent}'s phone rings"
        case catalogue.OfferFailed():
            return f"{event.agent}: {event.cause} after {_length(event.rang_ms)}"
        case catalogue.ContactAnswered():
            return f"{event.agent} answers, after {_length(event.waited_ms)} in the queue {event.queue}"
        case catalogue.ContactReleased():
            return f"the talk with {event.agent} ends after {_length(event.talked_ms)}: {event.cause}"
        case catalogue.ContactLeftQueue():
            return (
                f"leaves the queue {event.queue} after {_length(event.waited_ms)}: {event.disposition}, {event.cause}"
            )
        case catalogue.VoicemailLeft():
            return f"a message of {_length(event.duration_ms)} is kept in the mailbox {event.mailbox}"
        case catalogue.LookupDone():
            return f"look-up {event.service}: {event.outcome}" + (f" {event.status}" if event.status else "")
        case catalogue.Deflected():
            return f"is told of another way ({event.to}): {event.outcome}"
        case catalogue.CrisisHeard():
            return f"hears of the crisis {event.crisis}"
        case catalogue.CrisisDeflected():
            return f"is told something instead of waiting, by the crisis {event.crisis}"
        case catalogue.SurveyAnswered():
            return f"answers {event.answer} to {event.question} of the survey {event.survey}"
        case catalogue.ContactEnded():
            return f"ended: {event.outcome} ({event.cause}), after {_length(event.duration_ms)}"
    return ""


def _length(ms: int) -> str:
    return length_text(round(ms / 100) / 10)
