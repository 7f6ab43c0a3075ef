"""The ways out of a queue that a waiting caller takes without an agent: keys, and rules by wait, length or agents."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

import structlog

from acd.distributor import DistributorError
from acd.model import QueueId
from ivr.language.expression import Scalar
from ivr.running.announcing import Overflow, Waiting
from ivr.running.run import Run

_log = structlog.get_logger(__name__)

LOOKS_EVERY_S = 15.0
"""How often a rule with a condition is looked at, from its `after` on."""
KNOWN: dict[str, type] = {"position": int, "waiting": int, "wait": int, "agents": int}
"""What conditions of rules know besides the flow's variables."""


@dataclass(frozen=True, slots=True)
class Exit:
    """Where the caller goes on; `cause` is what the distributor is told."""

    next: str
    cause: str


def by_key(run: Run, target: str) -> Exit:
    """The way of a key: who goes straight to a callback or a mailbox has flowed out to it, the others by the key."""
    cause = run.flow.nodes[target].flows_out_as
    return Exit(target, "key" if cause == "overflow" else cause)


class Rules:
    """Watches the rules of one caller's stay. `left` gets the way of the first that holds."""

    def __init__(self, run: Run, queue: QueueId, waiting: Waiting, waited_s: float) -> None:
        self._run = run
        self._queue = queue
        self._rules = waiting.overflow
        loop = asyncio.get_running_loop()
        self._arrived = loop.time() - waited_s
        self.left: asyncio.Future[Exit] = loop.create_future()
        self._task = loop.create_task(self._watch()) if self._rules else None

    def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        ahead = [(rule.after_s, index) for index, rule in enumerate(self._rules)]
        while True:
            at_s, index = min(ahead)
            await asyncio.sleep(max(self._arrived + at_s - clock(), 0.0))
            rule = self._rules[index]
            if await self._holds(rule):
                self.left.set_result(Exit(rule.next, self._run.flow.nodes[rule.next].flows_out_as))
                return
            ahead[ahead.index((at_s, index))] = (max(at_s, clock() - self._arrived) + LOOKS_EVERY_S, index)

    async def _holds(self, rule: Overflow) -> bool:
        if rule.when is None:
            return True
        try:
            known = await self._known(rule.when.names())
            return bool(rule.when.evaluate(lambda name: known[name] if name in known else self._run.value(name)))
        except DistributorError:
            return False
        except Exception:  # noqa: BLE001 - a rule that fails must not cost the place
            _log.exception("a rule of a queue failed", contact=self._run.data.contact, queue=self._queue)
            return False

    async def _known(self, names: Collection[str]) -> dict[str, Scalar]:
        """Those of `KNOWN` among the names; what nobody wants to know is not asked."""
        services = self._run.services
        known: dict[str, Scalar] = {}
        if "agents" in names:
            known["agents"] = await services.logged_in.to(self._queue)
        if not {"position", "waiting", "wait"}.isdisjoint(names):
            # The caller may leave at any time, and a command that was begun is finished.
            asking = services.commands.own(services.distributor.place(self._run.data.contact))
            place = await asyncio.shield(asking)
            wait_s = place.estimated_wait_s or 0
            known |= {"position": place.position, "waiting": place.waiting, "wait": wait_s}
        return known
