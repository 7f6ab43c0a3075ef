"""queue: wait for an agent, and talk."""

from collections.abc import Iterable
from typing import ClassVar, Literal, Self

from pydantic import Field

from acd.model import QueueId
from events.catalogue import CrisisDeflected
from ivr.language.crises import Crisis, Deflection
from ivr.language.expression import Expression
from ivr.language.lengths import length_text
from ivr.language.prompting import Said
from ivr.language.schema import Condition, Length, Name, Shared, Target, Where, WholeSeconds
from ivr.language.ways import Act, Kind, Moment, Move, Reached, Types, Way
from ivr.nodes.closing import Closing
from ivr.nodes.hours import calendars_needed
from ivr.running.announcing import Waiting
from ivr.running.leaving import KNOWN, Exit
from ivr.running.queueing import ENTER_PATIENCE_S, Left, Wish
from ivr.running.regaining import CODE, wait_as_before
from ivr.running.run import Run

_STAY_WAIT_S = 4.0
"""For how long the key to wait all the same is awaited after what is told in a crisis."""


class Queue(Closing):
    """Waits in `queue` with music, hears the position, and talks to the agent who answers.

    `next` is where the caller goes when the agent has hung up (nowhere: goodbye); `overflow` after `max_wait`;
    `unavailable` when the queue is full, or cannot be reached (after it was tried again for a while). Who rang while
    `closes` was open and cannot be served before it closes, by the estimate (docs/estimates.md), is led to `closing`
    instead of waiting; who waits already, or has waited in this call, waits on until served. The block of
    `waiting` may lead out of the queue by keys and by rules of its own. In a crisis (crises/NAME.yaml) callers may have
    a head start here, or be told something instead of waiting.

    ```yaml
    family:
      type: queue
      queue: family
      waiting: standard
      max_wait: 1h
      overflow: call_again
      unavailable: call_again
      closes: office
      closing: ring_back
    ```
    """

    slots: ClassVar[frozenset[str]] = frozenset({"position", "waiting", "wait", "interval", CODE})

    type: Literal["queue"]
    queue: Name = Field(description="A `[[queue]]` of the deployment.")
    priority_s: WholeSeconds = Field(default=0, alias="priority", description="Head start before other callers.")
    waiting: Waiting = Field(default=Waiting(), description="A block under `waiting`, by name, or written out here.")
    max_wait_s: Length = Field(default=14_400.0, alias="max_wait", description="The longest wait.")
    next: Target | None = Field(default=None, description="When the agent has hung up; without it the call ends.")
    overflow: Target = Field(description="After `max_wait`, where no rule of the block came first.")
    unavailable: Target = Field(description="When the queue is full or cannot be reached.")

    site: Condition | None = Field(
        default=None, description="The caller's own site, as an expression; without it that of the node."
    )
    prefer: Condition | None = Field(default=None, description="An agent's name, as an expression: waited for first.")
    prefer_for_s: WholeSeconds = Field(default=30, alias="prefer_for", description="For how long.")

    def ways(self) -> tuple[Way, ...]:
        keys = [Way(("waiting", "keys", key), to, Kind.KEY, key) for key, to in self.waiting.keys.items()]
        rules = [
            Way(("waiting", "overflow", index, "next"), rule.next, Kind.OVERFLOW, rule.text())
            for index, rule in enumerate(self.waiting.overflow)
        ]
        return (
            Way(("next",), self.next, Kind.TALKED),
            *keys,
            *rules,
            Way(("overflow",), self.overflow, Kind.OVERFLOW, length_text(self.max_wait_s)),
            Way(("unavailable",), self.unavailable, Kind.UNAVAILABLE),
            *self.way_at_closing(),
        )

    def moves(self, moment: Moment) -> Iterable[Move]:
        for deflection in () if moment.prepared is None else moment.prepared.deflect:
            holds = (True,) if deflection.when is None else moment.holds(deflection.when)
            if deflection.queue != self.queue or True not in holds:
                continue
            yield from self._deflected(moment, deflection)
            if False not in holds:
                return
        yield from self._waits(moment, (), ())
        yield from self.moves_at_closing(moment, self.queue)

    def _deflected(self, moment: Moment, deflection: Deflection) -> Iterable[Move]:
        """What may come of it for a caller who is told something instead of waiting."""
        pressed: tuple[Act, ...] = ()
        if deflection.ends:
            waits_s = _STAY_WAIT_S if deflection.stay else 0.0
            yield Move(None, (deflection.say,), waits_s, reached=Reached.MESSAGE)
            if not deflection.stay:
                return
            pressed = (Act("press", deflection.stay),)
        yield from self._waits(moment, (deflection.say,), pressed)

    def _waits(self, moment: Moment, told: tuple[Said, ...], pressed: tuple[Act, ...]) -> Iterable[Move]:
        """What may come of it for a caller who was `told` something first, and `pressed` a key to wait all the same."""
        talked, *others, overflow, unavailable = (way for way in self.ways() if way.kind is not Kind.CLOSING)
        said = told if self.waiting.welcome is None else (*told, self.waiting.welcome)
        rules = self.waiting.overflow
        # Where a rule asks who is logged in, those who wait for something else wait for agents who miss the call.
        asked = any(rule.when is not None and "agents" in rule.when.names() for rule in rules)
        nobody = Act("misses" if asked else "nobody", self.queue)
        agent = (*pressed, Act("agent", self.queue), Act("agent_ends"))
        yield Move(talked, said, queued_s=self.max_wait_s, reached=Reached.PERSON, acts=agent)
        offered = said if self.waiting.say_keys is None else (*said, self.waiting.say_keys)
        for way in others:
            if way.kind is Kind.KEY:
                acts = (*pressed, nobody, Act("press", way.detail))
                yield Move(way, offered, queued_s=self.max_wait_s, acts=acts)
        rule_ways = [way for way in others if way.kind is not Kind.KEY]
        for index, queued_s in self._led_on(moment):
            way, rule = (overflow, None) if index is None else (rule_ways[index], rules[index])
            asks = rule is not None and rule.when is not None and "agents" in rule.when.names()
            alone = Act("nobody", self.queue) if asks else nobody
            yield Move(way, said, queued_s=queued_s, acts=(*pressed, alone))
        yield Move(unavailable, said, waits_s=ENTER_PATIENCE_S, acts=(*pressed, Act("full", self.queue)))

    def _led_on(self, moment: Moment) -> Iterable[tuple[int | None, float]]:
        """Which rules may lead a caller on, None for `max_wait`, and after which wait at the latest."""
        surest = (self.max_wait_s, len(self.waiting.overflow))
        may: list[tuple[float, int, bool]] = []
        for index, rule in enumerate(self.waiting.overflow):
            # What a condition asks of the queue may be anything.
            open_ = rule.when is not None and not KNOWN.keys().isdisjoint(rule.when.names())
            holds = (True, False) if open_ else (True,) if rule.when is None else moment.holds(rule.when)
            if holds == (True,):
                surest = min(surest, (rule.after_s, index))
            if True in holds:
                may.append((rule.after_s, index, False in holds))
        for after_s, index, perhaps in may:
            if (after_s, index) <= surest:
                yield index, self.max_wait_s if perhaps else after_s
        if surest[1] == len(self.waiting.overflow):
            yield None, self.max_wait_s

    def conditions(self) -> dict[Where, Expression]:
        always = {} if self.always_open_when is None else {("always_open_when",): self.always_open_when}
        rules: dict[Where, Expression] = {
            ("waiting", "overflow", index, "when"): rule.when
            for index, rule in enumerate(self.waiting.overflow)
            if rule.when is not None
        }
        return always | rules

    def expressions(self) -> dict[Where, Expression]:
        named = {("site",): self.site, ("prefer",): self.prefer}
        return {where: expression for where, expression in named.items() if expression is not None}

    def leaves(self) -> dict[Where, frozenset[str]]:
        return {where: frozenset(expression.names()) for where, expression in self.expressions().items()}

    def knows(self) -> Types:
        return KNOWN

    def needs(self) -> dict[Where, tuple[str, str]]:
        return {("queue",): ("queue", self.queue), **calendars_needed("closes", self.closes)}

    def _with_blocks(self, shared: Shared) -> Self:
        return self.model_copy(update={"waiting": self.waiting.bound(shared)}) if self.waiting.block else self

    async def run(self, run: Run) -> str | None:
        priority_s = self.priority_s
        crisis = run.crisis()
        if crisis is not None:
            waits_already = run.data.entry is not None and run.data.entry.queue == self.queue
            if not waits_already and not await self._stays(run, crisis):
                await run.call.hangup("flow_ended")
                return None
            priority_s = max(priority_s, crisis.head_start_s(self.queue, run.value))
        overflow = run.flow.nodes[self.overflow].flows_out_as
        wish = Wish(
            QueueId(self.queue),
            priority_s,
            self.max_wait_s,
            overflow,
            self.closes_ms(run),
            "" if self.site is None else str(self.site.evaluate(run.value)),
            "" if self.prefer is None else str(self.prefer.evaluate(run.value)),
            0 if self.prefer is None else self.prefer_for_s,
        )
        left = await wait_as_before(run, wish, self.waiting)
        run.progressed()
        if isinstance(left, Exit):
            return left.next
        if left is Left.TALKED:
            return self.next
        if left is Left.CLOSING:
            return self.closing
        return self.overflow if left is Left.WAITED_TOO_LONG else self.unavailable

    async def _stays(self, run: Run, crisis: Crisis) -> bool:
        """Tell the caller what is prepared instead of waiting; whether they wait all the same."""
        deflection = crisis.deflection(self.queue, run.value)
        if deflection is None:
            return True
        outcome = "ended" if deflection.ends else "told"
        try:
            key = await run.say(deflection.say.falling_back(run.flow.fallback), keys=deflection.stay)
            if deflection.stay and key is None:
                collected = await run.call.collect(most=1, terminator="", first_timeout_s=_STAY_WAIT_S)
                key = collected.pii_digits
            if deflection.stay and key == deflection.stay:
                run.progressed()
                outcome = "stayed"
        finally:
            self._tell(run, crisis.name, outcome)
        return outcome != "ended"

    def _tell(self, run: Run, crisis: str, outcome: str) -> None:
        services = run.services
        services.sink.emit(
            CrisisDeflected(
                at_ms=services.now_ms(),
                tenant=services.tenant,
                node=services.node,
                contact=run.data.contact,
                crisis=crisis,
                queue=self.queue,
                outcome=outcome,
            )
        )
