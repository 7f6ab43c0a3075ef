"""The load harness against svar on one core: `make bench ARGS="--only ivr queue50"`. Writes docs/performance.md.

Each measurement starts svar afresh, as tests/bench/README.md asks; CPU is that of svar and its Redis together.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "performance.md"
MARK = "<!-- bench: {} -->"
READY_S = 60.0


@dataclass(frozen=True)
class Measurement:
    """`asked` ones run only when they are named: they look for the end of what one core can do."""

    name: str
    arguments: tuple[str, ...]
    what: str
    asked: bool = False


def _queue(agents: int, number: str, rate: str, talk: str) -> tuple[str, ...]:
    return ("queue", "--number", number, "--agents", str(agents), "--rate", rate, "--seconds", "30", "--talk", talk)


GROWTH = ("growth50", "growth1000")
"""The same calls with few agents and with many: the cost of a call may differ by a tenth."""
MOST_FAILED_PCT = 0.1


MEASUREMENTS = (
    Measurement("ivr", ("ivr", "--number", "600", "--rate", "150", "--seconds", "30"), "IVR, 150 calls/s"),
    Measurement(
        "hold",
        ("hold", "--number", "700", "--callers", "1500", "--seconds", "30", "--setup-rate", "100", "--poll-rx"),
        "hold, 1,500 callers with music",
    ),
    *(
        Measurement(f"queue{agents}", _queue(agents, number, rate, talk), f"queue, {agents} agents, {rate} calls/s")
        for agents, number, rate, talk in (
            (50, "850", "8", "5"),
            (200, "8200", "80", "2"),
            (1000, "81000", "80", "5"),
        )
    ),
    Measurement(
        "waiting",
        ("queue", "--number", "850", "--agents", "50", "--rate", "12", "--seconds", "30", "--talk-spread", "0.5"),
        "queue, more calls than 50 agents take",
    ),
    Measurement(
        "bridged",
        (
            "queue",
            "--number",
            "8200",
            "--agents",
            "200",
            "--rate",
            "5",
            "--seconds",
            "60",
            "--media",
            "--talk",
            "20",
            "--poll-rx",
        ),
        "100 calls bridged, RTP both ways",
    ),
    *(
        Measurement(name, _queue(agents, number, "8", "5"), f"growth: {agents} agents, 8 calls/s")
        for name, agents, number in zip(GROWTH, (50, 1000), ("850", "81000"), strict=True)
    ),
    *(
        Measurement(
            f"ivr-peak{rate}",
            ("ivr", "--number", "600", "--rate", str(rate), "--seconds", "20", "--ports", "4900"),
            f"peak: IVR, {rate} calls/s",
            asked=True,
        )
        for rate in (200, 250, 300, 350)
    ),
    *(
        Measurement(
            f"queue-peak{rate}",
            _queue(1000, "81000", str(rate), "2"),
            f"peak: queue, 1000 agents, {rate} calls/s",
            asked=True,
        )
        for rate in (120, 160, 200)
    ),
)
PEAKS = ("ivr-peak", "queue-peak")
"""Names for a search: each rate in turn, until calls fail."""


@contextmanager
def svar(cores: str, workers: int, *, calls_per_s: int = 0) -> Iterator[tuple[int, dict[str, int]]]:
    """svar on these cores with a state folder of its own. Gives its SIP port and the processes whose CPU counts.

    `calls_per_s`: a limit in place of the one in bench.toml.
    """
    with tempfile.TemporaryDirectory(prefix="svar-bench.") as state:
        environment = {
            **os.environ,
            "SVAR_STATE": state,
            "SVAR_HTTP_PORT": "0",
            "SVAR_SIP_PORT": "0",
            "SVAR_MEDIA_WORKERS": str(workers),
        }
        config = HERE / "bench.toml"
        if calls_per_s:
            text = re.sub(r"calls_per_s = \d+", f"calls_per_s = {calls_per_s}", config.read_text())
            config = Path(state) / "bench.toml"
            config.write_text(text.replace('folder = "flows"', f'folder = "{HERE / "flows"}"'))
        command = [
            "taskset",
            "-c",
            cores,
            sys.executable,
            "-m",
            "svar",
            "serve",
            "--config",
            str(config),
        ]
        with (Path(state) / "log").open("w") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        try:
            port = _ready(process, Path(state) / "log")
            time.sleep(1.0)  # the speech child ends, Redis settles
            yield port, {"sip": process.pid, **_children(process.pid)}
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def before_others() -> None:
    """On a machine that others use too, let this session's processes, svar among them, run before those of others where
    that is allowed. Nice alone does not: Linux shares the processor between sessions first (sched(7), autogroup).
    """
    if os.getpgid(0) != os.getpid():
        os.setsid()
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text("-10")


def _first() -> list[str]:
    """The load runs before everything else where that is allowed: its stamps are what is measured."""
    allowed = os.geteuid() == 0 and shutil.which("chrt")
    return ["chrt", "-f", "5"] if allowed else []


def _ready(process: subprocess.Popen[str], log: Path) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("svar ready "):
            return int(line.split("sip=")[1].split()[0].rsplit(":", 1)[1])
    raise SystemExit(f"svar did not start:\n{log.read_text()[-2000:]}")


def _children(pid: int) -> dict[str, int]:
    """The store and the media workers that svar started: they count as svar."""
    children = [
        child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    found: dict[str, int] = {}
    for child in children:
        name = Path(f"/proc/{child}/comm").read_text()
        if "redis" in name or "valkey" in name:
            found["store"] = int(child)
        elif b"rtp.aio.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
            found[f"worker {sum(name.startswith('worker') for name in found) + 1}"] = int(child)
    return found


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(measurement: Measurement, cores: str, load_cores: str, workers: int, extra: list[str]) -> dict[str, Any]:
    with svar(cores, workers) as (port, pids):
        command = [
            *(*_first(), sys.executable, str(HERE / "bench.py"), *measurement.arguments),
            *("--target", f"127.0.0.1:{port}", "--server-pid", ",".join(map(str, pids.values()))),
            *("--server-core", cores.split(",")[0], "--load-cores", load_cores, *extra),
        ]
        before = {name: _cpu_s(pid) for name, pid in pids.items()}
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
        spent_s = {name: round(_cpu_s(pid) - before[name], 2) for name, pid in pids.items()}
    if done.returncode:
        raise SystemExit(f"{measurement.name}: {done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return {**result, "cpu_s_by_process": spent_s}


def row(measurement: Measurement, result: dict[str, Any]) -> str:
    """One line of the table."""
    agents = result.get("agents_side", {})
    media = result.get("media") or result.get("caller_media") or {}
    figures = {
        "failed %": result.get("fail_pct"),
        "CPU ms/call": result.get("cpu_ms_per_call") if result["what"] != "hold" else None,
        "CPU %": result.get("server_cpu_pct"),
        "µs/packet": result.get("cpu_us_per_packet"),
        "RTP p99 ms": media.get("dev_ms_p99"),
        "packets/due": result.get("packets_vs_due"),
        "INVITE→INVITE p50/p99 ms": _pair(agents.get("since_caller_ms")),
        "free→INVITE p50/p99 ms": _pair(agents.get("since_match_ms")),
        "out of order": agents.get("out_of_arrival_order"),
        "RSS MB": result.get("rss_mb"),
    }
    return f"| {measurement.what} | " + " | ".join("" if v is None else str(v) for v in figures.values()) + " |"


HEAD = (
    "| what | failed % | CPU ms/call | CPU % | µs/packet | RTP p99 ms | packets/due | INVITE→INVITE p50/p99 ms "
    "| free→INVITE p50/p99 ms | out of order | RSS MB |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def _pair(figures: dict[str, float] | None) -> str | None:
    return None if not figures else f"{figures['p50']} / {figures['p99']}"


def write(rows: dict[str, str]) -> None:
    """Replace the rows that were measured; the others keep their figures and date."""
    kept = dict(rows)
    before, after = "# Performance\n\n", ""
    begin, end = MARK.format("begin"), MARK.format("end")
    if PAGE.exists() and begin in (text := PAGE.read_text()):
        before, rest = text.split(begin)
        table, after = rest.split(end)
        for line in table.splitlines():
            for measurement in MEASUREMENTS:
                if line.startswith(f"| {measurement.what} |"):
                    kept.setdefault(measurement.name, line)
    stamp = (
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    ordered = [kept[m.name] for m in MEASUREMENTS if m.name in kept]
    PAGE.write_text(f"{before}{begin}\nLast run: {stamp}.\n\n{HEAD}\n" + "\n".join(ordered) + f"\n{end}{after}")


def _wanted(measurement: Measurement, peak: str, only: list[str] | None) -> bool:
    if not only:
        return not measurement.asked
    return measurement.name in only or peak in only


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=[*(m.name for m in MEASUREMENTS), *PEAKS])
    parser.add_argument("--cores", default="0", help="given to svar: 0,1 with workers")
    parser.add_argument("--workers", type=int, default=0, help="media workers; their rows are printed, not written")
    parser.add_argument("--load-cores", default="2,3")
    parser.add_argument("--raw", action="store_true", help="print the harness' JSON and write nothing")
    known, extra = parser.parse_known_args()
    rows: dict[str, str] = {}
    costs: dict[str, float] = {}
    over: set[str] = set()
    for measurement in MEASUREMENTS:
        peak = measurement.name.rstrip("0123456789")
        if peak in over or not _wanted(measurement, peak, known.only):
            continue
        result = measure(measurement, known.cores, known.load_cores, known.workers, extra)
        if known.raw:
            print(json.dumps(result, indent=1))
        rows[measurement.name] = row(measurement, result)
        print(rows[measurement.name], flush=True)
        print(f"CPU s over the whole run: {result['cpu_s_by_process']}", flush=True)
        costs[measurement.name] = result.get("cpu_ms_per_call") or 0.0
        if peak in PEAKS and result["fail_pct"] > MOST_FAILED_PCT:
            over.add(peak)
    if all(costs.get(name) for name in GROWTH):
        few, many = (costs[name] for name in GROWTH)
        print(f"a call with 1,000 agents costs {100 * (many / few - 1):+.1f} % against one with 50 (goal: at most +10)")
    if not known.raw and not known.workers:
        write(rows)


if __name__ == "__main__":
    main()
