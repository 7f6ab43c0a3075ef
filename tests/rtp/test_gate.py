"""The filter run by a small interpreter of classic BPF; `tests/rtp/aio/test_port.py` runs it in the kernel."""

import struct

import pytest

from rtp.gate import closed_gate
from rtp.packet import RtpPacket


def passes(program: bytes, datagram: bytes) -> bool:
    packet = bytes(8) + datagram
    code = list(struct.iter_unpack("=HBBI", program))
    at = accumulator = 0
    while True:
        operation, if_true, if_false, k = code[at]
        at += 1
        if operation in (0x30, 0x28):
            width = 1 if operation == 0x30 else 2
            if k + width > len(packet):
                return False
            accumulator = int.from_bytes(packet[k : k + width], "big")
        elif operation == 0x54:
            accumulator &= k
        elif operation in (0x15, 0x35):
            at += if_true if (accumulator == k if operation == 0x15 else accumulator >= k) else if_false
        else:
            return bool(k)


def rtp(payload_type: int, sequence: int = 1, *, marker: bool = False) -> bytes:
    return RtpPacket(payload_type, sequence, 0, 1, b"x", marker).to_bytes()


@pytest.mark.parametrize(
    ("datagram", "passed"),
    [
        (rtp(8), False),
        (rtp(0, marker=True), False),
        (rtp(8, 64), True),
        (rtp(8, 0), True),
        (rtp(8, 65), False),
        (rtp(101), True),
        (rtp(101, marker=True), True),
        (rtp(102), False),
        (rtp(13), True),
        (rtp(12), False),
        (b"\x80\xc8" + bytes(26), True),
        (b"\x81\xdf" + bytes(26), True),
        (rtp(63), False),
        (rtp(96), False),
        (b"\x00\x01" + bytes(18), True),
        (b"\x16\xfe\xff", True),
    ],
    ids=str,
)
def test_only_events_rtcp_other_protocols_and_a_sign_of_life_pass(datagram: bytes, passed: bool) -> None:
    assert passes(closed_gate(101), datagram) == passed


def test_without_telephone_events_no_type_is_let_through() -> None:
    assert not any(passes(closed_gate(None), rtp(kind)) for kind in range(128) if kind != 13 and not 64 <= kind < 96)
