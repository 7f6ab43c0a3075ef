"""Digest for those who call or register here (RFC 3261 §22, RFC 7616, RFC 8760)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from sip.config import Digest
from sip.message.auth import Challenge, Credentials, hash_a1, is_right, read_credentials
from sip.message.message import Request
from sip.nonces import Freshness, Nonces

_KNOWN = ("SHA-256", "MD5")


@dataclass(frozen=True, slots=True)
class Proof:
    """`user`: who sent the request, None unless proven. `ours`: it carried credentials for our realm. `stale`: these
    were right, with a nonce that no longer counts.
    """

    user: str | None = None
    ours: bool = False
    stale: bool = False


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

    def challenges(self, request: Request, now: float, *, stale: bool = False) -> list[tuple[str, str]]:
        """WWW-Authenticate lines for the 401 to `request`."""
        single = (request.headers.get("User-Agent") or "").startswith(self._md5_only)
        nonce = self._nonces.issue(now + self._offset_s)
        return [
            ("WWW-Authenticate", str(Challenge(self._realm, nonce, algorithm=algorithm, qop=("auth",), stale=stale)))
            for algorithm in (("MD5",) if single else self._algorithms)
        ]

    def check(self, request: Request, now: float) -> Proof:
        given = self._ours(request)
        if given is None:
            return Proof()
        password = self._passwords(given.username)
        known = password if password is not None else self._nobody(given.username)
        a1 = hash_a1(given.username, self._realm, known, given.algorithm)
        if not is_right(given, request.method, a1) or password is None:
            return Proof(ours=True)
        freshness = self._nonces.check(given.nonce, given.nonce_count or 1, now + self._offset_s)
        if freshness is Freshness.GOOD:
            return Proof(given.username, ours=True)
        return Proof(ours=True, stale=freshness is Freshness.STALE)

    def _ours(self, request: Request) -> Credentials | None:
        """The credentials for our realm that we can check. Without qop (RFC 3261 §22.4) a nonce is good once."""
        for given in read_credentials(request.headers.get_all("Authorization")):
            if given.realm == self._realm and given.qop in ("auth", "") and given.algorithm in _KNOWN:
                return given
        return None

    def _nobody(self, user: str) -> str:
        return hmac.digest(self._secret, user.encode(), "sha256").hex()
