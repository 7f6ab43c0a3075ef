"""What a caller had got when the call ended: the question that `svar prove` answers for all callers, for one."""

from collections.abc import Iterator
from dataclasses import dataclass

from events import catalogue
from events.catalogue import StepEntered
from ivr.language.ways import Reached
from ivr.ports.callbacks import CallbackWish, Standing
from ivr.simulator.ear import Did, Heard
from ivr.simulator.story import Story

_LASTING = (Reached.PERSON, Reached.PARTNER, Reached.CALLBACK, Reached.VOICEMAIL)
_NO_FAULT = ("flow_ended", "transferred")
_SAYING = ("say", "message", "hangup", "deflect")
_VAIN = ("queue", "transfer", "voicemail", "callback")
_ASKING = ("menu", "digits", "language", "lookup", "survey", "returning")


@dataclass(slots=True)
class _Stay:
    """What happened at one step."""

    type: str
    spoken: bool = False
    got: Reached | None = None


def reached(story: Story) -> Reached | None:
    """What the caller got last. None where the call ends after a wait, a question or nothing, without a word."""
    last: Reached | None = None
    for stay in _stays(story):
        if stay.got is not None:
            last = stay.got
        elif stay.type in _SAYING and stay.spoken:
            last = last if last in _LASTING else Reached.MESSAGE
        elif stay.type in _VAIN or (stay.type in _ASKING and last not in _LASTING):
            last = None
    return Reached.PERSON if story.run.elsewhere.transferred else last


def ends_badly(story: Story) -> str:
    """Why the call did not end well, in words; empty where it did, or where the caller hung up."""
    if story.cause == "caller_hung_up":
        return ""
    if story.cause == "time_limit":
        return "the call does not end within a day"
    if story.cause not in _NO_FAULT:
        return f"the call ends as a fault: {story.cause}"
    return "" if reached(story) is not None else "the call ends without a word"


def texts_in_a_row(story: Story) -> int:
    """The most texts that were heard without a key awaited or pressed, a queue, or a talk between them."""
    most = now = 0
    for moment in story.moments:
        if isinstance(moment.item, Heard):
            now += 1
            most = max(most, now)
        elif isinstance(moment.item, Did | catalogue.ContactQueued | catalogue.ContactAnswered):
            now = 0
    return most


def _stays(story: Story) -> Iterator[_Stay]:
    stay: _Stay | None = None
    for moment in story.moments:
        item = moment.item
        if isinstance(item, StepEntered):
            if stay is not None:
                yield stay
            stay = _Stay(item.type)
        elif stay is not None and isinstance(item, Heard):
            stay.spoken = True
        elif stay is not None and isinstance(item, Did) and item.kind == "cancel":
            stay.got = None
        elif stay is not None:
            stay.got = _got(item) or stay.got
    if stay is not None:
        yield stay


def _got(item: object) -> Reached | None:
    if isinstance(item, CallbackWish | Standing):
        return Reached.CALLBACK
    if isinstance(item, catalogue.ContactAnswered):
        return Reached.PERSON
    if isinstance(item, catalogue.VoicemailLeft):
        return Reached.VOICEMAIL
    if isinstance(item, catalogue.CrisisDeflected) and item.outcome == "ended":
        return Reached.MESSAGE
    return None
