"""Mailboxes as folders: `<mailbox>/<when>-<contact>.wav`, and beside it what is known of the message as JSON.

Drafts begin with a dot. A message is there once its JSON is, which is written last and renamed into place. Files are
their owner's alone, since they hold voices and numbers.
"""

import asyncio
import json
import math
import os
import re
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

import structlog

from ivr.ports.call import Clip
from ivr.ports.mailboxes import About, Draft, MailboxError, MailboxFull, Message
from ivr.prompts.samples import wav

T = TypeVar("T")

DAY_MS: Final = 86_400_000
TIDY_EVERY_S: Final = 3600.0
ABANDONED_MS: Final = 3_600_000
"""What is no draft of this process, and so old, was begun for a caller who hung up at that moment."""
BYTES_PER_S: Final = 8000
MOST_ABOUT_BYTES: Final = 16_384
BEEP_HZ: Final = 1000
BEEP_S: Final = 0.4
_BEEP_AMPLITUDE: Final = 6000
_RATE_HZ: Final = 8000
_BEEP_FILE: Final = ".beep.wav"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a mailbox may hold, and for how long. `keep_days` 0: until a message is deleted."""

    most_messages: int = 500
    most_bytes: int = 200_000_000
    keep_days: int = 30


class MailboxFolder:
    """Implements `Mailboxes`; one process writes, others may list and delete (`messages`, `delete`)."""

    def __init__(self, folder: Path, terms: Mapping[str, Terms], now_ms: Callable[[], int]) -> None:
        self._folder = folder
        self._terms = dict(terms)
        self._now_ms = now_ms
        self._drafts: dict[str, tuple[str, int]] = {}
        self._turn = asyncio.Lock()

    @property
    def beep(self) -> Clip:
        return Clip(str(self._folder / _BEEP_FILE), BEEP_S, "(beep)", "", synthetic=True)

    async def start(self) -> None:
        """Make the folders, and clear away what a crash or time has left. Raises OSError."""
        await asyncio.to_thread(self._prepare)

    async def tidy(self) -> None:
        """Delete what is older than its mailbox keeps it, now and then; runs until it is cancelled."""
        while True:
            await asyncio.sleep(TIDY_EVERY_S)
            await asyncio.to_thread(self.prune)

    async def begin(self, mailbox: str, contact: str, at_ms: int, most_s: float) -> Draft:
        """See the port."""
        terms = self._terms.get(mailbox)
        if terms is None:
            raise MailboxError(f"there is no mailbox {mailbox!r}")
        size = round(most_s * BYTES_PER_S)
        async with self._turn:
            begun = [bytes_ for name, bytes_ in self._drafts.values() if name == mailbox]
            count, held = await self._disk(lambda: _held(self._folder / mailbox))
            if count + len(begun) >= terms.most_messages:
                raise MailboxFull(f"mailbox {mailbox!r} has {terms.most_messages} messages, as many as it may")
            if held + sum(begun) + size > terms.most_bytes:
                raise MailboxFull(f"mailbox {mailbox!r} has no room for {size} bytes of {terms.most_bytes}")
            draft = await self._disk(lambda: _begun(self._folder / mailbox, mailbox, contact, at_ms))
            self._drafts[draft.path] = mailbox, size
        return draft

    async def keep(self, draft: Draft, about: About) -> Message:
        """See the port."""
        async with self._turn:
            try:
                path = await self._disk(lambda: _kept(draft, about))
            finally:
                self._drafts.pop(draft.path, None)
        return Message(draft.mailbox, draft.message, draft.at_ms, str(path), about)

    async def drop(self, draft: Draft) -> None:
        """See the port."""
        self._drafts.pop(draft.path, None)
        with suppress(MailboxError):
            await self._disk(lambda: Path(draft.path).unlink(missing_ok=True))

    def prune(self) -> int:
        """Delete what is older than its mailbox keeps it, and drafts that nobody speaks to. Gives how many messages."""
        pruned = 0
        for mailbox, terms in self._terms.items():
            self._drop_abandoned(mailbox)
            before_ms = self._now_ms() - terms.keep_days * DAY_MS
            for message in messages(self._folder, mailbox):
                if terms.keep_days and message.at_ms < before_ms:
                    pruned += 1
                    with suppress(OSError):
                        delete(message)
        if pruned:
            _log.info("messages were older than they are kept", messages=pruned)
        return pruned

    def _drop_abandoned(self, mailbox: str) -> None:
        before_ms = self._now_ms() - ABANDONED_MS
        for path in (self._folder / mailbox).glob(".*.wav"):
            with suppress(OSError):
                if str(path) not in self._drafts and path.stat().st_mtime * 1000 < before_ms:
                    path.unlink()

    async def _disk(self, work: Callable[[], T]) -> T:
        """Raises MailboxError for what the disk does not do."""
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise MailboxError(f"{error.filename}: {error.strerror}") from error

    def _prepare(self) -> None:
        for path in (self._folder, *(self._folder / name for name in self._terms)):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.chmod(0o700)
        (self._folder / _BEEP_FILE).write_bytes(_beep())
        for path in self._folder.iterdir():
            if path.is_dir() and path.name not in self._terms and any(path.glob("*.json")):
                _log.warning("a mailbox that is not configured keeps its messages", mailbox=path.name)
        for name in self._terms:
            _clear(self._folder / name)
        self.prune()


def messages(folder: Path, mailbox: str) -> Iterator[Message]:
    """The messages of a mailbox, oldest first; a file that is none is left out, and told of."""
    for path in sorted((folder / mailbox).glob("[!.]*.json")):
        try:
            yield _message(path, mailbox)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            _log.warning("a message cannot be read", path=str(path), error=str(error))


def delete(message: Message) -> None:
    """Raises OSError."""
    path = Path(message.path)
    path.with_suffix(".json").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _message(path: Path, mailbox: str) -> Message:
    with path.open("rb") as file:
        read = json.loads(file.read(MOST_ABOUT_BYTES))
    at_ms, about = read.pop("at_ms"), About(**{key: value for key, value in read.items() if key != "at"})
    if type(at_ms) is not int or type(about.duration_ms) is not int:
        raise TypeError("at_ms and duration_ms have to be whole numbers")
    return Message(mailbox, path.stem, at_ms, str(path.with_suffix(".wav")), about)


def _held(folder: Path) -> tuple[int, int]:
    """How many messages there are, and how many bytes."""
    count = size = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".wav") and not entry.name.startswith("."):
                count += 1
                with suppress(FileNotFoundError):
                    size += entry.stat().st_size
    return count, size


def _begun(folder: Path, mailbox: str, contact: str, at_ms: int) -> Draft:
    when = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    stem = f"{when}-{re.sub(r'[^A-Za-z0-9-]', '', contact)[:40]}"
    for number in range(1, 100):
        message = stem if number == 1 else f"{stem}-{number}"
        path = folder / f".{message}.wav"
        if (folder / f"{message}.json").exists():
            continue
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return Draft(mailbox, message, at_ms, str(path))
    raise MailboxError(f"mailbox {mailbox!r}: {contact} leaves too many messages at once")


def _kept(draft: Draft, about: About) -> Path:
    """The voice first: a JSON without one would be a message that nobody can hear."""
    path = Path(draft.path)
    voice, notes = path.with_name(f"{draft.message}.wav"), path.with_name(f"{draft.message}.json")
    writing = path.with_suffix(".json")
    at = datetime.fromtimestamp(draft.at_ms / 1000, UTC).isoformat(timespec="seconds")
    text = json.dumps({"at": at, "at_ms": draft.at_ms, **asdict(about)}, ensure_ascii=False, indent=1) + "\n"
    try:
        with path.open("rb") as file:
            os.fsync(file.fileno())
        descriptor = os.open(writing, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file_:
            file_.write(text)
            file_.flush()
            os.fsync(descriptor)
        path.rename(voice)
        writing.rename(notes)
    except OSError:
        for left in (path, writing, voice):
            with suppress(OSError):
                left.unlink()
        raise
    return voice


def _clear(folder: Path) -> None:
    """What a crash has left: drafts, and voices without notes."""
    for path in folder.iterdir():
        if path.name.startswith(".") or (path.suffix == ".wav" and not path.with_suffix(".json").exists()):
            with suppress(OSError):
                path.unlink()
                _log.warning("a message that was never finished is gone", path=str(path))


def _beep() -> bytes:
    """It swells and fades within 10 ms, so that it does not click."""
    count, edge = round(BEEP_S * _RATE_HZ), _RATE_HZ // 100
    level = [min(1.0, at / edge, (count - 1 - at) / edge) * _BEEP_AMPLITUDE for at in range(count)]
    step = math.tau * BEEP_HZ / _RATE_HZ
    return wav(array("h", [round(level[at] * math.sin(step * at)) for at in range(count)]), _RATE_HZ)
