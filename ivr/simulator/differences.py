"""What is not as a scenario expects, each with the field that says so."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from events.catalogue import Event, SurveyAnswered, VoicemailLeft
from events.codec import encode
from ivr.files.marked_yaml import Path
from ivr.language.lengths import length_text
from ivr.ports.callbacks import CallbackWish
from ivr.ports.texting import TextMessage
from ivr.simulator.ear import Heard
from ivr.simulator.expected import Expected, Span, Told, Words
from ivr.simulator.parting import ends_badly, texts_in_a_row
from ivr.simulator.story import Story


@dataclass(frozen=True, slots=True)
class Difference:
    """`where` is the place in `expect`. `left_at`: how many steps of the path were as expected; -1: not about it."""

    where: Path
    message: str
    left_at: int = -1


def differences(expected: Expected, story: Story) -> list[Difference]:
    """All of them, in the order in which people read them."""
    found = [*_path(expected, story), *_single(expected, story)]
    if expected.ends_well and (why := ends_badly(story)):
        found.append(Difference(("ends_well",), why))
    if expected.texts is not None and (texts := texts_in_a_row(story)) > expected.texts:
        found.append(Difference(("texts",), f"{texts} texts are heard in a row, expected at most {expected.texts}"))
    found += _span("wait", expected.wait_s, _waited_s(story))
    found += _span("lasts", expected.lasts_s, story.lasted_s)
    found += _span("silence", expected.silence_s, story.longest_silence_s)
    found += _span("listens", expected.listens_s, story.longest_listened_s)
    found += _heard(expected.heard, story.heard)
    found += _not_heard(expected.not_heard, story.heard)
    return [*found, *_variables(expected, story), *_events(expected.events, story.events), *_left(expected, story)]


def _path(expected: Expected, story: Story) -> Iterator[Difference]:
    given, wanted = list(story.path), expected.path
    if wanted is not None and wanted != given:
        at = next((at for at, (a, b) in enumerate(zip(given, wanted, strict=False)) if a != b), None)
        at = min(len(given), len(wanted)) if at is None else at
        where: Path = ("path", at) if at < len(wanted) else ("path",)
        yield Difference(where, f"path is {_said(given)}, expected {_said(wanted)}", at)
    place = 0
    for at, step in enumerate(expected.path_contains):
        try:
            place = given.index(step, place) + 1
        except ValueError:
            after = " after what comes before it" if step in given else ""
            message = f"path is {_said(given)}: {step!r} is not in it{after}"
            yield Difference(("path_contains", at), message, place)
            return


def _single(expected: Expected, story: Story) -> Iterator[Difference]:
    last = story.run.journey[-1] if story.run.journey else None
    for field, given in (
        ("outcome", story.outcome),
        ("cause", story.cause),
        ("rung", list(story.rung)),
        ("queue", last.queue if last else ""),
        ("agent", last.agent if last else ""),
        ("transferred", story.run.elsewhere.transferred),
    ):
        wanted = getattr(expected, field)
        if wanted is not None and wanted != given:
            yield Difference((field,), f"{field} is {_said(given)}, expected {_said(wanted)}")


def _waited_s(story: Story) -> float:
    return story.run.journey[-1].waited_ms / 1000 if story.run.journey else 0.0


def _said(value: object) -> str:
    return " > ".join(map(str, value)) if isinstance(value, list) else repr(value)


def _span(field: str, span: Span | None, given_s: float) -> Iterator[Difference]:
    if span is not None and not span.least <= round(given_s, 3) <= span.most:
        given, wanted = length_text(given_s), f"{length_text(span.least)} to {length_text(span.most)}"
        yield Difference((field,), f"{field} is {given}, expected {wanted}")


def _is(words: Words, heard: Heard) -> bool:
    return any(
        text.casefold() in heard.text.casefold() and language in ("", heard.language)
        for language, text in words.items()
    )


def _heard(wanted: Sequence[Words], heard: Sequence[Heard]) -> Iterator[Difference]:
    place = 0
    for at, words in enumerate(wanted):
        found = next((index for index in range(place, len(heard)) if _is(words, heard[index])), None)
        if found is None:
            after = " after what comes before it" if at else ""
            yield Difference(("heard", at), f"{_quoted(words)} was not heard{after}")
        else:
            place = found


def _not_heard(unwanted: Sequence[Words], heard: Sequence[Heard]) -> Iterator[Difference]:
    for at, words in enumerate(unwanted):
        if any(_is(words, each) for each in heard):
            yield Difference(("not_heard", at), f"{_quoted(words)} was heard")


def _quoted(words: Words) -> str:
    return " or ".join(repr(text) + (f" in {language}" if language else "") for language, text in words.items())


def _variables(expected: Expected, story: Story) -> Iterator[Difference]:
    for name, wanted in expected.variables.items():
        given = story.run.variables.get(name)
        if given is None:
            why = "is personal and cannot be looked at" if name in story.run.asked else "is not set at the end"
            yield Difference(("variables", name), f"variable {name!r} {why}")
        elif (given, type(given) is bool) != (wanted, type(wanted) is bool):
            yield Difference(("variables", name), f"variable {name!r} is {given!r}, expected {wanted!r}")


def _events(wanted: Sequence[Told], events: Sequence[Event]) -> Iterator[Difference]:
    place = 0
    for at, told in enumerate(wanted):
        found = next((index for index in range(place, len(events)) if _fits(told, events[index])), None)
        if found is None:
            fields = "".join(f", {name} {value!r}" for name, value in told.fields.items())
            of_kind = [event for event in events if event.kind == told.event]
            seen = "; ".join(", ".join(f"{name} {encode(event)[name]}" for name in told.fields) for event in of_kind)
            seen = f" (there was {seen})" if of_kind and told.fields else ""
            after = " after what comes before it" if at else ""
            yield Difference(("events", at), f"event {told.event}{fields} was not told{after}{seen}")
        else:
            place = found + 1


def _fits(told: Told, event: Event) -> bool:
    return event.kind == told.event and all(getattr(event, name) == value for name, value in told.fields.items())


def _left(expected: Expected, story: Story) -> Iterator[Difference]:
    """What stays of the call: text messages, a message in a mailbox, answers of a survey."""
    texts = [moment.item.text for moment in story.moments if isinstance(moment.item, TextMessage)]
    wanted = expected.sms
    if wanted is not None and not _all_in(wanted, texts):
        yield Difference(("sms",), f"text messages are {texts!r}, expected {wanted!r}")
    boxes = [event.mailbox for event in story.events if isinstance(event, VoicemailLeft)]
    if expected.voicemail is not None and expected.voicemail != (boxes[-1] if boxes else ""):
        given = boxes[-1] if boxes else ""
        yield Difference(("voicemail",), f"voicemail is {given!r}, expected {expected.voicemail!r}")
    promised = next((moment.item.queue for moment in story.moments if isinstance(moment.item, CallbackWish)), "")
    if expected.callback is not None and expected.callback != promised:
        yield Difference(("callback",), f"callback is {promised!r}, expected {expected.callback!r}")
    answers = {event.question: event.answer for event in story.events if isinstance(event, SurveyAnswered)}
    if expected.survey is not None and expected.survey != answers:
        yield Difference(("survey",), f"answers of the survey are {answers!r}, expected {expected.survey!r}")


def _all_in(wanted: Sequence[str], texts: Sequence[str]) -> bool:
    return len(wanted) == len(texts) and all(
        part.casefold() in text.casefold() for part, text in zip(wanted, texts, strict=True)
    )
