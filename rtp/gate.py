"""The gate: a classic BPF program that lets the kernel drop voice which nobody listens to (docs/architecture.md).

What passes: what is not RTP of version 2 (STUN, DTLS), telephone events, RTCP on the same port (RFC 5761), comfort
noise (which is rare, and in silence the only sign of life) and one voice packet in 64. Offset 0 is the UDP header.
"""

import struct
from typing import Final

from rtp.packet import COMFORT_NOISE

_INSTRUCTION = struct.Struct("=HBBI")
_LOAD_BYTE: Final = 0x30
_LOAD_HALF: Final = 0x28
_AND: Final = 0x54
_JUMP_EQUAL: Final = 0x15
_JUMP_AT_LEAST: Final = 0x35
_RETURN: Final = 0x06
_WHOLE: Final = 0xFFFFFFFF
_NO_TYPE: Final = 0xFF


def closed_gate(event_type: int | None) -> bytes:
    """The program, an array of `struct sock_filter`. `event_type` is the telephone-event type of *our* SDP."""
    event = _NO_TYPE if event_type is None else event_type
    program = (
        (_LOAD_BYTE, 0, 0, 8),
        (_AND, 0, 0, 0xC0),
        (_JUMP_EQUAL, 0, 9, 0x80),
        (_LOAD_BYTE, 0, 0, 9),
        (_AND, 0, 0, 0x7F),
        (_JUMP_EQUAL, 6, 0, event),
        (_JUMP_EQUAL, 5, 0, COMFORT_NOISE),
        (_JUMP_AT_LEAST, 0, 1, 64),
        (_JUMP_AT_LEAST, 0, 3, 96),
        (_LOAD_HALF, 0, 0, 10),
        (_AND, 0, 0, 0x3F),
        (_JUMP_EQUAL, 0, 1, 0),
        (_RETURN, 0, 0, _WHOLE),
        (_RETURN, 0, 0, 0),
    )
    return b"".join(_INSTRUCTION.pack(*instruction) for instruction in program)
