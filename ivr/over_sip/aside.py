"""A second call of an agent's phone, to ask somebody while the caller waits on the first."""

from ivr.over_sip.agent_leg import SipAgentLeg
from ivr.over_sip.answering import unacceptable
from ivr.over_sip.line import Line
from rtp.engine import LegId, MediaError
from sip.events import InviteReceived


class AsideLeg(SipAgentLeg):
    """From its INVITE on; it rings until `take`."""

    __slots__ = ("_said",)

    def __init__(self, line: Line, invite: InviteReceived, contact: str, leg: LegId, agent: str = "") -> None:
        """`agent`: whose it is, where their node calls for them."""
        super().__init__(line, agent or invite.origin.name, contact, leg)
        self._said = ""
        self.session = invite.session
        self._ringing = True

    async def open(self, invite: InviteReceived) -> bool:
        """Open its media and let it ring. False: it is over."""
        line = self._line
        if not line.user_agent.listen(invite.session, self._heard):
            self._ended = True
            return False
        line.media.listen(self.leg, self._heard_media)
        try:
            self._said = await line.media.open(self.leg, invite.sdp, line.options(invite.origin, self.contact))
        except MediaError as error:
            line.user_agent.reject(invite.session, error.status, headers=unacceptable(error))
            self.release()
            return False
        line.follow(self.leg, invite.session)
        self._by_rtp = "telephone-event/8000" in (invite.sdp or "").lower()
        line.user_agent.ring(invite.session)
        return not self._ended

    def take(self) -> None:
        """Answer it. Nothing when it is answered or over."""
        if not self.answered.done() and not self._ended:
            self.answered.set_result(None)
            self._line.user_agent.accept(self.session, self._said)

    def _over(self, cause: str) -> None:
        self.release()
        if self.joined is not None:
            self.joined.leg_ended(cause)
