"""Personal data goes no further than it must: what nobody will keep is not written into the stream either."""

from dataclasses import replace

from events.catalogue import ContactStarted, Event
from events.sink import Sink


class Discreet:
    """A sink before another: callers' numbers are left out of the events that pass."""

    def __init__(self, behind: Sink) -> None:
        self._behind = behind

    def emit(self, event: Event) -> None:
        if isinstance(event, ContactStarted) and event.pii_caller:
            event = replace(event, pii_caller="")
        self._behind.emit(event)
