"""Every event that svar knows. Metrics, call records, the wallboard and MQTT are folds over these and nothing else.

Words and measures are those of `docs/glossary.md`. Times ending in `_ms` are milliseconds; `at_ms` is Redis' wall clock
since the epoch. Fields that begin with `pii_` hold personal data and leave the process masked by default.
An event of the distributor is written by the Lua script that made the change it tells of; the others by the node.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, get_type_hints

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The part that every event carries. `contact` is empty where the event is about no contact."""

    kind: ClassVar[str] = "event"
    version: ClassVar[int] = 1

    at_ms: int
    tenant: str
    node: str
    contact: str = ""


# --- A contact's way through the engine (written by its node) ---


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStarted(Event):
    """A caller's INVITE was taken by a flow. Svartid_total counts from here."""

    kind: ClassVar[str] = "contact_started"
    number: str
    flow: str
    flow_version: str
    trunk: str
    pii_caller: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEntered(Event):
    """The interpreter came to a step (node) of the flow; `type` is the node's type: menu, queue, ..."""

    kind: ClassVar[str] = "step_entered"
    flow: str
    step: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactEnded(Event):
    """The contact is over.

    Outcomes: answered, voicemail, abandoned, menu_ended, completed, transferred, refused, failed.

    `abandoned` is a caller who was in a queue and reached nobody; `menu_ended` hung up before any queue; `completed`
    reached the end of the flow (a message, a goodbye) without a queue; `voicemail` left a message and reached nobody.
    """

    kind: ClassVar[str] = "contact_ended"
    outcome: str
    cause: str
    duration_ms: int


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
class MediaReported(Event):
    """What one leg's media was like, told once when the leg closes. Received figures come from an open gate only.

    The `peer_` figures are what the phone last reported (RTCP) of the packets sent to it, `round_trip_ms` is to it and
    back; -1 where it reported nothing. A leg whose media worker was lost counts from its last beginning.
    """

    kind: ClassVar[str] = "media_reported"
    leg: str
    sent: int
    received: int
    lost: int
    jitter_ms: float
    peer_lost: int = -1
    peer_jitter_ms: float = -1.0
    round_trip_ms: float = -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaTimedOut(Event):
    """A leg that should be heard sent nothing for `silent_ms`."""

    kind: ClassVar[str] = "media_timed_out"
    leg: str
    silent_ms: int


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
    """The message of a crisis began to be said to the contact."""

    kind: ClassVar[str] = "crisis_heard"
    crisis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisDeflected(Event):
    """The contact was told something else instead of waiting in `queue`. `outcome`: ended, stayed, told (and waits)."""

    kind: ClassVar[str] = "crisis_deflected"
    crisis: str
    queue: str
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CrisisChanged(Event):
    """A crisis was switched `on` until `until_ms` (epoch), or off, by `author`; it ends by itself without an event."""

    kind: ClassVar[str] = "crisis_changed"
    crisis: str
    on: bool
    until_ms: int
    author: str


# --- Distribution (written by the distributor's scripts) ---


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactQueued(Event):
    """O: the contact entered a queue. `arrived_ms` (epoch) is the start of its wait, kept over transfers."""

    kind: ClassVar[str] = "contact_queued"
    queue: str
    arrived_ms: int
    priority_s: int
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLeftQueue(Event):
    """The contact left the queue without an agent. `disposition`: `lost` (L) or `flowed_out` (F); `cause` says why.

    Causes: caller_hung_up, queue_closed, no_agents, node_lost, error, shutdown; of `flowed_out`: overflow, and
    voicemail where the overflow leads to a mailbox.
    """

    kind: ClassVar[str] = "contact_left_queue"
    queue: str
    disposition: str
    cause: str
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade(Event):
    """The contact was offered to an agent: a lease that ends at `deadline_ms` (epoch), guarded by `fence`."""

    kind: ClassVar[str] = "offer_made"
    offer: str
    queue: str
    agent: str
    site: str
    fence: int
    deadline_ms: int
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFailed(Event):
    """The agent did not take it; the caller keeps the place.

    Causes: no_answer, busy, rejected, unreachable, caller_left, lease_expired, node_lost, error.
    """

    kind: ClassVar[str] = "offer_failed"
    offer: str
    queue: str
    agent: str
    site: str
    cause: str
    rang_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactAnswered(Event):
    """A: an agent answered the contact."""

    kind: ClassVar[str] = "contact_answered"
    offer: str
    queue: str
    agent: str
    site: str
    waited_ms: int
    rang_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactReleased(Event):
    """The talk is over. Causes: caller_hung_up, agent_hung_up, transferred, node_lost, error, shutdown."""

    kind: ClassVar[str] = "contact_released"
    queue: str
    agent: str
    site: str
    cause: str
    talked_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpEnded(Event):
    """The agent finished the work after the call. `cause`: agent, timeout, logged_out."""

    kind: ClassVar[str] = "wrap_up_ended"
    queue: str
    agent: str
    site: str
    topic: str
    cause: str
    lasted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged(Event):
    """An agent went from `previous` (held for `lasted_ms`) to `state`, for `reason`.

    States: logged_out, ready, not_ready, offered, talking, wrap_up.
    Reasons of not_ready: the agent's own (break, meeting, ...) or no_answer, busy, rejected, unreachable.
    """

    kind: ClassVar[str] = "agent_state_changed"
    agent: str
    site: str
    state: str
    reason: str
    previous: str
    lasted_ms: int


# --- Nodes ---


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStarted(Event):
    """A node takes calls. `release` is the version of the code."""

    kind: ClassVar[str] = "node_started"
    release: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStopped(Event):
    """A node has stopped in order."""

    kind: ClassVar[str] = "node_stopped"
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsLost(Event):
    """The node's spool was full while Redis was away: `count` of its own events (never the distributor's) are gone."""

    kind: ClassVar[str] = "events_lost"
    count: int


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


CATALOGUE: dict[str, type[Event]] = {
    cls.kind: cls
    for cls in (
        ContactStarted,
        StepEntered,
        ContactEnded,
        LookupDone,
        Deflected,
        MediaReported,
        MediaTimedOut,
        VoicemailLeft,
        SurveyAnswered,
        CrisisHeard,
        CrisisDeflected,
        CrisisChanged,
        ContactQueued,
        ContactLeftQueue,
        OfferMade,
        OfferFailed,
        ContactAnswered,
        ContactReleased,
        WrapUpEnded,
        AgentStateChanged,
        NodeStarted,
        NodeStopped,
        EventsLost,
        FlowsPublished,
        FlowsRolledBack,
        CanaryStarted,
        CanaryEnded,
        FlowsRefused,
    )
}

FIELD_TYPES: dict[str, dict[str, type]] = {
    kind: {field.name: get_type_hints(cls)[field.name] for field in fields(cls)} for kind, cls in CATALOGUE.items()
}
"""The Python type (str, int, float or bool) of every field of every event, by kind."""
