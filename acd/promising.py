"""Promises to ring back in Redis: the commands of `acd.promises.PromiseKeeper` for the distributor there."""

from abc import ABC, abstractmethod
from typing import Any

import orjson

from acd.channel import Channel
from acd.distributor import Refused
from acd.keys import Keys
from acd.model import OfferId, QueueId
from acd.promises import KeptPromise, NewPromise


class PromisesInRedis(ABC):
    """What `acd.store.RedisDistributor` has for them."""

    keys: Keys
    _channel: Channel

    @abstractmethod
    async def _do(self, name: str, *args: str | int) -> dict[str, Any]: ...

    async def promise(self, new: NewPromise) -> str:
        return str((await self._do("promise", promised(new)))["told"])

    async def callback(self, callback: str) -> KeptPromise:
        [text] = await self._channel.ask(("HGET", self.keys.named("callbacks"), callback))
        if text is None:
            raise Refused("NOCONTACT", f"there is no callback {callback}")
        kept = orjson.loads(text)
        return KeptPromise(callback, kept["first"], QueueId(kept["queue"]), kept["tries"], kept["pii_detail"])

    async def standing(self, identity: str) -> KeptPromise | None:
        [callback] = await self._channel.ask(("HGET", self.keys.named("callers"), identity))
        try:
            return None if callback is None else await self.callback(callback)
        except Refused:
            return None

    async def hold_callback(self, offer: OfferId, fence: int) -> None:
        await self._do("hold_callback", offer, fence)

    async def callback_tried(self, callback: str, cause: str) -> None:
        await self._do("callback_tried", callback, cause)

    async def cancel_callback(self, callback: str) -> bool:
        return bool((await self._do("cancel_callback", callback))["number"])


def promised(new: NewPromise) -> str:
    """The argument of `promise.lua`."""
    terms = new.terms
    record = {
        "callback": new.callback,
        "first": new.first,
        "queue": new.queue,
        "identities": new.identities,
        "pii_detail": new.pii_detail,
        "arrived": new.arrived_ms,
        "since": new.since_ms,
        "at": new.at_ms,
        "priority": new.priority_s * 1000,
        "tries": terms.tries,
        "again": terms.again_s * 1000,
        "expires": terms.expires_s * 1000,
        "dials": terms.dials_s * 1000,
        "most": terms.most,
    }
    return orjson.dumps(record).decode()
