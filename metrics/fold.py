"""What a fold is: state that is made of events alone, kept in parts so that only what changed need be written down."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from events.catalogue import Event

Part = Any
"""One piece of a fold's state as JSON can hold it; None when the piece is gone."""

Route = Callable[[Any], None]
"""Takes an event of the type that it stands for in `routes`."""


class Fold(Protocol):
    """State that follows from the events alone. Nothing here raises, whatever the order of the events."""

    name: str
    """The key of the saved state; a new form of the parts takes a new name."""

    def routes(self) -> Mapping[type[Event], Route]:
        """Who takes which type of event; types that are not named are not wanted."""

    def snapshot(self) -> dict[str, Part]:
        """All parts."""

    def changes(self) -> dict[str, Part]:
        """The parts that changed since the last call; None for one that is gone."""

    def restore(self, parts: Mapping[str, Part]) -> None:
        """Become what the snapshot was; for a fold that has seen nothing yet."""
