"""What every event has."""

from dataclasses import dataclass
from typing import ClassVar

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The part that every event carries. `contact` is empty where the event is about no contact."""

    kind: ClassVar[str] = "event"
    version: ClassVar[int] = 1

    at_ms: int
    tenant: str
    node: str
    contact: str = ""
