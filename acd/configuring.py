"""How queues, sites and agents become what is configured, a slice at a time, while contacts wait and talk."""

from collections.abc import Sequence

from acd.model import FROM_THE_FIRST, TIERS_CHANGED, AgentId, AgentSpec, AgentState, QueueId, QueueSpec, SiteSpec
from acd.pools import BY_SITE, pools_of, profile_of, queue_of, site_of
from acd.records import Agent, Profile, Queue
from acd.steps import Steps
from events.catalogue import DutyChanged

SITES_MOST = 500
"""Sites that are known, those among them that became part of others."""
DUTY_MOST = 8
"""Agents whose duty one command changes."""


class Configuring(Steps):
    """The parts of `configure`. One that is overtaken by a later one (`run`) leaves the rest to that."""

    def take_queues(self, run: str, queues: Sequence[QueueSpec], sites: Sequence[SiteSpec]) -> None:
        self.clock.run, self.clock.sliced = run, self.clock.now
        moved, stood = self._take_sites(sites), list(self.queues)
        for queue in list(self.queues.values()):
            queue.gone = True
            if self.is_over(queue):
                self._drop_queue(queue)
        for spec in queues:
            self._take_queue(queue_of(spec))
        for queue in [self.queues[name] for name in stood if moved and name in self.queues]:
            if any(tier.sites in BY_SITE or tier.site_lost for tier in queue.tiers):
                self._see_anew(queue, queue.rules + 1)

    def _take_sites(self, specs: Sequence[SiteSpec]) -> bool:
        """Whether callers of some site are another's now. Those that became part of others are known on."""
        former = self.configured.sites
        homes = {name: self.home(name) for name in former}
        self.configured.sites = {spec.site: site_of(spec) for spec in specs}
        for name in sorted(former):
            if name in self.configured.sites:
                self.configured.sites[name].lost = former[name].lost
            elif former[name].into and len(self.configured.sites) < SITES_MOST:
                self.configured.sites[name] = former[name]
        return bool(not former and specs) or any(self.home(name) != home for name, home in homes.items())

    def _see_anew(self, queue: Queue, rules: int) -> None:
        """Those who wait in it, some at a time."""
        queue.rules = rules
        queue.reopened = FROM_THE_FIRST
        self.timers.put(f"z:{queue.queue}", self.clock.now)

    def _drop_queue(self, queue: Queue) -> None:
        del self.queues[queue.queue]

    def _take_queue(self, queue: Queue) -> None:
        former = self.queues.get(queue.queue)
        self.queues[queue.queue] = queue
        if former is not None:
            queue.rules = former.rules
            if former.tiers != queue.tiers:
                self._see_anew(queue, (former.rules // TIERS_CHANGED + 1) * TIERS_CHANGED)

    def take_agent(self, name: str, profile: Profile) -> None:
        """The agent as configured, whatever it does now."""
        who = self.agents.get(name)
        if who is None:
            who = self.agents[name] = Agent(name, profile, {})
        if who.profile.gone:
            who.after = ""
        who.profile = profile
        self.join_pools(who)

    def join_pools(self, who: Agent) -> None:
        """Be in the pools that profile, queues, sites and duty make."""
        pools = pools_of(who.agent, who.profile, self.queues, self.configured.sites, self.configured.duty)
        if pools == who.pools:
            return
        before = {pool: off for some in who.pools.values() for pool, off in some.items()}
        after = {pool: off for some in pools.values() for pool, off in some.items()}
        went = [pool for pool in before if pool not in after]
        came = [pool for pool in after if pool not in before]
        self.count_in(went, who.state, AgentState.LOGGED_OUT)
        self.count_in(came, AgentState.LOGGED_OUT, who.state)
        who.pools = pools
        if who.state == AgentState.READY:
            for pool in went:
                self.rankings[f"idle:{pool}"].drop(who.agent)
            for pool, off in after.items():
                if before.get(pool) != off:
                    self.stand_idle(who, pool, off)

    def remove(self, who: Agent) -> None:
        """No longer configured: logged out at once, or after the contact at hand."""
        who.profile.gone = True
        if who.state in (AgentState.READY, AgentState.NOT_READY):
            self.deadlines.drop(f"r:{who.agent}")
            self.becomes(who, AgentState.LOGGED_OUT, "removed")
        elif who.state == AgentState.LOGGED_OUT:
            del self.agents[who.agent]
        else:
            who.after = "logged_out:removed"

    def specified(self, spec: AgentSpec) -> Profile:
        """What was put by whoever administers goes before the files."""
        return profile_of(self.configured.put.get(spec.agent, spec))

    def put_on_duty(self, queue: QueueId, agents: Sequence[AgentId]) -> int:
        """Gives how many are left."""
        former, new = self.configured.duty.get(queue, []), sorted(set(agents))
        all_came = [name for name in new if name not in former]
        all_went = [name for name in former if name not in new]
        came = all_came[:DUTY_MOST]
        went = all_went[: DUTY_MOST - len(came)]
        if not came and not went:
            return 0
        on_duty = [str(name) for name in new if name in former or name in came]
        on_duty += [name for name in all_went if name not in went]
        self.configured.duty[queue] = on_duty
        for name in [*came, *went]:
            if (who := self.agents.get(name)) is not None:
                self.join_pools(who)
        came_now, went_now = ",".join(came), ",".join(went)
        self.announce(DutyChanged, queue=queue, agents=len(on_duty), came=came_now, went=went_now)
        return len(all_came) + len(all_went) - len(came) - len(went)
