"""svar voicemail: what callers have left in the mailboxes."""

import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from ivr import mailbox_folder
from ivr.language.problems import did_you_mean
from ivr.ports.mailboxes import Message
from svar import logs
from svar.commands.serve import EXAMPLE
from svar.config import Config as Settings
from svar.config import ConfigError, load
from svar.mailboxes import folder

PLAYERS = (("aplay", "-q"), ("play", "-q"), ("paplay",))
"""Programs that play a WAV file of A-law, the first that is there."""

voicemail = typer.Typer(no_args_is_help=True, help=__doc__)

Configuration = Annotated[Path, typer.Option(help="configuration file, which names the mailboxes and their folder")]
Mailbox = Annotated[str, typer.Argument(help="the mailbox's name")]
Number = Annotated[str, typer.Argument(help="the message's name, as `list` shows it, or `last`")]


@voicemail.command(name="list")
def list_(
    mailbox: Annotated[str, typer.Argument(help="one mailbox; all without it")] = "", config: Configuration = EXAMPLE
) -> None:
    """Show the messages: when, how long, the service, the language, and who called. Callers' numbers are shown here."""
    settings = _settings(config)
    zone = ZoneInfo(settings.node.zone)
    for name in [_known(settings, mailbox)] if mailbox else [one.name for one in settings.mailbox]:
        found = list(mailbox_folder.messages(folder(settings), name))
        print(f"{name}: {len(found)} message{'' if len(found) == 1 else 's'}")
        for message in found:
            print("  " + _line(message, zone))


@voicemail.command()
def play(
    mailbox: Mailbox,
    message: Number,
    config: Configuration = EXAMPLE,
    path: Annotated[bool, typer.Option("--path", help="only tell where the file is")] = False,
) -> None:
    """Play a message, or tell where its file is where nothing here can play it."""
    settings = _settings(config)
    found = _message(settings, mailbox, message)
    player = next((words for words in PLAYERS if shutil.which(words[0])), None)
    if path or player is None or not sys.stdout.isatty():
        print(found.path)
        return
    print(_line(found, ZoneInfo(settings.node.zone)), flush=True)
    if subprocess.run([*player, found.path], check=False).returncode:
        print(f"svar voicemail: {player[0]} could not play {found.path}", file=sys.stderr)
        raise typer.Exit(1)


@voicemail.command()
def delete(mailbox: Mailbox, message: Number, config: Configuration = EXAMPLE) -> None:
    """Delete a message for good."""
    found = _message(_settings(config), mailbox, message)
    try:
        mailbox_folder.delete(found)
    except OSError as error:
        raise _refused(f"{error.filename}: {error.strerror}") from None
    print(f"{found.message} is deleted")


def _settings(config: Path) -> Settings:
    logs.configure(json=False, debug=False)
    try:
        return load(config, os.environ)
    except ConfigError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def _known(settings: Settings, mailbox: str) -> str:
    names = [one.name for one in settings.mailbox]
    if mailbox not in names:
        raise _refused(f"there is no [[mailbox]] {mailbox!r}{did_you_mean(mailbox, names)}")
    return mailbox


def _message(settings: Settings, mailbox: str, message: str) -> Message:
    found = list(mailbox_folder.messages(folder(settings), _known(settings, mailbox)))
    for one in found[-1:] if message == "last" else found:
        if message in (one.message, "last"):
            return one
    raise _refused(
        f"mailbox {mailbox!r} has no message {message!r}{did_you_mean(message, [one.message for one in found])}"
    )


def _line(message: Message, zone: ZoneInfo) -> str:
    when = datetime.fromtimestamp(message.at_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S")
    about = message.about
    who = about.pii_caller or "number withheld"
    return f"{message.message}  {when}  {about.duration_ms / 1000:.0f} s  {about.service}  {about.language}  {who}"


def _refused(message: str) -> typer.Exit:
    print(f"svar voicemail: {message}", file=sys.stderr)
    return typer.Exit(1)
