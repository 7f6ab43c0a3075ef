"""Events as the tests tell them: one function a kind, with whatever the test does not care about filled in."""

from collections.abc import Iterable, Sequence

from events.catalogue import (
    AgentStateChanged,
    ContactAnswered,
    ContactEnded,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    ContactStarted,
    Event,
    NodeStarted,
    OfferFailed,
    OfferMade,
    StepEntered,
    TransferBegun,
    TransferEnded,
    WrapUpEnded,
)
from events.routing import PartnerAnswered, PartnerReleased, TierOpened
from metrics.fold import Fold

DAY_MS = 1_795_215_600_000
"""A midnight in Oslo, a whole half-hour."""

TENANT, NODE = "nav", "n1"


def started(
    contact: str, at_ms: int = DAY_MS, node: str = NODE, caller: str = "+4722000000", pseudonym: str = ""
) -> ContactStarted:
    return ContactStarted(
        at_ms=at_ms,
        tenant=TENANT,
        node=node,
        contact=contact,
        number="600",
        flow="main",
        flow_version="v1",
        trunk="loopback",
        pii_caller=caller,
        pseudonym=pseudonym,
    )


def stepped(contact: str, step: str, at_ms: int = DAY_MS) -> StepEntered:
    return StepEntered(at_ms=at_ms, tenant=TENANT, node=NODE, contact=contact, flow="main", step=step, type="menu")


def queued(contact: str, queue: str = "pensjon", at_ms: int = DAY_MS, arrived_ms: int | None = None) -> ContactQueued:
    return ContactQueued(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        queue=queue,
        arrived_ms=at_ms if arrived_ms is None else arrived_ms,
        priority_s=0,
        position=1,
    )


def left(
    contact: str,
    waited_ms: int = 0,
    queue: str = "pensjon",
    at_ms: int = DAY_MS,
    disposition: str = "lost",
    cause: str = "caller_hung_up",
) -> ContactLeftQueue:
    return ContactLeftQueue(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        queue=queue,
        disposition=disposition,
        cause=cause,
        waited_ms=waited_ms,
    )


def offered(
    contact: str, offer: str = "o1", agent: str = "kari", queue: str = "pensjon", at_ms: int = DAY_MS
) -> OfferMade:
    return OfferMade(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        offer=offer,
        queue=queue,
        agent=agent,
        site="oslo",
        fence=1,
        deadline_ms=at_ms + 20_000,
        waited_ms=0,
    )


def failed(
    contact: str,
    cause: str = "no_answer",
    offer: str = "o1",
    agent: str = "kari",
    queue: str = "pensjon",
    at_ms: int = DAY_MS,
    rang_ms: int = 0,
) -> OfferFailed:
    return OfferFailed(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        offer=offer,
        queue=queue,
        agent=agent,
        site="oslo",
        cause=cause,
        rang_ms=rang_ms,
    )


def answered(
    contact: str,
    waited_ms: int = 0,
    queue: str = "pensjon",
    at_ms: int = DAY_MS,
    agent: str = "kari",
    offer: str = "o1",
    rang_ms: int = 2_000,
) -> ContactAnswered:
    return ContactAnswered(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        offer=offer,
        queue=queue,
        agent=agent,
        site="oslo",
        waited_ms=waited_ms,
        rang_ms=rang_ms,
    )


def released(
    contact: str,
    talked_ms: int = 60_000,
    queue: str = "pensjon",
    at_ms: int = DAY_MS,
    agent: str = "kari",
    cause: str = "caller_hung_up",
) -> ContactReleased:
    return ContactReleased(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        queue=queue,
        agent=agent,
        site="oslo",
        cause=cause,
        talked_ms=talked_ms,
    )


def wrapped_up(
    contact: str,
    topic: str = "alderspensjon",
    agent: str = "kari",
    at_ms: int = DAY_MS,
    lasted_ms: int = 30_000,
    concluded: str = "",
    queue: str = "pensjon",
) -> WrapUpEnded:
    return WrapUpEnded(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        queue=queue,
        agent=agent,
        site="oslo",
        topic=topic,
        cause="agent",
        lasted_ms=lasted_ms,
        concluded=concluded,
    )


def became(
    agent: str, state: str, previous: str = "ready", at_ms: int = DAY_MS, site: str = "oslo", reason: str = ""
) -> AgentStateChanged:
    return AgentStateChanged(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        agent=agent,
        site=site,
        state=state,
        reason=reason,
        previous=previous,
        lasted_ms=0,
    )


def partner_answered(
    contact: str, at_ms: int = DAY_MS, offer: str = "o1", waited_ms: int = 0, queue: str = "pensjon"
) -> PartnerAnswered:
    return PartnerAnswered(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        offer=offer,
        queue=queue,
        partner="help",
        waited_ms=waited_ms,
        rang_ms=5_000,
    )


def partner_released(contact: str, at_ms: int = DAY_MS, cause: str = "caller_hung_up") -> PartnerReleased:
    return PartnerReleased(
        at_ms=at_ms,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        queue="pensjon",
        partner="help",
        cause=cause,
        talked_ms=70_000,
    )


def tier_opened(contact: str, tier: int = 2, at_ms: int = DAY_MS) -> TierOpened:
    return TierOpened(at_ms=at_ms, tenant=TENANT, node=NODE, contact=contact, queue="pensjon", tier=tier, why="after")


def transferring(
    contact: str, target: str = "skatt", to: str = "destination", how: str = "blind", at_ms: int = DAY_MS
) -> TransferBegun:
    return TransferBegun(at_ms=at_ms, tenant=TENANT, node=NODE, contact=contact, how=how, to=to, target=target)


def transferred(
    contact: str, target: str = "skatt", outcome: str = "answered", to: str = "destination", how: str = "blind"
) -> TransferEnded:
    return TransferEnded(
        at_ms=DAY_MS,
        tenant=TENANT,
        node=NODE,
        contact=contact,
        how=how,
        to=to,
        target=target,
        outcome=outcome,
        lasted_ms=1_000,
    )


def ended(contact: str, outcome: str = "answered", at_ms: int = DAY_MS, cause: str = "caller_hung_up") -> ContactEnded:
    return ContactEnded(
        at_ms=at_ms, tenant=TENANT, node=NODE, contact=contact, outcome=outcome, cause=cause, duration_ms=90_000
    )


def node_started(node: str = NODE, at_ms: int = DAY_MS) -> NodeStarted:
    return NodeStarted(at_ms=at_ms, tenant=TENANT, node=node, release="1")


def whole_call(contact: str, at_ms: int = DAY_MS, queue: str = "pensjon", agent: str = "kari") -> list[Event]:
    """A caller who waits 30 s, talks for a minute and is wrapped up."""
    offer = f"offer-{contact}"
    return [
        started(contact, at_ms),
        stepped(contact, "menu", at_ms + 100),
        queued(contact, queue, at_ms + 10_000),
        offered(contact, offer, agent, queue, at_ms + 38_000),
        became(agent, "offered", "ready", at_ms + 38_000),
        answered(contact, 30_000, queue, at_ms + 40_000, agent, offer),
        became(agent, "talking", "offered", at_ms + 40_000),
        released(contact, 60_000, queue, at_ms + 100_000, agent),
        became(agent, "wrap_up", "talking", at_ms + 100_000),
        ended(contact, "answered", at_ms + 100_010),
        wrapped_up(contact, "alderspensjon", agent, at_ms + 130_000),
        became(agent, "ready", "wrap_up", at_ms + 130_000),
    ]


def tell(fold: Fold, events: Iterable[Event]) -> None:
    routes = fold.routes()
    for event in events:
        if type(event) in routes:
            routes[type(event)](event)


def stream(events: Iterable[Event], first: int = 1) -> Sequence[tuple[str, Event]]:
    """The events with ids as a Redis stream gives them."""
    return [(f"{DAY_MS + n // 3}-{n % 3}", event) for n, event in enumerate(events, first)]
