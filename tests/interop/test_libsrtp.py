"""Our SRTP against libsrtp, byte by byte, over rollovers."""

import os
import random

import pytest

from rtp.packet import RtpPacket
from rtp.rtcp import Report, build_report
from rtp.srtp import SrtpSender
from sdp.crypto import Crypto, Suite
from tests.rtp.libsrtp import AVAILABLE, LibSrtp
from tests.rtp.srtp_phone import OwnOpening

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("suite", list(Suite))
def test_packets_are_those_of_libsrtp_both_ways(suite: Suite) -> None:
    if not AVAILABLE:
        assert not os.environ.get("CI"), "libsrtp 2 is not installed, and CI needs it"
        pytest.skip("libsrtp 2 is not installed")
    chance = random.Random(1)
    key = Crypto(1, suite, chance.randbytes(suite.key_bytes))
    sender, receiver = SrtpSender(key), OwnOpening(key)
    their_sender, their_receiver = LibSrtp(key, inbound=False), LibSrtp(key, inbound=True)
    for sequence in range(60_000, 200_000, 101):
        payload = chance.randbytes(chance.choice((4, 80, 160, 240, 33)))
        packet = RtpPacket(8, sequence & 0xFFFF, 160 * sequence & 0xFFFFFFFF, 7, payload).to_bytes()
        sealed = sender.protect(packet)
        assert sealed is not None
        assert sealed == their_sender.protect(packet)
        assert (receiver.unprotect(sealed), their_receiver.unprotect(sealed)) == (packet, packet)
    for count in range(20):
        report = build_report(Report(7, (), 1 << 40, 0, count, 0), "x" * count)
        sealed = sender.protect_rtcp(report)
        assert their_receiver.unprotect_rtcp(sealed) == report
        theirs = their_sender.protect_rtcp(report)
        assert theirs is not None
        assert receiver.unprotect_rtcp(theirs) == report
