"""Which version of the flows says how queues are served: the one in service, whatever the contact's flow is of."""

from collections.abc import Mapping

from events.catalogue import CanaryEnded, Event, FlowsPublished, FlowsRolledBack
from metrics.fold import Part, Route


class RoutingVersion:
    """The fold. Implements `metrics.fold.Fold`. `version` is empty as long as none was published."""

    name = "routing_version.1"

    def __init__(self) -> None:
        self.version = ""
        self._saved = ""

    def routes(self) -> Mapping[type[Event], Route]:
        return {FlowsPublished: self._on_change, FlowsRolledBack: self._on_change, CanaryEnded: self._on_canary}

    def _on_change(self, event: FlowsPublished | FlowsRolledBack) -> None:
        self.version = event.flow_version

    def _on_canary(self, event: CanaryEnded) -> None:
        if event.cause == "promoted":
            self.version = event.flow_version

    def snapshot(self) -> dict[str, Part]:
        return {"version": self.version or None}

    def changes(self) -> dict[str, Part]:
        changed, self._saved = self.version != self._saved, self.version
        return self.snapshot() if changed else {}

    def restore(self, parts: Mapping[str, Part]) -> None:
        self.version = self._saved = parts.get("version") or ""
