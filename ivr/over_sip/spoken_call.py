"""Rings an agent's phone, says something, and takes one key."""

import asyncio
from collections.abc import Callable
from typing import Any

from ivr.over_sip.agent_leg import SipAgentLeg, SipPhones
from ivr.over_sip.line import Line
from ivr.ports.call import CallInfo, Clip, ContactId
from ivr.ports.phones import NotAnswered
from rtp.engine import DtmfReceived, MediaError, MediaEvent, PlayDone, RtpTimeout, WorkerLost

TIMES = 3
"""What is said is said so often; who has pressed nothing then is let go."""
PAUSE_S = 4.0
"""After each time, for the key."""


class SpokenCalls:
    """Questions to agents by phone: those that register, at whatever node, and those that never do."""

    def __init__(self, line: Line, phones: SipPhones, tokens: Callable[[], str], *, pause_s: float = PAUSE_S) -> None:
        self._line = line
        self._phones = phones
        self._tokens = tokens
        self._pause_s = pause_s

    async def ask(self, agent: str, clips: tuple[Clip, ...], keys: str, *, purpose: str, within_s: float) -> str:
        """The key among `keys` that the agent pressed. `purpose` is shown by the phone.

        Raises NotAnswered: nobody took the call, or they pressed none within `within_s`, ringing included. Cancelling
        stops the ringing, or hangs up.
        """
        target = await self._phones.find(agent)
        if target is None:
            raise NotAnswered("unreachable")
        info = CallInfo(ContactId(self._tokens()), "", "")
        try:
            async with asyncio.timeout(within_s):
                leg = await self._phones.dial(agent, target, info, purpose)
                try:
                    return await self._key(leg, clips, keys)
                except MediaError as error:
                    # Who hangs up as it is begun to be said has hung up.
                    raise NotAnswered("no_answer" if leg.over else "unreachable") from error
                finally:
                    await leg.hang_up()
        except TimeoutError:
            raise NotAnswered("no_answer") from None

    async def _key(self, leg: SipAgentLeg, clips: tuple[Clip, ...], keys: str) -> str:
        media, ear = self._line.media, _Ear(self._line, leg, keys)
        media.listen(leg.leg, ear.heard)
        leg.joined = ear
        if leg.over:
            raise NotAnswered("no_answer")
        for _ in range(TIMES):
            ear.said.clear()
            await media.play(leg.leg, tuple(clip.path for clip in clips))
            said = asyncio.ensure_future(ear.said.wait())
            waited: set[asyncio.Future[Any]] = {ear.key, said}
            try:
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.wait({ear.key}, timeout=self._pause_s)
            finally:
                said.cancel()
            if ear.key.done():
                break
        if not ear.key.done() or not ear.key.result():
            raise NotAnswered("no_answer")
        return ear.key.result()


class _Ear:
    """What is heard of the leg: `key` is the first one that counts, empty when the agent hangs up."""

    def __init__(self, line: Line, leg: SipAgentLeg, keys: str) -> None:
        self.key: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.said = asyncio.Event()
        self._line = line
        self._leg = leg
        self._keys = keys

    def heard(self, event: MediaEvent) -> None:
        match event:
            case DtmfReceived():
                if event.digit in self._keys and not self.key.done():
                    self.key.set_result(event.digit)
            case PlayDone():
                self.said.set()
            case RtpTimeout():
                self._line.silent(self._leg.contact, event)
            case WorkerLost():
                self._leg.lost()
            case _:
                pass

    def leg_ended(self, cause: str) -> None:
        if not self.key.done():
            self.key.set_result("")

    def leg_held(self, held: bool) -> None:
        """It is not heard while it is held; the time goes on."""
