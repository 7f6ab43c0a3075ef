"""How long a caller will wait: the public method (docs/estimates.md), pure and in whole milliseconds.

`scripts/_estimates.lua` is the same function by function. Every division rounds down, and every number stays so small
that a double holds it exactly. None where Python has it is -1 there.
"""

from dataclasses import dataclass

LONGEST_MS = 14_400_000
"""No single time counts for more than four hours."""
MOST_PATIENCE_MS = 10 * LONGEST_MS
MOST_AGENTS = 10_000
EFFORTS, HANDLINGS, CHECKS = 16, 32, 50
"""Over how many the means go: the last of them in full, the older ones less and less."""
FEWEST = 3
"""Fewer say nothing."""
RECENT_MS = 3_600_000
"""An effort that was seen longer ago gives way to the handling time."""
LEAST_EFFORT = 750
"""Thousandths of the handling time: a caller costs no less, however fast those who just logged in take the first."""
GAVE_UP = 1_000
"""One caller who gave up, in the sum that fades."""
FADES = 64
BLOCKS = 32
SPREAD = (
    (1, 104, 2423),
    (2, 259, 2079),
    (3, 355, 1918),
    (4, 417, 1821),
    (5, 462, 1757),
    (6, 496, 1708),
    (8, 543, 1644),
    (10, 576, 1602),
    (12, 599, 1571),
    (16, 630, 1529),
    (24, 666, 1484),
    (32, 686, 1460),
    (64, 718, 1420),
    (128, 735, 1399),
)
"""From which position on, between how many thousandths of the estimate eight waits of ten lie."""
STEPS_S = (0, 120, 300, 600, 900, 1200, 1800, 2700, 3600)
"""The ends of the intervals that people are told."""
WHOLE = 1_000_000
BOUND, TRUSTED_AGAIN = 600_000, 700_000
"""Below the first share of hits the estimate falls silent, from the second on it speaks again (of a million)."""
CHECKED = 20
"""So many have to have been checked before it may fall silent."""
NEAR_MS = 600_000
"""When nothing is known and nobody works, who comes so near to closing time is not admitted."""


@dataclass(slots=True)
class Pace:
    """How fast callers are taken. `effort`: the agents' time a caller costs, agents at work times the time between
    two takes; `taken`: when one was taken last; `seen`: when an effort was."""

    taken: int = 0
    effort: int = 0
    efforts: int = 0
    seen: int = 0


@dataclass(slots=True)
class Habits:
    """Of one queue. `talk` and `wrap_up` are means; `waited` and `gave_up` are sums that fade."""

    talk: int = 0
    talks: int = 0
    wrap_up: int = 0
    wrap_ups: int = 0
    waited: int = 0
    gave_up: int = 0


@dataclass(slots=True)
class Trust:
    """How good the estimates of a queue were: `hits` of a million, `bias` (wait less estimate) in milliseconds."""

    hits: int = 0
    bias: int = 0
    checked: int = 0
    silent: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """`expected` and the interval in which eight waits of ten lie, in milliseconds."""

    expected: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller may be told, in milliseconds: between the two; without a `high`, over `low`."""

    low: int
    high: int | None


def averaged(mean: int, count: int, sample: int, most: int) -> int:
    """The mean of `count` with one more, over the last `most`."""
    n = min(count + 1, most)
    return ((n - 1) * mean + sample) // n


# --- What is seen ----------------------------------------------------------------------------------------------------


def take(pace: Pace, now: int, arrived: int, agents: int) -> None:
    """A caller who arrived then was taken, with so many agents at work. It counts if they waited since the last one."""
    passed = max(min(now - pace.taken, LONGEST_MS), 0)
    if pace.taken > 0 and arrived <= pace.taken and agents > 0:
        pace.effort = averaged(pace.effort, pace.efforts, passed * min(agents, MOST_AGENTS), EFFORTS)
        pace.efforts = min(pace.efforts + 1, EFFORTS)
        pace.seen = now
    pace.taken = now


def talk_over(habits: Habits, lasted: int) -> None:
    """A talk is over."""
    habits.talk = averaged(habits.talk, habits.talks, min(lasted, LONGEST_MS), HANDLINGS)
    habits.talks = min(habits.talks + 1, HANDLINGS)


def wrap_up_over(habits: Habits, lasted: int) -> None:
    """A wrap-up is over."""
    habits.wrap_up = averaged(habits.wrap_up, habits.wrap_ups, min(lasted, LONGEST_MS), HANDLINGS)
    habits.wrap_ups = min(habits.wrap_ups + 1, HANDLINGS)


def wait_over(habits: Habits, waited: int, *, gave_up: bool) -> None:
    """Somebody waits no more."""
    habits.waited += min(waited, LONGEST_MS) - habits.waited // FADES
    habits.gave_up += (GAVE_UP if gave_up else 0) - habits.gave_up // FADES


def check(trust: Trust, estimate: Estimate, waited: int, *, answered: bool) -> None:
    """What came of an estimate. Who gave up before its end shows nothing; who did after it, that it was too short."""
    told = tell(estimate)
    if told is None or (not answered and (told.high is None or waited <= told.high)):
        return
    hit = answered and told.low <= waited and (told.high is None or waited <= told.high)
    trust.hits = averaged(trust.hits, trust.checked, WHOLE if hit else 0, CHECKS)
    trust.bias = averaged(trust.bias, trust.checked, min(waited, LONGEST_MS) - estimate.expected, CHECKS)
    trust.checked = min(trust.checked + 1, CHECKS)
    if trust.checked >= CHECKED:
        trust.silent = 1 if trust.hits < (TRUSTED_AGAIN if trust.silent else BOUND) else 0


# --- What is said of it ----------------------------------------------------------------------------------------------


def expect(pace: Pace, habits: Habits, now: int, position: int, agents: int) -> Estimate | None:
    """The wait of who stands at `position` (from 1) where so many agents are at work; None where nothing is known."""
    effort = _effort(pace, habits, now)
    if effort <= 0 or agents <= 0:
        return None
    expected = _expected(position, min(effort // min(agents, MOST_AGENTS), LONGEST_MS), patience(habits))
    low, high = spread(position)
    return Estimate(expected, expected * low // 1000, expected * high // 1000)


def _effort(pace: Pace, habits: Habits, now: int) -> int:
    """What a caller costs: as it was seen, where that is recent and often enough, else by the handling time."""
    handling = habits.talk + habits.wrap_up if habits.talks >= FEWEST else 0
    if pace.efforts < FEWEST or now - pace.seen > RECENT_MS:
        return handling
    return max(pace.effort, handling * LEAST_EFFORT // 1000)


def patience(habits: Habits) -> int:
    """How long callers are willing to wait, on average: all waiting by those who gave up. 0: nobody does."""
    if habits.gave_up < FEWEST * GAVE_UP:
        return 0
    return min(habits.waited * GAVE_UP // habits.gave_up, MOST_PATIENCE_MS)


def _expected(position: int, pace: int, willing: int) -> int:
    """`position` steps, each shorter the more there are ahead who may give up; taken together in blocks."""
    if willing <= 0:
        return min(position * pace, LONGEST_MS)
    size = (position + BLOCKS - 1) // BLOCKS
    expected, ahead = 0, position
    while ahead > 0:
        steps = min(size, ahead)
        middle = ahead - 1 - (steps - 1) // 2
        expected += steps * (pace * willing // (willing + min(middle * pace, MOST_PATIENCE_MS)))
        ahead -= steps
    return min(expected, LONGEST_MS)


def spread(position: int) -> tuple[int, int]:
    """Thousandths of the estimate."""
    low, high = SPREAD[0][1:]
    for begins, lower, higher in SPREAD:
        if position >= begins:
            low, high = lower, higher
    return low, high


def tell(estimate: Estimate) -> Told | None:
    """The interval in steps that people understand; None where it would say too little."""
    low = max((step for step in STEPS_S if step * 1000 <= estimate.low), default=0)
    high = next((step for step in STEPS_S if step and step * 1000 >= estimate.high), None)
    if high is not None:
        return Told(low * 1000, high * 1000)
    return Told(low * 1000, None) if low >= STEPS_S[2] else None


def too_late(now: int, closes: int, estimate: Estimate | None, agents: int) -> bool:
    """Whether who comes now cannot be served before the service closes."""
    if now >= closes:
        return True
    if estimate is None:
        return agents <= 0 and closes - now <= NEAR_MS
    return now + estimate.high > closes
