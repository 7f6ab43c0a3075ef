"""Where agents' phones are, and what that says about the agents: a phone that registers logs its agent in."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import structlog

from acd.distributor import Distributor, DistributorError, Unavailable
from acd.locations import Location
from acd.model import AgentId, AgentState
from ivr.over_sip.agent_leg import Target
from ivr.over_sip.telephony import Spawn
from ivr.running.commands import repeated
from sip.aio.user_agent import UserAgent
from sip.config import Address
from sip.events import EVERY, Registered, RegistrarEvent
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from sip.registration import SavedBinding, nearest

_log = structlog.get_logger(__name__)

_PATIENCE_S = 120.0
_SLOT = "/"
"""In the names of partners' slots, which have no phone, and of no agent."""


class Kept(Protocol):
    """Where registrations outlive a restart (`acd.locations.Locations`). Every method raises Unavailable."""

    async def save(self, location: Location) -> None: ...

    async def remove(self, agent: str, uri: str, node: str = "") -> None: ...

    async def of(self, agent: str) -> list[Location]: ...

    async def all(self) -> list[Location]: ...


class Others(Protocol):
    """The other nodes of the installation (`svar.nodes_in_service`)."""

    @property
    def node(self) -> str:
        """Our own name."""

    @property
    def alone(self) -> bool:
        """Whether no other was there a moment ago."""

    async def at(self, node: str, agent: str) -> Target | None:
        """How that node is asked to ring the agent's phone; None where it does not live."""


class NobodyElse:
    """An installation of one node."""

    node = ""
    alone = True

    async def at(self, node: str, agent: str) -> Target | None:
        return None


ForgetAt = Callable[[str, str, Collection[str]], Awaitable[None]]
"""Tells a node that these contacts of an agent are registered no more."""


async def _nobody_else(node: str, agent: str, contacts: Collection[str]) -> None:
    """An installation of one node."""


@dataclass(frozen=True, slots=True)
class Inherited:
    """What became of a lost node's phones: known here now, or gone with their connections."""

    taken: int = 0
    gone: int = 0


@dataclass(slots=True)
class _Known:
    """`present`: agents whom we logged in; `silent`: the contacts of an agent's phones that do not answer; `waiting`:
    addresses and contacts that will be looked at.
    """

    present: set[AgentId] = field(default_factory=set)
    silent: dict[str, frozenset[str]] = field(default_factory=dict)
    waiting: set[tuple[str, str]] = field(default_factory=set)


class Registrations:
    """Follows the registrar. `fixed` are phones that never register; `locations` outlive a restart."""

    def __init__(
        self,
        user_agent: UserAgent,
        distributor: Distributor,
        agents: Collection[str],
        fixed: Mapping[str, Target],
        spawn: Spawn,
        now_ms: Callable[[], int],
        locations: Kept,
        others: Others | None = None,
    ) -> None:
        self._others = others or NobodyElse()
        self._user_agent = user_agent
        self._distributor = distributor
        self._agents = agents
        self._fixed = fixed
        self._spawn = spawn
        self._now_ms = now_ms
        self._locations = locations
        self._addresses: dict[str, set[str]] = {}
        self._known = _Known()
        self.forget_at: ForgetAt = _nobody_else
        self._locks: dict[str, asyncio.Lock] = {}

    def locate(self, agent: str) -> Target | None:
        """Where the agent's phone is now; of several the most wanted, then the latest registered."""
        if (fixed := self._fixed.get(agent)) is not None:
            return fixed
        return next(iter(self.phones(agent)), None)

    def phones(self, agent: str) -> list[Target]:
        """All that registered here, those that answer first, then the most wanted, then the latest registered."""
        found = [one for aor in self._addresses.get(agent, ()) for one in self._user_agent.locations(aor)]
        silent = self._known.silent.get(agent, frozenset())
        found.sort(key=lambda one: (str(one.contact) not in silent, one.q, one.expires_at), reverse=True)
        return [Target(one.contact, one.destination) for one in found]

    def silence(self, agent: str, contacts: Collection[str]) -> None:
        """These phones of the agent do not answer; the others do."""
        if contacts:
            self._known.silent[agent] = frozenset(contacts)
        else:
            self._known.silent.pop(agent, None)

    def here(self) -> Collection[str]:
        """The agents who have a phone that registered at this node."""
        return [agent for agent, addresses in self._addresses.items() if addresses and agent not in self._fixed]

    async def elsewhere(self, agent: str) -> bool:
        """Whether the agent's latest registration is at another node. Where the store cannot say, it is not."""
        try:
            kept = await self._locations.of(agent)
        except Unavailable:
            return False
        latest = max(kept, key=lambda one: one.expires_at_ms, default=None)
        return latest is not None and latest.node not in ("", self._others.node)

    async def find(self, agent: str) -> Target | None:
        """The same over all nodes. Where the store cannot say, it is one that registered here."""
        here = self.locate(agent)
        if agent in self._fixed or (here is not None and self._others.alone):
            return here
        try:
            kept = await self._locations.of(agent)
        except Unavailable:
            return here
        wanted = sorted(kept, key=lambda one: (float(one.detail.get("q", "1")), one.expires_at_ms), reverse=True)
        for one in wanted:
            if one.node in ("", self._others.node):
                return here
            if (target := await self._others.at(one.node, agent)) is not None:
                return target
            if (place := _place(one.detail)) is not None:
                return Target(SipUri.parse(one.uri), place)
        return here

    def heard(self, event: RegistrarEvent) -> None:
        """Take what the registrar reports."""
        agent = SipUri.parse(event.aor).user_text
        if agent not in self._agents:
            _log.warning("a phone registered for nobody we know", agent=agent)
            return
        if event.contact == EVERY:
            self._spawn(self._ended_everywhere(agent))
            return
        addresses = self._addresses.setdefault(agent, set())
        if isinstance(event, Registered):
            addresses.add(event.aor)
        elif not self._user_agent.locations(event.aor):
            addresses.discard(event.aor)
        if (event.aor, event.contact) not in self._known.waiting:
            self._known.waiting.add((event.aor, event.contact))
            self._spawn(self._changed(agent, event.aor, event.contact))

    async def _ended_everywhere(self, agent: str) -> None:
        """A phone wanted all that the agent has registered to end: also what is at other nodes."""
        try:
            async with self._locks.setdefault(agent, asyncio.Lock()):
                kept = await repeated(lambda: self._locations.of(agent), _PATIENCE_S)
                away = [one for one in kept if one.node not in ("", self._others.node)]
                for one in away:
                    await repeated(partial(self._locations.remove, agent, one.uri, one.node), _PATIENCE_S)
                await self._tell(AgentId(agent))
                for node in {one.node for one in away}:
                    gone = [one.uri for one in away if one.node == node]
                    await repeated(partial(self.forget_at, node, agent, gone), _PATIENCE_S)
        except DistributorError as error:
            _log.error("what is registered at other nodes could not be ended", agent=agent, error=str(error))

    def forget(self, agent: str, contacts: Collection[str]) -> None:
        """These were ended by a phone at another node."""
        self._user_agent.forget_bindings(agent, contacts)

    async def restore(self) -> None:
        """Know again the phones that were registered here before the restart. Raises Unavailable."""
        await self._take([one for one in await self._locations.all() if one.node in ("", self._others.node)])

    async def inherit(self, node: str) -> Inherited:
        """Take over the phones of a node that is dead: those that are reached by address are known here from now on.

        The others are gone; an agent who has no phone left is logged out. Raises Unavailable. May be repeated.
        """
        theirs = [one for one in await self._locations.all() if one.node == node]
        taken = await self._take(theirs)
        for one in taken:
            await self._locations.save(replace(one, node=self._others.node))
            self._known.present.add(AgentId(one.agent))
        for agent in {one.agent for one in theirs if one.agent in self._agents}:
            if not await self._locations.of(agent):
                await repeated(partial(self._distributor.log_out, AgentId(agent), "unreachable"), _PATIENCE_S)
        return Inherited(len(taken), len(theirs) - len(taken))

    async def _take(self, locations: list[Location]) -> list[Location]:
        """Know these phones. Gives those that can be reached; the others are removed."""
        known = [one for one in locations if one.agent in self._agents]
        found = [(one, place) for one in known if (place := _place(one.detail)) is not None]
        for one in known:
            if _place(one.detail) is None:
                # Its connection ended with the process that held it; the phone registers again by a new one.
                await self._locations.remove(one.agent, one.uri, one.node)
        saved = [self._saved(one, place) for one, place in found]
        for one, _ in found:
            self._addresses.setdefault(one.agent, set()).add(one.detail["aor"])
        self._user_agent.core.registrar.restore(saved, asyncio.get_running_loop().time())
        return [one for one, _ in found]

    def _saved(self, location: Location, place: Address) -> SavedBinding:
        detail = location.detail
        return SavedBinding(
            aor=detail["aor"],
            contact=location.uri,
            host=place.host,
            port=place.port,
            expires_in_s=(location.expires_at_ms - self._now_ms()) / 1000,
            q=float(detail["q"]),
            instance=detail["instance"],
            call_id=detail["call_id"],
            cseq=int(detail["cseq"]),
            path=detail.get("path", ""),
            transport=place.transport,
        )

    async def log_in_fixed(self) -> None:
        """Agents whose phones never register are there from the start."""
        for agent in self._fixed:
            await self._distributor.log_in(AgentId(agent))

    async def match_agents(self) -> None:
        """After a restart: who has no phone any more, at any node, is logged out, and who has one here is logged in.

        The crash may have come between a registration and its log-in, and no refresh would make up for it.
        """
        elsewhere = {one.agent for one in await self._locations.all() if one.agent in self._agents}
        for now in await self._distributor.agents():
            if _SLOT in now.agent:
                continue
            if self.locate(now.agent) is not None:
                self._known.present.add(now.agent)
                if now.state == AgentState.LOGGED_OUT:
                    await self._distributor.log_in(now.agent)
            elif now.state != AgentState.LOGGED_OUT and now.agent not in elsewhere:
                await self._distributor.log_out(now.agent, "unregistered")

    def staffed(self, came: Collection[str], went: Collection[str]) -> None:
        """The agents have changed: log in those who came and have a phone. Who went is logged out already."""
        self._known.present -= {AgentId(agent) for agent in went}
        for agent in came:
            if self.locate(agent) is not None:
                self._spawn(self._again(AgentId(agent)))

    def forgotten(self) -> None:
        """The store has lost everything: give it phones and agents again."""
        self._known.present.clear()
        for agent in self._fixed:
            self._spawn(self._again(AgentId(agent)))
        for agent in self._addresses:
            self._spawn(self._again(AgentId(agent)))

    async def _again(self, agent: AgentId) -> None:
        try:
            async with self._locks.setdefault(agent, asyncio.Lock()):
                for aor in tuple(self._addresses.get(agent, ())):
                    for one in self._user_agent.locations(aor):
                        await repeated(partial(self._keep, agent, aor, str(one.contact)), _PATIENCE_S)
                if self.locate(agent) is not None:
                    await self._tell(agent)
        except DistributorError as error:
            _log.error("an agent could not be logged in again", agent=agent, error=str(error))

    async def _changed(self, agent: str, aor: str, contact: str) -> None:
        try:
            # One after the other: what is kept must be what was so last.
            async with self._locks.setdefault(agent, asyncio.Lock()):
                self._known.waiting.discard((aor, contact))
                await repeated(lambda: self._keep(agent, aor, contact), _PATIENCE_S)
                await self._tell(AgentId(agent))
        except DistributorError as error:
            _log.error("an agent's registration did not reach the distributor", agent=agent, error=str(error))

    async def _keep(self, agent: str, aor: str, contact: str) -> None:
        uri = SipUri.parse(contact)
        bindings = [one for one in self._user_agent.locations(aor) if one.contact.matches(uri)]
        if not bindings:
            await self._locations.remove(agent, contact, self._others.node)
            return
        one = bindings[0]
        detail = {
            "aor": aor,
            "host": one.destination[0],
            "port": str(one.destination[1]),
            "transport": one.destination.transport,
            "path": ", ".join(map(str, one.path)),
            "q": str(one.q),
            "instance": one.instance,
            "call_id": one.call_id,
            "cseq": str(one.cseq),
        }
        left_s = one.expires_at - asyncio.get_running_loop().time()
        expires_at_ms = self._now_ms() + round(1000 * left_s)
        await self._locations.save(Location(agent, contact, expires_at_ms, detail, self._others.node))

    async def _tell(self, agent: AgentId) -> None:
        """Log in with the first phone, log out with the last: a refresh in between changes nothing."""
        present = self.locate(agent) is not None
        if present and agent not in self._known.present:
            await repeated(lambda: self._distributor.log_in(agent), _PATIENCE_S)
            self._known.present.add(agent)
        elif not present:
            self._known.present.discard(agent)
            kept = await repeated(lambda: self._locations.of(agent), _PATIENCE_S)
            if any(one.node != self._others.node for one in kept):
                return  # another phone, at another node
            await repeated(lambda: self._distributor.log_out(agent, "unregistered"), _PATIENCE_S)


def _place(detail: Mapping[str, str]) -> Address | None:
    """Where a phone is reached that registered with an earlier process: its address, or the proxy that it is behind."""
    if detail.get("transport", "UDP") == "UDP":
        return Address(detail["host"], int(detail["port"]))
    path = detail.get("path", "")
    return nearest(tuple(NameAddr.parse_list(path))) if path else None
