"""What can go wrong in `sdp/`: one tree."""


class SdpError(Exception):
    """The root, and: text that is no session description (RFC 8866). The message names the line."""


class NoCommonCodec(SdpError):
    """No audio stream that both sides can speak: answer 488 (RFC 3261 §13.3.1.3)."""


class UnusableAddress(SdpError):
    """The peer's media address is a name, a multicast group or of the other IP version: answer 488."""


class NoCommonProtection(SdpError):
    """The answer to our offer of SRTP has no keys that fit it: the call cannot go on."""
