"""The bounds that every path has to keep."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """`time_s`: speech and silence of a whole call, time in queues and talks left out. `speech_s` and `texts`: what a
    caller has to listen to before something can be chosen, a queue is entered, or the call ends. `days`: how far ahead
    moments are looked at.
    """

    time_s: float = 600.0
    speech_s: float = 60.0
    texts: int = 6
    days: int = 400
