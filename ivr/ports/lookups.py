"""The Lookups port: a question to a web service that the configuration names, and what came of it, as data.

Implemented over HTTP by `ivr/web/lookups`, and without a network by `ivr/web/simulated`; one contract suite for both
(`tests/ivr/web/lookups_contract.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

Scalar = str | int | float | bool

MOST_TEXT = 200
"""Characters of a text that is taken from an answer, unless the flow says fewer."""


class Kind(StrEnum):
    """What a field of an answer has to be."""

    TEXT = "text"
    NUMBER = "number"
    TRUE_OR_FALSE = "true_or_false"


EMPTY: Mapping[Kind, Scalar] = {Kind.TEXT: "", Kind.NUMBER: 0, Kind.TRUE_OR_FALSE: False}
"""What stands for a field that isn't there and need not be."""


class Cause(StrEnum):
    """Why a look-up failed.

    `refused`: no connection, or one that broke; `not_allowed`: what the configuration does not let us reach or send;
    `circuit_open`: the service failed too often just now, and is left alone; `overloaded`: too many ask it already;
    `not_there`: no service of that name.
    """

    TIMEOUT = "timeout"
    REFUSED = "refused"
    STATUS = "status"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    WRONG_TYPE = "wrong_type"
    NOT_ALLOWED = "not_allowed"
    CIRCUIT_OPEN = "circuit_open"
    OVERLOADED = "overloaded"
    NOT_THERE = "not_there"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field of the answer: its way from the top, `("cases", "0", "id")`, and what it has to be.

    `most` bounds a text's characters; `one_of`, when given, are the only texts that count.
    """

    field: tuple[str, ...]
    kind: Kind = Kind.TEXT
    required: bool = True
    most: int = MOST_TEXT
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `path` is percent-encoded and has nothing personal; `pii_send` goes as JSON, `pii_headers` as
    headers. `timeout_s` is the time for everything, retries included; None: what the configuration says.
    """

    service: str
    path: str = ""
    pii_send: Mapping[str, Scalar] | None = field(default=None, repr=False)
    pii_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    take: Mapping[str, Wanted] = field(default_factory=dict)
    timeout_s: float | None = None
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """The answer's fields, by the names in `take`."""

    pii_values: Mapping[str, Scalar] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """`status` is that of HTTP where the cause is `status`, else 0."""

    cause: Cause
    status: int = 0


Outcome = Found | Failed


class Lookups(Protocol):
    """Web services by name."""

    async def ask(self, question: Question) -> Outcome:
        """Never raises for what the service or the network did; cancelled, it leaves nothing under way."""
