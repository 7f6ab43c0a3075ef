"""A record of one tenant in Redis that all nodes change, and each change with its events in one step."""

import secrets
from collections.abc import Iterable
from typing import Any

import orjson
from redis.asyncio import Redis

from acd.commands import Script, beside
from acd.connection import ANSWER_S, available, evaluate
from acd.keys import Keys
from events.catalogue import Event
from events.codec import encode

WITHIN_S = 3 * ANSWER_S
"""The client repeats what was not answered twice."""


class KeptRecord:
    """The one at `name`, JSON with a `sequence`; its changes wake who waits. Every method raises Unavailable.

    `client` decodes its answers (`command_client`); `watching` is a `blocking_client` of its own, only for whoever
    waits by `changed`. `begins` names a list of the record whose entries get the server's time for a `since_ms` of 0.
    """

    def __init__(self, client: Redis, tenant: str, name: str, *, watching: Redis | None, begins: str = "") -> None:
        self._client: Any = client
        self._watching = watching
        self._keys = Keys(tenant)
        self._name = name
        self._begins = begins

    async def read(self) -> str | None:
        async with available(WITHIN_S):
            text: str | None = await self._client.get(self._keys.named(self._name))
            return text

    async def change(self, expected: int, to: object, events: Iterable[Event], due_ms: int = 0) -> str | None:
        """The record as it stands then. None: its sequence is not `expected`, or it is not yet due by Redis' clock."""
        args = (self._name, expected, orjson.dumps(to), encoded(events), due_ms, self._begins)
        async with available(WITHIN_S):
            reply = await run_once(self._client, self._keys, beside("kept")["change"], *args)
        return reply.get("record")

    async def changed(self, after: int, within_s: float) -> None:
        """Return when it has changed past `after`, at the latest after `within_s`."""
        await wait_past(self._watching, self._keys.named(f"{self._name}:changes"), after, within_s)


def encoded(events: Iterable[Event]) -> bytes:
    """As scripts beside the distributor's take them."""
    return orjson.dumps([encode(event) for event in events])


async def run_once(client: Redis, keys: Keys, script: Script, *args: Any) -> dict[str, Any]:
    """The answer of a script that remembers it: repeated by the client under the same id, it is done once.

    Raises what Redis raises.
    """
    reply: dict[str, Any] = orjson.loads(
        await evaluate(client, script, len(keys.fixed), *keys.fixed, "", secrets.token_hex(8), "", *args)
    )
    return reply


async def wait_past(watching: Redis | None, stream: str, after: int, within_s: float) -> None:
    """Return when the stream has more than `after`, at the latest after `within_s`. Raises Unavailable."""
    if watching is None:
        raise ValueError("this store was given no client to wait with")
    async with available(within_s + ANSWER_S):
        await watching.xread({stream: f"{after}-0"}, count=1, block=max(1, int(within_s * 1000)))
