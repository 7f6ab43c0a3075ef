"""Shared tokens of RFC 3261 §25.1.

The expressions are possessive (`++`, `*+`): none gives back what it took, so every parse takes linear time. They name
their characters, since `\\s` and `\\d` also match Unicode spaces and digits.
"""

import re

Params = tuple[tuple[str, str | None], ...]

TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"
QUOTED = r'"[^"\\\x00-\x08\x0a-\x1f\x7f]*+(?:\\.[^"\\\x00-\x08\x0a-\x1f\x7f]*+)*+"'
HOST = r"(?:\[[0-9A-Fa-f:.]++\]|[A-Za-z0-9_\-.]++)"
PORT = r"[0-9]{1,5}+"
WS = r"[ \t]*+"

MOST_VALUES = 128
"""In one header, over all its lines and commas: a request makes 70 hops at most."""
MOST_PARAMS = 64
"""Of one value."""

# Wider than the grammar: a bare IPv6 address in `received` (RFC 5118 §4.5) and "=" in tags occur in the wild.
_VALUE = r'[^\x00-\x20\x7f;,"<>]++'
# A quoted value without control characters, so that no parameter can carry one into a header that we write.
_QUOTED_VALUE = r'"[^"\\\x00-\x08\x0a-\x1f\x7f]*+(?:\\[^\x00-\x1f\x7f][^"\\\x00-\x08\x0a-\x1f\x7f]*+)*+"'

_PARAM = re.compile(rf"{WS};{WS}({TOKEN})(?:{WS}={WS}({_VALUE}|{_QUOTED_VALUE}))?+")
_TOKEN = re.compile(TOKEN)
_NEXT = re.compile(rf"{WS}(?:,|\Z)")
_ESCAPED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TO_ESCAPE = re.compile(r'(["\\])')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def scan_params(text: str, at: int) -> tuple[Params, int]:
    """The `;name=value` parameters from `at`, and where they end. Names come in lower case, values as written.

    They end at MOST_PARAMS too, so that what follows reads as malformed.
    """
    params: list[tuple[str, str | None]] = []
    while len(params) < MOST_PARAMS and (match := _PARAM.match(text, at)) is not None:
        params.append((match[1].lower(), match[2]))
        at = match.end()
    return tuple(params), at


def scan_end(text: str, at: int) -> int:
    """Where the next element of a comma list begins: `len(text)` after the last one, -1 if the text is malformed."""
    match = _NEXT.match(text, at)
    if match is None:
        return -1
    end = match.end()
    if end == len(text) and match[0].endswith(","):
        return -1
    return end


def find_param(params: Params, name: str) -> str | None:
    """The value without quotes, "" for a parameter that has none, None when it is absent. `name` in lower case."""
    for key, value in params:
        if key == name or key.lower() == name:
            if value is None:
                return ""
            return unquote(value) if value.startswith('"') else value
    return None


def write_params(params: Params) -> str:
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in params])


def merge_params(params: Params, changes: dict[str, str | None]) -> Params:
    """`params` with those of `changes` in their place, or at the end."""
    left = dict(changes)
    merged = tuple((name, left.pop(name)) if name in left else (name, value) for name, value in params)
    return merged + tuple(left.items())


def unquote(text: str) -> str:
    """The text inside a quoted string. Control characters, which RFC 3261 lets in as pairs, are left out."""
    inner = text[1:-1]
    if "\\" in inner:
        inner = _CONTROL.sub("", _ESCAPED_PAIR.sub(r"\1", inner))
    return inner


def quote(text: str) -> str:
    """`text` as a quoted string. Raises nothing: control characters are left out."""
    return '"' + _TO_ESCAPE.sub(r"\\\1", _CONTROL.sub("", text)) + '"'
