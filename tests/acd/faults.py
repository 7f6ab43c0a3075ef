"""Faults put into the scripts on purpose, and whether runs against the model see them."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError

from acd.commands import FOLDER, assemble
from tests.acd.twin import Differ, Twins

Fault = tuple[str, str, str]
"""The script or library, what of its text goes, and what comes instead."""
Run = Callable[[Twins], object]


def assert_seen(client: Any, folder: Path, fault: Fault, runs: Iterable[Run]) -> None:
    """One of `runs` sees it. `folder` takes the scripts with the fault."""
    file, original, replacement = fault
    shutil.copytree(FOLDER, folder)
    path = folder / f"{file}.lua"
    text = path.read_text()
    assert text.count(original) == 1, f"{file}.lua has {text.count(original)} times {original!r}"
    path.write_text(text.replace(original, replacement))
    seen = _caught(client, folder, runs)
    assert seen, "no run saw it"
    assert "compil" not in seen, f"a slip of the pen, no fault of the rules: {seen}"


def _caught(client: Any, folder: Path, runs: Iterable[Run]) -> str:
    """How it was seen, or nothing."""
    for run in runs:
        client.flushdb()
        twins = Twins(client, assemble(folder))
        try:
            run(twins)
        except (Differ, ResponseError) as error:
            return str(error)
    return ""
