"""This node among the others of its installation: who lives, how each is asked to ring, and what a lost one leaves."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Protocol

import structlog

from acd.distributor import DistributorError, Unavailable
from acd.model import SiteId
from acd.nodes import NodeRecord, Nodes, Seen
from events.catalogue import NodeLost
from events.sink import Sink
from ivr.over_sip.line import Target
from ivr.over_sip.telephony import Identity
from rtp.engine import Srtp
from sip.aio.sockets import reachable
from sip.config import Address, CoreConfig
from sip.dialog import is_address
from sip.errors import SipError
from sip.nodes import Nodes as Proofs
from svar import trunks
from svar.config import Config
from svar.registrations import Inherited

_log = structlog.get_logger(__name__)

LOOK_S = 0.25
AGAIN_S = 10.0
"""How often the distributor is told of sites again: it may have learnt of one since."""


_SRTP = [one.value for one in Srtp]


class Sites(Protocol):
    """What the distributor is told of sites. Both: nothing when it is so already."""

    async def site_lost(self, site: SiteId, cause: str) -> None: ...

    async def site_back(self, site: SiteId) -> None: ...


class NodesInService:
    """`sites` hears of lost ones. `inherit` takes a lost node's phones over; `lost` are told its name first."""

    def __init__(self, nodes: Nodes, identity: Identity, sites: Sites | None, sink: Sink) -> None:
        self.node = identity.node
        self.proofs: Proofs
        self.inherit: Callable[[str], Awaitable[Inherited]] | None = None
        self.cut_off: Callable[[], bool] = lambda: False
        self.lost: list[Callable[[str], None]] = []
        self._nodes = nodes
        self._identity = identity
        self._sites = sites
        self._sink = sink
        self._record: NodeRecord | None = None
        self._living: dict[str, NodeRecord] = {}
        self._up: dict[str, tuple[bool, float]] = {}

    @property
    def alone(self) -> bool:
        """Whether no other was there a moment ago."""
        return not self._living

    def speaks_for(self, node: str) -> bool:
        """Whether it is ours to tell the world what is of that node: of ourselves, and of the lost as the first one."""
        return node == self.node or (node not in self._living and self.node == min([self.node, *self._living]))

    async def at(self, node: str, agent: str) -> Target | None:
        """How that node is asked to ring the agent's phone; None where it does not live. Looks again for a new one."""
        if node not in self._living:
            try:
                self._take(await self._nodes.look())
            except Unavailable:
                return None
        found = self._living.get(node)
        if found is None:
            return None
        target = trunks.target(found.address)
        return replace(target, uri=replace(target.uri, user=agent), node=node)

    async def prepare(self, core: CoreConfig) -> CoreConfig:
        """Before the node listens: `core` with what calls between nodes are known by. Raises Unavailable."""
        wall_offset_s = time.time() - time.monotonic()
        self.proofs = Proofs(self.node, await self._nodes.secret(), wall_offset_s)
        self._take(await self._nodes.look())
        return replace(core, digest=replace(core.digest, nodes=self.proofs) if core.digest is not None else None)

    async def join(self, record: NodeRecord) -> None:
        """Others may send us their calls from now on, once they have looked. Raises Unavailable."""
        self._record = record
        await self._nodes.announce(record)
        if not self.alone:
            await asyncio.sleep(2 * LOOK_S)

    async def run(self) -> None:
        """Look until cancelled. While Redis is away all is as it was."""
        while True:
            try:
                await self.look()
            except DistributorError as error:
                _log.warning("nobody can say which nodes live", error=str(error))
            except Exception:  # noqa: BLE001 - whatever it was, calls between nodes go on
                _log.exception("the nodes could not be looked at")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Take in how it stands, and do what falls to us."""
        seen = await self._nodes.look()
        record = self._record
        if record is not None and record.cut_off != self.cut_off():
            self._record = record = replace(record, cut_off=self.cut_off())
            await self._nodes.announce(record)
        elif record is not None and self.node not in seen.living and self.node not in seen.dead:
            await self._nodes.restore(record, self.proofs.secret)
            self._up.clear()
        self._take(seen)
        if self.node == min(seen.living, default=""):
            for lost in seen.dead.values():
                await self._undertake(lost)
            await self._tell_sites(seen)
        else:
            self._up.clear()  # who takes this on later tells all of it

    def _take(self, seen: Seen) -> None:
        before, now = self._living, {name: one for name, one in seen.living.items() if name != self.node}
        self._living = now
        for name, one in before.items():
            if name not in now or now[name].since_ms != one.since_ms:
                _log.warning("a node is gone", lost=name, site=one.site)
                for told in self.lost:
                    told(name)
        self.proofs.others({name: one.hosts for name, one in now.items()})

    async def _undertake(self, lost: NodeRecord) -> None:
        """Each step may be repeated, by us or by whoever does it when we are lost too."""
        inherited = await self.inherit(lost.node) if self.inherit is not None else Inherited()
        if await self._nodes.bury(lost) and not lost.stopped:
            who = self._identity
            self._sink.emit(
                NodeLost(
                    at_ms=who.now_ms(),
                    tenant=who.tenant,
                    node=who.node,
                    lost=lost.node,
                    site=lost.site,
                    phones_taken=inherited.taken,
                    phones_gone=inherited.gone,
                )
            )

    async def _tell_sites(self, seen: Seen) -> None:
        if self._sites is None:
            return
        serving = {one.site for one in seen.living.values() if not one.cut_off}
        living = {one.site for one in seen.living.values()}
        for site in living | {one.site for one in seen.dead.values()} | set(self._up):
            up, now = site in serving, asyncio.get_running_loop().time()
            told, at = self._up.get(site, (None, 0.0))
            if told is not up or now - at > AGAIN_S:
                if up:
                    await self._sites.site_back(SiteId(site))
                else:
                    await self._sites.site_lost(SiteId(site), "trunk" if site in living else "node")
                self._up[site] = (up, now)

    # --- what is shown ---

    async def check(self) -> str:
        """A check for `metrics.health`."""
        own = [self._record] if self._record is not None else []
        all_ = sorted([*own, *self._living.values()], key=lambda one: one.node)
        told = ", ".join(f"{one.node} ({one.site}{', cut off' if one.cut_off else ''})" for one in all_)
        return f"{len(all_)}: {told}"

    def serving(self) -> dict[str, int]:
        """How many nodes live at each site and are not cut off; 0 where all of them are. This one is included."""
        own = [self._record] if self._record is not None else []
        counts: dict[str, int] = {}
        for one in (*own, *self._living.values()):
            counts[one.site] = counts.get(one.site, 0) + (not one.cut_off)
        return counts

    def figures(self) -> dict[str, int]:
        """How many nodes and sites there are, this one included."""
        own = {self._record.site} if self._record is not None else set()
        return {"living": 1 + len(self._living), "sites": len(own | {one.site for one in self._living.values()})}


def record(config: Config, identity: Identity, addresses: list[Address], release: str) -> NodeRecord:
    """What this node says of itself; `addresses`: where SIP is listened to."""
    reached = [one for bound in addresses for one in reachable(bound)]
    address = config.nodes.address or _uri(reached[0])
    hosts = {one.host for one in reached} | {trunks.target(address).uri.host} | set(config.nodes.hosts)
    site = config.node.site
    return NodeRecord(identity.node, site, address, tuple(sorted(hosts)), release, identity.now_ms())


def _uri(address: Address) -> str:
    host = f"[{address.host}]" if ":" in address.host else address.host
    by = "" if address.transport == "UDP" else f";transport={address.transport.lower()}"
    return f"sip:{host}:{address.port}{by}"


def mistakes(config: Config) -> Iterator[str]:
    """What is wrong with how other nodes are to reach this one."""
    nodes = config.nodes
    if nodes.srtp not in _SRTP:
        yield f"[nodes] srtp = {nodes.srtp!r}: expected refused, preferred or required"
    for host in nodes.hosts:
        if not is_address(host):
            yield f"[nodes] hosts: {host!r}: expected an IP address such as 192.0.2.7"
    if nodes.address:
        try:
            target = trunks.target(nodes.address)
        except SipError as error:
            yield f"[nodes] address: {error}; expected one such as sip:192.0.2.7:5060"
        else:
            if target.destination is None or not is_address(target.uri.host):
                yield f"[nodes] address = {nodes.address!r}: expected an IP address in it, such as sip:192.0.2.7:5060"
