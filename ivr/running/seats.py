"""Whose phone is whose in one talk, and who of them hears whom at its table."""

from collections.abc import Callable
from functools import partial

from ivr.ports.call import AgentLeg, Clip
from ivr.ports.talk import LegTold, Table
from ivr.running.colleagues import Colleagues
from ivr.running.talk_words import Who


class Seats:
    """`told` gets what each phone tells, from its place on; the agent's does from `begin` on."""

    __slots__ = ("_colleagues", "_legs", "_table", "_told", "together")

    def __init__(
        self, table: Table, colleagues: Colleagues, agent: AgentLeg, told: Callable[[AgentLeg, LegTold], None]
    ) -> None:
        self._table = table
        self._colleagues = colleagues
        self._legs: dict[Who, AgentLeg] = {Who.AGENT: agent}
        self._told = told
        self.together: tuple[Who, ...] = ()
        """Who was joined last."""

    def __contains__(self, who: Who) -> bool:
        return who in self._legs

    def who(self, leg: AgentLeg) -> Who | None:
        """Who has this phone; None: nobody any more."""
        return next((who for who, one in self._legs.items() if one is leg), None)

    def begin(self) -> None:
        self.take(Who.AGENT, self._legs[Who.AGENT])

    def take(self, who: Who, leg: AgentLeg) -> None:
        """It is theirs from now on."""
        self._legs[who] = leg
        self._table.follow(leg, partial(self._told, leg))

    def move(self, leg: AgentLeg, to: AgentLeg) -> Who | None:
        """Whoever had `leg` has the other phone from now on. None, and that is ended: nobody had it any more."""
        who = self.who(leg)
        if who is None:
            self._table.let_go(to)
            return None
        self.take(who, to)
        self._table.take(to)
        self._table.let_go(leg)
        return who

    def gone(self, leg: AgentLeg) -> Who | None:
        """It has hung up: who had it. An agent may be rung again, and is free once the talk goes on without them."""
        who = self.who(leg)
        if who is not None:
            del self._legs[who]
            if who is Who.THIRD:
                self._colleagues.free(leg.agent)
        return who

    def hang_up(self, who: Who) -> None:
        """End their call. Nothing for who is not there."""
        leg = self._legs.pop(who, None)
        if leg is not None:
            self._table.let_go(leg)
            if who is not Who.ASIDE:
                self._colleagues.free(leg.agent)

    def release(self, leg: AgentLeg) -> None:
        """End a call that fits nowhere."""
        who = self.who(leg)
        if who is not None:
            del self._legs[who]
        self._table.let_go(leg)

    def promote(self) -> AgentLeg:
        """The third is the agent now: their phone."""
        leg = self._legs[Who.AGENT] = self._legs.pop(Who.THIRD)
        return leg

    async def join(self, together: tuple[Who, ...], *, held: bool) -> None:
        """These hear each other. `held`: by the agent's phone itself. Raises TableError."""
        self.together = together
        legs = tuple(self._legs[who] for who in together if who is not Who.CALLER)
        aside = self._legs.get(Who.ASIDE)
        if Who.CALLER in together:
            await self._table.arrange(legs)
            if len(legs) > 1:
                self._colleagues.joins(self._legs[Who.THIRD].agent)
        elif aside is None or not legs:
            await self._table.arrange((), legs)
        else:
            # Two calls of one phone: who is not held on the first talks there, as in a conference that the phone makes.
            self._table.take(aside)
            with_caller = () if held else (self._legs[Who.AGENT],)
            await self._table.arrange(with_caller, (aside, self._legs[Who.THIRD]))

    async def say(self, clips: tuple[Clip, ...]) -> None:
        """To the agent alone, while there is one."""
        leg = self._legs.get(Who.AGENT)
        if leg is not None:
            await self._table.say(leg, clips)

    async def close(self) -> None:
        """See the port."""
        await self._table.close()
