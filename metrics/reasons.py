"""Why a contact was offered to whom and when, and why it was not, in plain sentences made of the events alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from events.callbacks import CallbackEnded, CallbackPromised, CallbackTried
from events.catalogue import (
    ContactAnswered,
    ContactEnded,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    ContactStarted,
    Event,
    OfferFailed,
    OfferMade,
    TransferBegun,
    TransferEnded,
    WrapUpEnded,
)
from events.routing import OfferWithheld, PartnerAnswered, PartnerReleased, TierOpened
from metrics.call_record import partner_of

TierWords = Callable[[str, int], str]
"""What the queue's tier of that number is, in a few words; nothing where it is not known."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What was decided when (epoch), in words, with the event that says so."""

    at_ms: int
    text: str
    event: Event


def told(events: Iterable[Event], tiers: TierWords = lambda _queue, _tier: "") -> Iterator[Sentence]:
    """The contact's story. `events` are its own, in the order of their times."""
    for event in events:
        if type(event) in _WORDS:
            yield Sentence(event.at_ms, _WORDS[type(event)](event, tiers), event)


def length(ms: float) -> str:
    """A wait as people say it: `46 s`, `3 min 20 s`, `1 h 5 min`."""
    seconds = max(round(ms / 1000), 0)
    if seconds < 120:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 120:
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def _started(event: ContactStarted, _tiers: TierWords) -> str:
    return f"rang {event.number}, was taken by the flow {event.flow}"


def _queued(event: ContactQueued, _tiers: TierWords) -> str:
    words = [f"queued in {event.queue} as number {event.position}"]
    if event.site:
        words.append(f"caller's site {event.site}")
    if event.priority_s:
        words.append(f"with a head start of {length(event.priority_s * 1000)}")
    since_ms = event.since_ms or event.arrived_ms
    if event.at_ms - since_ms >= 1000:
        words.append(f"counting the {length(event.at_ms - since_ms)} already waited")
    return ", ".join(words)


def _tier(queue: str, tier: int, tiers: TierWords) -> str:
    if tier <= 0:
        return "the preferred agent alone"
    named = tiers(queue, tier)
    return f"tier {tier} ({named})" if named else f"tier {tier}"


def _withheld(event: OfferWithheld, tiers: TierWords) -> str:
    if event.reason == "preferred_busy":
        return "not offered: the preferred agent is not free, and is waited for first"
    upto = _tier(event.queue, event.tier, tiers)
    who = f"tiers 1 to {upto[5:]}" if event.tier > 1 else upto
    reasons = {
        "nobody_logged_in": f"nobody of {who} is logged in",
        "all_on_break": f"all {event.there} of {who} who are logged in are on a break",
        "all_busy": f"all {event.working} of {who} who are at work are busy",
    }
    why = reasons.get(event.reason, f"{event.reason.replace('_', ' ')} ({who})")
    before = f"; {event.ahead} {'waits' if event.ahead == 1 else 'wait'} before it" if event.ahead else ""
    return f"not offered: {why}{before}"


_OPENED = {
    "after": "its wait was long enough for it",
    "estimate": "somebody new would wait too long",
    "waiting": "too many wait",
    "nobody": "nobody was there in the tiers before",
    "logged_in": "nobody was logged in in the tiers before",
    "at_work": "nobody was at work in the tiers before",
    "site_lost": "the caller's site is lost",
    "closing": "the closing time is near",
}


def _opened(event: TierOpened, tiers: TierWords) -> str:
    why = _OPENED.get(event.why, event.why.replace("_", " "))
    return f"{_tier(event.queue, event.tier, tiers)} of {event.queue} opened: {why}"


def _offered(event: OfferMade, tiers: TierWords) -> str:
    return f"offered to {whom(event)}: {grounds(event, tiers)}"


def whom(event: OfferMade | OfferFailed) -> str:
    """The agent with the site, or the partner."""
    partner = partner_of(event.agent)
    if partner:
        return f"the partner {partner}"
    return f"{event.agent} ({event.site})" if event.site else event.agent


def grounds(event: OfferMade, tiers: TierWords = lambda _queue, _tier: "") -> str:
    """Why this agent, and why this contact."""
    if event.rule == "preferred":
        words = ["the preferred agent"]
    elif event.partner:
        words = [f"one of {event.candidates} free lines"]
    elif event.candidates == 1:
        words = ["the only one who stood ready for it"]
    else:
        best = {"longest_idle": "longest idle", "level": "fits best"}.get(event.rule, event.rule.replace("_", " "))
        words = [f"{best} of {event.candidates} ready"]
    if event.tier > 1:
        words.append(_tier(event.queue, event.tier, tiers))
    if event.total_waited_ms > event.waited_ms:
        words.append(f"waited {length(event.total_waited_ms)} in all, {length(event.waited_ms)} of it in {event.queue}")
    else:
        words.append(f"waited {length(event.waited_ms)} in all")
    words.append("next in the order of those whom the agent may serve")
    return ", ".join(words)


_MISSED = {
    "no_answer": "did not answer",
    "busy": "was busy",
    "rejected": "rejected it",
    "unreachable": "could not be reached",
    "lease_expired": "was rung for too long",
    "node_lost": "was not rung to the end, since the node that rang is lost",
}


def _failed(event: OfferFailed, _tiers: TierWords) -> str:
    who = f"the partner {partner_of(event.agent)}" if partner_of(event.agent) else event.agent
    if event.cause == "caller_left" and event.contact.endswith(".cb"):
        return f"{who} was taken up with it for {length(event.rang_ms)}: the caller was not reached, or hung up"
    if event.cause == "caller_left":
        return f"the caller left while {who}'s phone rang ({length(event.rang_ms)})"
    how = _MISSED.get(event.cause, "did not take it")
    return f"{who} {how} ({event.cause}, {length(event.rang_ms)}), place kept"


def _answered(event: ContactAnswered, _tiers: TierWords) -> str:
    return (
        f"{event.agent} answered after {length(event.rang_ms)} of ringing, {length(event.waited_ms)} in {event.queue}"
    )


def _left(event: ContactLeftQueue, _tiers: TierWords) -> str:
    end = {"lost": "lost", "flowed_out": "went on"}.get(event.disposition, event.disposition)
    return f"left {event.queue} after {length(event.waited_ms)}: {end} ({event.cause.replace('_', ' ')})"


def _partner_answered(event: PartnerAnswered, _tiers: TierWords) -> str:
    return (
        f"the partner {event.partner} answered after {length(event.rang_ms)} of ringing, "
        f"{length(event.waited_ms)} in {event.queue}"
    )


def _released(event: ContactReleased, _tiers: TierWords) -> str:
    return f"the talk with {event.agent} ended after {length(event.talked_ms)} ({event.cause.replace('_', ' ')})"


def _partner_released(event: PartnerReleased, _tiers: TierWords) -> str:
    talked = length(event.talked_ms)
    return f"the talk at the partner {event.partner} ended after {talked} ({event.cause.replace('_', ' ')})"


def _wrapped_up(event: WrapUpEnded, _tiers: TierWords) -> str:
    topic = f", topic {event.topic}" if event.topic else ""
    return f"{event.agent} was through with it after {length(event.lasted_ms)} of wrap-up{topic}"


def _ended(event: ContactEnded, _tiers: TierWords) -> str:
    return f"over: {event.outcome} ({event.cause.replace('_', ' ')}), {length(event.duration_ms)} after the first ring"


def _transfer_begun(event: TransferBegun, _tiers: TierWords) -> str:
    return f"{event.agent or 'the flow'} asked for the {event.to} {event.target} ({event.how} transfer)"


def _transfer_ended(event: TransferEnded, _tiers: TierWords) -> str:
    outcome, after = event.outcome.replace("_", " "), length(event.lasted_ms)
    return f"{event.how} transfer to the {event.to} {event.target}: {outcome}, after {after}"


def _promised(event: CallbackPromised, _tiers: TierWords) -> str:
    kept = f"number {event.position} in {event.queue}, {length(event.waited_ms)} waited so far"
    return (
        f"the caller of contact {event.first} will be rung back, as contact {event.contact}; the place is kept: {kept}"
    )


def _tried(event: CallbackTried, _tiers: TierWords) -> str:
    again = f"again in {length(event.again_ms - event.at_ms)}, with the same place" if event.again_ms else "not again"
    cause = event.cause.replace("_", " ")
    return f"caller and agent could not be put together ({cause}, {event.tries} tries in vain), {again}"


def _callback_ended(event: CallbackEnded, _tiers: TierWords) -> str:
    cause = f" ({event.cause.replace('_', ' ')})" if event.cause else ""
    return f"callback {event.outcome.replace('_', ' ')}{cause}, {length(event.waited_ms)} after the promise"


_WORDS: Mapping[type[Event], Callable[..., str]] = {
    ContactStarted: _started,
    ContactQueued: _queued,
    OfferWithheld: _withheld,
    TierOpened: _opened,
    OfferMade: _offered,
    OfferFailed: _failed,
    ContactAnswered: _answered,
    ContactLeftQueue: _left,
    PartnerAnswered: _partner_answered,
    ContactReleased: _released,
    PartnerReleased: _partner_released,
    CallbackPromised: _promised,
    CallbackTried: _tried,
    CallbackEnded: _callback_ended,
    TransferBegun: _transfer_begun,
    TransferEnded: _transfer_ended,
    WrapUpEnded: _wrapped_up,
    ContactEnded: _ended,
}
