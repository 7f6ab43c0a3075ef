"""What the scripts cost a Redis of their own, by agents and by contacts that wait: `python -m tests.acd.measure`.

Each command is timed by Redis itself (INFO commandstats), 2,000 times in one pipeline, with the processor warm; a lone
command on a machine that does other work takes up to twice as long.
"""

import itertools
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from acd.arguments import configuration, enqueueing
from acd.commands import scripts
from acd.keys import Keys
from acd.model import FROM_THE_FIRST, AgentSpec, Enqueue, NodeId, PartnerSpec, QueueId, SiteId, Tier
from acd.policy import SLICE
from tests.acd.redis_server import RedisServer
from tests.acd.twin import TENANT, agent, connect, queue, site

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


# --- The whole country ---

QUIET = {"hz": "1", "dynamic-hz": "no", "activerehashing": "no"}
"""Redis' own housekeeping ten times a second would be counted with whatever command it comes beside."""
SITES, COUNTRY, WAIT, RING = 19, 10_000, 50_000, 1_000
TIERS = (
    Tier(sites="own"),
    Tier(sites="neighbours", after_s=45, nobody="at_work"),
    Tier(after_s=120, estimate_s=300),
    Tier(skill="general", level=1, after_s=600, closing_s=1800, nobody="logged_in"),
)


class Country:
    """12 queues of four tiers each, 19 sites, an agent serves four queues.

    Notes the processor time that Redis took for each command, as it waits for others on a machine that does more.
    """

    def __init__(self, client: Any, agents: int) -> None:
        client.flushall()
        self._client = client
        self._shas = {name: client.script_load(script.text) for name, script in scripts().items()}
        self.now = 1_000_000
        self.agents = [self._agent(n) for n in range(agents)]
        self.us: dict[str, list[float]] = defaultdict(list)

    def _agent(self, n: int, moved: int = 0) -> AgentSpec:
        skills = {f"q{(n + k) % 12}": 1 + n % 9 for k in range(4)} | {"general": 1}
        return agent(f"a{n}", f"s{(n + moved) % SITES}", skills)

    def __call__(self, label: str, name: str, *args: object) -> dict[str, Any]:
        fixed = Keys(TENANT).fixed
        argv = (str(self.now), f"id{next(_IDS)}", "n1", *args)
        before = self._cpu_us()
        answer: str = self._client.evalsha(self._shas[name], len(fixed), *fixed, *argv)
        self.us[label].append(self._cpu_us() - before)
        found: dict[str, Any] = json.loads(answer)
        return found

    def _cpu_us(self) -> float:
        used = self._client.info("cpu")
        return 1e6 * float(used["used_cpu_user_main_thread"] + used["used_cpu_sys_main_thread"])

    def configure(self, label: str, tiers: tuple[Tier, ...], moved: int = 0) -> None:
        queues = [queue(f"q{n}", wrap_up_s=30, max_waiting=100_000, tiers=tiers, rostered=n == 0) for n in range(12)]
        agents = [self._agent(n, moved) for n in range(len(self.agents))]
        sites = [site(f"s{n}", f"s{(n + 1) % SITES}", f"s{(n + 2) % SITES}") for n in range(SITES)]
        for name, *args in configuration(queues, agents, sites, [PartnerSpec("tax", 20)]):
            self(f"{name}{label}", name, "run", *args)
        self(f"sweep{label}", "sweep", "run", "[]", "last")

    def due(self, label: str) -> None:
        """Until nothing is left for now."""
        while self(f"due: {label}", "due")["next_in_ms"] == 0:
            pass

    def passes(self, ms: int) -> None:
        """In steps without a gap; what is due meanwhile is not done."""
        for _ in range(ms // 1000):
            self.now += 1000
            self("beat", "beat")


def national(client: Any, agents: int = COUNTRY, waiting: int = WAIT, ring: int = RING) -> dict[str, list[float]]:
    """Microseconds of each run of each command."""
    country = Country(client, agents)
    country.configure(" (first)", TIERS)
    for n in range(agents):
        country("log_in", "log_in", f"a{n}", "ready")
    country.configure(" (all ready, sites moved)", TIERS, moved=1)
    for first in (0, 200):
        names = json.dumps(sorted(f"a{n}" for n in range(first, first + 200)))
        while country("on_duty of 200", "on_duty", "q0", names)["number"]:
            pass
    closes = country.now + 3_600_000
    offers = []
    for n in range(ring):
        country.now += n % 4 == 0
        entry = Enqueue(f"o{n}", QueueId(f"q{n % 12}"), NodeId("n1"), site=SiteId(f"s{n % SITES}"))
        offers += country("enqueue", "enqueue", *enqueueing(entry)).get("heard", [])
    country.now += 1600
    country("beat after a gap", "beat")
    _renew(country)
    country.due("nothing")
    for offer in offers[: len(offers) // 2]:
        country("accept", "accept", offer["offer"], offer["fence"])
        country("finish", "leave", offer["contact"], "caller_hung_up", "lost")
    for n in range(agents):
        country("not_ready", "agent", f"a{n}", "not_ready", "break")
    country.due("wrap-ups and leases")
    for n in range(waiting):
        country.now += n % 4 == 0
        entry = Enqueue(f"w{n}", QueueId(f"q{n % 12}"), NodeId(f"n{n % 3}"), site=SiteId(f"s{n % SITES}"))
        country("enqueue to wait", "enqueue", *enqueueing(replace(entry, closes_ms=closes)))
    country.passes(2_000)
    country.due("the state of queues")
    country.passes(44_000)
    country.due("a tier of all who wait")
    country.configure(" (50,000 wait)", TIERS[:3], moved=2)
    country.due("new tiers")
    for n in range(500):
        country("ready, and takes the next", "agent", f"a{n}", "ready", "")
    country.passes(4_000)
    country.due("a node is dead")
    country("drop_node", "drop_node", "n1", "node_lost")
    for at in range(0, 2000, SLICE):
        country("sweep of some who are gone", "sweep", "run", json.dumps([f"a{n}" for n in range(at, at + SLICE)]), "")
    return country.us


def _renew(country: Country) -> None:
    begins = FROM_THE_FIRST
    while (begins := country("renew", "renew", begins)["number"]) != FROM_THE_FIRST:
        pass


def main() -> None:
    if sys.argv[1:] == ["national"]:
        with (
            tempfile.TemporaryDirectory(prefix="svar-") as folder,
            RedisServer(Path(folder), appendonly="no", **QUIET) as server,
        ):
            client = connect(server.url)
            for name, us in sorted(national(client).items(), key=lambda row: -max(row[1])):
                ranked = sorted(us)
                half, p99 = ranked[len(us) // 2], ranked[(len(us) * 99) // 100 - (len(us) > 99)]
                row = [f"{took / 1000:.2f}" for took in (half, p99, max(us))]
                sys.stdout.write(f"| {name} | {len(us):,} | {' | '.join(row)} |\n")
            client.close()
        return
    with tempfile.TemporaryDirectory(prefix="svar-") as folder, RedisServer(Path(folder)) as server:
        client = connect(server.url)
        rows = {(a, w): measure(client, a, w) for a in (50, 1000) for w in (10, 5000)}
        client.close()
    names = list(next(iter(rows.values())))
    sys.stdout.write("| agents | waiting | " + " | ".join(names) + " |\n")
    sys.stdout.write("| --- " * (len(names) + 2) + "|\n")
    for (agents, waiting), means in rows.items():
        cells = " | ".join(f"{means[name]:.0f}" for name in names)
        sys.stdout.write(f"| {agents:,} | {waiting:,} | {cells} |\n")


if __name__ == "__main__":
    main()
