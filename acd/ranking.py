"""A sorted set as Redis has it: members by score, equal scores by the member's text."""

from bisect import bisect_left, insort
from collections.abc import Iterator


class Ranking:
    """Members, each once, in the order of (score, member)."""

    __slots__ = ("_order", "_scores")

    def __init__(self) -> None:
        self._scores: dict[str, int] = {}
        self._order: list[tuple[int, str]] = []

    def put(self, member: str, score: int) -> None:
        self.drop(member)
        self._scores[member] = score
        insort(self._order, (score, member))

    def drop(self, member: str) -> None:
        """Nothing when it is not there."""
        score = self._scores.pop(member, None)
        if score is not None:
            del self._order[bisect_left(self._order, (score, member))]

    def head(self) -> tuple[int, str] | None:
        """The lowest, as (score, member)."""
        return self._order[0] if self._order else None

    def score(self, member: str) -> int | None:
        return self._scores.get(member)

    def rank(self, member: str) -> int:
        """How many stand before it. Raises KeyError."""
        return bisect_left(self._order, (self._scores[member], member))

    def up_to(self, score: int) -> int:
        """How many stand at that score or before."""
        return bisect_left(self._order, (score + 1, ""))

    def onwards(self, score: int, most: int) -> list[tuple[int, str]]:
        """The first `most` from that score on, and whoever stands at the same score as the last of them."""
        first = bisect_left(self._order, (score, ""))
        some = self._order[first : first + most]
        if len(some) < most:
            return some
        return self._order[first : bisect_left(self._order, (some[-1][0] + 1, ""))]

    def __contains__(self, member: str) -> bool:
        return member in self._scores

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return iter(self._order)
