"""The legs of one contact: one call of one rtpengine, whose parties are joined with silence or with each other.

rtpengine joins two parties by an offer and its answer. The dialogs of our legs are independent, so we make both
ourselves, of what was agreed with the phones: silence offers itself to each leg, and one leg to the other for a bridge.
"""

import asyncio
import secrets

from rtp.description import LegDescription
from rtp.engine import LegId, LegOptions, LegStats, MediaError
from rtp.rtpengine import ng, sides
from rtp.rtpengine.aio.client import NgClient
from rtp.rtpengine.aio.leg import Leg, Playing
from rtp.rtpengine.aio.presser import press
from rtp.rtpengine.aio.sounds import SoundFiles
from rtp.rtpengine.watch import Watch
from sdp.negotiation import Capabilities


class Contact:
    """Every method but `stats` is called with `lock` held, and raises MediaError."""

    __slots__ = ("_now", "_sounds", "call", "client", "legs", "lock", "name")

    def __init__(self, name: str, client: NgClient, sounds: SoundFiles) -> None:
        self.name = name
        self.call = f"svar-{secrets.token_hex(8)}"
        self.client = client
        self.legs: dict[LegId, Leg] = {}
        self.lock = asyncio.Lock()
        self._sounds = sounds
        self._now = asyncio.get_running_loop().time

    async def open(self, leg: LegId, remote_sdp: str | None, options: LegOptions, watch: Watch) -> Leg:
        """What the phone offers has been looked at before: a port is taken first, so that our answer can name it."""
        draft = drafted(remote_sdp, options)
        opened = Leg(leg, draft, watch)
        try:
            said = await self.client.ask(ng.offer(self.call, opened.silent_tag, sides.silence(draft.agreed)))
            address, port = _place(said)
            opened.description = LegDescription(
                Capabilities(address),
                port,
                secrets.randbits(62),
                inactive_on_hold=options.on_hold_inactive,
                last_sdp=options.last_sdp,
            )
            if remote_sdp is None:
                opened.description.offer()
            else:
                opened.description.receive(remote_sdp)
                await self._answer(opened)
        except MediaError:
            await self._delete(opened)
            raise
        self.legs[leg] = opened
        return opened

    async def _answer(self, leg: Leg) -> None:
        """The phone answers what silence offered."""
        if leg.agreed is not None:
            phone = sides.phone(leg.agreed)
            leg.silent = _place(await self.client.ask(ng.answer(self.call, leg.silent_tag, leg.tag, phone)))

    async def _silence(self, leg: Leg) -> None:
        if leg.agreed is not None:
            offered = sides.silence(leg.agreed)
            if leg.silent is not None:
                await self.client.ask(ng.offer(self.call, leg.silent_tag, offered, leg.tag))
            await self._answer(leg)

    async def _pair(self, leg: Leg, partner: Leg) -> None:
        if leg.agreed is not None and partner.agreed is not None:
            await self.client.ask(ng.offer(self.call, leg.tag, sides.phone(leg.agreed), partner.tag))
            await self.client.ask(ng.answer(self.call, leg.tag, partner.tag, sides.phone(partner.agreed)))

    async def update(self, leg: Leg, remote_sdp: str) -> str:
        sounding = leg.sounding
        text, changed = leg.description.receive(remote_sdp)
        if changed:
            await self._settle(leg)
            if leg.sounding != sounding:
                await self._interrupt(leg)
            await self.resume(leg)
        return text

    async def _hush(self, leg: Leg) -> None:
        """rtpengine passes on whatever comes, hold or not: block who must not be heard, on both sides of a bridge."""
        partner = leg.partner if leg.joined else None
        for one, other in ((leg, partner), (partner, leg)):
            if one is not None:
                blocked = one.muted or not one.receives or (other is not None and (other.busy or not other.sends))
                if blocked is not one.blocked:
                    await self.client.ask((ng.block if blocked else ng.unblock)(self.call, one.tag))
                    one.blocked = blocked

    async def _settle(self, leg: Leg) -> None:
        """Tell rtpengine what was agreed with the leg's phone now."""
        partner = leg.partner
        if leg.silent is None or partner is None:
            await self._silence(leg)
        if partner is not None and partner.silent is not None and leg.silent is not None:
            await (self._pair(leg, partner) if leg.joined else self._connect(leg, partner))
        await self._hush(leg)

    async def _connect(self, leg: Leg, partner: Leg) -> None:
        counts = await self._received()
        leg.counts.base, partner.counts.base = counts.get(partner.tag, 0), counts.get(leg.tag, 0)
        await self._pair(leg, partner)
        leg.joined = partner.joined = True
        await self._hush(leg)

    async def join(self, a: Leg, b: Leg) -> None:
        if a.partner is b:
            return
        for leg in (a, b):
            await self.part(leg)
            await self.stop(leg)
        a.partner, b.partner = b, a
        if a.silent is not None and b.silent is not None:
            await self._connect(a, b)
        for leg, other in ((a, b), (b, a)):
            if leg.ear is not None:
                await leg.ear.far(other.tag)

    async def part(self, leg: Leg) -> None:
        """Undo the bridge that the leg is in, if any."""
        partner = leg.partner
        if partner is None:
            return
        leg.partner = partner.partner = None
        if leg.joined:
            counts = await self._received()
            for one, other in ((leg, partner), (partner, leg)):
                one.joined = False
                one.counts.add(max(0, counts.get(other.tag, 0) - one.counts.base))
                await self._silence(one)
                await self._hush(one)
        for one in (leg, partner):
            if one.ear is not None:
                await one.ear.far(None)

    async def play(self, leg: Leg, playing: Playing) -> None:
        await self.stop(leg)
        leg.playing = playing
        await self.resume(leg)

    async def resume(self, leg: Leg) -> None:
        """Let rtpengine go on with what the leg should hear, if it is not at it and the phone may be sent to."""
        playing = leg.playing
        if playing is None or playing.running or leg.sounding is None or leg.silent is None:
            return
        at_s = playing.elapsed_s(self._now())
        sound = await self._sounds.made(playing.files, at_s, loop=playing.loop)
        if not sound.duration_s:
            return
        leg.count(self._now())
        playing.running = True
        await self._hush(leg)
        await self.client.ask(ng.play(self.call, leg.tag, sound.path, loop=playing.loop))

    async def _interrupt(self, leg: Leg) -> None:
        playing = leg.playing
        if playing is not None and playing.running:
            leg.count(self._now())
            playing.running = False
            await self.client.ask(ng.stop(self.call, leg.tag))

    async def straighten(self) -> None:
        """Let every leg hear what it should: who was never heard is sent nothing more, until it is."""
        for leg in self.legs.values():
            if leg.astray:
                await (self._interrupt(leg) if leg.sounding is None else self.resume(leg))

    async def stop(self, leg: Leg) -> None:
        playing = leg.playing
        if playing is not None:
            if playing.timer is not None:
                playing.timer.cancel()
            await self._interrupt(leg)
            leg.playing = None
            await self._hush(leg)

    async def quiet(self, leg: Leg) -> None:
        """A play came to its end: who is on the other side of the bridge is heard again."""
        await self._hush(leg)

    async def mute(self, leg: Leg, *, muted: bool) -> None:
        leg.muted = muted
        await self._hush(leg)

    async def press(self, leg: Leg, digits: str) -> None:
        """In a bridge the two hear nothing of each other meanwhile: keys are passed on from silence only."""
        agreed = leg.agreed
        if agreed is None or agreed.dtmf_payload_type is None or leg.silent is None:
            raise MediaError(f"leg {leg.id}: the peer takes no telephone events", 488)
        if leg.joined:
            await self._silence(leg)
        await press(digits, agreed.dtmf_payload_type, leg.silent)
        if leg.joined and leg.partner is not None:
            await self._pair(leg, leg.partner)

    async def close(self, leg: Leg) -> LegStats:
        """Never fails: what rtpengine does not hear of ends by its own time-out."""
        self._forget_play(leg)
        try:
            stats = await self.stats(leg)
            await self.part(leg)
        except MediaError:
            stats = LegStats(leg.counts.sent, leg.counts.due, 0, 0, 0.0)
        await self.drop(leg)
        self.legs.pop(leg.id, None)
        await self._delete(leg)
        return stats

    async def drop(self, leg: Leg) -> None:
        """End what we do for the leg ourselves."""
        self._forget_play(leg)
        if leg.ear is not None:
            ear, leg.ear = leg.ear, None
            await ear.close()

    def _forget_play(self, leg: Leg) -> None:
        if leg.playing is not None and leg.playing.timer is not None:
            leg.playing.timer.cancel()
        leg.count(self._now())
        leg.playing = None

    async def _delete(self, leg: Leg) -> None:
        await self.client.tell(ng.delete(self.call, leg.silent_tag if self.legs else ""))

    async def _received(self) -> dict[str, int]:
        return ng.received(await self.client.ask(ng.query(self.call)))

    async def stats(self, leg: Leg) -> LegStats:
        counts = await self._received()
        leg.count(self._now())
        passed = 0
        if leg.joined and leg.partner is not None:
            passed = max(0, counts.get(leg.partner.tag, 0) - leg.counts.base)
        return LegStats(leg.counts.sent + passed, leg.counts.due + passed, counts.get(leg.tag, 0), 0, 0.0)

    async def look(self) -> list[tuple[Leg, int]]:
        """Which legs have been silent for too long, and for how many ms."""
        counts = await self._received()
        now = self._now()
        silent = []
        for leg in self.legs.values():
            agreed = leg.agreed
            if agreed is None or not (agreed.direction.sends and agreed.direction.receives):
                leg.watch.rest(now)
                continue
            silent_ms = leg.watch.look(counts.get(leg.tag, 0), now)
            if silent_ms is not None:
                silent.append((leg, silent_ms))
        return silent


def drafted(remote_sdp: str | None, options: LegOptions) -> LegDescription:
    """What will be agreed, before there is a port. Raises MediaError(488)."""
    draft = LegDescription(
        Capabilities("127.0.0.1"), 9, 0, inactive_on_hold=options.on_hold_inactive, last_sdp=options.last_sdp
    )
    if remote_sdp is not None:
        draft.receive(remote_sdp)
    return draft


def _place(said: ng.Reply) -> tuple[str, int]:
    try:
        return ng.place(said)
    except ng.NgError as error:
        raise MediaError(f"rtpengine: {error.reason}", 500) from error
