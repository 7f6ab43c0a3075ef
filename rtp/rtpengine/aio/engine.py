"""`rtp.engine.MediaEngine` on one or several rtpengines."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import structlog

from rtp.aio.recording import Recording
from rtp.dtmf import check_digits
from rtp.engine import (
    MOST_RECORDED_S,
    DtmfReceived,
    LegId,
    LegOptions,
    LegStats,
    MediaError,
    MediaEvent,
    PlayDone,
    Played,
    Recorded,
    RecordingEnded,
    RtpTimeout,
    Sides,
    Supervision,
    WorkerLost,
)
from rtp.rtpengine import ng
from rtp.rtpengine.aio.client import Address, NgClient
from rtp.rtpengine.aio.contact import Contact, drafted
from rtp.rtpengine.aio.ear import Ear
from rtp.rtpengine.aio.keys import KeyListener
from rtp.rtpengine.aio.leg import Leg, Playing
from rtp.rtpengine.aio.sounds import SoundFiles
from rtp.rtpengine.ng import KeyPress
from rtp.rtpengine.servers import Servers
from rtp.rtpengine.watch import Watch
from sdp.crypto import Srtp

MOST_DIGITS: Final = 64
LONGEST_POLL_S: Final = 5.0
UNKNOWN_CALL: Final = 481
GRACE_S: Final = 0.03
"""What rtpengine may lag behind our clock before the end of a play is told: the next one would cut its last packet."""

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RtpengineSettings:
    """`servers`: where each rtpengine listens for ng. `keys`: where they tell of keys. `folder`: sounds for them."""

    servers: tuple[Address, ...]
    keys: Address
    folder: Path
    rtp_timeout_s: float = 30.0
    unheard_limit_s: float = 10.0


class RtpengineMediaEngine:
    """Construct it in the running loop; `shutdown` at the end. docs/rtpengine.md says what it cannot do."""

    def __init__(self, settings: RtpengineSettings) -> None:
        """Raises OSError if the address for keys or the folder cannot be had."""
        self._loop = asyncio.get_running_loop()
        self._settings = settings
        self._sounds = SoundFiles(settings.folder)
        self._keys = KeyListener(settings.keys, {host for host, _ in settings.servers}, self._pressed)
        self._servers = Servers(settings.servers)
        self._clients = {address: NgClient(address, self._died, self._revived) for address in settings.servers}
        self._contacts: dict[str, Contact] = {}
        self._stale: list[Contact] = []
        self._legs: dict[LegId, Contact] = {}
        self._listeners: dict[LegId, Callable[[MediaEvent], None]] = {}
        self._plays = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._spawn(self._poll())

    def _died(self, address: Address) -> None:
        """Its legs may be heard on while it does not answer, but nothing can be done for them there any more."""
        self._servers.died(address)
        for contact in list(self._contacts.values()):
            if contact.client.address == address:
                self._stale.append(contact)
                self._lose(contact)

    def _revived(self, address: Address) -> None:
        """What it carries of the time before has been opened elsewhere, or is gone."""
        self._servers.revived(address)
        stale = [contact for contact in self._stale if contact.client.address == address]
        self._stale = [contact for contact in self._stale if contact.client.address != address]
        for contact in stale:
            self._spawn(contact.client.tell(ng.delete(contact.call)))

    def _lose(self, contact: Contact) -> None:
        lost = list(contact.legs.values())
        contact.legs.clear()
        self._end(contact)
        for leg in lost:
            self._legs.pop(leg.id, None)
            self._spawn(contact.drop(leg))
            self._report(WorkerLost(leg.id))

    def listen(self, leg: LegId, heard: Callable[[MediaEvent], None]) -> None:
        self._listeners[leg] = heard

    def _report(self, event: MediaEvent) -> None:
        heard = self._listeners.get(event.leg)
        if heard is None:
            return
        try:
            heard(event)
        except Exception:
            log.exception("media listener failed", leg=event.leg, happened=type(event).__name__)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _contact(self, leg: LegId) -> tuple[Contact, Leg]:
        contact = self._legs.get(leg)
        found = contact.legs.get(leg) if contact is not None else None
        if contact is None or found is None:
            raise MediaError(f"leg {leg}: not open here", 481)
        return contact, found

    async def open(self, leg: LegId, remote_sdp: str | None, options: LegOptions) -> str:
        """Goes on if its caller is cancelled, so that `close` finds what there is."""
        drafted(remote_sdp, options)
        if options.srtp is Srtp.REQUIRED:
            raise MediaError(f"leg {leg}: no SRTP by rtpengine yet", 488)
        return await asyncio.shield(self._spawn(self._open(leg, remote_sdp, options)))

    async def _open(self, leg: LegId, remote_sdp: str | None, options: LegOptions) -> str:
        tried: set[Address] = set()
        while True:
            contact = self._contacts.get(options.contact) or self._begin(options.contact, frozenset(tried))
            self._legs[leg] = contact  # `close` finds it, and waits for the lock
            async with contact.lock:
                if self._legs.get(leg) is not contact:
                    raise MediaError(f"leg {leg}: closed before it was open", 481)
                if self._contacts.get(options.contact) is not contact:
                    continue
                if leg in contact.legs:
                    return contact.legs[leg].description.text
                try:
                    opened = await contact.open(leg, remote_sdp, options, self._watch(options))
                except MediaError as error:
                    wanted = self._legs.pop(leg, None) is contact
                    self._end(contact)
                    if not wanted or error.status != 503 or contact.legs:
                        raise
                    tried.add(contact.client.address)
                    if len(tried) == len(self._clients):
                        raise
                    continue
                return opened.description.text

    def _begin(self, name: str, but: frozenset[Address]) -> Contact:
        address = self._servers.take(but=but)
        if address is None:
            raise MediaError(f"none of the {len(self._clients)} rtpengines answers", 503)
        contact = self._contacts[name] = Contact(name, self._clients[address], self._sounds)
        return contact

    def _end(self, contact: Contact) -> None:
        """Forget a contact without legs."""
        if not contact.legs and self._contacts.get(contact.name) is contact:
            del self._contacts[contact.name]
            self._servers.give(contact.client.address)

    def _watch(self, options: LegOptions) -> Watch:
        settings = self._settings
        unheard_s = None if options.trusted else settings.unheard_limit_s
        return Watch(settings.rtp_timeout_s, unheard_s, self._loop.time())

    async def update(self, leg: LegId, remote_sdp: str) -> str:
        contact, found = self._contact(leg)
        async with contact.lock:
            return await contact.update(found, remote_sdp)

    async def offer(self, leg: LegId) -> str:
        return self._contact(leg)[1].description.offer()

    async def withdraw(self, leg: LegId) -> None:
        self._contact(leg)[1].description.withdraw()

    async def play(self, leg: LegId, files: tuple[str, ...], *, loop: bool = False, offset_s: float = 0.0) -> Played:
        contact, found = self._contact(leg)
        sound = await self._sounds.made(files, offset_s, loop=loop)
        async with contact.lock:
            number, now = next(self._plays), self._loop.time()
            playing = Playing(number, files, loop, offset_s, sound.duration_s, now, now)
            await contact.play(found, playing)
            playing.began = playing.counted = self._loop.time()
            if not loop:
                playing.timer = self._loop.call_later(
                    sound.duration_s + GRACE_S, self._play_done, contact, found, playing
                )
            return Played(number, 0.0 if loop else sound.duration_s)

    def _play_done(self, contact: Contact, leg: Leg, playing: Playing) -> None:
        if leg.playing is playing:
            leg.count(self._loop.time())
            leg.playing = None
            self._report(PlayDone(leg.id, playing.number))
            self._spawn(self._after_play(contact, leg))

    async def _after_play(self, contact: Contact, leg: Leg) -> None:
        async with contact.lock:
            if leg.playing is None and leg.id in contact.legs:
                with suppress(MediaError):
                    await contact.quiet(leg)

    async def stop(self, leg: LegId) -> None:
        contact, found = self._contact(leg)
        async with contact.lock:
            await contact.stop(found)

    async def send_dtmf(self, leg: LegId, digits: str) -> None:
        contact, found = self._contact(leg)
        try:
            check_digits(digits)
        except ValueError as error:
            raise MediaError(f"leg {leg}: {error}", 400) from error
        if len(digits) > MOST_DIGITS:
            raise MediaError(f"leg {leg}: {len(digits)} keys at once, at most {MOST_DIGITS}", 400)
        async with contact.lock:
            await contact.press(found, digits)

    async def bridge(self, a: LegId, b: LegId) -> None:
        (contact, first), (other, second) = self._contact(a), self._contact(b)
        if contact is not other:
            raise MediaError(f"legs {a} and {b} belong to two contacts, which two rtpengines may carry", 488)
        async with contact.lock:
            await contact.join(first, second)

    async def unbridge(self, leg: LegId) -> None:
        contact, found = self._contact(leg)
        async with contact.lock:
            await contact.part(found)

    async def conference(self, legs: tuple[LegId, ...]) -> None:
        """Of two legs only: rtpengine 10.5 mixes nothing."""
        if len(legs) != 2:
            raise MediaError(f"{len(legs)} legs in a conference: rtpengine 10.5 mixes nothing", 488)
        await self.bridge(*legs)

    async def supervise(self, leg: LegId, target: LegId, mode: Supervision) -> None:
        self._contact(leg)
        self._contact(target)
        raise MediaError(f"leg {leg} cannot {mode} to {target}: rtpengine 10.5 mixes nothing", 488)

    async def mute(self, leg: LegId, *, muted: bool) -> None:
        contact, found = self._contact(leg)
        async with contact.lock:
            await contact.mute(found, muted=muted)

    async def record(
        self,
        leg: LegId,
        path: str,
        *,
        sides: Sides = Sides.ONE,
        most_s: float = MOST_RECORDED_S,
        silence_s: float = 0.0,
    ) -> None:
        contact, found = self._contact(leg)
        async with contact.lock:
            await self._end_recording(found)
            try:
                recording = await Recording.open(
                    Path(path), sides, most_s, lambda reason: self._report(RecordingEnded(leg, reason)), silence_s
                )
                ear = Ear(contact.client, contact.call, recording, both=sides is not Sides.ONE)
                found.ear = ear
                await ear.near(found.tag)
                await ear.far(found.partner.tag if found.partner is not None else None)
            except OSError as error:
                raise MediaError(f"recording {path}: {error}", 500) from error

    async def _end_recording(self, leg: Leg) -> Recorded:
        if leg.ear is None:
            return Recorded()
        ear, leg.ear = leg.ear, None
        return await ear.close()

    async def pause_record(self, leg: LegId) -> None:
        found = self._contact(leg)[1]
        if found.ear is not None:
            found.ear.recording.pause()

    async def resume_record(self, leg: LegId) -> None:
        found = self._contact(leg)[1]
        if found.ear is not None:
            found.ear.recording.resume()

    async def stop_record(self, leg: LegId) -> Recorded:
        contact, found = self._contact(leg)
        async with contact.lock:
            return await self._end_recording(found)

    async def stats(self, leg: LegId) -> LegStats:
        contact, found = self._contact(leg)
        return await contact.stats(found)

    async def close(self, leg: LegId) -> LegStats:
        self._listeners.pop(leg, None)
        return await asyncio.shield(self._spawn(self._close(leg)))

    async def _close(self, leg: LegId) -> LegStats:
        contact = self._legs.pop(leg, None)
        if contact is None:
            return LegStats(0, 0, 0, 0, 0.0)
        async with contact.lock:
            found = contact.legs.get(leg)
            stats = LegStats(0, 0, 0, 0, 0.0) if found is None else await contact.close(found)
            self._end(contact)
        return stats

    @property
    def alive(self) -> tuple[int, int]:
        """How many rtpengines answer, and how many there are."""
        return self._servers.alive, len(self._clients)

    @property
    def legs(self) -> int:
        return len(self._legs)

    @property
    def skipped(self) -> int:
        """No ticker of ours is at work."""
        return 0

    def _pressed(self, press: KeyPress) -> None:
        contact = self._legs.get(LegId(press.tag))
        if contact is not None and contact.call == press.call:
            self._report(DtmfReceived(LegId(press.tag), press.digit, press.duration_ms))

    async def _poll(self) -> None:
        """Look now and then whether the phones are still heard."""
        settings = self._settings
        pause_s = min(LONGEST_POLL_S, settings.rtp_timeout_s / 4, settings.unheard_limit_s / 4)
        while True:
            await asyncio.sleep(pause_s)
            for contact in list(self._contacts.values()):
                try:
                    await self._look(contact)
                except MediaError as error:
                    if error.status == UNKNOWN_CALL and contact.legs:
                        log.error("rtpengine has forgotten a call", rtpengine=contact.client.address)
                        self._lose(contact)

    async def _look(self, contact: Contact) -> None:
        for leg, silent_ms in await contact.look():
            self._report(RtpTimeout(leg.id, silent_ms))
        if any(leg.astray for leg in contact.legs.values()):
            async with contact.lock:
                await contact.straighten()

    async def shutdown(self) -> None:
        """Close every leg and stop all that runs."""
        await asyncio.gather(*[self.close(leg) for leg in list(self._legs)])
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for client in self._clients.values():
            await client.close()
        self._keys.close()
