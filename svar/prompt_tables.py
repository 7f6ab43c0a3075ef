"""What is recorded and what is not, as people and programs read it."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ivr.prompts.inventory import VALUES, Entry, Inventory, State

COLOURS = {
    State.RECORDED: "green",
    State.STALE: "yellow",
    State.SYNTHETIC: "cyan",
    State.FALLBACK: "magenta",
    State.MISSING: "bold red",
}


def as_json(inventory: Inventory, shown: Sequence[Entry]) -> str:
    """Everything as one object; the counts are those of all entries."""
    content = {
        "counts": {language: dict(counted) for language, counted in _counted(inventory.entries).items()},
        "prompts": [
            {
                "section": entry.section,
                "language": entry.language,
                "key": entry.key,
                "text": entry.text,
                "state": entry.state.value,
                "seconds": round(entry.duration_s, 2),
                "recorded_as": entry.recorded_as,
                "doubts": list(entry.doubts),
            }
            for entry in shown
        ],
        "unused": [f"{language}/{key}" for language, key in inventory.unused],
        "long_menus": [
            {"language": menu.language, "key": menu.key, "seconds": round(menu.duration_s, 2)}
            for menu in inventory.long_menus
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1)


def print_inventory(
    console: Console, inventory: Inventory, shown: Sequence[Entry], hidden: int, longest_menu_s: float
) -> None:
    """A table of `shown`, the count of what is `hidden`, and the counts of everything and what else is wrong."""
    if shown:
        console.print(_prompts(shown))
    if hidden:
        console.print(f"{hidden} words of values not shown (--values)", style="dim")
    console.print()
    console.print(_counts(inventory.entries))
    for entry in inventory.entries:
        for doubt in entry.doubts:
            _tell(console, f"{entry.language}/{entry.key}.wav", doubt)
    for language, key in inventory.unused:
        _tell(console, f"{language}/{key}.wav", "nothing says it: it can be removed")
    for menu in inventory.long_menus:
        _tell(console, f"{menu.key} ({menu.language})", f"takes {menu.duration_s:.0f} s, at most {longest_menu_s:.0f}")


def _tell(console: Console, what: str, wrong: str) -> None:
    console.print(Text(f"{what}: {wrong}", style="yellow"), soft_wrap=True)


def _prompts(shown: Sequence[Entry]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    table.add_column("", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("key", no_wrap=True, overflow="fold")
    table.add_column("s", justify="right", no_wrap=True)
    table.add_column("text", no_wrap=True, overflow="ellipsis", ratio=1)
    for entry in shown:
        told = entry.text + (f"\n(recorded as: {entry.recorded_as})" if entry.recorded_as else "")
        state = Text(entry.state.value, style=COLOURS[entry.state])
        table.add_row(entry.language, state, Text(entry.key), f"{entry.duration_s:.1f}", Text(told))
    return table


def _counted(entries: Iterable[Entry]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for entry in entries:
        found.setdefault(entry.language, Counter())[entry.state.value] += 1
    return found


def _counts(entries: Sequence[Entry]) -> Table:
    """One row for each language: texts, and apart from them words of values (numbers, dates and so on)."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("")
    for state in State:
        table.add_column(state.value, justify="right", style=COLOURS[state])
    for name, of_values in (("texts", False), ("words of values", True)):
        counted = _counted(entry for entry in entries if (entry.section == VALUES) is of_values)
        for language, counts in counted.items():
            table.add_row(f"{language} {name}", *(str(counts[state.value] or "-") for state in State))
    return table
