"""A thousand bad versions of the flows, and good ones between them, under calls that must not notice.

Part of `make soak`; by itself `python -m tests.soak_reload [--bad 1000] [--call-rate 50]`.
"""

import argparse
import asyncio
import random
import tempfile
from collections import Counter
from pathlib import Path

from tests.light.callers import Callers, Plan
from tests.soak_site import by_caller, shown
from tests.svar.system.installation import Installation, running
from tests.svar.system.publishing import publisher, redis_of, serving

FLOW = """flow: menu
title: Version {n}
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu: {{type: menu, say: {{nb: Tast to.}}, keys: {{2: bye}}, wait: 10s, attempts: 1, no_choice: lost}}
  bye: {{type: hangup, say: {{nb: Ha det bra.}}}}
  lost: {{type: hangup}}
"""
UNKNOWN = "flow: menu\ntitle: Version {n}\nnumbers: [5000]\nlanguages: [nb]\nstart: n0\nnodes:\n"
PARTS = '[[queue]]\nname = "work"\n[[agent]]\nname = "anna"\nskills = { work = 5 }\n'
ENDED = "ended by svar"
SETTLED_S = 30.0
SCRAPED_S = 0.5


def good(n: int, flows: int = 1) -> dict[str, bytes]:
    """A version with the flow that is rung, and so many others beside it."""
    text = FLOW.format(n=n)
    content = {"menu.yaml": text.encode()}
    for other in range(1, flows):
        named = text.replace("flow: menu", f"flow: other{other}").replace("5000", str(10_000 + other))
        content[f"other{other}.yaml"] = named.encode()
    return content


def bad_version(n: int, chance: random.Random) -> dict[str, bytes]:
    """A version with something wrong in it, of one kind in thirteen, never the same twice."""
    text = FLOW.format(n=n)
    cut = chance.randrange(20, text.index("lost: {type"))
    kinds = (
        text[:cut] + "{[",
        text.replace("type: hangup", f"type: hologram{n}", 1),
        text.replace("start: menu", f"start: menu{n}"),
        text.replace("{2: bye}", f"{{2: by{n}}}"),
        text.replace("numbers: [5000]", f"numbers: {n}"),
        text + f"nodes: {n}\n",
        f"a{n}: &a [x, x]\nb: &b [*a, *a, *a, *a]\nc: [*b, *b, *b, *b]\n" + text,
        f"# {n}\n" + "[" * 5000,
        text.replace("Tast to.", f"{{missing_{n}}}"),
        text.replace(
            "bye: {type: hangup, say: {nb: Ha det bra.}}",
            f"bye: {{type: hours, calendar: gone{n}, open: lost, closed: lost}}",
        ),
        f"# {n}\n" + "#" * 10_000_000,
        UNKNOWN.format(n=n)
        + "".join(f"  n{at}: {{type: set, values: {{a{at}: b{at}}}, next: m{at}}}\n" for at in range(450)),
    )
    which = n % (len(kinds) + 1)
    if which == len(kinds):
        return {"menu.yaml": text.encode() + bytes(chance.randrange(128, 256) for _ in range(50))}
    return {"menu.yaml": kinds[which].encode()}


async def reloaded(
    folder: Path, *, bad: int, good_every: int, rate: float, seed: int, flows: int = 1, calm_s: float = 0.0
) -> str:
    """Publish them one after the other, each as soon as the last was refused, while callers ring, press 2, and go.

    Good versions have so many `flows`; `calm_s` is how long calls go on before the first is published.

    Raises AssertionError when a call was disturbed: not answered, not led on by its key, or on a version that is none
    of the good ones.
    """
    chance = random.Random(seed)
    node = Installation(folder / "node", PARTS, flows={name: text.decode() for name, text in good(0).items()})
    node.config.write_text(node.config.read_text().replace('name = "n1"', 'name = "n1"\nkeep_callers = true', 1))
    async with running(node), publisher(redis_of(node)) as admin:
        served = [(await admin.publish(good(0)))]
        await serving(node, active=served[0])
        callers = Callers(("127.0.0.1", node.sip_port), chance)
        await callers.open()
        stop = asyncio.Event()
        ringing = asyncio.create_task(_ring(callers, rate, chance, stop))
        worst_lag_s = reload_ms = 0.0
        assert node.process is not None
        pid = node.process.pid
        resident: list[int] = []
        try:
            calm_lag_s = 0.0
            for _ in range(round(calm_s / SCRAPED_S)):
                await asyncio.sleep(SCRAPED_S)
                calm_lag_s = max(calm_lag_s, (await node.metrics())["svar_event_loop_lag_seconds"])
            reasons: Counter[str] = Counter()
            for n in range(1, bad + 1):
                reasons[await admin.refused(await admin.publish(bad_version(n, chance)))] += 1
                if n % 10 == 0:
                    worst_lag_s = max(worst_lag_s, (await node.metrics())["svar_event_loop_lag_seconds"])
                if n % max(bad // 10, 1) == 0:
                    resident.append(resident_kib(pid))
                if n % good_every == 0:
                    served.append(await admin.publish(good(n, flows)))
                    await serving(node, active=served[-1])
                    reload_ms = max(reload_ms, 1000 * (await node.metrics())["svar_flows_reload_seconds"])
            stop.set()
            await ringing
            await node.quiet(SETTLED_S)
        finally:
            stop.set()
            await asyncio.gather(ringing, return_exceptions=True)
            callers.close()
        told = await _judged(node, callers, [id_[:12] for id_ in served], bad, reasons)
        late = f"the loop {worst_lag_s * 1000:.0f} ms late at worst ({calm_lag_s * 1000:.0f} before the first of them)"
        grown = ", ".join(str(kib // 1024) for kib in resident)
        return f"{told}; {flows} flows were ready in {reload_ms:.0f} ms at most, {late}; MiB in use by tenths: {grown}"


def resident_kib(pid: int) -> int:
    """What the process has in memory."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


async def _ring(callers: Callers, rate: float, chance: random.Random, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    begun, n = loop.time(), 0
    while not stop.is_set():
        callers.ring(n, Plan("5000", key="2", key_s=chance.uniform(0.1, 3), kind="menu"))
        n += 1
        await asyncio.sleep(max(0.0, begun + n / rate - loop.time()))
    async with asyncio.timeout(60):
        while callers.open_calls:  # noqa: ASYNC110 - thousands of them tell nobody
            await asyncio.sleep(0.1)


async def _judged(node: Installation, callers: Callers, served: list[str], bad: int, reasons: Counter[str]) -> str:
    calls = len(callers.calls)
    assert calls, "nobody rang"
    assert callers.outcomes == {ENDED: calls}, f"calls were disturbed: {shown(callers.outcomes)}"
    records = by_caller(node)
    assert len(records) == calls, f"{len(records)} records of {calls} calls"
    versions = Counter(record["flow_version"] for rows in records.values() for record in rows)
    assert set(versions) <= set(served), f"on other versions: {set(versions) - set(served)}"
    outcomes = Counter(record["outcome"] for rows in records.values() for record in rows)
    assert outcomes == {"completed": calls}, f"records tell {shown(outcomes)}"
    refused = int((await node.metrics())["svar_flows_refused_total"])
    assert refused == bad, f"{refused} of {bad} bad versions were refused"
    return (
        f"{bad} bad versions refused for {len(reasons)} different mistakes, {len(served)} good ones served; "
        f"{calls} calls, all answered, led on by their key and ended in order, on {len(versions)} versions"
    )


def row(versions: int, rate: float) -> tuple[str, str]:
    seed = random.SystemRandom().randrange(2**31)
    with tempfile.TemporaryDirectory(prefix="svar-soak.") as folder:
        text = asyncio.run(
            reloaded(Path(folder), bad=versions, good_every=50, rate=rate, seed=seed, flows=200, calm_s=15)
        )
    return f"{versions} bad versions of the flows under {rate:g} calls/s, seed {seed}", text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bad", type=int, default=1000, help="bad versions")
    parser.add_argument("--call-rate", type=float, default=50.0)
    known = parser.parse_args()
    print(*row(known.bad, known.call_rate), sep=": ", flush=True)


if __name__ == "__main__":
    main()
