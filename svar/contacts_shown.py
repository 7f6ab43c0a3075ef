"""Contacts in progress as the API shows them: by their call records, and whoever has each of them now."""

from collections.abc import Collection, Iterable
from heapq import nsmallest
from typing import Any

from console.api.paging import Spot
from console.api.views import Contact

Found = tuple[dict[str, Any], bool, bool]
"""A call record, whether its contact waits, and whether it talks."""
_GIVEN = ("blind", "attended", "conference")


def shown(record: dict[str, Any], agents: Collection[str], *, waiting: bool, talking: bool) -> Contact:
    """`agents`: all names of agents; whoever else has the contact is not named."""
    agent, given = record["agent"], "" if waiting else given_to(record)
    if given:
        agent, talking = given if given in agents else "", True
    return Contact(
        contact=record["contact"],
        number=record["number"],
        flow=record["flow"],
        step=record["last_step"],
        started_ms=record["started_ms"],
        queue=record["queue"],
        waiting=waiting,
        agent=agent,
        talking=talking,
        journey=tuple(visit["queue"] for visit in record["visits"]),
    )


def part(found: Iterable[Found], after: Spot, most: int) -> list[Found]:
    """So many after that place, the oldest first: events of several nodes do not come quite in that order."""
    return nsmallest(most, (one for one in found if _spot(one) > after), key=_spot)


def _spot(found: Found) -> Spot:
    return found[0]["started_ms"], found[0]["contact"]


def given_to(record: dict[str, Any]) -> str:
    """Who was given the contact since an agent answered it last; empty: nobody."""
    answered_ms = max((one["at_ms"] for one in record["offers"] if one["outcome"] == "answered"), default=0)
    for one in reversed(record["transfers"]):
        if one["at_ms"] < answered_ms:
            return ""
        if one["outcome"] == "answered" and one["how"] in _GIVEN:
            return str(one["target"])
    return ""
