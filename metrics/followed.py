"""Contacts as the fold of half-hours follows them, from the first ring until nothing more can be told of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metrics.fold import Part
from metrics.half_hour_rows import Key

LATE_MS = 900_000
"""So long after its end a contact is followed: what must follow an end has a limit of its own."""
LONGEST_MS = 12 * 3_600_000
REDIAL_MS = 3_600_000


@dataclass(slots=True)
class Work:
    """An agent's part in a contact: where it is counted, and whether somebody else got the contact afterwards."""

    key: Key
    moved: bool = False


@dataclass(slots=True)
class Contact:
    """`entry` is the half-hour of the last entry into a queue, `waits` whether it lasts; `told` what could be told of
    the wait then: the moment, the estimate and its bounds. `works` is by agent. `started_ms` is 0 where no start was
    seen, `ended_ms` until the end is.
    """

    opened_ms: int
    started_ms: int = 0
    caller: str = ""
    entry: Key | None = None
    waits: bool = False
    told: tuple[int, int, int, int] | None = None
    works: dict[str, Work] = field(default_factory=dict)
    units: int = 0
    last_unit: str = ""
    answered: bool = False
    ended_ms: int = 0

    def meet(self, unit: str) -> None:
        """Somebody of this unit has the contact now."""
        if unit != self.last_unit:
            self.units += 1
            self.last_unit = unit

    def written(self) -> Part:
        works = {agent: [*work.key, int(work.moved)] for agent, work in self.works.items()}
        flags = int(self.waits) + 2 * int(self.answered)
        entry, told = self.entry and list(self.entry), self.told and list(self.told)
        seen = [self.opened_ms, self.started_ms, self.ended_ms, self.caller]
        return [*seen, entry, told, works, self.units, self.last_unit, flags]


def read(part: Any) -> Contact:
    """What `Contact.written` gave."""
    opened_ms, started_ms, ended_ms, caller, entry, told, works, units, last_unit, flags = part
    return Contact(
        opened_ms=opened_ms,
        started_ms=started_ms,
        caller=caller,
        entry=tuple(entry) if entry else None,
        waits=bool(flags & 1),
        told=tuple(told) if told else None,
        works={agent: Work((queue, site, start), bool(moved)) for agent, (queue, site, start, moved) in works.items()},
        units=units,
        last_unit=last_unit,
        answered=bool(flags & 2),
        ended_ms=ended_ms,
    )


@dataclass(frozen=True, slots=True)
class Loss:
    """A contact that was lost after a wait that is not short, and where that is counted."""

    caller: str
    key: Key
    at_ms: int


class Losses:
    """Those that count as really lost, as long as an answer may still undo it: by a redial, or by a callback."""

    def __init__(self, most: int) -> None:
        self._changed: set[str] = set()
        self._losses: dict[str, Loss] = {}
        self._by_caller: dict[str, set[str]] = {}
        self._most = most

    def add(self, contact: str, loss: Loss) -> bool:
        """False where the contact was lost before, and counts already."""
        if contact in self._losses:
            return False
        if len(self._losses) >= self._most:
            self.take(next(iter(self._losses)))
        self._losses[contact] = loss
        self._changed.add(contact)
        if loss.caller:
            self._by_caller.setdefault(loss.caller, set()).add(contact)
        return True

    def take(self, contact: str) -> Loss | None:
        """The loss of this contact, which is forgotten."""
        loss = self._losses.pop(contact, None)
        if loss is not None:
            self._changed.add(contact)
            if loss.caller:
                among = self._by_caller[loss.caller]
                among.discard(contact)
                if not among:
                    del self._by_caller[loss.caller]
        return loss

    def answered(self, contact: str, caller: str, rang_ms: int) -> list[Loss]:
        """Those that this answer undoes: the contact's own, and those of a caller who rang again within the hour."""
        there = self._by_caller.get(caller, ()) if caller else ()
        again = [one for one in there if 0 <= rang_ms - self._losses[one].at_ms <= REDIAL_MS]
        return [loss for one in {contact, *again} if (loss := self.take(one)) is not None]

    def forget(self, before_ms: int) -> None:
        """Nothing can undo those that are older."""
        for contact in [one for one, loss in self._losses.items() if loss.at_ms < before_ms]:
            self.take(contact)

    def parts(self) -> dict[str, Part]:
        return {one: _written(loss) for one, loss in self._losses.items()}

    def changes(self) -> dict[str, Part]:
        changed, self._changed = self._changed, set()
        return {one: _written(self._losses.get(one)) for one in changed}

    def restore(self, parts: Mapping[str, Part]) -> None:
        losses = {contact: Loss(caller, (queue, site, start), at_ms) for contact, (caller, queue, site, start, at_ms)
                  in parts.items()}  # fmt: skip
        for contact, loss in sorted(losses.items(), key=lambda item: item[1].at_ms):
            self.add(contact, loss)
        self._changed.clear()


def _written(loss: Loss | None) -> Part:
    return loss and [loss.caller, *loss.key, loss.at_ms]
