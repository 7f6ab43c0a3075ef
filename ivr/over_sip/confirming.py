"""Asks whoever has answered to press a key: machines don't."""

import asyncio
from contextlib import suppress

from ivr.over_sip.agent_leg import SipAgentLeg
from ivr.over_sip.line import Line
from ivr.ports.call import Clip
from ivr.ports.phones import NotAnswered
from rtp.engine import MediaError
from sip.events import ReferReceived

YES = "1"
TIMES = 3
PAUSE_S = 5.0
"""After each time that it is said, for the key."""


async def confirmed(line: Line, leg: SipAgentLeg, clips: tuple[Clip, ...], *, pause_s: float = PAUSE_S) -> None:
    """Say `clips` until `1` is pressed. Raises NotAnswered: another key (rejected), none (no_answer), or hung up."""
    asked = _Asked()
    leg.joined = leg.wishes = asked
    try:
        for _ in range(TIMES):
            if leg.over:
                break
            # Where they have no sound yet, who is there may press all the same.
            files = tuple(clip.path for clip in clips)
            with suppress(MediaError):
                lasts_s = (await line.media.play(leg.leg, files)).duration_s if files else 0.0
                await asyncio.wait({asked.key}, timeout=lasts_s)
            await asyncio.wait({asked.key}, timeout=pause_s)
            if asked.key.done():
                break
        if leg.over or not asked.key.done():
            raise NotAnswered("no_answer")
        if asked.key.result() != YES:
            raise NotAnswered("rejected")
        await line.media.stop(leg.leg)
    except BaseException:
        leg.release()
        raise
    finally:
        leg.joined = leg.wishes = None


class _Asked:
    """The first key, or nothing when the phone hangs up."""

    def __init__(self) -> None:
        self.key: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def leg_pressed(self, key: str) -> None:
        if not self.key.done():
            self.key.set_result(key)

    def leg_ended(self, cause: str) -> None:
        self.leg_pressed("")

    def leg_held(self, held: bool) -> None:
        """It is not heard while it is held; the time goes on."""

    def leg_refers(self, event: ReferReceived) -> bool:
        return False
