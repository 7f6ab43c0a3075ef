"""How rtpengine is told of the two ends of a leg: the phone as it was agreed with it, and silence."""

from collections.abc import Mapping
from typing import Final

from sdp.negotiation import DTMF_PAYLOAD_TYPE, Agreed, Direction

NOWHERE: Final = ("127.0.0.1", 9)
"""Where silence claims to be. Nothing is sent there, since it receives nothing."""

_BOTH: Final = ((8, "PCMA"), (0, "PCMU"))
_SEEN_FROM_THERE: Final = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}


def phone(agreed: Agreed) -> str:
    """The phone at the far end of a leg.

    rtpengine knows one number for telephone events; where the two directions have one each, it is the phone's own.
    """
    direction = _SEEN_FROM_THERE.get(agreed.direction, agreed.direction)
    codec = (agreed.codec.payload_type, agreed.codec.name)
    lines = f"a=rtcp:{agreed.rtcp_port}\r\na=ptime:{agreed.ptime_ms}\r\n"
    return _text((agreed.address, agreed.port), (codec,), _events(agreed), direction, lines)


def silence(agreed: Agreed | None) -> str:
    """The far end of a leg that talks to nobody: it speaks the leg's codec, and both before one is agreed."""
    if agreed is None:
        return _text(NOWHERE, _BOTH, DTMF_PAYLOAD_TYPE, Direction.SENDONLY)
    codec = (agreed.codec.payload_type, agreed.codec.name)
    return _text(NOWHERE, (codec,), _events(agreed), Direction.SENDONLY)


def listener(address: tuple[str, int], codecs: Mapping[int, str]) -> str:
    """Ourselves, who get a copy of what a leg says, in answer to rtpengine's offer of it (`ng.offered`).

    It answers with everything that is offered: an answer without the telephone events is refused.
    """
    return _text(address, tuple(codecs.items()), None, Direction.RECVONLY)


def _events(agreed: Agreed) -> int | None:
    return agreed.dtmf_receive_type if agreed.dtmf_receive_type is not None else agreed.dtmf_payload_type


def _text(
    address: tuple[str, int],
    codecs: tuple[tuple[int, str], ...],
    events: int | None,
    direction: Direction,
    lines: str = "",
) -> str:
    maps = codecs if events is None else (*codecs, (events, "telephone-event"))
    host = f"IN IP{6 if ':' in address[0] else 4} {address[0]}"
    return (
        f"v=0\r\no=- 1 1 {host}\r\ns=-\r\nc={host}\r\nt=0 0\r\n"
        f"m=audio {address[1]} RTP/AVP {' '.join(str(number) for number, _ in maps)}\r\n"
        + "".join(f"a=rtpmap:{number} {name}/8000\r\n" for number, name in maps)
        + f"a={direction.value}\r\n{lines}"
    )
