"""A-law sound as a file that rtpengine plays evenly.

rtpengine sends what its demuxer gives at once, and of WAV or raw A-law that is 64 ms. In a Flash video file without
video each tag is one packet, so 20 ms go out every 20 ms, and A-law stays as it is.
"""

from typing import Final

from rtp.g711 import FRAME_BYTES, SILENCE_A

HEAD: Final = b"FLV\x01\x04" + (9).to_bytes(4, "big") + bytes(4)
AUDIO: Final = b"\x08"
A_LAW: Final = b"\x72"
"""Sound format 7, 16 bits, one channel; the rate of G.711 goes without saying."""
FRAME_MS: Final = 20


def container(a_law: bytes) -> bytes:
    """The sound as packets of 20 ms, the last filled up with silence."""
    sound = a_law + bytes([SILENCE_A]) * (-len(a_law) % FRAME_BYTES)
    parts = [HEAD]
    size = (len(A_LAW) + FRAME_BYTES).to_bytes(3, "big")
    for at in range(0, len(sound), FRAME_BYTES):
        at_ms = (at // FRAME_BYTES * FRAME_MS).to_bytes(4, "big")
        tag = AUDIO + size + at_ms[1:] + at_ms[:1] + bytes(3) + A_LAW + sound[at : at + FRAME_BYTES]
        parts += tag, len(tag).to_bytes(4, "big")
    return b"".join(parts)
