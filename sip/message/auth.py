"""Digest challenges and credentials (RFC 7616, RFC 8760): read, written and calculated, with qop auth or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from hashlib import md5, sha256
from hmac import compare_digest
from typing import TypeVar

from sip.errors import ParseError
from sip.message.grammar import MOST_PARAMS, QUOTED, TOKEN, WS, is_token, quote, unquote

T = TypeVar("T")

_HASHES = {"MD5": md5, "SHA-256": sha256}
ALGORITHMS = frozenset((*_HASHES, *(f"{name}-SESS" for name in _HASHES)))

_SCHEME = re.compile(rf"{WS}(?i:Digest)[ \t]++")
_PARAM = re.compile(rf'{WS}({TOKEN}){WS}={WS}({QUOTED}|[^\x00-\x20\x7f,"]++){WS}(?:,|\Z)')
_NC = re.compile(r"[0-9A-Fa-f]{8}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate line. `algorithm` in upper case; `qop` is empty for RFC 2069's way."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ("auth",)
    opaque: str = ""
    stale: bool = False

    @classmethod
    def parse(cls, text: str) -> Challenge:
        """Raises ParseError for another scheme, and for a malformed one."""
        params = _params(text, ("realm", "nonce"))
        algorithm = params.get("algorithm", "MD5")
        if not is_token(algorithm):
            raise ParseError(f"digest algorithm {algorithm[:20]!r}: expected a token")
        return cls(
            params["realm"],
            params["nonce"],
            algorithm.upper(),
            tuple(option.strip(" \t").lower() for option in params["qop"].split(",")) if "qop" in params else (),
            params.get("opaque", ""),
            params.get("stale", "").lower() == "true",
        )

    def __str__(self) -> str:
        text = f"Digest realm={quote(self.realm)}, nonce={quote(self.nonce)}, algorithm={self.algorithm}"
        if self.qop:
            text += f", qop={quote(','.join(self.qop))}"
        if self.opaque:
            text += f", opaque={quote(self.opaque)}"
        return text + ", stale=TRUE" if self.stale else text


@dataclass(frozen=True, slots=True)
class Credentials:
    """One Authorization or Proxy-Authorization line; `qop` is empty for RFC 2069's way."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str = field(repr=False)
    algorithm: str = "MD5"
    qop: str = ""
    nc: str = ""
    cnonce: str = ""
    opaque: str = ""

    @classmethod
    def parse(cls, text: str) -> Credentials:
        """Raises ParseError for another scheme, and for malformed ones."""
        params = _params(text, ("username", "realm", "nonce", "uri", "response"))
        credentials = cls(
            params["username"],
            params["realm"],
            params["nonce"],
            params["uri"],
            params["response"].lower(),
            params.get("algorithm", "MD5").upper(),
            params.get("qop", "").lower(),
            params.get("nc", ""),
            params.get("cnonce", ""),
            params.get("opaque", ""),
        )
        if credentials.qop and not (_NC.fullmatch(credentials.nc) and credentials.cnonce):
            raise ParseError("digest credentials: qop needs cnonce and an nc of eight hexadecimal digits")
        return credentials

    @property
    def nonce_count(self) -> int:
        """How often the client says it has used the nonce; 0 without qop."""
        return int(self.nc, 16) if self.qop else 0

    def __str__(self) -> str:
        text = (
            f"Digest username={quote(self.username)}, realm={quote(self.realm)}, nonce={quote(self.nonce)}, "
            f'uri={quote(self.uri)}, response="{self.response}", algorithm={self.algorithm}'
        )
        if self.opaque:
            text += f", opaque={quote(self.opaque)}"
        if self.qop:
            text += f", qop={self.qop}, nc={self.nc}, cnonce={quote(self.cnonce)}"
        elif self.cnonce:
            text += f", cnonce={quote(self.cnonce)}"
        return text


def hash_a1(username: str, realm: str, password: str, algorithm: str = "MD5") -> str:
    """H(username:realm:password), which may be kept in the place of the password. Raises KeyError beyond ALGORITHMS."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


@dataclass(frozen=True, slots=True)
class HashedPassword:
    """What of a password suffices to check a digest: its `hash_a1` by algorithm. Good for one user in one realm."""

    md5: str = field(repr=False)
    sha256: str = field(repr=False)

    @classmethod
    def of(cls, username: str, realm: str, password: str) -> HashedPassword:
        md5, sha256 = (hash_a1(username, realm, password, algorithm) for algorithm in ("MD5", "SHA-256"))
        return cls(md5, sha256)

    def a1(self, algorithm: str) -> str:
        """The one for MD5 or SHA-256."""
        return self.md5 if algorithm == "MD5" else self.sha256


def digest_response(credentials: Credentials, method: str, a1: str) -> str:
    """The response that goes with these credentials and this `hash_a1` (RFC 7616 §3.4.1)."""
    if credentials.algorithm.endswith("-SESS"):
        a1 = _hash(credentials.algorithm, f"{a1}:{credentials.nonce}:{credentials.cnonce}")
    a2 = _hash(credentials.algorithm, f"{method}:{credentials.uri}")
    if not credentials.qop:
        return _hash(credentials.algorithm, f"{a1}:{credentials.nonce}:{a2}")
    parts = (a1, credentials.nonce, credentials.nc, credentials.cnonce, credentials.qop, a2)
    return _hash(credentials.algorithm, ":".join(parts))


def is_right(credentials: Credentials, method: str, a1: str) -> bool:
    """Whether the response proves the secret. Nonce, nonce count and the demand for qop are the caller's to check."""
    if credentials.algorithm not in ALGORITHMS or credentials.qop not in ("", "auth"):
        return False
    return compare_digest(digest_response(credentials, method, a1).encode(), credentials.response.encode())


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """The first challenge that we can answer: the server gives them in its order of preference (RFC 8760 §2.4)."""
    for challenge in challenges:
        if challenge.algorithm in ALGORITHMS and (not challenge.qop or "auth" in challenge.qop):
            return challenge
    return None


def authorize(
    challenge: Challenge, *, username: str, password: str, method: str, uri: str, cnonce: str, nonce_count: int = 1
) -> Credentials:
    """The client's answer to a challenge that `choose` gave."""
    blank = Credentials(
        username, challenge.realm, challenge.nonce, uri, "", challenge.algorithm, opaque=challenge.opaque
    )
    if challenge.qop:
        blank = replace(blank, qop="auth", nc=f"{nonce_count:08x}", cnonce=cnonce)
    elif challenge.algorithm.endswith("-SESS"):
        blank = replace(blank, cnonce=cnonce)
    a1 = hash_a1(username, challenge.realm, password, challenge.algorithm)
    return replace(blank, response=digest_response(blank, method, a1))


def read_challenges(lines: Iterable[str]) -> list[Challenge]:
    """The digest challenges among the lines of a header; other schemes and malformed ones are left out."""
    return _readable(Challenge.parse, lines)


def read_credentials(lines: Iterable[str]) -> list[Credentials]:
    """The digest credentials among the lines of a header; other schemes and malformed ones are left out."""
    return _readable(Credentials.parse, lines)


def _readable(parse: Callable[[str], T], lines: Iterable[str]) -> list[T]:
    found = []
    for line in lines:
        try:
            found.append(parse(line))
        except ParseError:
            continue
    return found


def _params(text: str, needed: tuple[str, ...]) -> dict[str, str]:
    """The parameters of a Digest line by name, without quotes."""
    scheme = _SCHEME.match(text)
    if scheme is None:
        raise ParseError(f"{text[:20]!r}: expected Digest")
    params: dict[str, str] = {}
    at = scheme.end()
    while at < len(text):
        match = _PARAM.match(text, at) if len(params) < MOST_PARAMS else None
        if match is None or match[1].lower() in params:
            raise ParseError(f"digest: {text[at : at + 20]!r}, expected name=value, each name once, few of them")
        value = match[2]
        params[match[1].lower()] = unquote(value) if value.startswith('"') else value
        at = match.end()
    missing = [name for name in needed if name not in params]
    if missing:
        raise ParseError(f"digest without {', '.join(missing)}")
    return params


def _hash(algorithm: str, text: str) -> str:
    return _HASHES[algorithm.removesuffix("-SESS")](text.encode()).hexdigest()
