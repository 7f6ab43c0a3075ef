"""What flows cost: loading and checking 200 of them, a step of a menu, 500 scenarios. Each is measured twice.

python -m tests.bench.flows        prints rows for docs/performance.md
"""

import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter, process_time

from ivr.book import load_book
from ivr.checks.flows import check_folder
from ivr.language.problems import errors
from ivr.simulator.cases import cases_in, cases_of
from ivr.simulator.prompts import prompts_of
from ivr.simulator.scenario import run_case
from svar.terminal import Terminal

FLOWS = Path(__file__).parent.parent.parent / "flows"
COUNT = 200
SCENARIOS = 500
PRESSES = 400
MENU = """flow: menu
title: Menu
numbers: [5000]
languages: [nb]
start: menu
nodes:
  menu: {type: menu, say: {nb: "Tast 1, eller 2."}, keys: {1: again, 2: bye}, no_choice: bye}
  again: {type: set, values: {language: '"nb"'}, next: menu}
  bye: {type: hangup}
"""


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU and of the clock."""
    cpu_s, clock_s = process_time(), perf_counter()
    work()
    return process_time() - cpu_s, perf_counter() - clock_s


def row(what: str, work: Callable[[], object], count: int, unit: str) -> None:
    """One row of the table: CPU per unit, measured twice, and the clock of the second time."""
    (first_s, _), (second_s, clock_s) = measured(work), measured(work)
    per = [f"{seconds / count * 1000:.2f}" for seconds in (first_s, second_s)]
    print(f"| {what} | {per[0]} and {per[1]} ms CPU a {unit} | {clock_s:.2f} s |", flush=True)


def many_flows(shipped: Path, folder: Path) -> None:
    """The shipped flows, and copies of the greatest one, each with a name and a number of its own: COUNT in all."""
    shutil.copytree(shipped, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("scenarios", "prompts"))
    greatest = max(folder.glob("*.yaml"), key=lambda file: file.stat().st_size)
    text = re.sub(r"(?m)^numbers: .*$", "numbers: [NUMBER]", greatest.read_text())
    for number in range(COUNT - len(list(folder.glob("*.yaml")))):
        named = re.sub(r"(?m)^flow: .*$", f"flow: copy{number}", text)
        (folder / f"copy{number}.yaml").write_text(named.replace("NUMBER", str(60_000 + number)))


def menu_steps(folder: Path) -> Callable[[], object]:
    """One call that goes PRESSES times through a menu and a `set`."""
    (folder / "menu.yaml").write_text(MENU)
    book = load_book(folder)
    acts = ", ".join(["{after: 1s, press: 1}"] * 199)
    text = f"number: 5000\nscenarios: [{{name: m, at: 2026-11-23 10:00, caller: [{acts}], expect: {{}}}}]\n"
    (case,) = cases_of("menu", text, book)
    return lambda: [run_case(book, case) for _ in range(PRESSES // 199 + 1)]


def main(shipped: Path) -> None:
    Terminal().hide_logs()
    print("| what | CPU, twice | clock |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        many_flows(shipped, folder)
        assert errors(check_folder(folder)) == []
        row(f"load and check {COUNT} flows", lambda: check_folder(folder), COUNT, "flow")
    with tempfile.TemporaryDirectory() as made:
        row("a menu and a `set`, in a simulated call", menu_steps(Path(made)), (PRESSES // 199 + 1) * 199, "choice")
    book, prompts = load_book(shipped), prompts_of(shipped)
    cases = list(islice(cycle(cases_in(shipped, book)), SCENARIOS))
    row(
        f"{SCENARIOS} scenarios of the shipped flows",
        lambda: [run_case(book, case, prompts) for case in cases],
        SCENARIOS,
        "scenario",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FLOWS)
