"""Every event that svar knows. Metrics, call records, the wallboard and MQTT are folds over these and nothing else.

Words and measures are those of `docs/glossary.md`. Times ending in `_ms` are milliseconds; `at_ms` is Redis' wall clock
since the epoch. Fields that begin with `pii_` hold personal data and leave the process masked by default.
An event of the distributor is written by the Lua script that made the change it tells of; the others by the node.
"""

from dataclasses import dataclass, fields
from typing import ClassVar, get_type_hints

from events.audit import ConsoleLogin as ConsoleLogin
from events.audit import ConsoleLoginRefused as ConsoleLoginRefused
from events.audit import ConsoleLogout as ConsoleLogout
from events.audit import ConsolePasswordChanged as ConsolePasswordChanged
from events.audit import DeedDone as DeedDone
from events.callbacks import CallbackEnded as CallbackEnded
from events.callbacks import CallbackPromised as CallbackPromised
from events.callbacks import CallbackTried as CallbackTried
from events.event import Event as Event
from events.event import Scalar as Scalar
from events.flows import CanaryEnded as CanaryEnded
from events.flows import CanaryStarted as CanaryStarted
from events.flows import CrisisChanged as CrisisChanged
from events.flows import CrisisDeflected as CrisisDeflected
from events.flows import CrisisHeard as CrisisHeard
from events.flows import Deflected as Deflected
from events.flows import FlowsPublished as FlowsPublished
from events.flows import FlowsRefused as FlowsRefused
from events.flows import FlowsRolledBack as FlowsRolledBack
from events.flows import LookupDone as LookupDone
from events.flows import SurveyAnswered as SurveyAnswered
from events.flows import VoicemailLeft as VoicemailLeft
from events.nodes import NodeLost as NodeLost
from events.nodes import OrderDone as OrderDone
from events.rosters import AgentAway as AgentAway
from events.rosters import AgentBack as AgentBack
from events.rosters import ReserveAnswered as ReserveAnswered
from events.rosters import ReserveCalled as ReserveCalled
from events.rosters import ReserveReleased as ReserveReleased
from events.routing import AgentDropped as AgentDropped
from events.routing import AgentPut as AgentPut
from events.routing import ColleagueEnded as ColleagueEnded
from events.routing import ColleagueFound as ColleagueFound
from events.routing import ColleagueSought as ColleagueSought
from events.routing import DutyChanged as DutyChanged
from events.routing import OfferWithheld as OfferWithheld
from events.routing import PartnerAnswered as PartnerAnswered
from events.routing import PartnerReleased as PartnerReleased
from events.routing import SiteBack as SiteBack
from events.routing import SiteLost as SiteLost
from events.routing import TierOpened as TierOpened
from events.transfers import TransferBegun as TransferBegun
from events.transfers import TransferEnded as TransferEnded

# --- A contact's way through the engine (written by its node) ---


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStarted(Event):
    """A caller's INVITE was taken by a flow. Svartid_total counts from here.

    `pii_caller_key` is filled during a crisis and for 24 hours after: it tells whether two callers are the same.
    `pseudonym` stands for the caller in records and reports, the same for some days (docs/records.md); empty: unknown.
    """

    kind: ClassVar[str] = "contact_started"
    number: str
    flow: str
    flow_version: str
    trunk: str
    pii_caller: str = ""
    pii_caller_key: str = ""
    pseudonym: str = ""


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

    Outcomes: answered, callback, voicemail, abandoned, menu_ended, completed, transferred, refused, failed.

    `abandoned` is a caller who was in a queue and reached nobody; `menu_ended` hung up before any queue; `completed`
    reached the end of the flow (a message, a goodbye) without a queue; `voicemail` left a message and reached nobody,
    `callback` is rung back in their turn.
    """

    kind: ClassVar[str] = "contact_ended"
    outcome: str
    cause: str
    duration_ms: int


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


# --- Distribution (written by the distributor's scripts) ---


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactQueued(Event):
    """O: the contact entered a queue at `arrived_ms` (epoch).

    `since_ms` is when the wait would have begun, had that of the whole journey been in one piece: transfers keep it.
    `estimate_ms` is how long it will wait from now on, by the estimate, -1 without one; between `low_ms` and `high_ms`
    (-1: without end) is what may be told of it, nothing where `low_ms` is -1: the estimate is silent.
    """

    kind: ClassVar[str] = "contact_queued"
    queue: str
    arrived_ms: int
    priority_s: int
    position: int
    estimate_ms: int = -1
    low_ms: int = -1
    high_ms: int = -1
    since_ms: int = 0
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLeftQueue(Event):
    """The contact left the queue without an agent. `disposition`: `lost` (L) or `flowed_out` (F); `cause` says why.

    Causes: caller_hung_up, ordered (hung up by whoever runs the place), queue_closed, no_agents, node_lost, error,
    shutdown; of `flowed_out`: partner (a person there answered), voicemail and callback where the caller was led
    straight to one, by a key or by waiting; else key (the caller pressed one) or overflow.
    """

    kind: ClassVar[str] = "contact_left_queue"
    queue: str
    disposition: str
    cause: str
    waited_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade(Event):
    """The contact was offered to an agent: a lease that ends at `deadline_ms` (epoch), guarded by `fence`.

    Why to this one: of `candidates` who stood ready in the queue's `tier` (from 1; 0: the preferred agent), by `rule`:
    longest_idle, level, preferred. `total_waited_ms` is the wait of the whole journey. An offer to a `partner` is
    taken by a person there; `agent` is its slot.
    """

    kind: ClassVar[str] = "offer_made"
    offer: str
    queue: str
    agent: str
    site: str
    fence: int
    deadline_ms: int
    waited_ms: int
    total_waited_ms: int = 0
    tier: int = 1
    rule: str = "longest_idle"
    candidates: int = 1
    partner: str = ""


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
    """A: an agent answered the contact. `total_waited_ms` is the wait of the whole journey."""

    kind: ClassVar[str] = "contact_answered"
    offer: str
    queue: str
    agent: str
    site: str
    waited_ms: int
    rang_ms: int
    total_waited_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactReleased(Event):
    """The talk is over.

    Causes: caller_hung_up, agent_hung_up, transferred, ordered (hung up by whoever runs the place), node_lost, error,
    shutdown.
    """

    kind: ClassVar[str] = "contact_released"
    queue: str
    agent: str
    site: str
    cause: str
    talked_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpEnded(Event):
    """The agent finished the work after the call. `cause`: agent, timeout, logged_out.

    `topic` and `concluded` (yes, no) as the agent said, empty where nothing was said.
    """

    kind: ClassVar[str] = "wrap_up_ended"
    queue: str
    agent: str
    site: str
    topic: str
    cause: str
    lasted_ms: int
    concluded: str = ""


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
        CallbackPromised,
        CallbackTried,
        CallbackEnded,
        AgentStateChanged,
        DeedDone,
        ConsoleLogin,
        ConsoleLoginRefused,
        ConsoleLogout,
        ConsolePasswordChanged,
        TransferBegun,
        TransferEnded,
        TierOpened,
        ColleagueSought,
        ColleagueFound,
        ColleagueEnded,
        OfferWithheld,
        PartnerAnswered,
        PartnerReleased,
        DutyChanged,
        SiteLost,
        SiteBack,
        AgentPut,
        AgentDropped,
        NodeStarted,
        NodeStopped,
        NodeLost,
        OrderDone,
        EventsLost,
        FlowsPublished,
        FlowsRolledBack,
        CanaryStarted,
        CanaryEnded,
        FlowsRefused,
        ReserveCalled,
        ReserveAnswered,
        ReserveReleased,
        AgentAway,
        AgentBack,
    )
}

FIELD_TYPES: dict[str, dict[str, type]] = {
    kind: {field.name: get_type_hints(cls)[field.name] for field in fields(cls)} for kind, cls in CATALOGUE.items()
}
"""The Python type (str, int, float or bool) of every field of every event, by kind."""
