"""A leg's UDP port: a raw non-blocking socket, connected once its source is known, with the gate in the kernel."""

import array
import socket
import struct
import sys
from typing import Final

from rtp.latch import Address

SO_ATTACH_FILTER: Final = 26
SO_DETACH_FILTER: Final = 27
IPTOS_EXPEDITED: Final = 0xB8
"""DSCP EF (RFC 4594 §4.1)."""

_FILTER_PROGRAM = struct.Struct("@HP")


class Port:
    """A socket of a pair: the even port carries RTP, the odd one above RTCP (bound only once a report is due).

    Raises OSError when the port cannot be bound.
    """

    __slots__ = ("address", "connected", "drained", "number", "sock")

    def __init__(self, address: str, number: int) -> None:
        self.address = address
        self.number = number
        self.connected = False
        self.drained = False
        """Connected, and what strangers had sent before was read: told by the reader."""
        self.sock = self._bind()

    def _bind(self) -> socket.socket:
        ipv6 = ":" in self.address
        sock = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.settimeout(0.0)
            level, option = (socket.IPPROTO_IPV6, socket.IPV6_TCLASS) if ipv6 else (socket.IPPROTO_IP, socket.IP_TOS)
            sock.setsockopt(level, option, IPTOS_EXPEDITED)
            sock.bind((self.address, self.number))
        except OSError:
            sock.close()
            raise
        return sock

    def connect(self, source: Address) -> None:
        """From now on the kernel lets only `source` be heard; what was queued before is still there to be read."""
        self.sock.connect(source)
        self.connected = True

    def rebind(self) -> None:
        """Hear everybody again: a new socket on the same port, without gate. Raises OSError."""
        self.sock.close()
        self.connected = self.drained = False
        self.sock = self._bind()

    def gate(self, program: bytes | None) -> bool:
        """Attach a filter, or take it off with None. False where the system has no such filter: all is heard then."""
        if sys.platform != "linux":
            return False
        try:
            if program is None:
                self.sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
                return True
            instructions = array.array("B", program)
            pointer, size = instructions.buffer_info()
            self.sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, _FILTER_PROGRAM.pack(size // 8, pointer))
        except OSError:
            return False
        return True

    def close(self) -> None:
        self.sock.close()
