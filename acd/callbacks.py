"""Promises to ring back, as rules of distribution; `scripts/_callbacks.lua` does the same function by function.

A promise is an entry like a caller's, of the kind callback: it waits in its queue, is offered, and talks. It has no
node until it is offered: then that of the agent's phone where it lives, else another; and no longer than the offer
lasts, unless the caller is on the line there (`held`). It counts in none of O, A, L, F and W.
"""

from typing import Any

from acd.configuring import Configuring
from acd.distributor import Refused
from acd.model import QueueId
from acd.promises import KeptPromise, NewPromise
from acd.records import CALLBACK, OFFERED, RESTING, TALKING, Done, Entry, Lease, Promised, Queue, Terms
from events.callbacks import CallbackEnded, CallbackPromised, CallbackTried

COUNTED = frozenset({"no_answer", "busy", "rejected", "unreachable", "left", "no_agent"})
"""Causes of a try in vain; after others the caller is rung again without a try being counted."""
AT_ONCE = frozenset({"revoked", "shutdown"})
"""Causes that say nothing of the caller or the store: it waits on at once."""
ERROR_REST_MS = 10_000
LOST_REST_MS = 5_000
LATE_MS = 30_000
"""A promise that expires while it is offered is looked at again after this."""


class Callbacks(Configuring):
    """The commands of promises. `callbacks` are those that stand, `callers` who has which."""

    def __init__(self, tenant: str) -> None:
        super().__init__(tenant)
        self.callbacks: dict[str, Promised] = {}
        self.callers: dict[str, str] = {}

    def promise(self, now: int, node: str, new: NewPromise) -> Done:
        """`told` is the promise that stands: the new one, or the one that somebody of these identities has."""
        queue = self.queues.get(new.queue)
        stands = next((self.callers[who] for who in new.identities if who in self.callers), "")
        if not stands:
            self._may_promise(queue, new)
        self.open_(now, node)
        if not stands and queue is not None:
            self._promise(queue, new)
        return self.close(told=stands or new.callback)

    def _may_promise(self, queue: Queue | None, new: NewPromise) -> None:
        if new.callback in self.entries:
            raise Refused("BADSTATE", f"contact {new.callback} is there already")
        if queue is None or self.is_over(queue):
            raise Refused("NOQUEUE", f"there is no queue {new.queue}")
        if len(self.callbacks) >= new.terms.most:
            raise Refused("FULL", f"{new.terms.most} callbacks are promised")

    def _promise(self, queue: Queue, new: NewPromise) -> None:
        now, terms = self.clock.now, new.terms
        kept = Promised(
            new.callback,
            new.first,
            new.queue,
            list(new.identities),
            new.pii_detail,
            now,
            tries=0,
            most=terms.tries,
            again=terms.again_s * 1000,
        )
        self.callbacks[new.callback] = kept
        for who in new.identities:
            self.callers[who] = new.callback
        self.deadlines.put(f"x:{new.callback}", now + terms.expires_s * 1000)
        entry = self._place_for(queue, new)
        chosen, position = new.at_ms if new.at_ms > now else 0, 0
        if chosen:
            self._rests(entry, chosen)
        else:
            self.waits(entry)
            position = self.rankings[f"waiting:{entry.queue}"].rank(entry.member) + 1
        told = {"chosen_ms": chosen, "waited_ms": now - entry.arrived, "position": position}
        self._tell(CallbackPromised, kept, first=kept.first, **told)

    def _place_for(self, queue: Queue, new: NewPromise) -> Entry:
        """As `enter` makes one, but that it counts in nothing and has no node."""
        now = self.clock.now
        seq = self.clock.seq = self.clock.seq + 1
        arrived = min(new.arrived_ms or now, now)
        since = min(new.since_ms or arrived, arrived)
        entry = Entry(
            contact=new.callback,
            queue=new.queue,
            node="",
            member=f"{seq:012d}:{new.callback}",
            score=since - queue.priority - new.priority_s * 1000,
            since=since,
            arrived=arrived,
            terms=Terms(kind=CALLBACK, rules=queue.rules, dials=new.terms.dials_s * 1000),
            open=[],
        )
        self.entries[entry.contact] = entry
        self.rankings[f"promised:{entry.queue}"].put(entry.member, seq)
        return entry

    def callback(self, callback: str) -> KeptPromise:
        kept = self.callbacks.get(callback)
        if kept is None:
            raise Refused("NOCONTACT", f"there is no callback {callback}")
        return KeptPromise(callback, kept.first, QueueId(kept.queue), kept.tries, kept.pii_detail)

    def standing(self, identity: str) -> KeptPromise | None:
        callback = self.callers.get(identity)
        return None if callback is None else self.callback(callback)

    def hold_callback(self, now: int, node: str, offer: str, fence: int) -> Done:
        """The caller is on the line at the node of the offer."""
        lease = self.leased(offer, fence)
        entry = self.entries[lease.contact]
        if entry.terms.kind != CALLBACK or entry.state != OFFERED:
            raise Refused("NOOFFER", f"offer {offer} is none of a callback")
        self.open_(now, node)
        entry.terms.held = True
        return self.close()

    def callback_tried(self, now: int, node: str, callback: str, cause: str) -> Done:
        """Nothing where that node does not have it any more."""
        entry = self.entries.get(callback)
        self.open_(now, node)
        if entry is not None and entry.terms.kind == CALLBACK and entry.node == node:
            if entry.state == TALKING:
                self.end(entry, "error", "lost", "caller_left")
            else:
                self._tried(entry, cause)
        return self.close()

    def cancel_callback(self, now: int, node: str, callback: str) -> Done:
        """`number` is 1 where it was cancelled."""
        entry = self.entries.get(callback)
        standing = entry is not None and entry.terms.kind == CALLBACK and entry.state != TALKING
        self.open_(now, node)
        if entry is not None and standing:
            self.end_callback(entry, "cancelled", "", told=True)
        return self.close(number=int(standing))

    def leased(self, offer: str, fence: int) -> Lease:
        """Raises Refused(NOOFFER)."""
        lease = self.leases.get(offer)
        if lease is None or lease.fence != fence:
            raise Refused("NOOFFER", f"offer {offer} is no longer held with fence {fence}")
        return lease

    # --- What becomes of them ---------------------------------------------------------------------------------------

    def _tried(self, entry: Entry, cause: str) -> None:
        kept, now = self.callbacks[entry.contact], self.clock.now
        if cause in COUNTED:
            kept.tries += 1
        if cause == "not_allowed" or kept.tries >= kept.most:
            self._tell(CallbackTried, kept, cause=cause, tries=kept.tries, again_ms=0)
            self.end_callback(entry, "not_allowed" if cause == "not_allowed" else "gave_up", cause)
            return
        rest = 0 if cause in AT_ONCE else ERROR_REST_MS if cause == "error" else kept.again
        self._tell(CallbackTried, kept, cause=cause, tries=kept.tries, again_ms=now + rest)
        self._let_go(entry)
        if rest:
            self.no_longer_waits(entry)
            self._rests(entry, now + rest)

    def lose_callback(self, entry: Entry) -> None:
        """Its node is lost: it is in its place again, once that node's agents are seen to or it has started anew."""
        kept, again = self.callbacks[entry.contact], self.clock.now + LOST_REST_MS
        self._tell(CallbackTried, kept, cause="node_lost", tries=kept.tries, again_ms=again)
        self._let_go(entry, told=True)
        self.no_longer_waits(entry)
        self._rests(entry, again)

    def _let_go(self, entry: Entry, *, told: bool = False) -> None:
        """It waits in its place, and has no node."""
        entry.terms.held = False
        if entry.state == OFFERED:
            self.withdraw_freely(self.leases[entry.offer], "node_lost" if told else "caller_left", told=told)
        else:
            self.waits(entry)

    def _rests(self, entry: Entry, until: int) -> None:
        entry.state = RESTING
        self.deadlines.put(f"c:{entry.contact}", until)

    def rested(self, callback: str) -> None:
        """The time to ring again, or the one that was chosen, has come."""
        self.deadlines.drop(f"c:{callback}")
        self.waits(self.entries[callback])

    def expire(self, callback: str) -> None:
        """A promise is over that could not be kept; one that is offered at this moment a little later."""
        entry = self.entries[callback]
        if entry.state == OFFERED or entry.terms.held:
            self.deadlines.put(f"x:{callback}", self.clock.now + LATE_MS)
        else:
            self.end_callback(entry, "expired", "")

    def end_callback(self, entry: Entry, outcome: str, cause: str, *, told: bool = False) -> None:
        """It is over without a talk."""
        entry.terms.held = False
        if entry.state == OFFERED:
            self.withdraw_freely(self.leases[entry.offer], "caller_left", told=told)
        self.no_longer_waits(entry)
        self.deadlines.drop(f"c:{entry.contact}")
        self.over(entry, outcome, cause)
        self.forget(entry)

    def over(self, entry: Entry, outcome: str, cause: str) -> None:
        kept = self.callbacks.pop(entry.contact)
        for who in kept.identities:
            self.callers.pop(who, None)
        self.rankings[f"promised:{entry.queue}"].drop(entry.member)
        self.deadlines.drop(f"x:{entry.contact}")
        waited = self.clock.now - kept.promised
        self._tell(
            CallbackEnded, kept, first=kept.first, outcome=outcome, cause=cause, tries=kept.tries, waited_ms=waited
        )

    def _tell(self, kind: Any, kept: Promised, **values: Any) -> None:
        self.events.append(
            kind(
                at_ms=self.clock.now,
                tenant=self.tenant,
                node=self.turn.node,
                contact=kept.callback,
                queue=kept.queue,
                **values,
            )
        )
