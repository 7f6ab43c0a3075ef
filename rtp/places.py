"""Which worker carries which leg: all legs of a contact the same one, a new contact the one with the fewest legs."""

from collections.abc import Iterable

from rtp.engine import LegId, MediaError


class Places:
    """Workers are numbers here. A leg has a place from before it is opened until it is closed or lost."""

    __slots__ = ("_contacts", "_legs", "_load", "_ports")

    def __init__(self) -> None:
        self._legs: dict[LegId, tuple[int, str]] = {}
        self._contacts: dict[str, tuple[int, int]] = {}
        self._load: dict[int, int] = {}
        self._ports: dict[LegId, int] = {}

    def __len__(self) -> int:
        return len(self._legs)

    def __contains__(self, leg: LegId) -> bool:
        return leg in self._legs

    def take(self, leg: LegId, contact: str, workers: Iterable[int]) -> int:
        """A worker for a leg that has none yet, out of at least one."""
        worker, legs = self._contacts.get(contact, (-1, 0))
        if not legs:
            worker = min(workers, key=lambda worker: self._load.get(worker, 0))
        self._legs[leg] = worker, contact
        self._contacts[contact] = worker, legs + 1
        self._load[worker] = self._load.get(worker, 0) + 1
        return worker

    def of(self, *legs: LegId) -> int:
        """The worker of these legs. Raises MediaError for one that is not open, and where they have more than one."""
        places = [self._legs.get(leg) for leg in legs]
        for leg, place in zip(legs, places, strict=True):
            if place is None:
                raise MediaError(f"leg {leg}: not open here", 481)
        workers = {place[0] for place in places if place is not None}
        if len(workers) != 1:
            raise MediaError(
                f"legs {', '.join(legs)}: on media workers {sorted(workers)}; only legs of one contact are together",
                500,
            )
        return workers.pop()

    def opened(self, leg: LegId, port: int) -> None:
        """It is open, on that port."""
        if leg in self._legs:
            self._ports[leg] = port

    def leave(self, leg: LegId) -> int | None:
        """The leg is no more. Gives the worker that had it, None if there was none."""
        worker, contact = self._legs.pop(leg, (None, ""))
        if worker is None:
            return None
        self._ports.pop(leg, None)
        self._load[worker] -= 1
        legs = self._contacts[contact][1] - 1
        if legs:
            self._contacts[contact] = worker, legs
        else:
            del self._contacts[contact]
        return worker

    def lose(self, worker: int) -> dict[LegId, int]:
        """The worker has ended. Gives the legs that it had, each with its port, 0 for one that was not open yet."""
        lost = {leg: self._ports.get(leg, 0) for leg, place in self._legs.items() if place[0] == worker}
        for leg in lost:
            self.leave(leg)
        return lost
