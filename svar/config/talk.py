"""What agents may do from their phones."""

from dataclasses import dataclass

from svar.config.fields import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What agents may do from their phones, in a talk and by ringing a code (docs/agents.md)."""

    codes: dict[str, str] = setting(
        "keys for what is done in a talk; consult and blind are followed by a short number and #; empty: no key",
        {
            "consult": "*1",
            "blind": "*2",
            "take_back": "*3",
            "complete": "*4",
            "conference": "*5",
            "drop_third": "*6",
            "hold": "*7",
            "resume": "*8",
        },
    )
    numbers: dict[str, str] = setting(
        'short numbers that callers may be given to, such as {21 = "agent:berit", 31 = "queue:family"};'
        " also destination: and partner:",
        {},
    )
    reasons: dict[str, str] = setting(
        "digits after *2, and the reason for not being ready that each says",
        {"1": "break", "2": "lunch", "3": "meeting", "4": "training", "5": "casework"},
    )
