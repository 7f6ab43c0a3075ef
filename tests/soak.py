"""`make soak`: drawn tests with new draws, the mutation flood in full, and 200,000 short calls. Writes docs/soak.md.

`make soak ARGS="--minutes 30 --messages 1000000 --calls 200000"`; a part with 0 is left out. The flood takes its seeds
from the corpus of malformed messages, which is not part of the project: its folder is `$SVAR_SHARED/corpus`. Without it
they are the project's own torture messages.
"""

import argparse
import asyncio
import datetime
import os
import platform
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ivr.files.load import read_folder
from tests import soak_calls, soak_records, soak_reload, soak_sites
from tests.bench.run import svar
from tests.ports import free_port
from tests.short_calls import Agents, Callers, ring_all
from tests.sip.torture import write_corpus_index
from tests.svar.system.installation import Installation, running

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "soak.md"
SHARED = Path(os.environ.get("SVAR_SHARED", ROOT.parent / "shared"))
WARM_UP = 3 / 4
"""Of the calls. What is in use does not grow after 30,000; the gaps between it fill up for long after that."""
WAYS = (("5000", ""), ("5000", ""), ("5000", "1"), ("5000", "9"), ("5999", ""))
STRAIGHT = """
flow: straight
title: Straight to the distributor
numbers: [5999]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: straight, overflow: bye, unavailable: bye, next: bye}
  bye: {type: hangup}
"""
NOWHERE = 'url = "http://127.0.0.1:9"\nnetworks = ["127.0.0.1/32"]\n'
PARTS = {
    "queue": "wrap_up_s = 0\n", "mailbox": "", "destination": 'uri = "sip:nobody@127.0.0.1:9"\n', "lookup": NOWHERE,
}  # fmt: skip
AGENTS = """
[[agent]]
name = "agent{{n}}"
contact = "sip:agent{{n}}@127.0.0.1:{port}"
count = 50
skills = {{ straight = 5, social = 5 }}
"""
HEAD = "# Soak\n\nWritten by `make soak`, the newest run first.\n\n| date, machine | what | outcome |\n|---|---|---|\n"


def drawn_files() -> list[str]:
    """Every test file that draws its examples."""
    return sorted(
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("test_*.py")
        if "from hypothesis" in path.read_text() and path.name != "test_pages.py"
    )


def draws(minutes: float) -> str:
    """Rounds of all drawn tests until the time is up. Raises SystemExit at the first failure, with its seed."""
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {"FUZZ_EXAMPLES_TIMES": "3"}
    until, rounds = time.monotonic() + 60 * minutes, 0
    while not rounds or time.monotonic() < until:
        seed = random.SystemRandom().randrange(2**31)
        command = [sys.executable, "-m", "pytest", "-q", "-x", f"--hypothesis-seed={seed}", *drawn_files()]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"seed {seed} failed:\n{done.stdout[-4000:]}")
        rounds += 1
        print(f"round {rounds}: seed {seed} passed", flush=True)
    return f"{rounds} rounds of {len(drawn_files())} files, no failure"


def flood(messages: int, rate: int) -> str:
    """The mutation flood against a served node, which has to stay alive."""
    with svar(cores="0", workers=0) as (port, pids), tempfile.TemporaryDirectory() as folder:
        index = SHARED / "corpus" / "index.tsv"
        if not index.exists():
            index = write_corpus_index(Path(folder))
        command = [
            *(sys.executable, str(ROOT / "tests/tools/sip_mutfuzz.py"), "--index", str(index), "--n", str(messages)),
            *("--target", f"127.0.0.1:{port}", "--rate", str(rate), "--pid", str(pids["sip"])),
            *("--save", f"{folder}/crash", "--seed", str(random.SystemRandom().randrange(2**31))),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-4000:] + done.stderr[-2000:])
    return re.sub(r"\s+", " ", done.stdout.strip().splitlines()[-1])


def slope_kib(samples: list[tuple[int, int]]) -> float:
    """Least squares over (calls, KiB): KiB for 100,000 calls."""
    mean_x = sum(x for x, _ in samples) / len(samples)
    mean_y = sum(y for _, y in samples) / len(samples)
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return 100_000 * sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread


def resident_kib(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1])


async def short_calls(calls: int, rate: float) -> str:
    """Calls that are hung up at random moments, a fifth of them through the distributor; what memory they leave."""
    chance = random.Random(random.SystemRandom().randrange(2**31))
    with tempfile.TemporaryDirectory(prefix="svar-soak.") as temporary:
        folder, agents_port = Path(temporary), free_port()
        shutil.copytree(ROOT / "flows", folder / "flows")
        (folder / "flows" / "straight.yaml").write_text(STRAIGHT)
        parts = named_by(folder / "flows") + AGENTS.format(port=agents_port)
        node = Installation(folder / "node", parts, flows=folder / "flows", settings="{ demo = true }")
        async with running(node):
            assert node.process is not None
            pid, store = node.process.pid, node.child("redis")
            target = ("127.0.0.1", node.sip_port)
            callers, agents = Callers(target, chance), Agents(target, chance)
            await callers.open()
            await agents.open(agents_port)
            samples: list[tuple[int, int]] = []
            began_kib, store_kib = resident_kib(pid), resident_kib(store)

            def noted(n: int) -> None:
                samples.append((n, resident_kib(pid)))
                if n % 10_000 == 0:
                    print(f"{n} calls, {samples[-1][1]} KiB, {dict(callers.outcomes)}", flush=True)

            try:
                await ring_all(callers, calls, rate, WAYS, noted)
                await node.quiet(60)
            finally:
                callers.close()
                agents.close()
            steady = [sample for sample in samples if sample[0] >= WARM_UP * calls]
            quarters = ", ".join(f"{kib} after {n}" for n, kib in samples[len(samples) // 4 - 1 :: len(samples) // 4])
            return (
                f"{began_kib} KiB at the start, {quarters} calls; in the last quarter "
                f"{slope_kib(steady):+.0f} KiB a 100,000 calls; the store {store_kib} -> {resident_kib(store)} KiB; "
                f"callers: {shown(callers.outcomes)}; agents: {shown(agents.outcomes)}; no call or port is left"
            )


def named_by(flows: Path) -> str:
    """What flows name, as the configuration writes it. Behind it there is nobody."""
    nodes = [node for loaded in read_folder(flows).flows for node in loaded.flow.nodes.values()]
    needs = {need for node in nodes for need in node.needs().values()}
    named = [f'[[{kind}]]\nname = "{name}"\n{PARTS[kind]}' for kind, name in sorted(needs) if kind in PARTS]
    return "".join(named) + "[sms]\n" + NOWHERE


def shown(counts: dict[str, int]) -> str:
    return ", ".join(f"{how} {count}" for how, count in sorted(counts.items(), key=lambda one: -one[1]))


def write(rows: list[tuple[str, str]]) -> None:
    stamp = (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    before = PAGE.read_text().removeprefix(HEAD) if PAGE.exists() else ""
    PAGE.write_text(HEAD + "".join(f"| {stamp} | {what} | {outcome} |\n" for what, outcome in rows) + before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long the drawn tests go on")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=4000, help="messages a second")
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--call-rate", type=float, default=150.0, help="calls a second")
    parser.add_argument("--bad-versions", type=int, default=1000, help="of the flows, under 50 calls a second")
    soak_calls.arguments(parser)
    soak_sites.arguments(parser)
    soak_records.arguments(parser)
    known = parser.parse_args()
    rows = []
    if known.minutes:
        rows.append(("drawn tests", draws(known.minutes)))
    if known.messages:
        rows.append((f"{known.messages} mutated messages at {known.rate}/s", flood(known.messages, known.rate)))
    if known.calls:
        what = f"{known.calls} short calls at {known.call_rate:g}/s"
        rows.append((what, asyncio.run(short_calls(known.calls, known.call_rate))))
    if known.bad_versions:
        rows.append(soak_reload.row(known.bad_versions, 50.0))
    rows += soak_calls.rows(known)
    rows += soak_sites.rows(known)
    rows += soak_records.rows(known)
    write(rows)
    for what, outcome in rows:
        print(f"{what}: {outcome}")


if __name__ == "__main__":
    main()
