"""A difference as data: what changed, where, and in words."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class What(StrEnum):
    """The kinds of changes, in the order in which they are told."""

    FLOW_ADDED = "flow_added"
    FLOW_REMOVED = "flow_removed"
    FLOW_RENAMED = "flow_renamed"
    NUMBER_ADDED = "number_added"
    NUMBER_REMOVED = "number_removed"
    NUMBER_MOVED = "number_moved"
    LANGUAGE_ADDED = "language_added"
    LANGUAGE_REMOVED = "language_removed"
    LANGUAGE_ORDER = "language_order"
    HOURS_CHANGED = "hours_changed"
    DAY_CHANGED = "day_changed"
    CALENDAR_ADDED = "calendar_added"
    CALENDAR_REMOVED = "calendar_removed"
    CRISIS_ADDED = "crisis_added"
    CRISIS_REMOVED = "crisis_removed"
    CRISIS_CHANGED = "crisis_changed"
    QUEUE_ADDED = "queue_added"
    QUEUE_REMOVED = "queue_removed"
    QUEUE_CHANGED = "queue_changed"
    SITES_MERGED = "sites_merged"
    SITE_ADDED = "site_added"
    SITE_REMOVED = "site_removed"
    SITE_CHANGED = "site_changed"
    AGENTS_ADDED = "agents_added"
    AGENTS_REMOVED = "agents_removed"
    AGENTS_CHANGED = "agents_changed"
    PARTNER_ADDED = "partner_added"
    PARTNER_REMOVED = "partner_removed"
    PARTNER_CHANGED = "partner_changed"
    ROSTER_REMOVED = "roster_removed"
    ROSTER_ADDED = "roster_added"
    START_CHANGED = "start_changed"
    WAY_ADDED = "way_added"
    WAY_REMOVED = "way_removed"
    WAY_CHANGED = "way_changed"
    WAY_MOVED = "way_moved"
    STEP_ADDED = "step_added"
    STEP_REMOVED = "step_removed"
    STEP_RENAMED = "step_renamed"
    TYPE_CHANGED = "type_changed"
    TEXT_ADDED = "text_added"
    TEXT_REMOVED = "text_removed"
    TEXT_CHANGED = "text_changed"
    SETTING_CHANGED = "setting_changed"
    QUEUE_REACHED = "queue_reached"
    QUEUE_UNREACHED = "queue_unreached"
    PATHS = "paths"
    HEADING_CHANGED = "heading_changed"
    INSIDE = "inside"


_AT_STEPS = frozenset(
    {
        What.WAY_ADDED,
        What.WAY_REMOVED,
        What.WAY_MOVED,
        What.TEXT_ADDED,
        What.TEXT_REMOVED,
        What.TEXT_CHANGED,
        What.SETTING_CHANGED,
    }
)
ROUTING = frozenset(
    kind for kind in What if kind.partition("_")[0] in ("queue", "sites", "site", "agents", "partner", "roster")
) - {
    What.QUEUE_REACHED,
    What.QUEUE_UNREACHED,
}
"""Who serves whom, which is of no flow."""
SIGNS = {"added": "+", "removed": "−", "reached": "+", "unreached": "−"}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed. `heard`: callers notice it.

    `steps` are names in the new version (in the old one of what is gone). `sentence` says it without `before` and
    `after`, which hold texts that are long; where they do, `words` tells to compare them word by word. A change that
    several flows share, as of a text that they include, has them in `flows`.
    """

    what: What
    flow: str
    sentence: str
    steps: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    language: str = ""
    heard: bool = True
    words: bool = False
    flows: tuple[str, ...] = ()

    @property
    def at_steps(self) -> bool:
        """Whether the sentence goes on from the steps' names, and is told once for steps where it is the same."""
        return self.what in _AT_STEPS

    @property
    def sign(self) -> str:
        return SIGNS.get(self.what.rpartition("_")[2], "≠")


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes from one version to another; `titles` are the flows' names for people."""

    old: str
    new: str
    changes: tuple[Change, ...]
    titles: tuple[tuple[str, str], ...] = ()

    @property
    def heard(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.heard)

    @property
    def inside(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if not change.heard)


def in_order(changes: Iterable[Change]) -> list[Change]:
    """As they are told: flow by flow, kind by kind."""
    kinds = list(What)
    return sorted(changes, key=lambda change: kinds.index(change.what))


def unheard(changes: Iterable[Change]) -> list[Change]:
    """The same, which no caller notices."""
    return [replace(change, heard=False) for change in changes]
