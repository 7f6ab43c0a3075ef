"""Events of the nodes of an installation among themselves."""

from dataclasses import dataclass
from typing import ClassVar

from events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLost(Event):
    """A node of `site` ended without a word, and others have put in order what it left; `node` is who says so.

    `phones_taken` are known at that node now, `phones_gone` could be reached by the lost one alone.
    """

    kind: ClassVar[str] = "node_lost"
    lost: str
    site: str
    phones_taken: int
    phones_gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDone(Event):
    """A live command to a node, by whom, and what came of it: done, refused, late, failed. `detail` says why not."""

    kind: ClassVar[str] = "order_done"
    order: str
    author: str
    order_kind: str
    outcome: str
    detail: str
