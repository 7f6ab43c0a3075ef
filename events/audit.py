"""Who did what from outside: through the API, by HTTP or MQTT."""

from dataclasses import dataclass
from typing import ClassVar

from events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DeedDone(Event):
    """Somebody changed something through the API, or was refused.

    `author` is the token's name, `by` its role, `way` rest or mqtt; `deed`, `target` say what was asked of whom;
    `outcome` is done or the code of the refusal. No content: a reason or a topic stands in the event of the change.
    """

    kind: ClassVar[str] = "deed_done"
    author: str
    by: str
    way: str
    deed: str
    target: str
    outcome: str
