"""SRTP and SRTCP (RFC 3711) of one leg: what is sent is protected, what came is opened or dropped.

Only what is genuine and new changes anything: an index moves on after the packet was authenticated (§3.3). A source is
an SSRC; each has its own indices under the key.
"""

from typing import Final

from rtp.packet import HEADER, VERSION_2, Buffer
from rtp.srtp_cipher import ENCRYPTED, RTCP_START, Transform, rtcp_transform, rtp_transform
from sdp.crypto import Crypto, Secured

WINDOW: Final = 128
"""Packets that may be late without being taken for repeated ones; the least is 64 (§3.3.2)."""
MOST_SOURCES: Final = 32
"""SSRCs that one key is used with; a further one is not heard, since a forgotten one could be played back."""
USUAL_ROLLOVERS: Final = 2
"""How many counts of rollovers are tried for a source that was never heard: it may have just rolled over."""
RESUMED_ROLLOVERS: Final = 16
"""The same where the session is older than we are: almost six hours of packets of 20 ms."""
_ALL: Final = (1 << WINDOW) - 1
_EXTENDED: Final = 0x1F
"""The bits of a first byte that say that the header is longer than twelve bytes."""

_unpack = HEADER.unpack_from


class Window:
    """Which indices were seen: the highest, and by a bit each those below it (§3.3.2)."""

    __slots__ = ("_seen", "highest")

    def __init__(self) -> None:
        self.highest = -1
        self._seen = 0

    def index(self, sequence: int) -> int:
        """The index that a packet with this sequence number most likely has (§3.3.1, appendix A)."""
        highest = self.highest
        if highest < 0:
            return sequence
        rollovers, last = highest >> 16, highest & 0xFFFF
        if last < 0x8000:
            if sequence - last > 0x8000 and rollovers:
                rollovers -= 1
        elif last - 0x8000 > sequence:
            rollovers += 1
        return rollovers << 16 | sequence

    def is_new(self, index: int) -> bool:
        """Whether it was not seen, and is not so old that nobody knows."""
        behind = self.highest - index
        return behind < 0 or (behind < WINDOW and not self._seen >> behind & 1)

    def take(self, index: int) -> None:
        """It was seen now."""
        ahead = index - self.highest
        if ahead <= 0:
            self._seen |= 1 << -ahead
            return
        self._seen = (self._seen << ahead | 1) & _ALL if ahead < WINDOW else 1
        self.highest = index


class SrtpSender:
    """Protects what is sent under one key. An index is used once: two packets under one would betray both (§9.1)."""

    __slots__ = ("_crypto", "_rtcp", "_rtcp_index", "_rtp", "_windows")

    def __init__(self, crypto: Crypto) -> None:
        self._crypto = crypto
        self._rtp = rtp_transform(crypto)
        self._rtcp: Transform | None = None
        self._rtcp_index = -1
        self._windows: dict[int, Window] = {}

    def protect(self, packet: Buffer) -> bytes | None:
        """The SRTP packet; None where it must not be sent: a packet with its number was, or it is malformed."""
        first, _, sequence, _, ssrc = _unpack(packet)
        start = _start(packet) if first & _EXTENDED else 12
        window = _window(self._windows, ssrc)
        if window is None or start > len(packet):
            return None
        index = window.index(sequence)
        if not window.is_new(index):
            return None
        window.take(index)
        self._windows[ssrc] = window
        return self._rtp.seal(packet, start, ssrc, index)

    def protect_rtcp(self, packet: Buffer) -> bytes:
        """The SRTCP packet of a compound one, which has at least a header."""
        if self._rtcp is None:
            self._rtcp = rtcp_transform(self._crypto)
        self._rtcp_index = (self._rtcp_index + 1) & ~ENCRYPTED
        return self._rtcp.seal_rtcp(packet, int.from_bytes(packet[4:8], "big"), self._rtcp_index)


class SrtpReceiver:
    """Opens what the peer protected under its key."""

    __slots__ = ("_crypto", "_rollovers", "_rtcp", "_rtcp_windows", "_rtp", "_windows")

    def __init__(self, crypto: Crypto, rollovers: int = USUAL_ROLLOVERS) -> None:
        self._crypto = crypto
        self._rollovers = rollovers
        self._rtp = rtp_transform(crypto)
        self._rtcp: Transform | None = None
        self._windows: dict[int, Window] = {}
        self._rtcp_windows: dict[int, Window] = {}

    def unprotect(self, data: bytearray, size: int) -> int:
        """Open the packet in the first `size` bytes of `data` where it lies. Gives its length now; 0: drop it."""
        packet = self._bare(memoryview(data)[:size], self._rtp)
        if len(packet) < 12 or packet[0] & 0xC0 != VERSION_2:
            return 0
        first, _, sequence, _, ssrc = _unpack(packet)
        start = _start(packet) if first & _EXTENDED else 12
        window = _window(self._windows, ssrc)
        if window is None or start + self._rtp.tail_bytes > len(packet):
            return 0
        index = window.index(sequence)
        if not window.is_new(index):
            return 0
        opened = self._rtp.open(packet, start, ssrc, index)
        if opened is None and window.highest < 0:
            index, opened = self._rolled_over(packet, start, ssrc, sequence)
        if opened is None:
            return 0
        window.take(index)
        self._windows[ssrc] = window
        end = start + len(opened)
        data[start:end] = opened
        return end

    def _rolled_over(self, packet: Buffer, start: int, ssrc: int, sequence: int) -> tuple[int, bytes | None]:
        """The first packet that is heard of a source, if its numbers have rolled over before; its index."""
        for rollovers in range(1, self._rollovers):
            index = rollovers << 16 | sequence
            opened = self._rtp.open(packet, start, ssrc, index)
            if opened is not None:
                return index, opened
        return sequence, None

    def unprotect_rtcp(self, packet: Buffer) -> bytes | None:
        """The compound packet that was protected; None: drop it."""
        if self._rtcp is None:
            self._rtcp = rtcp_transform(self._crypto)
        packet = self._bare(packet, self._rtcp)
        if len(packet) < RTCP_START + self._rtcp.tail_bytes:
            return None
        at = len(packet) - self._rtcp.after_word_bytes - 4
        ssrc, word = int.from_bytes(packet[4:8], "big"), int.from_bytes(packet[at : at + 4], "big")
        window, index = _window(self._rtcp_windows, ssrc), word & ~ENCRYPTED
        if window is None or not window.is_new(index):
            return None
        opened = self._rtcp.open_rtcp(packet, ssrc, word)
        if opened is None:
            return None
        window.take(index)
        self._rtcp_windows[ssrc] = window
        return bytes(packet[:RTCP_START]) + opened

    def _bare(self, packet: Buffer, transform: Transform) -> Buffer:
        """Without the MKI, where the peer's key has one (§3.1); nothing where it is another."""
        mki = self._crypto.mki
        if not mki:
            return packet
        end = len(packet) - transform.after_word_bytes
        at = end - len(mki)
        return bytes(packet[:at]) + bytes(packet[end:]) if at >= 0 and packet[at:end] == mki else b""


class Protection:
    """Both directions of a leg. An agreement on the same keys goes on where the last one was; new keys begin anew."""

    __slots__ = ("_rollovers", "_secured", "active", "receiver", "sender")

    def __init__(self, secured: Secured, *, resumed: bool = False) -> None:
        """`resumed`: the session is older than we are, so that the peer's numbers may have rolled over often."""
        self.active = True
        """Whether the last agreement was on SRTP."""
        self._rollovers = RESUMED_ROLLOVERS if resumed else USUAL_ROLLOVERS
        self._secured = secured
        self.sender = SrtpSender(secured.sent)
        self.receiver = SrtpReceiver(secured.received, self._rollovers)

    def agree(self, secured: Secured | None) -> None:
        """What the last offer and answer settled; None: plain RTP."""
        self.active = secured is not None
        if secured is None:
            return
        if not secured.sent.protects_as(self._secured.sent):
            self.sender = SrtpSender(secured.sent)
        if not secured.received.protects_as(self._secured.received):
            self.receiver = SrtpReceiver(secured.received, self._rollovers)
        self._secured = secured


def _window(windows: dict[int, Window], ssrc: int) -> Window | None:
    """That of the source, or a new one; None where there are too many sources."""
    window = windows.get(ssrc)
    return Window() if window is None and len(windows) < MOST_SOURCES else window


def _start(packet: Buffer) -> int:
    """Where the payload begins after CSRCs and extension, which are in the clear (§3.1); beyond the end if it does."""
    start = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    return start
