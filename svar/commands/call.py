"""svar call: ring a number, press keys, keep what is heard, and tell what happened when."""

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rtp.dtmf import check_digits
from rtp.engine import MediaError
from svar.phones.dialling import account, number_and_target
from svar.phones.ladder import Ladder
from svar.phones.phone import Phone
from svar.phones.phone_call import Account, PhoneCall
from svar.phones.sounds import check_files
from svar.phones.units import seconds

NOT_ANSWERED, USAGE, SILENT = 1, 2, 3
RINGING_LIMIT_S = 180.0


def call(
    number: Annotated[str, typer.Argument(help="what to dial: a number at the target, or sip:600@host:port")],
    press: Annotated[list[str], typer.Option(help="keys to press after the answer; may be repeated")] = [],  # noqa: B006
    after: Annotated[
        list[str], typer.Option(help="how long to wait before each --press, since the answer or the last one")
    ] = [],  # noqa: B006
    record: Annotated[Path | None, typer.Option(help="WAV file for what was heard")] = None,
    play: Annotated[Path | None, typer.Option(help="WAV file to say into the line; a tone without it")] = None,
    target: Annotated[str, typer.Option(help="HOST:PORT of the server", envvar="SVAR_TARGET")] = "127.0.0.1:5060",
    for_: Annotated[str, typer.Option("--for", help="hang up so long after the answer")] = "20s",
    ring: Annotated[str, typer.Option(help="give up when nobody answers for so long")] = "60s",
    caller: Annotated[str, typer.Option(help="who calls: the user part of From")] = "test",
) -> None:
    """Ring NUMBER as an ordinary phone. Exit code 0: talked and heard; 1: not answered; 3: nothing was heard."""
    try:
        check_digits("".join(press))
        check_files(play, record)
        dialled, where = number_and_target(number, target)
        plan = [(seconds(wait), keys) for keys, wait in zip(press, [*after, *["1s"] * len(press)], strict=False)]
        ours, talk_s, ring_s = account(caller, where), seconds(for_), min(seconds(ring), RINGING_LIMIT_S)
        code = asyncio.run(_call(ours, dialled, where, plan, talk_s, ring_s, str(play or ""), str(record or "")))
    except (ValueError, OSError, MediaError) as fault:
        print(f"svar call: {fault}", file=sys.stderr)
        raise typer.Exit(USAGE) from None
    raise typer.Exit(code)


async def _call(
    ours: Account,
    number: str,
    target: str,
    plan: list[tuple[float, str]],
    talk_s: float,
    ring_s: float,
    sound: str,
    record: str,
) -> int:
    console = Console(highlight=False, soft_wrap=True)
    ladder = Ladder(asyncio.get_running_loop().time, console.print)
    phone = Phone(ours, ladder, sound=sound, record=record)
    await phone.start()
    try:
        made = await phone.call(number)
        if await made.settled(ring_s):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(talk_s):
                    await _press(made, plan)
        await phone.finish(made)
    finally:
        await phone.close()
    return report(console, number, target, made, record)


async def _press(made: PhoneCall, plan: list[tuple[float, str]]) -> None:
    """Press the keys when it is time for each, and stay on the line until the call is over."""
    for wait_s, keys in plan:
        await asyncio.wait([made.ended], timeout=wait_s)
        if made.ended.done():
            return
        await made.press(keys)
    await asyncio.wait([made.ended])


def unanswered(number: str, cause: str, target: str) -> str:
    """Why a call was not answered, and what that usually means."""
    hint = f"; does a server listen at {target}? --target or SVAR_TARGET name another" if cause[:3] == "408" else ""
    return f"{number} was not answered: {cause}{hint}"


def report(console: Console, number: str, target: str, made: PhoneCall, record: str) -> int:
    """Tell in a few lines what the ladder told, and give the exit code."""
    times, stats = made.times, made.stats
    cause = made.ended.result() if made.ended.done() else "no answer"
    if times.answered_s is None:
        console.print(unanswered(number, cause, target))
        return NOT_ANSWERED
    talked_s = (times.ended_s or times.answered_s) - times.answered_s
    heard = "never" if times.first_audio_s is None else f"at {times.first_audio_s:.3f} s"
    console.print(
        f"{number} answered at {times.answered_s:.3f} s, first audio {heard}, talked {talked_s:.1f} s, "
        f"{stats.received} packets heard ({stats.lost} lost), {stats.sent} sent, ended: {cause}"
    )
    if record and Path(record).exists():
        console.print(f"what was heard: {record}")
    return SILENT if times.first_audio_s is None else 0
