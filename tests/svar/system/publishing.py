"""Publishing to whole nodes as another process does, without the gates: also what should never be published."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from redis.asyncio import Redis

from acd import pointing
from acd.connection import blocking_client, command_client
from acd.pointing import Who
from acd.versions import Content, Version, VersionId, identify, listing
from acd.versions_redis import RedisVersions
from events.codec import decode
from tests.svar.system.installation import Installation, eventually

TENANT = "t"


class Publisher:
    """Talks to one Redis."""

    def __init__(self, commands: Redis, watching: Redis) -> None:
        self.store = RedisVersions(commands, TENANT, watching=watching)
        self._commands: Any = commands
        self._read = "0-0"

    async def publish(self, content: Content, author: str = "kari") -> VersionId:
        id_ = await self._kept(content)
        who = Who(author, "", TENANT, "admin")
        await pointing.make(self.store, await self.store.pointer(), lambda seen: pointing.publish(seen, id_, who))
        return id_

    async def canary(self, content: Content, share: float) -> VersionId:
        id_ = await self._kept(content)
        who = Who("kari", "", TENANT, "admin")
        seen = await self.store.pointer()
        await pointing.make(self.store, seen, lambda pointer: pointing.start_canary(pointer, id_, share, who))
        return id_

    async def _kept(self, content: Content) -> VersionId:
        id_ = identify(listing(content))
        await self.store.keep(Version(id_, "kari", "", forced=True), content)
        return id_

    async def refused(self, id_: VersionId, within_s: float = 10.0) -> str:
        """Until a node says that it refuses the version; gives its reason."""
        reason = ""

        async def told() -> bool:
            nonlocal reason
            entries = await self._commands.xrange(f"svar:{{{TENANT}}}:events", min=f"({self._read}")
            for entry_id, fields in entries or ():
                self._read = str(entry_id)
                event = decode(orjson.loads(fields["e"]))
                if event.kind == "flows_refused" and getattr(event, "flow_version", "") == id_[:12]:
                    reason = str(getattr(event, "reason", ""))
            return bool(reason)

        await eventually(told, f"refusal of {id_[:12]}", within_s)
        return reason


@asynccontextmanager
async def publisher(url: str) -> AsyncIterator[Publisher]:
    commands, watching = command_client(url), blocking_client(url)
    try:
        yield Publisher(commands, watching)
    finally:
        await commands.aclose()
        await watching.aclose()


def redis_of(node: Installation) -> str:
    """The URL of the node's own Redis."""
    return (node.state / "redis" / "address").read_text()


async def serving(node: Installation, within_s: float = 5.0, **arms: VersionId) -> None:
    """Until the node says that it serves these versions by arm, and no others."""

    async def served() -> bool:
        found = {key for key in await node.metrics() if key.startswith("svar_flows_in_service{")}
        wanted = {f'svar_flows_in_service{{arm="{arm}",version="{id_[:12]}"}}' for arm, id_ in arms.items()}
        return found == wanted

    await eventually(served, f"{arms} in service", within_s, node.metrics)
