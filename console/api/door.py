"""Who gets in: by a bearer token alone, so that no page in a browser can act for somebody (there is no cookie)."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from acd.distributor import DistributorError
from console.api.problems import Problem, of
from console.tokens import Token, Tokens

MOST_FAILURES = 10
WITHIN_S = 60.0
MOST_ADDRESSES = 10_000
MOST_KNOWN = 2_000
_CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Door:
    """Who failed too often is not looked at for a while; tokens that were good before are, from any address.

    `now_s` is any clock that only goes on.
    """

    def __init__(self, tokens: Tokens, now_s: Callable[[], float]) -> None:
        self._tokens = tokens
        self._now_s = now_s
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self.refused = 0

    async def enter(self, authorization: str, address: str) -> Token:
        """Whose token it is. Raises Problem."""
        scheme, _, text = authorization.partition(" ")
        return await self.look(text.strip() if scheme.lower() == "bearer" else "", address)

    async def look(self, text: str, address: str) -> Token:
        """The same for a token that came otherwise. Raises Problem."""
        digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
        network = network_of(address)
        wait_s = 0.0 if digest in self._known else self._wait_s(network)
        if wait_s > 0:
            self.refused += 1
            detail = f"tokens that were not seen before are looked at again in {wait_s:.0f} s"
            raise Problem("too_many_failures", detail, headers={"Retry-After": str(int(wait_s) + 1)})
        try:
            token = await self._tokens.whose(text)
        except DistributorError as error:
            raise of(error) from error
        if token is None:
            self._known.pop(digest, None)
            self._failed(network)
            said = "it is none, was revoked or has expired" if text else "there is none in this request"
            raise Problem("no_token", f"{said}; `svar token add` makes one", headers=_CHALLENGE)
        self._known[digest] = None
        if len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)
        return token

    def _wait_s(self, network: str) -> float:
        count, since_s = self._failures.get(network, (0, 0.0))
        return since_s + WITHIN_S - self._now_s() if count >= MOST_FAILURES else 0.0

    def _failed(self, network: str) -> None:
        self.refused += 1
        now_s = self._now_s()
        count, since_s = self._failures.pop(network, (0, now_s))
        if now_s - since_s >= WITHIN_S:
            count, since_s = 0, now_s
        self._failures[network] = (count + 1, since_s)
        if len(self._failures) > MOST_ADDRESSES:
            self._failures.popitem(last=False)


def network_of(address: str) -> str:
    """What counts as one asker: who has an IPv6 address has 2^64 of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    return parsed.exploded[:19] if isinstance(parsed, IPv6Address) else address
