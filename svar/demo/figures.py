"""What the demo shows: the service's own events, their times stretched to simulated ones, in the usual folds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from events.catalogue import Event
from metrics.fold import Route
from metrics.service_level import Limits, ServiceLevel, Tally
from metrics.wallboard import Board, Wallboard
from svar.demo.traffic import OPENS_S

E = TypeVar("E", bound=Event)

MOMENTS = frozenset({"at_ms", "arrived_ms", "deadline_ms"})
LENGTHS = frozenset({"waited_ms", "rang_ms", "talked_ms", "lasted_ms"})


@dataclass(frozen=True, slots=True)
class SimulatedTime:
    """`began_ms` (epoch) is when the doors opened; from there a real second is `speed` simulated ones."""

    began_ms: int
    speed: float

    def at_ms(self, real_ms: int) -> int:
        """Simulated milliseconds since midnight."""
        return OPENS_S * 1000 + round((real_ms - self.began_ms) * self.speed)

    def stretched(self, event: E) -> E:
        """The event as it would have been told on the simulated day."""
        names = {field.name for field in fields(event)}
        times: dict[str, Any] = {name: self.at_ms(getattr(event, name)) for name in names & MOMENTS}
        times |= {name: round(getattr(event, name) * self.speed) for name in names & LENGTHS}
        return replace(event, **times)


class Figures:
    """The folds over the stretched events. `limits` are simulated seconds: those of the real service."""

    def __init__(self, time: SimulatedTime, limits: Mapping[str, Limits]) -> None:
        self.time = time
        self._level = ServiceLevel(limits)
        self._board = Wallboard(self._level)
        self._routes: dict[type[Event], list[Route]] = {}
        for fold in (self._level, self._board):
            for kind, route in fold.routes().items():
                self._routes.setdefault(kind, []).append(route)

    def tell(self, event: Event) -> None:
        """An event of the service, as it came."""
        routes = self._routes.get(type(event))
        if routes:
            stretched = self.time.stretched(event)
            for route in routes:
                route(stretched)

    def board(self, contacts: int) -> Board:
        """The wallboard of the simulated day; `contacts` are the calls in progress."""
        return self._board.board(since_ms=0, contacts=contacts)

    def state_of(self, agent: str) -> str:
        on = self._board.agents.get(agent)
        return on.state if on else ""


def whole(board: Board) -> Tally:
    """All queues together."""
    total = Tally()
    for row in board.queues:
        total.add(row.tally)
    return total


def balances(board: Board) -> bool:
    """Whether O = A + L + F + W in every queue, W being those who are seen waiting."""
    return all(
        row.tally.offered == row.tally.answered + row.tally.lost + row.tally.flowed_out + row.waiting
        for row in board.queues
    )
