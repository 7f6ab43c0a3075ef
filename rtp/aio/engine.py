"""The media engine in this process' own loop (`workers = 0`): the body that a worker process will have too."""

import asyncio
import itertools
import os
import random
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from rtp import player, wav
from rtp.aio.exchange import Exchange
from rtp.aio.leg import Leg, Room
from rtp.aio.port import Port
from rtp.aio.readiness import Readiness
from rtp.aio.recording import Recording
from rtp.aio.srtp_leg import SrtpLeg
from rtp.aio.ticker import Ticker
from rtp.description import LegDescription
from rtp.dtmf import check_digits, event_packets
from rtp.engine import (
    MOST_RECORDED_S,
    LegId,
    LegOptions,
    LegStats,
    MediaError,
    MediaEvent,
    Played,
    Recorded,
    RecordingEnded,
    Sides,
    Srtp,
    Supervision,
)
from rtp.player import Sound, SoundCache
from rtp.ports import PortPool
from rtp.reporting import LEAST_INTERVAL_S
from rtp.sender import RtpSender
from rtp.stream import Patience, RtpStream
from sdp.negotiation import Capabilities

MOST_TRIES: Final = 16
"""Ports tried for one leg, when other programs hold some of the range."""
SWEEP_S: Final = 0.0175
"""Until the next ticker slot after that: 20 ms while there are any."""
SWEEP_PARTS: Final = 50
"""Every leg's deadlines are looked at once in SWEEP_S times this; a report is some 50 us, so a part has to be small."""
QUIET_SWEEP_S: Final = 0.1
"""While there is no leg."""
MOST_SOUND_BYTES: Final = 64 * 1024 * 1024
MOST_DIGITS: Final = 64

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class MediaSettings:
    """`address` is bound, `advertised` (the same when empty) stands in our SDP. The even ports are RTP's.

    `rtcp` takes a second socket for each leg that lasts, unless `rtcp_mux` is agreed with its peer.
    """

    address: str
    advertised: str = ""
    first_port: int = 20_000
    last_port: int = 32_766
    quarantine_s: float = 5.0
    rtp_timeout_s: float = 30.0
    unheard_limit_s: float = 10.0
    cache_bytes: int = 256 * 1024 * 1024
    gate: bool = True
    rtcp: bool = True
    rtcp_mux: bool = True
    report_least_s: float = LEAST_INTERVAL_S


class LocalMediaEngine:
    """`rtp.engine.MediaEngine` on raw sockets in the running loop. Construct it there; `shutdown` at the end."""

    def __init__(self, settings: MediaSettings, quarantined: tuple[int, ...] = ()) -> None:
        """`quarantined`: ports that another process used until now, to which phones may go on sending for a while."""
        self._loop = asyncio.get_running_loop()
        self._settings = settings
        ports = list(range(settings.first_port + settings.first_port % 2, settings.last_port + 1, 2))
        random.shuffle(ports)
        self._ports = PortPool(ports, settings.quarantine_s, quarantined, self._loop.time())
        readiness = Readiness()
        self._room = Room(
            readiness, Ticker(self._loop, readiness), self._report, settings.gate, settings.report_least_s
        )
        self._legs: dict[LegId, Leg] = {}
        self._exchange = Exchange(self._legs, self._room.ticker)
        self._listeners: dict[LegId, Callable[[MediaEvent], None]] = {}
        self._sounds = SoundCache(settings.cache_bytes)
        self._plays = itertools.count(1)
        self._capabilities = Capabilities(
            settings.advertised or settings.address, rtcp_mux=settings.rtcp and settings.rtcp_mux
        )
        self._swept: Iterator[Leg] = iter(())
        self._sweeper = self._loop.call_later(SWEEP_S, self._sweep)

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

    def _leg(self, leg: LegId) -> Leg:
        found = self._legs.get(leg)
        if found is None:
            raise MediaError(f"leg {leg}: not open here", 481)
        return found

    async def open(self, leg: LegId, remote_sdp: str | None, options: LegOptions) -> str:
        known = self._legs.get(leg)
        if known is not None:
            return known.description.text
        port = self._take_port()
        try:
            description = LegDescription(
                self._capabilities,
                port.number,
                secrets.randbits(62),
                inactive_on_hold=options.on_hold_inactive,
                last_sdp=options.last_sdp,
                srtp=options.srtp,
                chance=secrets.token_bytes,
            )
            text = description.offer() if remote_sdp is None else description.receive(remote_sdp)[0]
        except MediaError:
            self._release(port)
            raise
        opened = self._legs[leg] = self._construct(leg, port, description, options)
        if options.tones:
            opened.listen_for_tones()
        return text

    def _construct(self, leg: LegId, port: Port, description: LegDescription, options: LegOptions) -> Leg:
        now = self._loop.time()
        chance = secrets.randbits(79)
        settings = self._settings
        patience = Patience(options.trusted, settings.rtp_timeout_s, settings.unheard_limit_s)
        stream = RtpStream(leg, description.named, description.inbound, patience, now)
        ssrc, timestamp, sequence = chance & 0xFFFFFFFF, chance >> 32 & 0xFFFFFFFF, chance >> 64
        sender = RtpSender(description.outbound, ssrc, sequence, timestamp, now)
        kind = Leg if options.srtp is Srtp.REFUSED else SrtpLeg
        return kind(leg, port, description, stream, sender, self._room)

    def _take_port(self) -> Port:
        now = self._loop.time()
        for _ in range(MOST_TRIES):
            number = self._ports.take(now)
            if number is None:
                raise MediaError(f"no media port is free between {self._range}; widen the range", 503)
            try:
                return Port(self._settings.address, number)
            except OSError as error:
                self._ports.give(number, now)
                failure = error
        raise MediaError(f"media ports between {self._range} cannot be bound: {failure}", 503)

    @property
    def _range(self) -> str:
        return f"{self._settings.first_port} and {self._settings.last_port}"

    def _release(self, port: Port) -> None:
        port.close()
        self._ports.give(port.number, self._loop.time())

    async def update(self, leg: LegId, remote_sdp: str) -> str:
        found = self._leg(leg)
        codec = found.description.codec
        text, changed = found.description.receive(remote_sdp)
        if changed:
            try:
                found.update(codec, self._loop.time())
            except OSError as error:
                raise MediaError(f"leg {leg}: port {found.port.number} is lost: {error}", 503) from error
        return text

    async def offer(self, leg: LegId) -> str:
        """Our offer of now, for a re-INVITE of ours or one of the peer's that has none; `update` takes the answer."""
        return self._leg(leg).description.offer()

    async def withdraw(self, leg: LegId) -> None:
        self._leg(leg).description.withdraw()

    async def play(self, leg: LegId, files: tuple[str, ...], *, loop: bool = False, offset_s: float = 0.0) -> Played:
        sounds = tuple([await self._sound(file) for file in files])
        found = self._leg(leg)
        number = next(self._plays)
        stretches = player.stretches(sounds, found.description.codec, loop=loop, offset_s=offset_s)
        found.sender.play(number, stretches, self._loop.time())
        found.tick_on()
        return Played(number, 0.0 if loop else player.duration_s(sounds, offset_s))

    async def _sound(self, file: str) -> Sound:
        """The file's sound as it is on disk now; a WAV file is converted. Raises MediaError."""
        try:
            stat = os.stat(file)
            key = (file, stat.st_mtime_ns, stat.st_size)
            sound = self._sounds.get(key)
            if sound is None:
                sound = await asyncio.to_thread(_read, file)
                self._sounds.put(key, sound)
        except (OSError, wav.WavError) as error:
            raise MediaError(f"sound {file}: {error}", 500) from error
        return sound

    async def stop(self, leg: LegId) -> None:
        self._leg(leg).stop(self._loop.time())

    async def send_dtmf(self, leg: LegId, digits: str) -> None:
        found = self._leg(leg)
        try:
            check_digits(digits)
        except ValueError as error:
            raise MediaError(f"leg {leg}: {error}", 400) from error
        if len(digits) > MOST_DIGITS:
            raise MediaError(f"leg {leg}: {len(digits)} keys at once, at most {MOST_DIGITS}", 400)
        if found.sender.outbound.event_type is None:
            raise MediaError(f"leg {leg}: the peer takes no telephone events", 488)
        found.sender.press(event_packets(digits), self._loop.time())
        found.tick_on()

    async def bridge(self, a: LegId, b: LegId) -> None:
        await self.conference((a, b))

    async def unbridge(self, leg: LegId) -> None:
        self._exchange.part(self._leg(leg).id)

    async def conference(self, legs: tuple[LegId, ...]) -> None:
        self._exchange.bring_together(tuple(self._leg(leg).id for leg in legs), self._loop.time())

    async def supervise(self, leg: LegId, target: LegId, mode: Supervision) -> None:
        self._exchange.supervise(self._leg(leg).id, self._leg(target).id, mode, self._loop.time())

    async def mute(self, leg: LegId, *, muted: bool) -> None:
        self._leg(leg).mute(muted=muted)

    async def record(
        self,
        leg: LegId,
        path: str,
        *,
        sides: Sides = Sides.ONE,
        most_s: float = MOST_RECORDED_S,
        silence_s: float = 0.0,
    ) -> None:
        await self.stop_record(leg)
        try:
            recording = await Recording.open(
                Path(path), sides, most_s, lambda reason: self._report(RecordingEnded(leg, reason)), silence_s
            )
        except OSError as error:
            raise MediaError(f"recording {path}: {error}", 500) from error
        found = self._legs.get(leg)
        if found is None:
            await recording.close()
            raise MediaError(f"leg {leg}: closed before its recording began", 481)
        found.record(recording)

    async def pause_record(self, leg: LegId) -> None:
        recording = self._leg(leg).voice.recording
        if recording is not None:
            recording.pause()

    async def resume_record(self, leg: LegId) -> None:
        recording = self._leg(leg).voice.recording
        if recording is not None:
            recording.resume()

    async def stop_record(self, leg: LegId) -> Recorded:
        found = self._leg(leg)
        recording = found.voice.recording
        if recording is None:
            return Recorded()
        found.record(None)
        return await recording.close()

    async def stats(self, leg: LegId) -> LegStats:
        return self._leg(leg).stats

    async def close(self, leg: LegId) -> LegStats:
        self._listeners.pop(leg, None)
        found = self._legs.pop(leg, None)
        if found is None:
            return LegStats(0, 0, 0, 0, 0.0)
        self._exchange.forget(found)
        found.close()
        self._ports.give(found.port.number, self._loop.time())
        if found.voice.recording is not None:
            await found.voice.recording.close()
        return found.stats

    @property
    def legs(self) -> int:
        return len(self._legs)

    @property
    def skipped(self) -> int:
        """Ticker slots (5 ms) that were skipped because the loop was held up for more than 100 ms."""
        return self._room.ticker.skipped

    @property
    def worst_late_s(self) -> float:
        """How late a ticker slot has begun at worst."""
        return self._room.ticker.worst_late_s

    def _sweep(self) -> None:
        """Look at a part of the legs' deadlines, so that many legs make no long pause."""
        now = self._loop.time()
        at = self._room.ticker.slot_after(now + (SWEEP_S if self._legs else QUIET_SWEEP_S))
        self._sweeper = self._loop.call_at(at, self._sweep)
        part = list(itertools.islice(self._swept, len(self._legs) // SWEEP_PARTS + 1))
        if not part:
            self._swept = iter(list(self._legs.values()))
        for leg in part:
            if leg.id not in self._legs:
                continue
            try:
                leg.check(now)
                if self._settings.rtcp:
                    leg.report()
            except OSError as error:
                log.error("media port lost", leg=leg.id, port=leg.port.number, reason=str(error))

    async def shutdown(self) -> None:
        """Close every leg and stop all timers."""
        for leg in list(self._legs):
            await self.close(leg)
        self._sweeper.cancel()
        self._room.ticker.close()
        self._room.readiness.close()


def _read(file: str) -> Sound:
    """Raises OSError and WavError."""
    size = os.path.getsize(file)
    if size > MOST_SOUND_BYTES:
        raise wav.WavError(f"{size} bytes, at most {MOST_SOUND_BYTES}")
    data = Path(file).read_bytes()
    return Sound(wav.a_law(data) if wav.is_wav(data) else data)
