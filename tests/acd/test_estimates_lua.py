"""`scripts/_estimates.lua` on a real Redis gives what `acd.estimates` gives, to the millisecond."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.commands import FOLDER
from acd.estimates import (
    LONGEST_MS,
    MOST_AGENTS,
    RECENT_MS,
    Estimate,
    Habits,
    Pace,
    Trust,
    check,
    expect,
    take,
    talk_over,
    tell,
    too_late,
    wait_over,
    wrap_up_over,
)
from tests.acd.redis_server import RedisServer
from tests.acd.twin import connect

_DO = """
local given = cjson.decode(ARGV[1])
local pace, habits, trust, out = given.pace, given.habits, given.trust, {}
for _, step in ipairs(given.steps) do
  local what, a, b, c, d = step[1], step[2], step[3], step[4], step[5]
  if what == 'take' then est.take(pace, a, b, c) end
  if what == 'talk_over' then est.talk_over(habits, a) end
  if what == 'wrap_up_over' then est.wrap_up_over(habits, a) end
  if what == 'wait_over' then est.wait_over(habits, a, b) end
  if what == 'expect' then
    local found = est.expect(pace, habits, a, b, c)
    local low, high = -1, -1
    if found then
      low, high = est.tell(found)
      est.check(trust, found, d, step[6])
    end
    out[#out + 1] = { found and found.expected or -1, found and found.low or -1, found and found.high or -1, low, high,
      est.too_late(a, step[7], found, c) }
  end
  for _, record in ipairs({ pace, habits, trust }) do
    out[#out + 1] = cjson.decode(cjson.encode(record))
  end
end
return cjson.encode(out)
"""

_times = st.one_of(
    st.sampled_from((0, 1, 999, 1000, 120_000, 300_000, LONGEST_MS, LONGEST_MS + 1)), st.integers(0, 2 * LONGEST_MS)
)
_now = st.one_of(st.sampled_from((0, 1, RECENT_MS, RECENT_MS + 1)), st.integers(0, 2_000_000_000_000))
_agents = st.one_of(st.sampled_from((0, 1, 2, MOST_AGENTS + 1)), st.integers(0, 1_200))
_steps = st.one_of(
    st.tuples(st.just("take"), _now, _now, _agents),
    st.tuples(st.just("talk_over"), _times),
    st.tuples(st.just("wrap_up_over"), _times),
    st.tuples(st.just("wait_over"), _times, st.booleans()),
    st.tuples(st.just("expect"), _now, st.integers(1, 10_000), _agents, _times, st.booleans(), _now),
)
_pace = st.builds(Pace, _now, st.integers(0, LONGEST_MS * MOST_AGENTS), st.integers(0, 16), _now)
_mean, _seen = st.integers(0, LONGEST_MS), st.integers(0, 32)
_habits = st.builds(Habits, _mean, _seen, _mean, _seen, st.integers(0, 64 * LONGEST_MS), st.integers(0, 64_000))
_trust = st.builds(
    Trust, st.integers(0, 1_000_000), st.integers(-LONGEST_MS, LONGEST_MS), st.integers(0, 50), st.integers(0, 1)
)


@pytest.fixture(scope="module")
def lua(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with RedisServer(Path(tmp_path_factory.mktemp("r"))) as server:
        client = connect(server.url)
        sha = client.script_load((FOLDER / "_estimates.lua").read_text() + _DO)
        yield lambda given: json.loads(client.evalsha(sha, 0, json.dumps(given)))
        client.close()


def _step(pace: Pace, habits: Habits, trust: Trust, step: Any) -> list[Any]:
    match step:
        case ("take", now, arrived, agents):
            take(pace, now, arrived, agents)
        case ("talk_over", lasted):
            talk_over(habits, lasted)
        case ("wrap_up_over", lasted):
            wrap_up_over(habits, lasted)
        case ("wait_over", waited, gave_up):
            wait_over(habits, waited, gave_up=gave_up)
        case ("expect", now, position, agents, waited, answered, closes):
            found = expect(pace, habits, now, position, agents)
            told = tell(found) if found is not None else None
            if found is not None:
                check(trust, found, waited, answered=answered)
            interval = (-1, -1) if told is None else (told.low, -1 if told.high is None else told.high)
            estimate = found or Estimate(-1, -1, -1)
            late = too_late(now, closes, found, agents)
            return [[estimate.expected, estimate.low, estimate.high, *interval, late]]
    return []


@given(pace=_pace, habits=_habits, trust=_trust, steps=st.lists(_steps, min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
def test_python_and_lua_agree_to_the_millisecond(
    lua: Any, pace: Pace, habits: Habits, trust: Trust, steps: list[Any]
) -> None:
    given = {"pace": asdict(pace), "habits": asdict(habits), "trust": asdict(trust), "steps": steps}
    expected: list[Any] = []
    for step in steps:
        expected += _step(pace, habits, trust, step)
        expected += [asdict(pace), asdict(habits), asdict(trust)]
    assert lua(given) == expected
