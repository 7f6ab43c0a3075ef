"""Other agents who are rung in a talk: kept from getting callers meanwhile, and given free again."""

import structlog

from acd.distributor import Distributor, DistributorError, Refused
from acd.model import AgentId, AgentState
from ivr.ports.phones import NotAnswered
from ivr.running.commands import Chain, Commands

_log = structlog.get_logger(__name__)

CONSULTED = "consult"
"""The reason that an agent is not ready for who was rung by another."""
AT_MOST_S = 3600
"""After this the distributor gives them free by itself, whatever became of this node."""
_PATIENCE_S = 5.0
_FREE_PATIENCE_S = 300.0


class Colleagues:
    """Those whom one talk has rung."""

    __slots__ = ("_chain", "_distributor", "_engaged")

    def __init__(self, distributor: Distributor, commands: Commands) -> None:
        self._distributor = distributor
        self._chain = Chain(commands)
        self._engaged: set[str] = set()

    async def engage(self, agent: str) -> None:
        """Keep the agent from other callers. Raises NotAnswered: not ready, or nobody knows."""
        self._engaged.add(agent)
        occupy = self._distributor.occupy
        try:
            await self._chain.do(lambda: occupy(AgentId(agent), CONSULTED, AT_MOST_S), patience_s=_PATIENCE_S)
        except Refused as refused:
            self._engaged.discard(agent)
            raise NotAnswered("busy" if refused.code == "BADSTATE" else "unreachable") from refused
        except DistributorError as error:
            raise NotAnswered("unreachable") from error

    def has(self, agent: str) -> bool:
        """Whether that is an agent whom this talk has rung."""
        return agent in self._engaged

    def free(self, agent: str) -> None:
        """Ready again, unless the agent has said something else meanwhile. Waits for nothing."""
        if agent in self._engaged:
            self._engaged.discard(agent)
            self._chain.later(lambda: self._freed(agent), patience_s=_FREE_PATIENCE_S)

    def free_all(self) -> None:
        for agent in tuple(self._engaged):
            self.free(agent)

    async def _freed(self, agent: str) -> None:
        for now in await self._distributor.agents():
            if now.agent == agent and now.state is AgentState.NOT_READY and now.reason == CONSULTED:
                await self._distributor.ready(AgentId(agent))
