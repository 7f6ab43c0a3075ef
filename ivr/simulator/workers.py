"""Scenarios on several cores: each process reads the flows by itself, and takes every so-many-th scenario."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from ivr.book import FlowBook, load_book
from ivr.simulator.cases import Case, cases_in
from ivr.simulator.prompts import prompts_of
from ivr.simulator.scenario import Result, run_case


def chosen_cases(folder: Path, book: FlowBook, chosen: Sequence[str] = (), words: str = "") -> list[Case]:
    """The scenarios whose names have all of `words`. Raises FlowFileError."""
    wanted = words.casefold().split()
    return [case for case in cases_in(folder, book, chosen) if all(word in case.name.casefold() for word in wanted)]


def run_chosen(folder: Path, chosen: Sequence[str] = (), words: str = "", workers: int = 1) -> list[Result]:
    """The scenarios of a folder of flows, or those of them that are chosen. Raises FlowFileError."""
    book, prompts = load_book(folder), prompts_of(folder)
    cases = chosen_cases(folder, book, chosen, words)
    if workers > 1 and len(cases) > workers:
        return _shared(workers, folder, chosen, words)
    return [run_case(book, case, prompts) for case in cases]


def _shared(workers: int, folder: Path, chosen: Sequence[str], words: str) -> list[Result]:
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        shares = [pool.submit(_share, folder, tuple(chosen), words, number, workers) for number in range(workers)]
        done = [share.result() for share in shares]
    found = dict(pair for share in done for pair in share)
    return [found[index] for index in sorted(found)]


def _share(folder: Path, chosen: Sequence[str], words: str, number: int, workers: int) -> list[tuple[int, Result]]:
    book, prompts = load_book(folder), prompts_of(folder)
    cases = chosen_cases(folder, book, chosen, words)
    return [(index, run_case(book, case, prompts)) for index, case in enumerate(cases) if index % workers == number]
