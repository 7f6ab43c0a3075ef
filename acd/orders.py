"""Live commands to the node that holds a contact or a phone: through its own stream, done once, with an answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
import structlog
from redis.asyncio import Redis

from acd.commands import CONSTANTS
from acd.connection import available
from acd.distributor import DistributorError, Unavailable
from acd.keys import Keys

_log = structlog.get_logger(__name__)

FIELD = "o"
"""Of the node's stream; offers and lost leases stand in another."""
KEPT_S = 600
"""How long an outcome can be asked for."""
REMEMBERED = 4096
UNDER_WAY = 256
"""Orders that a node carries out at once; more are refused."""
_PAUSES_S = (0.02, 0.05, 0.1, 0.2)


@dataclass(frozen=True, slots=True)
class Order:
    """What `author` wants done until `deadline_ms` (epoch). `order` is its id: repeated, it gives the first answer."""

    order: str
    author: str
    kind: str
    deadline_ms: int
    arguments: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`outcome`: done (`detail`: what was asked for), refused (`detail` says why), late, failed, or unknown (nobody has
    it, or has answered).
    """

    outcome: str
    detail: str = ""


class OrderRefused(Exception):
    """It cannot be done; the message says why, to whoever gave the order."""


class NotHere(Exception):
    """What it is about is not at this node: another may have it, and answers."""


Act = Callable[[Mapping[str, str]], Awaitable[str | None]]
"""Carries out one kind of order; it may give the outcome's detail. Raises OrderRefused, NotHere."""


class Orders:
    """The sender's side, in any process. Every method raises Unavailable."""

    def __init__(self, client: Redis, tenant: str) -> None:
        self._client: Any = client
        self._keys = Keys(tenant)

    async def owner(self, contact: str) -> str:
        """The node that holds a contact which is in a queue or talks to an agent; empty where that is not known."""
        async with available():
            text = await self._client.hget(self._keys.named("entries"), contact)
        return str(orjson.loads(text).get("node", "")) if text else ""

    async def send(self, order: Order, *nodes: str) -> None:
        """To one node, or to all that may have what it is about: one carries it out."""
        text = orjson.dumps(asdict(order))
        most = CONSTANTS["NODE_MESSAGES_MOST"]
        async with available():
            for node in nodes:
                key = self._keys.named(f"node:{node}")
                await self._client.xadd(key, {FIELD: text}, maxlen=most, approximate=True)

    async def outcome(self, order: str, within_s: float) -> Outcome:
        """What came of it; unknown where nobody has said so in time."""
        end, tries = asyncio.get_running_loop().time() + within_s, 0
        while True:
            async with available():
                text = await self._client.get(self._keys.named(f"order:{order}"))
            if text:
                return Outcome(**orjson.loads(text))
            pause_s = _PAUSES_S[min(tries, len(_PAUSES_S) - 1)]
            tries += 1
            if asyncio.get_running_loop().time() + pause_s > end:
                return Outcome("unknown", "no node has it, or none has answered in time")
            await asyncio.sleep(pause_s)

    async def answer(self, order: str, outcome: Outcome) -> None:
        """For the node that carried it out."""
        async with available():
            await self._client.set(self._keys.named(f"order:{order}"), orjson.dumps(asdict(outcome)), ex=KEPT_S)


class OrdersHere:
    """The receiver's side: `kinds` says what can be ordered of this node. `told` hears of every outcome once."""

    def __init__(self, orders: Orders, now_ms: Callable[[], int], told: Callable[[Order, Outcome], None]) -> None:
        self.kinds: dict[str, Act] = {}
        self._orders = orders
        self._now_ms = now_ms
        self._told = told
        self._outcomes: dict[str, Outcome | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, text: str) -> None:
        """Take an order from the node's stream. Raises ValueError, KeyError or TypeError for what is none."""
        order = Order(**orjson.loads(text))
        task = asyncio.get_running_loop().create_task(self.carry_out(order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def carry_out(self, order: Order) -> None:
        """Once; repeated, its first answer is given again."""
        if order.order in self._outcomes:
            first = self._outcomes[order.order]
            if first is not None:
                await self._answer(order, first)
            return
        self._outcomes[order.order] = None
        if len(self._outcomes) > REMEMBERED:
            del self._outcomes[next(iter(self._outcomes))]
        try:
            outcome = await self._done(order)
        except NotHere:
            self._outcomes.pop(order.order, None)
            return
        self._outcomes[order.order] = outcome
        self._told(order, outcome)
        await self._answer(order, outcome)

    async def _done(self, order: Order) -> Outcome:
        left_s = (order.deadline_ms - self._now_ms()) / 1000
        act = self.kinds.get(order.kind)
        if act is None:
            return Outcome("refused", f"there is no order {order.kind!r}")
        if left_s <= 0:
            return Outcome("late", f"{-left_s:.1f} s after its deadline")
        if len(self._tasks) > UNDER_WAY:
            return Outcome("refused", f"{UNDER_WAY} orders are under way")
        try:
            async with asyncio.timeout(left_s):
                return Outcome("done", await act(order.arguments) or "")
        except OrderRefused as refused:
            return Outcome("refused", str(refused))
        except KeyError as missing:
            return Outcome("refused", f"the order lacks {missing}")
        except DistributorError as error:
            return Outcome("refused", str(error))
        except TimeoutError:
            return Outcome("late", "it was not done by its deadline")
        except NotHere:
            raise
        except Exception:  # noqa: BLE001 - whatever it was, it is this order's alone
            _log.exception("an order failed", order=order.order, order_kind=order.kind)
            return Outcome("failed", "see the node's log")

    async def _answer(self, order: Order, outcome: Outcome) -> None:
        try:
            await self._orders.answer(order.order, outcome)
        except Unavailable as error:
            _log.warning("what came of an order could not be told", order=order.order, error=str(error))
