"""A leg's session description: offers and answers over its life, from texts to what they settle (RFC 3264)."""

from collections.abc import Callable
from typing import Final

from rtp.engine import MediaError
from rtp.latch import Address
from rtp.packetization import packet_ms
from rtp.sender import Outbound
from rtp.stream import Inbound
from sdp.crypto import CHANCE_BYTES, PLAIN, Secured, Security, Srtp
from sdp.description import SessionDescription, parse
from sdp.errors import SdpError
from sdp.negotiation import Agreed, Capabilities, Direction, answer, complete, make_offer, next_version

UNSPECIFIED: Final = ("0.0.0.0", "::")
"""The old way to hold (RFC 3264 §8.4)."""


class LegDescription:
    """Our side of one leg's offers and answers. Every method raises MediaError(488) when there is nothing in common."""

    __slots__ = (
        "_capabilities",
        "_chance",
        "_local",
        "_offered",
        "_port",
        "_remote",
        "_session_id",
        "_srtp",
        "agreed",
        "inactive_on_hold",
        "resumed",
    )

    def __init__(
        self,
        capabilities: Capabilities,
        port: int,
        session_id: int,
        *,
        inactive_on_hold: bool = False,
        last_sdp: str = "",
        srtp: Srtp = Srtp.REFUSED,
        chance: Callable[[int], bytes] | None = None,
    ) -> None:
        """`last_sdp`: our side as it stood on another port, in the same session. Raises MediaError if it is none.

        `chance` gives so many bytes that nobody can guess, for the keys of SRTP.
        """
        if srtp is not Srtp.REFUSED and chance is None:
            raise ValueError(f"SRTP {srtp}: expected a source of chance for its keys")
        self._capabilities = capabilities
        self._port = port
        self._srtp = srtp
        self._chance = None if srtp is Srtp.REFUSED else chance
        self._session_id = session_id
        self.inactive_on_hold = inactive_on_hold
        self.resumed = bool(last_sdp)
        """Whether the session is older than this leg of it."""
        self._local = _parsed(last_sdp) if last_sdp else None
        self._offered = False
        self._remote = ""
        self.agreed: Agreed | None = None

    def offer(self) -> str:
        """Our offer of now; `receive` with the peer's answer completes it. It keeps the m-lines that stand."""
        offer = make_offer(
            self._capabilities, self._port, self._session_id, 1, last=self._local, security=self._security
        )
        self._local = self._versioned(offer)
        self._offered = True
        return str(self._local)

    def withdraw(self) -> None:
        """Our open offer, if any, stays without an answer: what stood before stands (RFC 3264 §8).

        The peer has seen the offer, so that our next description is a newer version than it.
        """
        if self._offered:
            self._offered = False
            self._remote = ""

    def receive(self, remote: str) -> tuple[str, bool]:
        """The answer to our open offer, else the peer's offer. Gives our side, and whether it was news."""
        if remote == self._remote and self._local is not None and not self._offered:
            return str(self._local), False
        try:
            described = parse(remote)
            if self._offered and self._local is not None:
                self.agreed = complete(self._local, described, self._srtp)
                self._offered = False
            else:
                self._answer(described)
        except SdpError as error:
            raise MediaError(f"session description: {error}", 488) from error
        self._remote = remote
        return str(self._local), True

    def _answer(self, offer: SessionDescription) -> None:
        security = self._security
        ours, agreed = answer(offer, self._capabilities, self._port, self._session_id, 1, security=security)
        if self.inactive_on_hold and agreed.direction is Direction.RECVONLY:
            ours, agreed = answer(
                offer, self._capabilities, self._port, self._session_id, 1, Direction.INACTIVE, security=security
            )
        self._local, self.agreed = self._versioned(ours), agreed

    @property
    def _security(self) -> Security:
        if self._chance is None:
            return PLAIN
        return Security(self._srtp, self._chance(CHANCE_BYTES), self.secured)

    def _versioned(self, ours: SessionDescription) -> SessionDescription:
        return ours if self._local is None else next_version(self._local, ours)

    @property
    def text(self) -> str:
        """Our side as it stands."""
        return str(self._local) if self._local is not None else ""

    @property
    def codec(self) -> str:
        """PCMA or PCMU; ours preferred until something is agreed."""
        return self.agreed.codec.name if self.agreed is not None else self._capabilities.codecs[0]

    @property
    def secured(self) -> Secured | None:
        """What protects the media; None: nothing, or nothing is agreed yet."""
        return None if self.agreed is None else self.agreed.secured

    @property
    def named(self) -> Address | None:
        """Where the peer's description says that it listens; None before it, and while it holds by 0.0.0.0."""
        agreed = self.agreed
        if agreed is None or agreed.address in UNSPECIFIED:
            return None
        return agreed.address, agreed.port

    @property
    def inbound(self) -> Inbound:
        if self.agreed is None:
            return Inbound(0, receives=False)
        agreed = self.agreed
        direction = agreed.direction
        watched = direction is Direction.SENDRECV
        return Inbound(agreed.codec_receive_type, agreed.dtmf_receive_type, direction.receives, watched)

    @property
    def outbound(self) -> Outbound:
        if self.agreed is None:
            return Outbound(0, sends=False)
        agreed = self.agreed
        length_ms = packet_ms(agreed.ptime_ms)
        return Outbound(agreed.codec.payload_type, agreed.dtmf_payload_type, agreed.direction.sends, length_ms)


def _parsed(text: str) -> SessionDescription:
    try:
        return parse(text)
    except SdpError as error:
        raise MediaError(f"session description: {error}", 488) from error
