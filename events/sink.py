"""Where an event goes: a port with as many implementations as there are places to write events."""

from typing import Protocol

from events.catalogue import Event


class Sink(Protocol):
    """Takes events. `emit` never blocks and never raises; what cannot be kept is counted and told as `EventsLost`."""

    def emit(self, event: Event) -> None: ...


class MemorySink:
    """Keeps events in a list, for the simulator and for tests."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)
