"""svar agent: an agent's phone in the terminal, or one that works by itself."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from svar.phones.agent_phone import HELP, READY, AgentPhone
from svar.phones.dialling import account, password_of
from svar.phones.ladder import Ladder
from svar.phones.phone import Phone, PhoneError
from svar.phones.phone_call import Account
from svar.phones.sounds import check_files
from svar.phones.terminal import keys
from svar.phones.units import seconds

FAILED, USAGE = 1, 2


def agent(
    name: Annotated[str, typer.Argument(help="the agent's name at the server")],
    target: Annotated[str, typer.Option(help="HOST:PORT of the server", envvar="SVAR_TARGET")] = "127.0.0.1:5060",
    password_file: Annotated[Path | None, typer.Option(help="file with the password alone")] = None,
    state: Annotated[
        Path, typer.Option(help="state folder of a server on this machine, to find the password", envvar="SVAR_STATE")
    ] = Path("state"),
    auto_answer: Annotated[str, typer.Option(help="answer by itself after so long")] = "",
    talk: Annotated[str, typer.Option(help="hang up so long after the answer")] = "",
    calls: Annotated[int, typer.Option(help="quit after so many calls; 0: go on")] = 0,
    for_: Annotated[str, typer.Option("--for", help="quit after so long")] = "",
    record: Annotated[Path | None, typer.Option(help="WAV file for what the latest call heard")] = None,
    play: Annotated[Path | None, typer.Option(help="WAV file to say into the line; a tone without it")] = None,
) -> None:
    """Be the phone of agent NAME. Exit code 0: registered (and --calls were talked); 1: not; Ctrl-C quits in order."""
    try:
        check_files(play, record)
        ours = account(name, target, password_of(name, password_file, state))
        auto_answer_s = seconds(auto_answer) if auto_answer else None
        talk_s, limit_s = seconds(talk) if talk else None, seconds(for_) if for_ else None
        code = asyncio.run(_agent(ours, auto_answer_s, talk_s, calls, limit_s, str(play or ""), str(record or "")))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    except PhoneError as fault:
        hint = f" in {state} for {name}; --state names another folder, --password-file a file"
        print(f"svar agent: {fault}{'' if ours.password else hint}", file=sys.stderr)
        raise typer.Exit(FAILED) from None
    except (ValueError, OSError) as fault:
        print(f"svar agent: {fault}", file=sys.stderr)
        raise typer.Exit(USAGE) from None
    raise typer.Exit(code)


async def _agent(
    ours: Account,
    auto_answer_s: float | None,
    talk_s: float | None,
    calls: int,
    limit_s: float | None,
    sound: str,
    record: str,
) -> int:
    console = Console(highlight=False, soft_wrap=True)
    ladder = Ladder(asyncio.get_running_loop().time, console.print)
    phone = Phone(ours, ladder, sound=sound, record=record)
    await phone.start()
    desk = AgentPhone(phone, auto_answer_s=auto_answer_s, talk_s=talk_s)
    desk.until(calls)
    try:
        granted_s = await phone.register()
        console.print(f"registered as {ours.user} at {ours.domain.host} for {granted_s} s")
        if auto_answer_s is not None:
            await desk.dial_code(READY)
        with keys(desk.key) as attended:
            if attended:
                console.print(HELP)
            await asyncio.wait([asyncio.create_task(desk.quit.wait())], timeout=limit_s)
    finally:
        await desk.close()
        await phone.close()
    console.print(f"{desk.talked} calls answered")
    return FAILED if desk.talked < calls else 0
