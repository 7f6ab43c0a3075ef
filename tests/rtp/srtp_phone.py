"""A phone that speaks SRTP: by libsrtp where the system has it, so that no mistake of ours is made on both sides."""

from dataclasses import dataclass, field
from typing import Protocol

from rtp.srtp import SrtpReceiver, SrtpSender
from sdp.crypto import Crypto, Suite, parse
from tests.rtp.libsrtp import AVAILABLE, LibSrtp
from tests.rtp.phone import Phone


class Sealing(Protocol):
    def protect(self, packet: bytes) -> bytes | None: ...

    def protect_rtcp(self, packet: bytes) -> bytes | None: ...


class Opening(Protocol):
    def unprotect(self, packet: bytes) -> bytes | None: ...

    def unprotect_rtcp(self, packet: bytes) -> bytes | None: ...


class OwnOpening:
    """Our own receiver, asked as libsrtp is."""

    def __init__(self, crypto: Crypto) -> None:
        self._receiver = SrtpReceiver(crypto)

    def unprotect(self, packet: bytes) -> bytes | None:
        buffer = bytearray(packet)
        return bytes(buffer[: self._receiver.unprotect(buffer, len(packet))]) or None

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        return self._receiver.unprotect_rtcp(packet)


def sealing(crypto: Crypto) -> Sealing:
    return LibSrtp(crypto, inbound=False) if AVAILABLE else SrtpSender(crypto)


def opening(crypto: Crypto) -> Opening:
    return LibSrtp(crypto, inbound=True) if AVAILABLE else OwnOpening(crypto)


def crypto_of(sdp: str) -> Crypto | None:
    """The key in a description that has one line of it."""
    found = [line.removeprefix("a=crypto:") for line in sdp.splitlines() if line.startswith("a=crypto:")]
    return parse(found[0]) if found else None


@dataclass
class SrtpPhone(Phone):
    """Offers and answers RTP/SAVP with the key made of the byte `secret`. `refused` counts what it could not open."""

    suite: Suite = Suite.AES_128_SHA1_80
    profile: str = "RTP/SAVP"
    secret: int = 1
    tag: int = 1
    refused: int = 0
    theirs: Crypto | None = field(default=None, repr=False)
    """The engine's line by its last description."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.secure(self.secret)

    def secure(self, secret: int) -> None:
        """Speak under another key from now on."""
        self.secret = secret
        key = Crypto(self.tag, self.suite, bytes([secret]) * self.suite.key_bytes)
        self.attributes = f"a=crypto:{key}\r\n"
        self.sealing = sealing(key)

    def described(self, sdp: str) -> None:
        super().described(sdp)
        lines = [line for line in sdp.splitlines() if line.startswith(f"a=crypto:{self.tag} ")]
        theirs = crypto_of(lines[0]) if lines else None
        assert theirs is not None, f"the engine's description has no key for {self.tag}: {sdp}"
        assert theirs.suite is self.suite
        if self.theirs is None or not theirs.protects_as(self.theirs):
            self.opening = opening(theirs)
        self.theirs = theirs

    def sealed(self, packet: bytes) -> bytes:
        sealed = self.sealing.protect(packet)
        assert sealed is not None
        return sealed

    def opened(self, packet: bytes) -> bytes:
        opened = self.opening.unprotect(packet)
        assert opened is not None, "what came is not genuine, or came twice"
        return opened

    def sealed_report(self, packet: bytes) -> bytes:
        sealed = self.sealing.protect_rtcp(packet)
        assert sealed is not None
        return sealed

    def opened_report(self, packet: bytes) -> bytes:
        opened = self.opening.unprotect_rtcp(packet)
        assert opened is not None, "the report that came is not genuine, or came twice"
        return opened
