"""Events of distribution between sites: tiers, partners, duty. Written by the distributor's scripts."""

from dataclasses import dataclass
from typing import ClassVar

from events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class TierOpened(Event):
    """More agents may serve the contact from now on. `why`: after, estimate, waiting, nobody, site_lost, closing."""

    kind: ClassVar[str] = "tier_opened"
    queue: str
    tier: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithheld(Event):
    """Why the contact waits on and was offered to nobody: decided as it came, as a tier opened, or an offer failed.

    Reasons: nobody_logged_in, all_on_break, all_busy (of the agents in its open tiers), preferred_busy. `tier` is the
    widest one that is open (0: only the preferred agent), `there` how many of its agents are logged in, `working` how
    many of those are not on a break, `ahead` how many wait before it in the queue.
    """

    kind: ClassVar[str] = "offer_withheld"
    queue: str
    tier: int
    reason: str
    there: int
    working: int
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerAnswered(Event):
    """A partner's person has the caller: F of our queue, which the event contact_left_queue tells beside this."""

    kind: ClassVar[str] = "partner_answered"
    offer: str
    queue: str
    partner: str
    waited_ms: int
    rang_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerReleased(Event):
    """The talk at the partner's is over. Causes as those of contact_released."""

    kind: ClassVar[str] = "partner_released"
    queue: str
    partner: str
    cause: str
    talked_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteLost(Event):
    """Nothing of the site can be reached: tiers with `site_lost` open for its callers. `cause`: node, trunk."""

    kind: ClassVar[str] = "site_lost"
    site: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteBack(Event):
    """The site can be reached again; it was lost for this cause."""

    kind: ClassVar[str] = "site_back"
    site: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentPut(Event):
    """An agent was put by whoever administers, or put otherwise, and stands over what the files say."""

    kind: ClassVar[str] = "agent_put"
    agent: str
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDropped(Event):
    """What was put of the agent was taken back; `configured`: the files have such an agent, and hold again."""

    kind: ClassVar[str] = "agent_dropped"
    agent: str
    site: str
    configured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueSought(Event):
    """An agent in a talk waits in a queue for a colleague: a contact that counts in none of O, A, L, F and W."""

    kind: ClassVar[str] = "colleague_sought"
    queue: str
    agent: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueFound(Event):
    """A colleague took the offer and talks to the agent who sought one."""

    kind: ClassVar[str] = "colleague_found"
    offer: str
    queue: str
    agent: str
    site: str
    waited_ms: int
    rang_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueEnded(Event):
    """The colleague (`agent`) is free of that talk, or nobody was waited for any longer (`agent` is empty).

    Causes as those of contact_released and contact_left_queue.
    """

    kind: ClassVar[str] = "colleague_ended"
    queue: str
    agent: str
    site: str
    cause: str
    waited_ms: int
    talked_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyChanged(Event):
    """Who is on duty for a queue now: `agents` is their number, `came` and `went` name who changed, by commas."""

    kind: ClassVar[str] = "duty_changed"
    queue: str
    agents: int
    came: str
    went: str
