"""What flows tell besides a contact's steps, and which version of them is in service."""

from dataclasses import dataclass
from typing import ClassVar

from events.event import Event

# --- What a flow did for a contact (written by its node) ---


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupDone(Event):
    """A look-up of a flow is over. `outcome`: found, timeout, refused, status, too_large, not_json, wrong_type,
    not_allowed, circuit_open, overloaded, not_there; `status` is that of HTTP where it is why, else 0.
    """

    kind: ClassVar[str] = "lookup_done"
    service: str
    outcome: str
    status: int
    lasted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflected(Event):
    """A caller was told of another way. `to`: web (it was said), sms (it was sent, or would have been).

    `outcome`: said, sent, refused (the caller said no), no_number, not_allowed, capped, failed.
    """

    kind: ClassVar[str] = "deflected"
    to: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoicemailLeft(Event):
    """The contact left a message of `duration_ms` in `mailbox`; `message` is its name there. The number is not told."""

    kind: ClassVar[str] = "voicemail_left"
    mailbox: str
    message: str
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered(Event):
    """The contact gave `answer` (a key) to one question of a survey, after a talk out of `queue` (empty: without one).

    `agent` is empty unless the survey says that it is named.
    """

    kind: ClassVar[str] = "survey_answered"
    survey: str
    question: str
    answer: int
    queue: str
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisHeard(Event):
    """The message of a crisis, `lasts_ms` long, began to be said to the contact."""

    kind: ClassVar[str] = "crisis_heard"
    crisis: str
    lasts_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisDeflected(Event):
    """The contact was told something else instead of waiting in `queue`. `outcome`: ended, stayed, told (and waits)."""

    kind: ClassVar[str] = "crisis_deflected"
    crisis: str
    queue: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisChanged(Event):
    """A crisis is on until `until_ms` (epoch), or not any more, by `author` (svar: it ended by itself).

    Causes: switched_on, new_end (it was on and gets another end), switched_off, time_is_up. `message` is the author's.
    """

    kind: ClassVar[str] = "crisis_changed"
    crisis: str
    on: bool
    until_ms: int
    author: str
    cause: str = ""
    message: str = ""
    flow_version: str = ""


# --- The flows in service (written with the change of what is in service, except FlowsRefused: by its node) ---


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsPublished(Event):
    """New contacts get `flow_version`, in place of `previous` (empty: the first). `forced`: against a gate."""

    kind: ClassVar[str] = "flows_published"
    flow_version: str
    previous: str
    author: str
    message: str
    forced: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsRolledBack(Event):
    """New contacts get `flow_version` again, which was in service before `previous`."""

    kind: ClassVar[str] = "flows_rolled_back"
    flow_version: str
    previous: str
    author: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryStarted(Event):
    """A `share` (0 to 1) of new contacts gets `flow_version`, the others go on with `active`."""

    kind: ClassVar[str] = "canary_started"
    flow_version: str
    active: str
    share: float
    author: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryEnded(Event):
    """No new contact gets `flow_version` as a canary. `message` says what was seen.

    Causes: promoted (all get it now), worse (taken back by svar itself), withdrawn, replaced (by what was published).
    """

    kind: ClassVar[str] = "canary_ended"
    flow_version: str
    active: str
    cause: str
    author: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowsRefused(Event):
    """The node cannot serve `flow_version` for `reason`, and goes on with `serving` (empty: with its folder)."""

    kind: ClassVar[str] = "flows_refused"
    flow_version: str
    serving: str
    reason: str
