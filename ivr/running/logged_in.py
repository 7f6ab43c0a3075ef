"""How many agents are logged in to each queue, asked once for all callers whose rules want to know."""

import asyncio

from acd.distributor import Distributor
from acd.model import AgentState, QueueId
from ivr.running.commands import Commands

FRESH_S = 5.0
"""For how long an answer, or that there was none, serves everybody: to ask reads all agents and queues."""


class LoggedIn:
    """One for each engine."""

    __slots__ = ("_asked_at", "_asking", "_commands", "_distributor")

    def __init__(self, distributor: Distributor, commands: Commands) -> None:
        self._distributor = distributor
        self._commands = commands
        self._asking: asyncio.Task[dict[QueueId, int]] | None = None
        self._asked_at = 0.0

    async def to(self, queue: QueueId) -> int:
        """Those who may answer in `queue`, whatever they do now. Raises DistributorError."""
        now = asyncio.get_running_loop().time()
        if self._asking is None or now >= self._asked_at + FRESH_S:
            self._asking = self._commands.own(self._ask())
            self._asked_at = now
        return (await asyncio.shield(self._asking)).get(queue, 0)

    async def _ask(self) -> dict[QueueId, int]:
        return {
            numbers.queue: sum(count for state, count in numbers.agents.items() if state != AgentState.LOGGED_OUT)
            for numbers in await self._distributor.queues()
        }
