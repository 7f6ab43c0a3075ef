"""Where a session is in its life."""

from enum import Enum, auto


class Phase(Enum):
    """EARLY until a 2xx; ENDING while our BYE is unanswered."""

    EARLY = auto()
    ESTABLISHED = auto()
    ENDING = auto()
    OVER = auto()
