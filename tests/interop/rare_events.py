"""What a short run of calls does not bring about: told straight into the stream, as a second node would tell it."""

import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acd.connection import command_client
from acd.spool import Spool
from events.callbacks import CallbackEnded, CallbackPromised
from events.catalogue import (
    ContactAnswered,
    ContactEnded,
    ContactLeftQueue,
    ContactQueued,
    ContactReleased,
    ContactStarted,
    CrisisChanged,
    CrisisHeard,
    Deflected,
    Event,
    LookupDone,
    MediaReported,
    OfferFailed,
    OfferMade,
    TransferEnded,
    VoicemailLeft,
    WrapUpEnded,
)

NODE = "n2"
_numbers = itertools.count()


def rare(queue: str = "work", agent: str = "anna", site: str = "main") -> list[Event]:
    """One of each: a whole contact with an estimate, one that flowed out, and all that happens to few."""
    now_ms = time.time_ns() // 1_000_000
    base: dict[str, Any] = {"at_ms": now_ms, "tenant": "t", "node": NODE, "contact": f"rare-{next(_numbers)}"}
    served: dict[str, Any] = {"queue": queue, "agent": agent, "site": site}
    later = base | {"at_ms": now_ms + 4_000}
    other = base | {"contact": f"rare-{next(_numbers)}"}
    entry: dict[str, Any] = {"queue": queue, "arrived_ms": now_ms, "priority_s": 0, "position": 1}
    offer: dict[str, Any] = {"offer": "o", **served}
    return [
        ContactStarted(**base, number="5000", flow="test", flow_version="v", trunk="loopback", pii_caller=""),
        ContactQueued(**base, **entry, estimate_ms=4_000, low_ms=0, high_ms=120_000),
        OfferMade(**base, **offer, fence=1, deadline_ms=now_ms + 9_000, waited_ms=0),
        OfferFailed(**base, **offer, cause="busy", rang_ms=10),
        OfferMade(**base, **offer, fence=2, deadline_ms=now_ms + 9_000, waited_ms=0),
        ContactAnswered(**later, **offer, waited_ms=4_000, rang_ms=500),
        TransferEnded(**later, how="blind", to="destination", target="skatt", outcome="no_answer", lasted_ms=900),
        ContactReleased(**later, **served, cause="caller_hung_up", talked_ms=60_000),
        WrapUpEnded(**later, **served, topic="jobb", cause="agent", lasted_ms=5_000, concluded="yes"),
        ContactEnded(**later, outcome="answered", cause="caller_hung_up", duration_ms=64_000),
        ContactQueued(**other, **entry),
        ContactLeftQueue(**other, queue=queue, disposition="flowed_out", cause="callback", waited_ms=100),
        CallbackPromised(**other, first="c", queue=queue, chosen_ms=0, waited_ms=100, position=1),
        CallbackEnded(**other, first="c", queue=queue, outcome="reached", cause="", tries=0, waited_ms=9_000),
        MediaReported(**base, leg="l", sent=500, received=490, lost=10, jitter_ms=2.0,
                      peer_lost=5, peer_jitter_ms=3.0, round_trip_ms=20.0),
        LookupDone(**base, service="cases", outcome="found", status=0, lasted_ms=90),
        Deflected(**base, to="web", outcome="said"),
        VoicemailLeft(**base, mailbox="debt", message="m", duration_ms=4_000),
        CrisisChanged(**base, crisis="storm", on=True, until_ms=now_ms + 60_000, author="t"),
        CrisisHeard(**base, crisis="storm", lasts_ms=4_000),
    ]  # fmt: skip


async def tell(state: Path, events: Sequence[Event]) -> None:
    """Write them into the stream of the node whose state folder this is."""
    client = command_client((state / "redis" / "address").read_text())
    spool = Spool(client, "t", NODE, state / "rare.spool")
    try:
        for event in events:
            spool.emit(event)
        await spool.flush()
    finally:
        await client.aclose()
