"""Other agents who are rung in a talk: kept from getting callers meanwhile, and given free again."""

import asyncio
from collections.abc import Callable

import structlog

from acd.distributor import Distributor, DistributorError, Refused
from acd.model import AgentId, AgentState
from ivr.ports.phones import NotAnswered
from ivr.running.commands import Chain, Commands

_log = structlog.get_logger(__name__)

CONSULTED, JOINED, TRANSFERRED = "consult", "conference", "transferred"
"""The reasons that an agent is not ready for: rung by another, third of three, and leading what was another's talk."""
AT_MOST_S = 1900
"""After this the distributor gives them free by itself, whatever became of this node: a little longer than somebody is
rung and asked (`talk.RINGS_S`, `talk.CONSULTS_S`).
"""
STAYS_S = 120
"""The same for who stays in a talk, which has no end in time: it is said again every `AGAIN_S` while it lasts."""
AGAIN_S = 30.0
_PATIENCE_S = 5.0
_FREE_PATIENCE_S = 300.0


class Colleagues:
    """Those whom one talk has rung."""

    __slots__ = ("_chain", "_distributor", "_engaged", "_found", "_staying")

    def __init__(self, distributor: Distributor, commands: Commands) -> None:
        self._distributor = distributor
        self._chain = Chain(commands)
        self._engaged: set[str] = set()
        self._staying: dict[str, asyncio.Task[None]] = {}
        self._found: dict[str, Callable[[str], None]] = {}

    def __contains__(self, agent: str) -> bool:
        return agent in self._engaged or agent in self._found

    def found(self, agent: str, end: Callable[[str], None]) -> None:
        """A queue gave this one, who talks by an entry of its own; `end` takes the cause of its end."""
        self._found[agent] = end

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

    def joins(self, agent: str) -> None:
        """Talks with the caller too, where that is an agent whom this talk has rung."""
        self._stays(agent, JOINED)

    def leads(self, agent: str) -> bool:
        """Has the talk from now on. False: that is no agent whom this talk has rung."""
        return self._stays(agent, TRANSFERRED)

    def _stays(self, agent: str, reason: str) -> bool:
        if agent in self._found:
            return True
        if agent not in self._engaged:
            return False
        self._leave(agent)
        self._staying[agent] = asyncio.get_running_loop().create_task(self._keep(agent, reason))
        return True

    async def _keep(self, agent: str, reason: str) -> None:
        occupy = self._distributor.occupy
        while True:
            try:
                await self._chain.do(lambda: occupy(AgentId(agent), reason, STAYS_S), patience_s=_PATIENCE_S)
            except DistributorError as error:
                # What the agent said meanwhile counts; a store that is away is asked again.
                _log.info("an agent does not stay occupied", agent=agent, reason=reason, error=str(error))
            await asyncio.sleep(AGAIN_S)

    def _leave(self, agent: str) -> None:
        staying = self._staying.pop(agent, None)
        if staying is not None:
            staying.cancel()

    def free(self, agent: str) -> None:
        """Ready again, unless the agent has said something else meanwhile; who came from a queue wraps up. Waits for
        nothing.
        """
        end = self._found.pop(agent, None)
        if end is not None:
            end("agent_hung_up")
        if agent in self._engaged:
            self._engaged.discard(agent)
            self._leave(agent)
            self._chain.later(lambda: self._freed(agent), patience_s=_FREE_PATIENCE_S)

    def free_all(self) -> None:
        for agent in (*self._engaged, *self._found):
            self.free(agent)

    async def _freed(self, agent: str) -> None:
        for now in await self._distributor.agents():
            if (
                now.agent == agent
                and now.state is AgentState.NOT_READY
                and now.reason in (CONSULTED, JOINED, TRANSFERRED)
            ):
                await self._distributor.ready(AgentId(agent))
