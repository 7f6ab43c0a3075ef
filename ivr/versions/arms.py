"""What the contacts of either arm did since the canary began: a fold over the stream, the same on every node."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import asdict
from typing import Any

from events.catalogue import CanaryEnded, CanaryStarted, ContactEnded, ContactQueued, ContactStarted, Event
from ivr.versions.canary import LOOKS, Tally

ACTIVE, CANARY = 0, 1
NAMES = ("active", "canary")
MOST_OPEN = 50_000
"""Contacts in progress that are followed; the oldest is let go for another."""


class Arms:
    """Implements `metrics.fold.Fold`. `look` is the last one: its number and both tallies as they stood then.

    Its tallies are those at the very contact that made the number full, so that no node sees others.
    """

    name = "arms.1"

    def __init__(self, looks: Iterable[int] = LOOKS) -> None:
        self.versions: tuple[str, str] = ("", "")
        self.since_ms = 0
        self.tallies = (Tally(), Tally())
        self.look: tuple[int, Tally, Tally] | None = None
        self._looks = tuple(looks)
        self._open: dict[str, tuple[int, int, bool]] = {}
        self._changed: set[str] = set()

    def routes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {
            CanaryStarted: self._on_canary,
            CanaryEnded: self._on_canary_ended,
            ContactStarted: self._on_started,
            ContactQueued: self._on_queued,
            ContactEnded: self._on_ended,
        }

    def _on_canary(self, event: CanaryStarted) -> None:
        self._begin((event.active, event.flow_version), event.at_ms)

    def _on_canary_ended(self, event: CanaryEnded) -> None:
        self._begin(("", ""), 0)

    def _begin(self, versions: tuple[str, str], since_ms: int) -> None:
        self.versions, self.since_ms = versions, since_ms
        self.tallies, self.look = (Tally(), Tally()), None
        self._changed |= {"canary", *(f"contact:{contact}" for contact in self._open)}
        self._open.clear()

    def _on_started(self, event: ContactStarted) -> None:
        if not self.versions[CANARY] or event.flow_version not in self.versions:
            return
        if len(self._open) >= MOST_OPEN:
            self._forget(next(iter(self._open)))
        self._open[event.contact] = (self.versions.index(event.flow_version), event.at_ms, False)
        self._changed.add(f"contact:{event.contact}")

    def _on_queued(self, event: ContactQueued) -> None:
        """From here on the contact is through; it is followed further, since it may still fail."""
        contact = self._open.get(event.contact)
        if contact is not None and not contact[2]:
            arm, began_ms, _ = contact
            self._open[event.contact] = (arm, began_ms, True)
            self._changed.add(f"contact:{event.contact}")
            self._count(arm, event.arrived_ms - began_ms, menu_ended=False)

    def _on_ended(self, event: ContactEnded) -> None:
        contact = self._open.get(event.contact)
        if contact is None:
            return
        arm, began_ms, counted = contact
        self._forget(event.contact)
        if event.outcome == "failed":
            self.tallies[arm].failed += 1
            self._changed.add("canary")
        if not counted:
            self._count(arm, event.at_ms - began_ms, menu_ended=event.outcome == "menu_ended")

    def _count(self, arm: int, took_ms: int, *, menu_ended: bool) -> None:
        self.tallies[arm].add(took_ms / 1000, menu_ended=menu_ended)
        self._changed.add("canary")
        contacts = self.tallies[CANARY].contacts
        if arm == CANARY and contacts in self._looks:
            self.look = (self._looks.index(contacts), copy(self.tallies[ACTIVE]), copy(self.tallies[CANARY]))

    def _forget(self, contact: str) -> None:
        del self._open[contact]
        self._changed.add(f"contact:{contact}")

    def snapshot(self) -> dict[str, Any]:
        keys = ("canary", *(f"contact:{contact}" for contact in self._open))
        return {key: self._part(key) for key in keys}

    def changes(self) -> dict[str, Any]:
        changed, self._changed = self._changed, set()
        return {key: self._part(key) for key in changed}

    def _part(self, key: str) -> Any:
        if key != "canary":
            return self._open.get(key.removeprefix("contact:"))
        look = self.look and (self.look[0], asdict(self.look[1]), asdict(self.look[2]))
        tallies = [asdict(tally) for tally in self.tallies]
        return {"versions": self.versions, "since_ms": self.since_ms, "tallies": tallies, "look": look}

    def restore(self, parts: Mapping[str, Any]) -> None:
        canary = parts.get("canary")
        if canary is None:
            return
        self.versions, self.since_ms = (canary["versions"][0], canary["versions"][1]), canary["since_ms"]
        self.tallies = (Tally(**canary["tallies"][0]), Tally(**canary["tallies"][1]))
        if look := canary["look"]:
            self.look = (look[0], Tally(**look[1]), Tally(**look[2]))
        for key, told in parts.items():
            if key != "canary":
                self._open[key.removeprefix("contact:")] = (told[0], told[1], told[2])
