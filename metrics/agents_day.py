"""Why an agent got the contacts that came, and why no others did, in plain sentences made of the events alone."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from events.catalogue import AgentStateChanged, ContactAnswered, Event, OfferFailed, OfferMade
from metrics.call_record import partner_of
from metrics.reasons import Sentence, grounds, length

MOST_OTHERS = 3
_STATES = {"not_ready": "not ready", "logged_out": "logged out", "wrap_up": "in wrap-up", "offered": "rung"}


@dataclass(slots=True)
class Stretch:
    """A time in one state, and who got contacts meanwhile."""

    state: str
    reason: str
    since_ms: int
    queues: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)

    @property
    def words(self) -> str:
        state = _STATES.get(self.state, self.state)
        return f"{state} ({self.reason.replace('_', ' ')})" if self.reason else state


def told_of(agent: str, events: Iterable[Event], since_ms: int, until_ms: int) -> Iterator[Sentence]:
    """The agent's part of `events`, those of all contacts, in the order of their times.

    A state from before `since_ms` is the one that the agent was in then. At the end of each stretch stands what others
    were offered meanwhile.
    """
    stretch: Stretch | None = None
    last: Event | None = None
    for event in events:
        if event.at_ms > until_ms:
            break
        if event.at_ms < since_ms:
            if isinstance(event, AgentStateChanged) and event.agent == agent:
                stretch = Stretch(event.state, event.reason, since_ms)
                yield Sentence(since_ms, f"{stretch.words} since before", event)
        elif isinstance(event, AgentStateChanged) and event.agent == agent:
            if stretch is not None and (text := _meanwhile(agent, stretch, event.at_ms)):
                yield Sentence(event.at_ms, text, event)
            stretch = Stretch(event.state, event.reason, event.at_ms)
            if event.state not in ("offered", "talking"):
                yield Sentence(event.at_ms, stretch.words, event)
        elif isinstance(event, OfferMade) and event.agent == agent:
            yield Sentence(event.at_ms, f"offered contact {event.contact} of {event.queue}: {grounds(event)}", event)
        elif isinstance(event, OfferFailed) and event.agent == agent:
            yield Sentence(
                event.at_ms, f"did not take contact {event.contact} ({event.cause}, {length(event.rang_ms)})", event
            )
        elif isinstance(event, ContactAnswered) and event.agent == agent:
            yield Sentence(event.at_ms, f"answered contact {event.contact} of {event.queue}", event)
        elif isinstance(event, OfferMade):
            stretch = stretch or Stretch("", "", event.at_ms)
            stretch.queues[event.queue] += 1
            stretch.others[f"the partner {partner_of(event.agent)}" if partner_of(event.agent) else event.agent] += 1
        last = event
    if last is not None and stretch is not None and (text := _meanwhile(agent, stretch, until_ms)):
        yield Sentence(until_ms, text, last)


def _meanwhile(agent: str, stretch: Stretch, until_ms: int) -> str:
    count = stretch.others.total()
    if not count:
        return ""
    queues = ", ".join(f"{n} of {queue}" for queue, n in stretch.queues.most_common(MOST_OTHERS))
    who = ", ".join(f"{n} to {other}" for other, n in stretch.others.most_common(MOST_OTHERS))
    lasted = length(until_ms - stretch.since_ms)
    state = f"{agent} was {stretch.words} for {lasted}" if stretch.state else f"in the {lasted} before"
    why = (
        "; they had been ready for longer, fit better, or alone serve these callers" if stretch.state == "ready" else ""
    )
    return f"{state}; meanwhile {count} {'offer' if count == 1 else 'offers'} went to others ({queues}; {who}{why})"
