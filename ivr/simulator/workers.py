"""Scenarios on several cores: each process reads the flows by itself, and takes every so-many-th scenario."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from ivr.book import FlowBook, load_book
from ivr.simulator.cases import Case, cases_in
from ivr.simulator.scenario import Result, run_case


def run_cases(book: FlowBook, cases: Sequence[Case]) -> list[Result]:
    """Those scenarios, here and now."""
    return [run_case(book, case) for case in cases]


def chosen_cases(folder: Path, book: FlowBook, chosen: Sequence[str] = (), words: str = "") -> list[Case]:
    """The scenarios whose names have all of `words`. Raises FlowFileError."""
    wanted = words.casefold().split()
    return [case for case in cases_in(folder, book, chosen) if all(word in case.name.casefold() for word in wanted)]


def run_on(workers: int, folder: Path, chosen: Sequence[str], words: str) -> list[Result]:
    """The same as `run_cases`, in the same order, by so many processes. Raises FlowFileError."""
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        shares = [pool.submit(_share, folder, tuple(chosen), words, number, workers) for number in range(workers)]
        done = [share.result() for share in shares]
    found = dict(pair for share in done for pair in share)
    return [found[index] for index in sorted(found)]


def _share(folder: Path, chosen: Sequence[str], words: str, number: int, workers: int) -> list[tuple[int, Result]]:
    book = load_book(folder)
    cases = chosen_cases(folder, book, chosen, words)
    return [(index, run_case(book, case)) for index, case in enumerate(cases) if index % workers == number]
