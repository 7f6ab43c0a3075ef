"""Which of several rtpengines gets the next contact: the one that answers and has the fewest."""

from collections.abc import Sequence
from typing import Generic, TypeVar

Server = TypeVar("Server")


class Servers(Generic[Server]):
    """`names` in the order that decides between equals. A name is counted in by `take` and out by `give`."""

    __slots__ = ("_contacts", "_dead")

    def __init__(self, names: Sequence[Server]) -> None:
        self._contacts = dict.fromkeys(names, 0)
        self._dead: set[Server] = set()

    def take(self, *, but: frozenset[Server] = frozenset()) -> Server | None:
        """One that is alive and not among `but`; None when there is none."""
        alive = [name for name in self._contacts if name not in self._dead and name not in but]
        if not alive:
            return None
        chosen = min(alive, key=lambda name: self._contacts[name])
        self._contacts[chosen] += 1
        return chosen

    @property
    def alive(self) -> int:
        """How many there are that have not died, or came back."""
        return len(self._contacts) - len(self._dead)

    def give(self, name: Server) -> None:
        self._contacts[name] -= 1

    def died(self, name: Server) -> None:
        self._dead.add(name)

    def revived(self, name: Server) -> None:
        self._dead.discard(name)
