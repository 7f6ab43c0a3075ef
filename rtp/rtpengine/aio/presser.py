"""Keys that we press: said by the silent end of a leg, so that rtpengine passes them on to its phone."""

import asyncio
import random
import socket
from contextlib import suppress

from rtp.dtmf import event_packets
from rtp.packet import RtpPacket
from rtp.rtpengine.aio.leg import FRAME_S


async def press(digits: str, payload_type: int, to: tuple[str, int]) -> None:
    """100 ms each with 60 ms between, as RFC 4733 wants them."""
    clock = asyncio.get_running_loop().time
    ssrc, sequence, began = random.getrandbits(32), random.getrandbits(15), random.getrandbits(31)
    family = socket.AF_INET6 if ":" in to[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)  # noqa: FBT003
        sock.connect(to)
        due = clock()
        for tick, event in enumerate(event_packets(digits)):
            if event is not None:
                stamp = (began + 160 * tick - event.age) & 0xFFFFFFFF
                packet = RtpPacket(payload_type, sequence, stamp, ssrc, event.payload, event.age == 0)
                sequence = (sequence + 1) & 0xFFFF
                with suppress(OSError):
                    sock.send(packet.to_bytes())
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - clock()))
