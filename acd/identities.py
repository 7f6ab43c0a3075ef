"""Callers by what tells only whether two are the same: a keyed hash of a number or a code, its secret the tenant's."""

import secrets
from hashlib import blake2s
from typing import Any

from redis.asyncio import Redis

from acd.connection import available
from acd.keys import Keys

SECRET_BYTES = 32
_DIGEST_BYTES = 16


class Identities:
    """With one tenant's secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of_number(self, pii_number: str) -> str:
        """Of a number in its international form; empty for none."""
        return self._hash("number", pii_number)

    def of_code(self, pii_code: str) -> str:
        """Of a code that a caller was given; empty for none."""
        return self._hash("code", pii_code)

    def _hash(self, kind: str, pii_text: str) -> str:
        if not pii_text:
            return ""
        return blake2s(f"{kind}:{pii_text}".encode(), key=self._secret, digest_size=_DIGEST_BYTES).hexdigest()


async def identities(client: Redis, tenant: str) -> Identities:
    """Those of a tenant, whose secret is made by whoever asks first, and is in Redis alone. Raises Unavailable."""
    any_client: Any = client
    key = Keys(tenant).named("callers:secret")
    async with available():
        await any_client.set(key, secrets.token_hex(SECRET_BYTES), nx=True)
        text = await any_client.get(key)
    return Identities(bytes.fromhex(text))
