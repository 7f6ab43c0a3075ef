"""Reserves called in by a rule: one is asked at a time, over all nodes, and no state lasts longer than its bound.

Pure: `step` says what a look at a rule changes, `answered` what an answer does. Whoever makes the change first wins;
the others look again. A node that dies while it asks somebody is outlived by the bound of the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from acd.duty import Asked, By, CallIn, Came, Change, Standing
from events.catalogue import Event, ReserveAnswered, ReserveCalled, ReserveReleased

HELD_EVERY_MS = 5_000
"""That a rule goes on holding is written so often, and where reserves go soon after, ten times as often as they go."""
LATE_MS = 3_000
"""An answer is given up by others than the node that asks only this much later."""
NEXT_MS = 60_000
"""After somebody came the rule gets so long to stop holding before the next is called."""
AGAIN_MS = 900_000
"""Who did not come is asked again after so long, if the rule still holds."""
LONGEST_MS = 12 * 3_600_000
"""Nobody is on duty by one call for longer."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A reserve rule of a roster. `why` is its condition; `rings`: the phone is rung."""

    rule: str
    queue: str
    why: str
    agents: tuple[str, ...]
    answer_ms: int
    release_ms: int
    rings: bool = True

    @property
    def held_every_ms(self) -> int:
        return min(HELD_EVERY_MS, self.release_ms // 10)


@dataclass(frozen=True, slots=True)
class Seen:
    """A look at a rule: whether it holds, by which numbers, who of its agents may be called now, and who is away."""

    holds: bool
    now_ms: int
    callable_now: Sequence[str] = ()
    away: Sequence[str] = ()
    numbers: tuple[int, int, int] = (0, 0, -1)
    """Callers who wait, the longest wait in seconds, agents logged in (-1: not asked)."""


class _Tale:
    """One rule's call-in as it changes, and what that tells."""

    def __init__(self, call_in: CallIn, now_ms: int, by: By, sequence: int = 0) -> None:
        self.now = call_in
        self._sequence = sequence
        self.events: list[Event] = []
        self._now_ms = now_ms
        self._by = by

    def answer(self, answer: str, how: str) -> None:
        """Of the one who is being called."""
        one = self.now
        self.told(one.calling, answer, how, one.called_ms)
        if answer == "yes":
            self.came(one.calling)
        else:
            asked = (*self._asked_but(one.calling), Asked(one.calling, answer, self._now_ms))
            self.now = replace(one, asked=asked, calling="", node="", until_ms=0)

    def came(self, agent: str) -> None:
        one = self.now
        came = (*one.came, Came(agent, self._now_ms))
        self.now = replace(one, came=came, asked=self._asked_but(agent))
        if one.calling == agent:
            self.now = replace(self.now, calling="", node="", until_ms=0)

    def told(self, agent: str, answer: str, how: str, called_ms: int) -> None:
        self.events.append(
            ReserveAnswered(
                at_ms=self._now_ms, tenant=self._by.tenant, node=self._by.node, queue=self.now.queue,
                rule=self.now.rule, agent=agent, answer=answer, by=how, after_ms=max(0, self._now_ms - called_ms),
            )
        )  # fmt: skip

    def release(self, agent: str, cause: str) -> None:
        for one in self.now.came:
            if one.agent == agent:
                self.events.append(
                    ReserveReleased(
                        at_ms=self._now_ms, tenant=self._by.tenant, node=self._by.node, queue=self.now.queue,
                        rule=self.now.rule, agent=agent, cause=cause, served_ms=max(0, self._now_ms - one.since_ms),
                    )
                )  # fmt: skip
        self.now = replace(self.now, came=tuple(one for one in self.now.came if one.agent != agent))

    def call(self, rule: Rule, agent: str, numbers: tuple[int, int, int]) -> None:
        until_ms = self._now_ms + rule.answer_ms
        self.now = replace(
            self.now, calling=agent, call=self._sequence + 1, node=self._by.node, called_ms=self._now_ms,
            until_ms=until_ms,
        )  # fmt: skip
        waiting, wait_s, agents = numbers
        self.events.append(
            ReserveCalled(
                at_ms=self._now_ms, tenant=self._by.tenant, node=self._by.node, queue=rule.queue, rule=rule.rule,
                agent=agent, why=rule.why, waiting=waiting, wait_s=wait_s, agents=agents,
                by="phone" if rule.rings else "notice", until_ms=until_ms,
            )
        )  # fmt: skip

    def _asked_but(self, agent: str) -> tuple[Asked, ...]:
        return tuple(one for one in self.now.asked if one.agent != agent)


def step(standing: Standing, rule: Rule, seen: Seen, by: By) -> Change | None:
    """What a look at a rule changes, by the node that looked; None: nothing."""
    before = standing.call_in(rule.rule)
    if before is None and not (seen.holds and seen.callable_now):
        return None
    now_ms = seen.now_ms
    tale = _Tale(before or CallIn(rule.rule, rule.queue, now_ms), now_ms, by, standing.sequence)
    _give_up(tale, seen, by.node)
    if seen.holds:
        if now_ms >= tale.now.held_ms + rule.held_every_ms:
            tale.now = replace(tale.now, held_ms=now_ms)
        if (agent := _next(tale.now, seen)) is not None:
            tale.call(rule, agent, seen.numbers)
    # It may have held until just before it would have been written again.
    quiet = not seen.holds and now_ms >= tale.now.held_ms + rule.held_every_ms + rule.release_ms
    for came in tale.now.came if quiet else ():
        tale.release(came.agent, "quiet")
    return _changed(standing, before, tale, over=quiet)


def _give_up(tale: _Tale, seen: Seen, node: str) -> None:
    """What has lasted too long, and who is away."""
    one, now_ms = tale.now, seen.now_ms
    late_ms = 0 if one.node == node else LATE_MS
    if one.calling and one.calling in seen.away:
        tale.answer("unreachable", "")
    elif one.calling and now_ms >= one.until_ms + late_ms:
        tale.answer("no_answer", "")
    for came in one.came:
        if came.agent in seen.away:
            tale.release(came.agent, "away")
        elif now_ms >= came.since_ms + LONGEST_MS:
            tale.release(came.agent, "time_is_up")


def _next(one: CallIn, seen: Seen) -> str | None:
    """Whom to call now."""
    if one.calling or any(seen.now_ms < came.since_ms + NEXT_MS for came in one.came):
        return None
    resting = {asked.agent for asked in one.asked if seen.now_ms < asked.at_ms + AGAIN_MS}
    taken = resting | set(one.on_duty)
    return next((agent for agent in seen.callable_now if agent not in taken), None)


def _changed(standing: Standing, before: CallIn | None, tale: _Tale, *, over: bool = False) -> Change | None:
    after: CallIn | None = tale.now
    if over and not tale.now.calling and not tale.now.came:
        after = None
    if after == before:
        return None
    return Change(standing.with_call(tale.now.rule, after), tuple(tale.events))


def answered(standing: Standing, agent: str, answer: str, how: str, now_ms: int, by: By) -> Change | None:
    """The agent says yes or no to every call of now. A yes counts also for one that was given up, while its rule is at
    work. None: nobody has asked.
    """
    events: list[Event] = []
    to = standing
    for one in standing.calls:
        tale = _Tale(one, now_ms, by)
        if one.calling == agent:
            tale.answer(answer, how)
        elif answer == "yes" and (late := next((x for x in one.asked if x.agent == agent), None)) is not None:
            tale.told(agent, "yes", how, late.at_ms)
            tale.came(agent)
        else:
            continue
        events += tale.events
        to = to.with_call(one.rule, tale.now)
    return Change(to, tuple(events)) if events else None


def call_ended(standing: Standing, rule: str, call: int, answer: str, how: str, now_ms: int, by: By) -> Change | None:
    """What came of one call; None where it is not that one any more."""
    one = standing.call_in(rule)
    if one is None or not one.calling or one.call != call:
        return None
    tale = _Tale(one, now_ms, by)
    tale.answer(answer, how)
    return _changed(standing, one, tale)


def released(standing: Standing, agent: str, now_ms: int, by: By) -> Change | None:
    """Let an agent go from every duty by call-in, by command. None where there is none."""
    events: list[Event] = []
    to = standing
    for one in standing.calls:
        if agent in one.on_duty:
            tale = _Tale(one, now_ms, by)
            tale.release(agent, "command")
            tale.now = replace(tale.now, asked=(*tale.now.asked, Asked(agent, "no", now_ms)))
            events += tale.events
            to = to.with_call(one.rule, tale.now)
    return Change(to, tuple(events)) if events else None


def orphaned(standing: Standing, rules: Sequence[str], now_ms: int, by: By) -> Change | None:
    """End what rules that are in no roster any more have begun; None where there is nothing."""
    gone = [one for one in standing.calls if one.rule not in rules]
    if not gone:
        return None
    events: list[Event] = []
    to = standing
    for one in gone:
        tale = _Tale(one, now_ms, by)
        if one.calling:
            tale.answer("unreachable", "")
        for came in one.came:
            tale.release(came.agent, "roster_changed")
        events += tale.events
        to = to.with_call(one.rule, None)
    return Change(to, tuple(events))
