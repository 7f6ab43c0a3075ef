"""SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import quote, unquote

from sip.errors import ParseError
from sip.message.grammar import HOST, MOST_PARAMS, PORT, Params, find_param, write_params

_HEX = r"%[0-9A-Fa-f]{2}"
# "#" should be escaped, and phones that dial star codes do not.
_USER_CHARS = r"A-Za-z0-9\-_.!~*'()&=+$,;?/#"
_USER = rf"(?:[{_USER_CHARS}]++|{_HEX})++"
_PASSWORD = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,]++|{_HEX})*+"
_PARAM_CHARS = r"[A-Za-z0-9\-_.!~*'()\[\]/:&+$%]"
_HEADER_CHARS = r"[A-Za-z0-9\-_.!~*'()\[\]/?:+$%&=]"

_SIP = re.compile(
    rf"((?i:sips?)):(?:({_USER})(?::({_PASSWORD}))?@)?({HOST})(?::({PORT}))?"
    rf"((?:;{_PARAM_CHARS}++(?:={_PARAM_CHARS}*+)?+)*+)(?:\?({_HEADER_CHARS}++))?"
)
_TEL = re.compile(rf"(?i:tel):(\+?[0-9A-Fa-f*#\-.()]++)((?:;{_PARAM_CHARS}++(?:={_PARAM_CHARS}*+)?+)*+)")
_OTHER = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):([^\x00-\x20\x7f<>\"]++)")
_USER_ONLY = re.compile(_USER)
_HOST_ONLY = re.compile(rf"{HOST}|[0-9A-Fa-f:.]++")
_PARAM_ONLY = re.compile(rf"{_PARAM_CHARS}++")
_SEPARATORS = re.compile(r"[\-.()]")

_REMEMBERED_LENGTH = 128

# These count even when only one of the two URIs has them (RFC 3261 §19.1.4).
_ALWAYS_COMPARED = ("user", "ttl", "method", "maddr", "transport")


def escape_user(text: str) -> str:
    """`text` as a user part: what the grammar does not allow becomes %XX."""
    return quote(text, safe="-_.!~*'()&=+$,;?/")


@dataclass(frozen=True, slots=True)
class SipUri:
    """A sip: or sips: URI. `user` is as written (escapes kept), `host` has no brackets around an IPv6 address."""

    user: str
    host: str
    port: int | None = None
    scheme: str = "sip"
    password: str = field(default="", repr=False)
    params: Params = ()
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.user and not _USER_ONLY.fullmatch(self.user):
            raise ValueError(f"user part {self.user!r}: has characters that need escape_user()")
        if not _HOST_ONLY.fullmatch(self.host):
            raise ValueError(f"host {self.host!r}: expected a name or an address without brackets")
        for name, value in self.params:
            if not _PARAM_ONLY.fullmatch(name) or (value and not _PARAM_ONLY.fullmatch(value)):
                raise ValueError(f"URI parameter {name!r}={value!r}: has characters that need escaping")

    @classmethod
    def parse(cls, text: str) -> SipUri:
        """Raises ParseError (400) for anything else than one sip: or sips: URI."""
        match = _SIP.fullmatch(text)
        if match is None:
            raise ParseError(f"{_shown(text)} is no SIP URI")
        scheme, user, password, host, port, params, headers = match.groups()
        if port is not None and int(port) > 65535:
            raise ParseError(f"port {port} of a SIP URI: expected at most 65535")
        if host[0] == "[":
            host = host[1:-1]
        return cls(
            user or "",
            host,
            None if port is None else int(port),
            scheme if scheme == "sip" else scheme.lower(),
            password or "",
            _split_params(params) if params else (),
            _split_headers(headers) if headers else (),
        )

    @property
    def user_text(self) -> str:
        """The user part with its escapes resolved, for comparing and looking up (RFC 3261 §10.3 step 5)."""
        return unquote(self.user) if "%" in self.user else self.user

    @property
    def host_port(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    def param(self, name: str) -> str | None:
        """The value of a URI parameter, "" if it has none, None if it is absent. `name` in lower case."""
        return find_param(self.params, name) if self.params else None

    @property
    def aor(self) -> SipUri:
        """The address of record behind it: no port, parameters or headers, host in lower case (RFC 3261 §10.3)."""
        user = self.user if "%" not in self.user else escape_user(self.user_text)
        return SipUri(user, self.host.lower(), None, self.scheme)

    def with_params(self, params: Params) -> SipUri:
        return replace(self, params=params)

    def matches(self, other: object) -> bool:
        """Equality of RFC 3261 §19.1.4: case, escapes and the order of parameters aside."""
        if not isinstance(other, SipUri):
            return False
        return _core_key(self) == _core_key(other) and _params_match(self, other)

    def __str__(self) -> str:
        text = f"{self.scheme}:"
        if self.user:
            text += f"{self.user}:{self.password}@" if self.password else f"{self.user}@"
        text += f"[{self.host}]" if ":" in self.host else self.host
        if self.port is not None:
            text += f":{self.port}"
        if self.params:
            text += write_params(self.params)
        if self.headers:
            text += "?" + "&".join([f"{name}={value}" for name, value in self.headers])
        return text


@dataclass(frozen=True, slots=True)
class TelUri:
    """A tel: URI (RFC 3966); `number` is as written, with its visual separators."""

    number: str
    params: Params = ()

    def __post_init__(self) -> None:
        if not _TEL.fullmatch(str(self)):
            raise ValueError(f"{_shown(str(self))} is no tel URI")

    @property
    def digits(self) -> str:
        """The number without visual separators."""
        return _SEPARATORS.sub("", self.number)

    def __str__(self) -> str:
        return f"tel:{self.number}{write_params(self.params)}"


@dataclass(frozen=True, slots=True)
class OpaqueUri:
    """A URI of a scheme that we do not route: it survives as text, the core answers 416 (RFC 3261 §8.2.2.1)."""

    scheme: str
    text: str

    def __post_init__(self) -> None:
        if not _OTHER.fullmatch(str(self)):
            raise ValueError(f"{_shown(str(self))} is no URI")

    def __str__(self) -> str:
        return f"{self.scheme}:{self.text}"


Uri = SipUri | TelUri | OpaqueUri


def parse_uri(text: str) -> Uri:
    """Raises ParseError (400) when `text` is no URI at all, or a malformed one of a scheme that we know."""
    return _remembered(text) if len(text) <= _REMEMBERED_LENGTH else _parse(text)


def _parse(text: str) -> Uri:
    if text.startswith("sip:"):
        return SipUri.parse(text)
    match = _OTHER.fullmatch(text)
    if match is None:
        raise ParseError(f"{_shown(text)} is no URI")
    scheme = match[1].lower()
    if scheme in ("sip", "sips"):
        return SipUri.parse(text)
    if scheme == "tel":
        tel = _TEL.fullmatch(text)
        if tel is None:
            raise ParseError(f"{_shown(text)} is no tel URI")
        return TelUri(tel[1], _split_params(tel[2]) if tel[2] else ())
    return OpaqueUri(scheme, match[2])


def _core_key(uri: SipUri) -> tuple[object, ...]:
    headers = tuple(sorted((name.lower(), unquote(value)) for name, value in uri.headers))
    return (uri.scheme, uri.user_text, unquote(uri.password), uri.host.lower(), uri.port, headers)


def _params_match(one: SipUri, other: SipUri) -> bool:
    mine = {name.lower(): unquote(value or "").lower() for name, value in one.params}
    theirs = {name.lower(): unquote(value or "").lower() for name, value in other.params}
    if any(mine.get(name) != theirs.get(name) for name in _ALWAYS_COMPARED):
        return False
    return all(theirs[name] == value for name, value in mine.items() if name in theirs)


# The same few URIs return in every message of a call and of a trunk.
_remembered = lru_cache(maxsize=1024)(_parse)


def _split_params(text: str) -> Params:
    if text.count(";") > MOST_PARAMS:
        raise ParseError(f"more than {MOST_PARAMS} URI parameters")
    params = []
    for part in text[1:].split(";"):
        name, equals, value = part.partition("=")
        params.append((name, value if equals else None))
    return tuple(params)


def _split_headers(text: str) -> tuple[tuple[str, str], ...]:
    if text.count("&") > MOST_PARAMS:
        raise ParseError(f"more than {MOST_PARAMS} headers in a URI")
    headers = []
    for part in text.split("&"):
        name, _, value = part.partition("=")
        headers.append((name, value))
    return tuple(headers)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:80] + "…")
