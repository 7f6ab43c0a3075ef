"""Digest for those who call or register here (RFC 3261 §22, RFC 7616, RFC 8760)."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from dataclasses import dataclass

from sip.admission import Allowance, Allowances, neighbourhood
from sip.config import Digest
from sip.message.auth import Challenge, Credentials, HashedPassword, hash_a1, is_right, read_credentials
from sip.message.message import Request
from sip.nonces import Freshness, Nonces

_KNOWN = ("SHA-256", "MD5")
_MOST_REMEMBERED = 4096
# Wrong digests that are let pass: a phone with an old password repeats it every half minute and blocks nobody.
_PER_USER_S, _USER_BURST = 0.1, 10.0
_PER_SOURCE_S, _SOURCE_BURST = 0.5, 20.0


@dataclass(frozen=True, slots=True)
class Proof:
    """`user`: who sent the request, None unless proven. `ours`: it carried credentials for our realm. `stale`: these
    were right, with a nonce that no longer counts.
    """

    user: str | None = None
    ours: bool = False
    stale: bool = False


class Guesses:
    """Who guessed too often, by user and by source: no digest is believed there until some time has passed.

    Where the last proofs of a user came from, only what was guessed at that user there counts: strangers lock no phone
    out. Users that do not exist share one allowance, so that only the configuration decides how many there are.
    """

    __slots__ = ("_homes", "_sources", "_users")

    def __init__(self) -> None:
        self._users = Allowances(_PER_USER_S, _USER_BURST, _MOST_REMEMBERED)
        self._sources = Allowances(_PER_SOURCE_S, _SOURCE_BURST, _MOST_REMEMBERED)
        self._homes: OrderedDict[tuple[str, str], Allowance] = OrderedDict()

    def too_many(self, user: str, source: str, now: float) -> bool:
        return any(not allowance.left(now) for allowance in self._counted(user, source, now))

    def wrong(self, user: str, source: str, now: float) -> None:
        for allowance in self._counted(user, source, now):
            allowance.take(now)

    def right(self, user: str, source: str, now: float) -> None:
        if (user, source) not in self._homes:
            self._homes[user, source] = Allowance(_PER_USER_S, _USER_BURST, now)
        self._homes.move_to_end((user, source))
        if len(self._homes) > _MOST_REMEMBERED:
            self._homes.popitem(last=False)

    def _counted(self, user: str, source: str, now: float) -> tuple[Allowance, ...]:
        home = self._homes.get((user, source))
        return (self._users.of(user, now), self._sources.of(source, now)) if home is None else (home,)


class Authenticator:
    """What it answers does not tell whether a user exists: an unknown one has a password too, which nobody knows."""

    def __init__(self, digest: Digest) -> None:
        self._realm = digest.realm
        self._passwords = digest.credentials
        self._secret = digest.secret
        self._offset_s = digest.wall_offset_s
        self._algorithms = digest.algorithms
        self._md5_only = digest.md5_only
        self._nonces = Nonces(digest.secret, digest.nonce_life_s)
        self._guesses = Guesses()

    def challenges(self, request: Request, now: float, *, stale: bool = False) -> list[tuple[str, str]]:
        """WWW-Authenticate lines for the 401 to `request`."""
        single = (request.headers.get("User-Agent") or "").startswith(self._md5_only)
        nonce = self._nonces.issue(now + self._offset_s)
        return [
            ("WWW-Authenticate", str(Challenge(self._realm, nonce, algorithm=algorithm, qop=("auth",), stale=stale)))
            for algorithm in (("MD5",) if single else self._algorithms)
        ]

    def check(self, request: Request, source: str, now: float) -> Proof:
        """Who sent `request` from the host `source`. It takes the same work whether the user exists or not."""
        given = self._ours(request)
        if given is None:
            return Proof()
        password, nobodys = self._passwords(given.username), self._nobody(given.username)
        user, place = "" if password is None else given.username, neighbourhood(source)
        tried = password if isinstance(password, str) else nobodys
        a1 = hash_a1(given.username, self._realm, tried, given.algorithm)
        if isinstance(password, HashedPassword):
            a1 = password.a1(given.algorithm)
        right = is_right(given, request.method, a1) and password is not None
        if not right:
            self._guesses.wrong(user, place, now)
        if self._guesses.too_many(user, place, now) or not right:
            return Proof(ours=True)
        freshness = self._nonces.check(given.nonce, given.nonce_count or 1, now + self._offset_s)
        if freshness is not Freshness.GOOD:
            return Proof(ours=True, stale=freshness is Freshness.STALE)
        self._guesses.right(user, place, now)
        return Proof(user, ours=True)

    def _ours(self, request: Request) -> Credentials | None:
        """The credentials for our realm that we can check. Without qop (RFC 3261 §22.4) a nonce is good once."""
        for given in read_credentials(request.headers.get_all("Authorization")):
            if given.realm == self._realm and given.qop in ("auth", "") and given.algorithm in _KNOWN:
                return given
        return None

    def _nobody(self, user: str) -> str:
        return hmac.digest(self._secret, user.encode(), "sha256").hex()
