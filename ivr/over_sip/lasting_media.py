"""Media that outlives the process that carries it: a leg whose worker is lost is opened elsewhere, and goes on.

A wrapper around the media engine. It opens the leg anew, has the peer re-INVITEd with the new description, and takes up
what was going on: a bridge once both its legs are back, music, and a prompt from its start (who was told half of a menu
wants to hear it all). Commands given meanwhile wait. Only a leg that cannot be brought back is told of (WorkerLost).
Conferences, supervision and mute are not taken up again; nor are recordings, whose end is told (RecordingEnded).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import structlog

from ivr.over_sip.telephony import Spawn
from rtp.engine import (
    MOST_RECORDED_S,
    LegId,
    LegOptions,
    LegStats,
    MediaEngine,
    MediaError,
    MediaEvent,
    PlayDone,
    Played,
    Recorded,
    RecordingEnded,
    Sides,
    Supervision,
    WorkerGone,
    WorkerLost,
)

MOST_LOSSES: Final = 3
"""Times that one leg is brought back: the leg itself may be what its workers die of."""
REOPEN_WITHIN_S: Final = 20.0
AGAIN_S: Final = 0.5
TURN_S: Final = 0.002
"""Between the legs of one worker: a thousand re-INVITEs at once would hold up every other call for a second."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Sound:
    """What is being played: under the number that was given for it, and under that of the engine of now."""

    files: tuple[str, ...]
    loop: bool
    given: int
    play: int


class _Leg:
    """One leg. `back` is awaited while it is lost; `standing` says that its engine has it and knows the peer.

    `agreed`: offer and answer were exchanged once, so that another description of the peer's is an offer.
    """

    __slots__ = (
        "agreed",
        "answer",
        "back",
        "heard",
        "losses",
        "options",
        "recorded",
        "reoffer",
        "room",
        "said",
        "sound",
        "standing",
    )

    def __init__(self, heard: Callable[[MediaEvent], None]) -> None:
        self.heard = heard
        self.options: LegOptions | None = None
        self.said = ""
        self.reoffer: Callable[[str], bool] | None = None
        self.answer: asyncio.Future[str | None] | None = None
        self.back: asyncio.Future[None] | None = None
        self.standing = True
        self.agreed = False
        self.losses = 0
        self.recorded = False
        self.sound: _Sound | None = None
        self.room: tuple[LegId, ...] = ()


class LastingMedia:
    """`rtp.engine.MediaEngine` around another. `follow` and `reoffered` connect a leg with its SIP session."""

    def __init__(self, engine: MediaEngine, spawn: Spawn) -> None:
        self._engine = engine
        self._spawn = spawn
        self._legs: dict[LegId, _Leg] = {}
        self._next_turn = 0.0

    # The SIP session of a leg

    def follow(self, leg: LegId, reoffer: Callable[[str], bool]) -> None:
        """`reoffer` sends the peer a new offer; False while that cannot be."""
        if leg in self._legs:
            self._legs[leg].reoffer = reoffer

    def reoffered(self, leg: LegId, answer: str | None) -> None:
        """The peer's answer to that offer; None: it was refused."""
        found = self._legs.get(leg)
        if found is not None and found.answer is not None and not found.answer.done():
            found.answer.set_result(answer)

    def lost(self, leg: LegId) -> bool:
        """Whether the leg is being brought back."""
        found = self._legs.get(leg)
        return found is not None and found.back is not None

    # What the engine tells

    def listen(self, leg: LegId, heard: Callable[[MediaEvent], None]) -> None:
        found = self._legs.setdefault(leg, _Leg(heard))
        found.heard = heard
        self._engine.listen(leg, lambda event: self._happened(leg, found, event))

    def _happened(self, leg: LegId, found: _Leg, event: MediaEvent) -> None:
        sound = found.sound
        if isinstance(event, WorkerLost):
            self._lose(leg, found)
        elif isinstance(event, PlayDone) and sound is not None and sound.play == event.play:
            found.sound = None
            found.heard(PlayDone(leg, sound.given))
        else:
            found.heard(event)

    def _lose(self, leg: LegId, found: _Leg) -> None:
        found.losses += 1
        found.standing = False
        if found.recorded:
            found.recorded = False
            found.heard(RecordingEnded(leg, "failed"))
        if found.back is None and self._legs.get(leg) is found:
            found.back = asyncio.get_running_loop().create_future()
            self._spawn(self._bring_back(leg, found))

    # Bringing back

    async def _bring_back(self, leg: LegId, found: _Leg) -> None:
        done = False
        try:
            await self._turn()
            while not done and found.losses <= MOST_LOSSES and self._legs.get(leg) is found:
                done = await self._renew(leg, found)
        except (MediaError, TimeoutError) as error:
            _log.warning("a leg could not be brought back", leg=leg, reason=str(error) or "it took too long")
        finally:
            back, found.back = found.back, None
            if back is not None:
                back.set_result(None)
            if not done and self._legs.get(leg) is found:
                found.heard(WorkerLost(leg))

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        turn = self._next_turn = max(now, self._next_turn + TURN_S)
        await asyncio.sleep(turn - now)

    async def _renew(self, leg: LegId, found: _Leg) -> bool:
        """One try. False when the leg was lost once more; raises MediaError when the peer does not come along."""
        losses = found.losses
        async with asyncio.timeout(REOPEN_WITHIN_S):
            offer = await self._reopen(leg, found)
        answer = await self._ask_peer(leg, found, offer)
        if answer is None:
            raise MediaError("the peer refused the new offer")
        try:
            found.said = await self._engine.update(leg, answer)
            found.standing = found.agreed = True
            await self._take_up(leg, found)
        except MediaError:
            if found.losses == losses:
                raise
        return found.losses == losses

    async def _reopen(self, leg: LegId, found: _Leg) -> str:
        """Our new offer. A port may be in quarantine, and a worker has to start: tried until then."""
        assert found.options is not None
        while self._legs.get(leg) is found:
            try:
                return await self._engine.open(leg, None, replace(found.options, last_sdp=found.said))
            except MediaError as error:
                if error.status != 503:
                    raise
                await asyncio.sleep(AGAIN_S)
        raise WorkerGone("the call is over")

    async def _ask_peer(self, leg: LegId, found: _Leg, offer: str) -> str | None:
        """The peer's answer. Before the ACK, and while another offer is open, ours has to wait; SIP bounds both."""
        found.said = offer
        found.answer = asyncio.get_running_loop().create_future()
        while found.reoffer is None or not found.reoffer(offer):
            await asyncio.sleep(AGAIN_S)
            if self._legs.get(leg) is not found:
                return None
        return await found.answer

    async def _take_up(self, leg: LegId, found: _Leg) -> None:
        others = {one: self._legs[one] for one in found.room if one != leg and one in self._legs}
        if others and all(other.standing for other in others.values()):
            if len(others) == 1:
                await self._engine.bridge(leg, *others)
            else:
                await self._engine.conference(found.room)
            for one, other in others.items():
                await self._sound(one, other)
        await self._sound(leg, found)

    async def _sound(self, leg: LegId, found: _Leg) -> None:
        sound = found.sound
        if sound is not None:
            sound.play = (await self._engine.play(leg, sound.files, loop=sound.loop)).play

    async def _do(self, legs: tuple[LegId, ...], command: Callable[[], Awaitable[T]]) -> T:
        """Give a command once all these legs are there; again when a worker was lost under it."""
        while True:
            found = [self._legs[leg] for leg in legs if leg in self._legs]
            for leg in found:
                if leg.back is not None:
                    await asyncio.shield(leg.back)
            try:
                return await command()
            except MediaError:
                if all(leg.back is None for leg in found):
                    raise

    # The port

    async def open(self, leg: LegId, remote_sdp: str | None, options: LegOptions) -> str:
        text = await self._engine.open(leg, remote_sdp, options)
        found = self._legs.get(leg)
        if found is not None:
            found.options, found.said, found.agreed = options, text, remote_sdp is not None
        return text

    async def update(self, leg: LegId, remote_sdp: str) -> str:
        text = await self._described(leg, lambda: self._engine.update(leg, remote_sdp))
        if leg in self._legs:
            self._legs[leg].agreed = True
        return text

    async def offer(self, leg: LegId) -> str:
        return await self._described(leg, lambda: self._engine.offer(leg))

    async def _described(self, leg: LegId, command: Callable[[], Awaitable[str]]) -> str:
        """While the leg is brought back, an offer of the peer's meets ours (491), and its first answer is overtaken."""
        found = self._legs.get(leg)
        if found is None:
            return await command()
        losses = found.losses
        if found.back is None:
            try:
                found.said = await command()
            except MediaError:
                if found.losses == losses:
                    raise
        if found.back is not None:
            if found.agreed:
                raise MediaError(f"leg {leg}: an offer of ours is under way", 491)
            await asyncio.shield(found.back)
            if not found.standing:
                raise WorkerGone(f"leg {leg}: its media could not be brought back")
        return found.said

    async def withdraw(self, leg: LegId) -> None:
        await self._do((leg,), lambda: self._engine.withdraw(leg))

    async def play(self, leg: LegId, files: tuple[str, ...], *, loop: bool = False, offset_s: float = 0.0) -> Played:
        played = await self._do((leg,), lambda: self._engine.play(leg, files, loop=loop, offset_s=offset_s))
        if leg in self._legs:
            self._legs[leg].sound = _Sound(files, loop, played.play, played.play)
        return played

    async def stop(self, leg: LegId) -> None:
        if leg in self._legs:
            self._legs[leg].sound = None
        await self._do((leg,), lambda: self._engine.stop(leg))

    async def send_dtmf(self, leg: LegId, digits: str) -> None:
        await self._do((leg,), lambda: self._engine.send_dtmf(leg, digits))

    async def bridge(self, a: LegId, b: LegId) -> None:
        self._part(a)
        self._part(b)
        await self._do((a, b), lambda: self._engine.bridge(a, b))
        self._together((a, b))

    async def unbridge(self, leg: LegId) -> None:
        self._part(leg)
        await self._do((leg,), lambda: self._engine.unbridge(leg))

    def _part(self, leg: LegId) -> None:
        found = self._legs.get(leg)
        room = () if found is None else found.room
        left = tuple(one for one in room if one != leg and one in self._legs)
        for one in left:
            self._legs[one].room = left if len(left) > 1 else ()
        if found is not None:
            found.room = ()

    def _together(self, legs: tuple[LegId, ...]) -> None:
        for leg in legs:
            if leg in self._legs:
                self._legs[leg].room, self._legs[leg].sound = legs, None

    async def conference(self, legs: tuple[LegId, ...]) -> None:
        for leg in legs:
            self._part(leg)
        await self._do(legs, lambda: self._engine.conference(legs))
        self._together(legs)

    async def supervise(self, leg: LegId, target: LegId, mode: Supervision) -> None:
        self._part(leg)
        await self._do((leg, target), lambda: self._engine.supervise(leg, target, mode))

    async def mute(self, leg: LegId, *, muted: bool) -> None:
        await self._do((leg,), lambda: self._engine.mute(leg, muted=muted))

    async def record(
        self,
        leg: LegId,
        path: str,
        *,
        sides: Sides = Sides.ONE,
        most_s: float = MOST_RECORDED_S,
        silence_s: float = 0.0,
    ) -> None:
        await self._do((leg,), lambda: self._engine.record(leg, path, sides=sides, most_s=most_s, silence_s=silence_s))
        if leg in self._legs:
            self._legs[leg].recorded = True

    async def pause_record(self, leg: LegId) -> None:
        await self._engine.pause_record(leg)

    async def resume_record(self, leg: LegId) -> None:
        await self._engine.resume_record(leg)

    async def stop_record(self, leg: LegId) -> Recorded:
        if leg in self._legs:
            self._legs[leg].recorded = False
        return await self._engine.stop_record(leg)

    async def stats(self, leg: LegId) -> LegStats:
        return await self._engine.stats(leg)

    async def close(self, leg: LegId) -> LegStats:
        self._part(leg)
        found = self._legs.pop(leg, None)
        if found is not None and found.answer is not None and not found.answer.done():
            found.answer.set_result(None)
        return await self._engine.close(leg)

    @property
    def legs(self) -> int:
        return self._engine.legs
