"""An answer's body: JSON within bounds, and the fields that are wanted of it, each of the type that was said."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from ivr.ports.lookups import EMPTY, Cause, Failed, Found, Kind, Outcome, Scalar, Wanted

MOST_DEPTH = 16
MOST_NUMBER = 2**53
"""Beyond it JSON's numbers are not exact."""

# An unended string goes to the end: looked for anew from each of its quotes it would take quadratic time.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_ABSENT = object()


class NotJsonError(ValueError):
    """A body that is no JSON, or deeper than is read."""


def document(body: bytes) -> Any:
    """The JSON in `body`. Raises NotJsonError."""
    if not _is_shallow(body):
        raise NotJsonError(f"nested more than {MOST_DEPTH} deep, or not closed")
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise NotJsonError("not JSON") from None


def outcome_of(body: bytes, take: Mapping[str, Wanted]) -> Outcome:
    """What a look-up gives whose answer was `body`; it isn't read where nothing is wanted of it."""
    if not take:
        return Found({})
    try:
        return taken(document(body), take)
    except NotJsonError:
        return Failed(Cause.NOT_JSON)


def taken(answer: Any, take: Mapping[str, Wanted]) -> Outcome:
    """The wanted fields of `answer`, or `wrong_type` where one is missing or is not what it has to be."""
    values: dict[str, Scalar] = {}
    for name, wanted in take.items():
        found = _at(answer, wanted.field)
        if found is _ABSENT or found is None:
            if wanted.required:
                return Failed(Cause.WRONG_TYPE)
            values[name] = EMPTY[wanted.kind]
            continue
        value = _value(found, wanted)
        if value is None:
            return Failed(Cause.WRONG_TYPE)
        values[name] = value
    return Found(values)


def _is_shallow(body: bytes) -> bool:
    """Whether the brackets outside strings close each other within MOST_DEPTH: innermost pairs go away round by round.

    The parser would run out of stack where there are too many; few cannot be deep.
    """
    if body.count(b"[") + body.count(b"{") <= MOST_DEPTH:
        return True
    brackets = _STRINGS.sub(b"", body).translate(None, _NO_BRACKETS)
    for _ in range(MOST_DEPTH):
        if not brackets:
            return True
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    return not brackets


def _no_constant(text: str) -> NoReturn:
    raise NotJsonError(f"{text} is no JSON")


def _at(answer: Any, field: tuple[str, ...]) -> Any:
    for part in field:
        if isinstance(answer, dict):
            answer = answer.get(part, _ABSENT)
        elif isinstance(answer, list) and part.isdecimal() and int(part) < len(answer):
            answer = answer[int(part)]
        else:
            return _ABSENT
    return answer


def _value(found: Any, wanted: Wanted) -> Scalar | None:
    if wanted.kind is Kind.TRUE_OR_FALSE:
        return found if isinstance(found, bool) else None
    if wanted.kind is Kind.NUMBER:
        return _number(found)
    return _text(found, wanted)


def _number(found: Any) -> int | float | None:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    if not math.isfinite(found) or abs(found) > MOST_NUMBER:
        return None
    return int(found) if found == int(found) else found


def _text(found: Any, wanted: Wanted) -> str | None:
    if not isinstance(found, str) or len(found) > wanted.most:
        return None
    text = " ".join(found.split())
    if not text.isprintable() or (wanted.one_of and text not in wanted.one_of):
        return None
    return text
