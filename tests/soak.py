"""`make soak`: the drawn tests again and again with new draws, and the mutation flood in full. Writes docs/soak.md.

`make soak ARGS="--minutes 30 --messages 1000000"`. The flood needs the corpus of malformed messages, which is not part
of the project: its folder is `$SVAR_SHARED/corpus`; without it the flood is left out, and the page says so.
"""

import argparse
import datetime
import os
import platform
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.run import svar

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "soak.md"
SHARED = Path(os.environ.get("SVAR_SHARED", ROOT.parent / "shared"))
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
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
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
    index = SHARED / "corpus" / "index.tsv"
    if not index.exists():
        return f"not run: there is no corpus at {index.parent}"
    with svar(core=0) as (port, pids), tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            str(ROOT / "tests/tools/sip_mutfuzz.py"),
            "--index",
            str(index),
            "--n",
            str(messages),
        ]
        command += ["--target", f"127.0.0.1:{port}", "--rate", str(rate), "--pid", str(pids[0])]
        command += ["--save", f"{folder}/crash", "--seed", str(random.SystemRandom().randrange(2**31))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-4000:] + done.stderr[-2000:])
    return re.sub(r"\s+", " ", done.stdout.strip().splitlines()[-1])


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
    known = parser.parse_args()
    rows = [("drawn tests", draws(known.minutes))]
    rows.append((f"{known.messages} mutated messages at {known.rate}/s", flood(known.messages, known.rate)))
    write(rows)
    for what, outcome in rows:
        print(f"{what}: {outcome}")


if __name__ == "__main__":
    main()
