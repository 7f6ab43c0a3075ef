"""Who hears whom: legs that talk with each other, and supervisors beside them. Names only, no sound."""

from collections.abc import Iterable
from typing import Final

from rtp.engine import LegId, Supervision

MOST_PARTIES: Final = 16
MOST_SUPERVISORS: Final = 4
"""Of one leg."""

Circle = dict[LegId, tuple[LegId, ...]]
"""Legs that have to do with each other, and whom each of them hears. A leg alone hears nobody."""


class Talks:
    """Every change gives the circles of all whom it concerns, as they are then.

    Supervision is of a leg, not of a talk: it goes with the leg from one talk to the next, and stays while it is alone.
    """

    __slots__ = ("_groups", "_supervisors", "_targets")

    def __init__(self) -> None:
        self._groups: dict[LegId, tuple[LegId, ...]] = {}
        self._targets: dict[LegId, LegId] = {}
        self._supervisors: dict[LegId, dict[LegId, Supervision]] = {}

    def bring_together(self, legs: tuple[LegId, ...]) -> list[Circle]:
        """They all talk with each other, and with nobody else. Nothing if that is so. Raises ValueError."""
        if len(set(legs)) != len(legs) or not 2 <= len(legs) <= MOST_PARTIES:
            raise ValueError(f"legs {', '.join(legs)}: a talk has 2 to {MOST_PARTIES} different legs")
        if set(self._groups.get(legs[0], ())) == set(legs):
            return []
        concerned = self._concerned(legs)
        for leg in legs:
            self._leave(leg)
        self._groups.update(dict.fromkeys(legs, legs))
        return self._circles(concerned)

    def supervise(self, leg: LegId, target: LegId, mode: Supervision) -> list[Circle]:
        """`leg` leaves what it was in and supervises `target`, or does it in another mode. Raises ValueError."""
        if leg == target or target in self._targets:
            raise ValueError(f"leg {target} cannot be supervised by {leg}: it is, or has, a supervisor itself")
        known = self._supervisors.get(target, {})
        if leg not in known and len(known) >= MOST_SUPERVISORS:
            raise ValueError(f"leg {target} has {MOST_SUPERVISORS} supervisors, which is the most")
        concerned = self._concerned((leg, target))
        if leg not in known:
            self._leave(leg)
            self._dismiss(leg)
        self._targets[leg] = target
        self._supervisors.setdefault(target, {})[leg] = mode
        return self._circles(concerned)

    def part(self, leg: LegId) -> list[Circle]:
        """It talks with nobody any more and supervises nobody; who supervises it stays."""
        concerned = self._concerned((leg,))
        self._leave(leg)
        return self._circles(concerned)

    def forget(self, leg: LegId) -> list[Circle]:
        """It is closed."""
        concerned = self._concerned((leg,))
        self._leave(leg)
        self._dismiss(leg)
        concerned.pop(leg)
        return self._circles(concerned)

    def _leave(self, leg: LegId) -> None:
        rest = tuple(other for other in self._groups.pop(leg, ()) if other != leg)
        for other in rest:
            if len(rest) > 1:
                self._groups[other] = rest
            else:
                del self._groups[other]
        target = self._targets.pop(leg, None)
        if target is not None:
            supervisors = self._supervisors[target]
            del supervisors[leg]
            if not supervisors:
                del self._supervisors[target]

    def _dismiss(self, leg: LegId) -> None:
        """Nobody supervises it any more."""
        for supervisor in self._supervisors.pop(leg, ()):
            del self._targets[supervisor]

    def circle(self, leg: LegId) -> Circle:
        centre = self._targets.get(leg, leg)
        parties = self._groups.get(centre, (centre,))
        supervising = {
            supervisor: (target, mode)
            for target in parties
            for supervisor, mode in self._supervisors.get(target, {}).items()
        }
        barging = tuple(s for s, (_, mode) in supervising.items() if mode is Supervision.BARGE)
        circle: Circle = {}
        for party in parties:
            whispering = (s for s, how in supervising.items() if how == (party, Supervision.WHISPER))
            circle[party] = (*(other for other in parties if other != party), *barging, *whispering)
        for supervisor in supervising:
            circle[supervisor] = (*parties, *(other for other in barging if other != supervisor))
        return circle

    def _concerned(self, legs: Iterable[LegId]) -> dict[LegId, None]:
        return {concerned: None for leg in legs for concerned in (leg, *self.circle(leg))}

    def _circles(self, legs: dict[LegId, None]) -> list[Circle]:
        circles: list[Circle] = []
        seen: set[LegId] = set()
        for leg in legs:
            if leg not in seen:
                circle = self.circle(leg)
                seen.update(circle)
                circles.append(circle)
        return circles
