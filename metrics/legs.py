"""The legs of a contact as its record has them: the caller's, and of everybody who was rung for it."""

from typing import Any

from events.catalogue import ContactAnswered, OfferMade, TransferBegun, TransferEnded
from events.routing import PartnerAnswered

Leg = dict[str, Any]
"""`who` (caller, agent, partner, destination), `name` of it, `site`, `begun_ms`, `answered_ms` and `ended_ms` (epoch;
0: not told), `cause` of the end, and the `offer` that it was rung for.
"""

MOST_LEGS = 60
RUNG = ("agent", "destination")
"""Whose legs a transfer rings; a queue is no leg."""
JOINED = ("answered", "joined")


def _leg(who: str, name: str, at_ms: int, site: str = "", offer: str = "") -> Leg:
    leg = {"who": who, "name": name, "site": site, "begun_ms": at_ms, "answered_ms": 0, "ended_ms": 0, "cause": ""}
    return leg | {"offer": offer}


def begin(legs: list[Leg], who: str, name: str, at_ms: int, *, site: str = "", offer: str = "") -> Leg | None:
    """One more, where there is room."""
    if len(legs) >= MOST_LEGS:
        return None
    legs.append(_leg(who, name, at_ms, site, offer))
    return legs[-1]


def _of(legs: list[Leg], who: str, name: str, offer: str = "") -> Leg | None:
    """The last one that lasts."""
    for leg in reversed(legs):
        if leg["who"] == who and leg["name"] == name and not leg["ended_ms"] and offer in ("", leg["offer"]):
            return leg
    return None


def caller(legs: list[Leg], at_ms: int) -> None:
    """The caller rang. The node tells so, by another way than the distributor what came after it."""
    if not legs or legs[0]["who"] != "caller":
        legs.insert(0, _leg("caller", "", at_ms))


def offered(legs: list[Leg], event: OfferMade) -> None:
    who, name = ("partner", event.partner) if event.partner else ("agent", event.agent)
    begin(legs, who, name, event.at_ms, site=event.site, offer=event.offer)


def not_answered(legs: list[Leg], offer: str, at_ms: int, cause: str) -> None:
    for leg in reversed(legs):
        if leg["offer"] == offer and not leg["ended_ms"]:
            leg |= {"ended_ms": at_ms, "cause": cause}
            return


def answered(legs: list[Leg], event: ContactAnswered | PartnerAnswered) -> None:
    """An agent or a partner talks, whose ringing may not have been told."""
    who, name = ("agent", event.agent) if isinstance(event, ContactAnswered) else ("partner", event.partner)
    site = event.site if isinstance(event, ContactAnswered) else ""
    leg = _of(legs, who, name, event.offer)
    if leg is None:
        leg = begin(legs, who, name, event.at_ms - max(event.rang_ms, 0), site=site, offer=event.offer)
    if leg is not None:
        leg["answered_ms"] = event.at_ms


def talks(legs: list[Leg], agent: str, site: str, at_ms: int) -> None:
    """An agent talks, who may not have been offered the contact: the caller was rung back."""
    leg = _of(legs, "agent", agent) or begin(legs, "agent", agent, at_ms, site=site)
    if leg is not None:
        leg["answered_ms"] = leg["answered_ms"] or at_ms


def ended(legs: list[Leg], who: str, name: str, at_ms: int, cause: str) -> None:
    leg = _of(legs, who, name)
    if leg is not None:
        leg |= {"ended_ms": at_ms, "cause": cause}


def transferring(legs: list[Leg], event: TransferBegun) -> None:
    if event.to in RUNG:
        begin(legs, event.to, event.target, event.at_ms)


def transferred(legs: list[Leg], event: TransferEnded) -> None:
    if event.to not in RUNG:
        return
    leg = _of(legs, event.to, event.target)
    if leg is None and event.outcome in JOINED:
        leg = begin(legs, event.to, event.target, event.at_ms - max(event.lasted_ms, 0))
    if leg is not None:
        leg |= {"answered_ms": event.at_ms} if event.outcome in JOINED else {}
        leg |= {} if event.outcome in JOINED else {"ended_ms": event.at_ms, "cause": event.outcome}


def closed(legs: list[Leg], at_ms: int, cause: str) -> None:
    """The contact is over: whoever is not told of has hung up by then."""
    for leg in legs:
        if not leg["ended_ms"]:
            leg |= {"ended_ms": at_ms, "cause": cause}
