"""svar simulate: play a flow in the terminal, as the caller, the agent and the world around."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr.book import FlowBook, load_book
from ivr.language.calendar import OSLO
from ivr.language.problems import FlowFileError, did_you_mean
from ivr.language.prompting import Prompts
from ivr.simulator.play import Play, scenario_of
from ivr.simulator.prompts import prompts_of
from ivr.simulator.scenario_file import Scenario
from svar.commands.serve import EXAMPLE
from svar.config import ConfigError, load
from svar.playing import HELP, Looks, Screen, loop_for, play_through
from svar.sound_card import Voice
from svar.terminal import Terminal


def simulate(
    flow: Annotated[str, typer.Argument(metavar="FLOW|NUMBER", help="what is rung")],
    at: Annotated[str, typer.Option(help='when, as in "2026-12-24 11:00"; without it now')] = "",
    fast: Annotated[bool, typer.Option("--fast", help="texts at once, not as fast as they are said")] = False,
    caller: Annotated[str, typer.Option("--from", help="the caller's number; without it withheld")] = "",
    crisis: Annotated[str, typer.Option(help="the crisis that is on")] = "",
    setting: Annotated[list[str], typer.Option("--set", metavar="NAME=VALUE", help="a setting, demo=true")] = [],  # noqa: B006
    answer: Annotated[
        list[str], typer.Option(metavar="SERVICE=JSON", help="what a look-up gives; without it you are asked")
    ] = [],  # noqa: B006
    speak: Annotated[bool, typer.Option("--speak", help="let the sound card say it too")] = False,
    config: Annotated[Path, typer.Option(help="configuration file, which names the flows' folder")] = EXAMPLE,
    flows: Annotated[Path | None, typer.Option(help="folder of flows, instead of the configuration's")] = None,
) -> None:
    """Ring FLOW without a phone: what is said stands in the terminal, and you press the keys.

    Keys may come by a pipe too: `echo 2a | svar simulate main` presses 2 and lets an agent answer.
    """
    Terminal(sys.stderr).hide_logs()
    try:
        settings = load(config, os.environ)
        folder = flows or Path(settings.flows.folder)
        book = load_book(folder)
        number = _number(book, flow)
        scenario = _scenario(at, caller, crisis, setting, answer)
        if crisis and crisis not in book.crises:
            raise ValueError(f"there is no crisis {crisis!r}{did_you_mean(crisis, book.crises)}")
        prompts = prompts_of(folder)
    except (ConfigError, FlowFileError, ValueError) as fault:
        print(f"svar simulate: {fault}", file=sys.stderr)
        raise typer.Exit(2) from None
    with asyncio.Runner(loop_factory=lambda: loop_for(sys.stdin, aloud=speak)) as runner:
        voice = Voice(Path(settings.node.state) / "prompts", folder / "prompts") if speak else None
        runner.run(_play(book, scenario, number, prompts, Looks(fast, sys.stdout, voice)))


async def _play(book: FlowBook, scenario: Scenario, number: str, prompts: Prompts, looks: Looks) -> None:
    screen = Screen(looks, jumps=not sys.stdin.isatty() and looks.voice is None)
    flow = book.by_number[number]
    screen.note(f"{flow.title} ({number}), {scenario.at:%A %d %B %Y, %H:%M} in Norway")
    if looks.voice is not None:
        screen.note(looks.voice.player_told)
        prompts = await looks.voice.ready(flow.said(), prompts)
    screen.note(HELP)
    await play_through(Play(book, scenario, number, screen.show, prompts), screen, sys.stdin)
    if looks.voice is not None:
        await looks.voice.close()
        screen.note(looks.voice.fault)


def _number(book: FlowBook, flow: str) -> str:
    """Raises ValueError with what could have been meant."""
    if flow in book.by_number:
        return flow
    named = book.by_name.get(flow)
    if named is None:
        raise ValueError(f"there is no flow or number {flow!r}{did_you_mean(flow, [*book.by_name, *book.by_number])}")
    if not named.numbers:
        raise ValueError(f"flow {flow!r} has no number: other flows call it; play one of those")
    return named.numbers[0]


def _scenario(at: str, caller: str, crisis: str, setting: Sequence[str], answer: Sequence[str]) -> Scenario:
    """Raises ValueError naming what is wrong."""
    given: dict[str, Any] = {
        "at": at or datetime.now(OSLO).strftime("%Y-%m-%d %H:%M:%S"),
        "crisis": crisis,
        "settings": {name: _value(text) for name, text in _pairs("--set", setting)},
        "lookups": {name: {"gives": _json(name, text)} for name, text in _pairs("--answer", answer)},
        **({"from": caller} if caller else {}),
    }
    return scenario_of(given)


def _pairs(option: str, given: Sequence[str]) -> list[tuple[str, str]]:
    pairs = [one.partition("=") for one in given]
    if any(not sign for _, sign, _ in pairs):
        raise ValueError(f"{option} is written {option} name=value")
    return [(name, value) for name, _, value in pairs]


def _value(text: str) -> str | int | bool:
    words = {"true": True, "false": False}
    return words[text] if text in words else int(text) if text.isascii() and text.isdigit() else text


def _json(service: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"--answer {service}: this is no JSON: {error}") from None
