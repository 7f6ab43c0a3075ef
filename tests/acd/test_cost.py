"""What a command costs Redis does not grow with agents or with those who wait: the same number of steps."""

import itertools
from typing import Any

import pytest

from acd.arguments import configuration
from acd.commands import scripts
from acd.keys import Keys
from tests.acd.measure import comes
from tests.acd.twin import TENANT, agent, connect, queue


class Meter:
    """Runs commands and counts what they make Redis do."""

    def __init__(self, client: Any, agents: int, waiting: int) -> None:
        self._client = client
        self._ids = itertools.count()
        client.flushall()
        self._shas = {name: client.script_load(script.text) for name, script in scripts().items()}
        specs = [agent(f"a{n}", "oslo", {"x": 1, "y": 1, "none": 0}) for n in range(agents)]
        for name, *args in configuration([queue("x"), queue("y"), queue("z", skill="none")], specs):
            self(name, "run", *args)
        for n in range(agents):
            self("log_in", f"a{n}", "ready")
        for n in range(waiting):
            self("enqueue", *comes(f"z{n}", "z"))

    def __call__(self, name: str, *args: object) -> str:
        fixed = Keys(TENANT).fixed
        argv = ("1000", f"id{next(self._ids)}", "n1", *args)
        answer: str = self._client.evalsha(self._shas[name], len(fixed), *fixed, *argv)
        return answer

    def steps(self, name: str, *args: object) -> int:
        before = self._calls()
        self(name, *args)
        return self._calls() - before

    def _calls(self) -> int:
        stats = self._client.info("commandstats").items()
        return sum(numbers["calls"] for command, numbers in stats if command != "cmdstat_info")


def costs(client: Any, agents: int, waiting: int) -> dict[str, int]:
    meter = Meter(client, agents, waiting)
    found = {"enqueue": meter.steps("enqueue", *comes("c1", "x"))}
    [lease] = client.hkeys(Keys(TENANT).named("leases"))
    found["accept"] = meter.steps("accept", lease, lease[1:])
    found["finish"] = meter.steps("leave", "c1", "caller_hung_up", "lost")
    found["place"] = meter.steps("place", "z3")
    found["due"] = meter.steps("due")
    found["beat"] = meter.steps("beat")
    found["enqueue to wait"] = meter.steps("enqueue", *comes("c2", "z"))
    return found


@pytest.fixture
def client(redis_url: str) -> Any:
    return connect(redis_url)


def test_commands_take_the_same_steps_with_20_times_the_agents_and_50_times_the_waiting(client: Any) -> None:
    small, large = costs(client, 20, 20), costs(client, 400, 1000)
    client.close()
    assert small == large
    assert sum(small[name] for name in ("enqueue", "accept", "finish")) <= 95


def test_freed_agent_takes_the_next_at_the_same_cost_however_many_wait(client: Any) -> None:
    found = []
    for waiting in (20, 1000):
        meter = Meter(client, 1, 0)
        for n in range(waiting + 1):
            meter("enqueue", *comes(f"c{n}", "xy"[n % 2]))
        [lease] = client.hkeys(Keys(TENANT).named("leases"))
        meter("accept", lease, lease[1:])
        found.append(meter.steps("leave", "c0", "caller_hung_up", "lost"))
    client.close()
    assert found[0] == found[1]
