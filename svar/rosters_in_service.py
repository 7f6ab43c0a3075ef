"""Who is on duty now, by the rosters of the flows in service: told to the distributor by every node alike."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import structlog

from acd.distributor import DistributorError, Refused
from acd.duty import By, Change, DutyStore, Standing, make, swept
from acd.model import AgentId, QueueId
from events.catalogue import Scalar
from ivr.language.roster import Roster
from ivr.over_sip.telephony import Identity
from svar.lasting_work import lasting

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""Time and rosters are looked at so often, and the store though it tells of nothing."""
RETRY_S = 0.5
AGAIN_S = 15.0
"""It is looked at so often whether the distributor still has what it was told: it may have come back without it."""
_MINUTE_MS = 60_000

Rosters = Callable[[], Mapping[str, Roster]]


class OnDuty(Protocol):
    """The part of the distributor that rosters drive."""

    async def on_duty(self, queue: QueueId, agents: Sequence[AgentId]) -> None: ...


class RostersInService:
    """`start` once; then `run` follows time, rosters and the store until it is cancelled.

    Each node tells only what has changed for it, so that one whose clock or flows are behind undoes nothing: the last
    to see a change is the one that counts.
    """

    def __init__(
        self,
        store: DutyStore,
        distributor: OnDuty,
        rosters: Rosters,
        identity: Identity,
        *,
        again_s: float = AGAIN_S,
    ) -> None:
        self.store = store
        self.standing = Standing()
        self.rosters = rosters
        self.identity = identity
        self._distributor = distributor
        self._again_s = again_s
        self._told: dict[str, tuple[frozenset[str], float]] = {}
        self._computed: tuple[object, dict[str, frozenset[str]]] | None = None

    @property
    def by(self) -> By:
        """This node, for what it changes of its own accord."""
        return By("svar", self.identity.tenant, self.identity.node)

    # --- Who is on duty ---------------------------------------------------------------------------------------------

    def duty(self) -> dict[str, frozenset[str]]:
        """Who is on duty now, by queue that has a roster: shifts, those who stand in, and reserves who came."""
        now_ms, rosters, standing = self.identity.now_ms(), self.rosters(), self.standing
        away = standing.absent(now_ms)
        key = (now_ms // _MINUTE_MS, rosters, standing, away)
        if self._computed is None or self._computed[0] != key:
            self._computed = (key, duty_of(rosters.values(), standing, now_ms))
        return self._computed[1]

    def away(self, roster: Roster) -> set[str]:
        """Who is away now, by the roster's file or by command."""
        now_ms = self.identity.now_ms()
        return roster.absent(now_ms).keys() | self.standing.absent(now_ms).keys()

    def forgotten(self) -> None:
        """The store has lost everything: tell the distributor again."""
        self._told.clear()

    # --- Following --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin with what the store says; where it is away, with the files alone."""
        try:
            await self.look()
        except DistributorError as error:
            log.warning("who is away and was called in cannot be read", error=str(error))

    async def run(self) -> None:
        """Until it is cancelled. Outlives the store's absence."""
        away = "who is on duty cannot be told; what was told last stands"
        await lasting(self._follow, 0, log, away, retry_s=RETRY_S)

    async def _follow(self) -> None:
        await self.look()
        await self.store.changed(self.standing.sequence, self._until_next_s())

    async def look(self) -> None:
        """Follow the store, and tell the distributor what has changed. Raises DistributorError."""
        known = self.standing
        seen = await self.store.standing()
        if seen.sequence < known.sequence:
            log.error("the store has forgotten who is away and was called in; it is told again")
            self._told.clear()
            seen = await self.store.change(seen.sequence, Change(known)) or await self.store.standing()
        if swept(seen, self.identity.now_ms(), self.by) is not None:
            seen = await make(self.store, lambda now: swept(now, self.identity.now_ms(), self.by))
        self.standing = seen
        await self._tell()

    async def _tell(self) -> None:
        clock = asyncio.get_running_loop().time
        duty = self.duty()
        nobody: dict[str, frozenset[str]] = {queue: frozenset() for queue in self._told if queue not in duty}
        for queue, agents in (duty | nobody).items():
            known, at_s = self._told.get(queue, (None, 0.0))
            if agents == known and clock() < at_s + self._again_s:
                continue
            if agents == known and await self.store.duty_told(queue) is not None:
                self._told[queue] = (agents, clock())
                continue
            try:
                await self._distributor.on_duty(QueueId(queue), [AgentId(agent) for agent in sorted(agents)])
            except Refused as refusal:
                if agents != known:
                    log.warning("a roster has no effect", queue=queue, error=str(refusal))
            if agents != known:
                came, went = agents - (known or frozenset()), (known or frozenset()) - agents
                log.info("on duty", queue=queue, agents=len(agents), came=sorted(came), went=sorted(went))
            if queue in duty:
                self._told[queue] = (agents, clock())
            else:
                del self._told[queue]

    def _until_next_s(self) -> float:
        """To the next look: as soon as a minute begins, or an absence ends."""
        now_ms = self.identity.now_ms()
        ends = [one.until_ms - now_ms for one in self.standing.away if one.until_ms > now_ms]
        return min([LOOK_S * 1000, _MINUTE_MS - now_ms % _MINUTE_MS, *ends]) / 1000

    # --- What is seen -----------------------------------------------------------------------------------------------

    def topics(self) -> dict[str, dict[str, Scalar | None]]:
        """The retained states `duty/QUEUE`: who is on duty by names, separated by commas."""
        return {
            f"duty/{queue.replace('/', '_')}": {
                "queue": queue,
                "agents": len(agents),
                "on_duty": ",".join(sorted(agents)),
            }
            for queue, agents in self.duty().items()
        }

    def figures(self) -> dict[tuple[str, ...], int]:
        """How many are on duty, by queue."""
        return {(queue,): len(agents) for queue, agents in self.duty().items()}

    def away_figures(self) -> dict[tuple[str, ...], int]:
        """How many are away by command."""
        return {(): len(self.standing.absent(self.identity.now_ms()))}


def duty_of(rosters: Iterable[Roster], standing: Standing, now_ms: int) -> dict[str, frozenset[str]]:
    """Who is on duty at a moment, by queue."""
    away = standing.absent(now_ms)
    found: dict[str, frozenset[str]] = {}
    absent: dict[str, set[str]] = {}
    for roster in rosters:
        found[roster.queue] = found.get(roster.queue, frozenset()) | roster.on_duty(now_ms, away)
        absent.setdefault(roster.queue, set()).update(roster.absent(now_ms), away)
    for one in standing.calls:
        if one.queue in found:
            found[one.queue] |= set(one.on_duty) - absent[one.queue]
    return found
