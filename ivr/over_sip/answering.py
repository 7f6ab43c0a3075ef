"""How a leg answers what its peer offers within a call (RFC 3264), and what its reasons say."""

from ivr.over_sip.line import Line
from rtp.engine import LegId, MediaError
from sdp.description import parse as parse_sdp
from sdp.errors import SdpError, UnusableAddress
from sip.events import OfferReceived, ReinviteReceived
from sip.message.reason import Reason, warning


async def answer_reinvite(line: Line, leg: LegId, event: ReinviteReceived) -> bool:
    """Answer the offer in a re-INVITE, or make one where it asks for ours (RFC 3261 §14.2). False: it was refused."""
    try:
        if event.sdp is None:
            sdp = await line.media.offer(leg)
        else:
            # An offer of ours that the last ACK left without an answer is not what this answers.
            await line.media.withdraw(leg)
            sdp = await line.media.update(leg, event.sdp)
    except MediaError as error:
        line.user_agent.reject(event.session, error.status, headers=unacceptable(error))
        return False
    return line.user_agent.accept(event.session, sdp)


async def answer_offer(line: Line, leg: LegId, event: OfferReceived) -> bool:
    """Answer an offer in an UPDATE or a PRACK (RFC 3311 §5.2, RFC 3262 §5). False: it was refused."""
    try:
        sdp = await line.media.update(leg, event.sdp)
    except MediaError as error:
        line.user_agent.refuse_offer(event.session, error.status, unacceptable(error))
        return False
    return line.user_agent.answer_offer(event.session, sdp)


def told(reasons: tuple[Reason, ...]) -> list[str]:
    """What a network said of why a call ended, for the log: `Q.850 16`."""
    return [f"{one.protocol} {one.cause} {one.text}".rstrip() for one in reasons]


def unacceptable(error: MediaError) -> tuple[tuple[str, str], ...]:
    """What a 488 says beside its status (RFC 3261 §20.43)."""
    if error.status != 488:
        return ()
    if isinstance(error.__cause__, UnusableAddress):
        return (warning(301, "svar", "Incompatible network address formats"),)
    return (warning(305, "svar", "Incompatible media format"),)


def is_held(sdp: str) -> bool:
    """Whether an SDP offer puts us on hold: its first stream is sendonly or inactive (RFC 3264 §8.4)."""
    try:
        description = parse_sdp(sdp)
    except SdpError:
        return False
    first = description.media[0].attributes if description.media else ()
    return any(attribute.name in ("sendonly", "inactive") for attribute in (*first, *description.attributes))
