"""Long lists, page by page: `limit` of them, `after` what the page before said in `next`.

A page tells how it is at its moment: what comes or goes between two pages may be missed, and nothing else.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from console.api.problems import Problem
from ivr.language.problems import did_you_mean

T = TypeVar("T")
Spot = tuple[int, str]
"""A place in an order of time: milliseconds since the epoch, and a name."""

DEFAULT, MOST = 500, 1_000
_LONGEST = 128
_KNOWN = ("limit", "after")
FIRST: Spot = (-1, "")


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for. `after` is empty for the first."""

    limit: int = DEFAULT
    after: str = ""

    @property
    def spot(self) -> Spot:
        """`after`, in an order of time. Raises Problem."""
        if not self.after:
            return FIRST
        at_ms, dot, name = self.after.partition(".")
        if not (dot and name and at_ms.isascii() and at_ms.isdecimal() and len(at_ms) <= 15):
            raise Problem("bad_page", f"after={self.after!r}: expected what the page before said in next")
        return int(at_ms), name

    def of(self, items: Sequence[T], key: Callable[[T], str]) -> tuple[tuple[T, ...], str]:
        """This part of what is ordered by a name, and `next` (empty: it is the last)."""
        begins = bisect_right(items, self.after, key=key) if self.after else 0
        shown = tuple(items[begins : begins + self.limit])
        return shown, key(shown[-1]) if begins + self.limit < len(items) else ""


def read(asked: Mapping[str, str]) -> Page:
    """The query as a page. Raises Problem."""
    for name in asked:
        if name not in _KNOWN:
            raise Problem(
                "bad_page", f"{name[:40]!r} is not known{did_you_mean(name, _KNOWN) or '; limit and after are'}"
            )
    limit, after = asked.get("limit", str(DEFAULT)), asked.get("after", "")
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= 4 and 1 <= int(limit) <= MOST):
        raise Problem("bad_page", f"limit={limit[:40]!r}: expected 1 to {MOST}")
    if len(after) > _LONGEST or not after.isprintable():
        raise Problem("bad_page", "after: expected what the page before said in next")
    return Page(int(limit), after)


def told(spot: Spot) -> str:
    """`next` for a place in an order of time."""
    return f"{spot[0]}.{spot[1]}"
