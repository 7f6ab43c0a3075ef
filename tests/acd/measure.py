"""What the scripts cost a Redis of their own, by agents and by contacts that wait: `python -m tests.acd.measure`.

Each command is timed by Redis itself (INFO commandstats), 2,000 times in one pipeline, with the processor warm; a lone
command on a machine that does other work takes up to twice as long.
"""

import itertools
import json
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from acd.arguments import configuration, enqueueing
from acd.commands import scripts
from acd.keys import Keys
from acd.model import Enqueue, NodeId, QueueId
from tests.acd.redis_server import RedisServer
from tests.acd.twin import TENANT, agent, connect, queue

TIMES = 2_000
_IDS = itertools.count()


def comes(contact: str, queue: str) -> tuple[object, ...]:
    """A caller of no site who wants nobody in particular."""
    return enqueueing(Enqueue(contact, QueueId(queue), NodeId("n1")))


class Stopwatch:
    """Runs a script with many arguments and notes the microseconds of each command."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._shas = {name: client.script_load(script.text) for name, script in scripts().items()}
        self.us: dict[str, float] = {}

    def __call__(self, label: str, name: str, calls: Iterable[Sequence[object]]) -> list[Any]:
        fixed = Keys(TENANT).fixed
        self._client.config_resetstat()
        pipeline = self._client.pipeline(transaction=False)
        for args in calls:
            pipeline.evalsha(self._shas[name], len(fixed), *fixed, "", f"id{next(_IDS)}", "n1", *args)
        answers: list[Any] = [json.loads(answer) for answer in pipeline.execute()]
        self.us[label] = self._client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"]
        return answers


def measure(client: Any, agents: int, waiting: int) -> dict[str, float]:
    """Microseconds a command. `next` is the end of a talk with an agent freed for whoever waits longest."""
    client.flushall()
    watch = Stopwatch(client)
    specs = [agent(f"a{n}", "oslo", {"x": 1, "y": 1, "w": 1}) for n in range(agents)]
    for name, *args in configuration([queue("x"), queue("y"), queue("w")], specs):
        watch("configure", name, [("run", *args)])
    watch("log_in", "log_in", [(f"a{n}", "ready") for n in range(agents)])
    for start in range(0, TIMES, agents):
        contacts = [f"c{n}" for n in range(start, min(start + agents, TIMES))]
        offers = [a["heard"][0] for a in watch("enqueue", "enqueue", [comes(c, "x") for c in contacts])]
        watch("accept", "accept", [(offer["offer"], offer["fence"]) for offer in offers])
        watch("finish", "leave", [(contact, "caller_hung_up", "lost") for contact in contacts])
    offers = [a["heard"][0] for a in watch("-", "enqueue", [comes(f"b{n}", "x") for n in range(agents)])]
    watch("-", "accept", [(offer["offer"], offer["fence"]) for offer in offers])
    watch("enqueue to wait", "enqueue", [comes(f"w{n}", "w") for n in range(waiting)])
    watch("place", "place", [(f"w{n % waiting}",) for n in range(TIMES)])
    watch("next", "leave", [(f"b{n}", "caller_hung_up", "lost") for n in range(min(agents, waiting))])
    watch("due", "due", [()] * TIMES)
    watch("beat", "beat", [()] * TIMES)
    del watch.us["-"], watch.us["configure"]
    return watch.us


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        client = connect(server.url)
        rows = {(a, w): measure(client, a, w) for a in (50, 1000) for w in (10, 5000)}
        client.close()
    names = list(next(iter(rows.values())))
    sys.stdout.write("| agents | waiting | " + " | ".join(names) + " |\n")
    sys.stdout.write("| --- " * (len(names) + 2) + "|\n")
    for (agents, waiting), us in rows.items():
        cells = " | ".join(f"{us[name]:.0f}" for name in names)
        sys.stdout.write(f"| {agents:,} | {waiting:,} | {cells} |\n")


if __name__ == "__main__":
    main()
