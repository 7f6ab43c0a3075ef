"""What an engine gives to all its legs, and where phones are."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from events.catalogue import MediaReported, MediaTimedOut
from events.sink import Sink
from ivr.over_sip.lasting_media import LastingMedia
from ivr.over_sip.telephony import Identity, Spawn
from rtp.engine import LegId, LegOptions, MediaEngine, RtpTimeout, Srtp
from sip.aio.user_agent import UserAgent
from sip.config import Address
from sip.events import Origin, Reoffered, ReofferFailed, SessionId
from sip.message.address import NameAddr
from sip.message.uri import SipUri

NODE = Origin("node")
"""The key of what is agreed with all other nodes."""


GOODBYE_S = 2.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where a phone is: the URI to ask for, and the address to send to; None: where its host leads, or `trunk` is.

    `local`: what From says, whoever it is that calls; `headers`: what the INVITE says besides. `node`: the node that
    the phone is registered at, where that is another: it is asked to ring it.
    """

    uri: SipUri
    destination: Address | None
    trunk: str = ""
    local: NameAddr | None = None
    headers: tuple[tuple[str, str], ...] = ()
    node: str = ""

    def whose(self, agent: str) -> Origin:
        """With whom media is agreed."""
        if self.node:
            return NODE
        return Origin("trunk", self.trunk) if self.trunk else Origin("agent", agent)


@dataclass(frozen=True, slots=True)
class MediaTerms:
    """How media goes with one trunk or agent. `tones`: keys are heard in the voice where no telephone events come."""

    srtp: Srtp = Srtp.REFUSED
    tones: bool = False


_PLAIN = MediaTerms()


@dataclass(frozen=True, slots=True)
class Line:
    """What one engine gives to all its legs. `hold_music`: A-law files for whoever is put on hold. `terms`: those of
    trunks and agents; whoever is not there has the plainest.
    """

    user_agent: UserAgent
    media: MediaEngine
    sink: Sink
    identity: Identity
    spawn: Spawn
    hold_music: tuple[str, ...] = ()
    lasting: LastingMedia | None = None
    """What `media` is where media runs in processes that may be lost: it sends our new offers by `follow`."""
    terms: Mapping[Origin, MediaTerms] = field(default_factory=dict)

    def options(self, whose: Origin, contact: str) -> LegOptions:
        """How a leg with that peer is opened."""
        terms = self.terms.get(NODE if whose.kind == "node" else whose, _PLAIN)
        return LegOptions(contact, trusted=whose.kind != "stranger", srtp=terms.srtp, tones=terms.tones)

    def proof(self, target: Target, sdp: str) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The Call-ID and the header by which another node knows our call; nothing for a phone."""
        if not target.node:
            return "", ()
        call_id, core = secrets.token_hex(16), self.user_agent.core
        now = asyncio.get_running_loop().time()
        return call_id, (core.config.nodes.prove(target.node, target.uri.user, call_id, sdp.encode(), now),)

    def follow(self, leg: LegId, session: SessionId) -> None:
        """The leg's offers go out in that session."""
        if self.lasting is not None:
            self.lasting.follow(leg, lambda sdp: self.user_agent.reoffer(session, sdp))

    def reoffered(self, leg: LegId, event: Reoffered | ReofferFailed) -> None:
        """What came of an offer of ours."""
        if self.lasting is not None:
            self.lasting.reoffered(leg, event.sdp if isinstance(event, Reoffered) else None)

    def forget_soon(self, session: SessionId) -> None:
        """The node at the other end is lost: should it live all the same it has a moment to answer our BYE."""
        asyncio.get_running_loop().call_later(GOODBYE_S, self.user_agent.let_go, session)

    async def close(self, contact: str, leg: LegId) -> None:
        """End a leg's media and tell what it was like."""
        stats = await self.media.close(leg)
        if stats.sent or stats.received:
            who = self.identity
            self.sink.emit(
                MediaReported(
                    at_ms=who.now_ms(),
                    tenant=who.tenant,
                    node=who.node,
                    contact=contact,
                    leg=leg,
                    sent=stats.sent,
                    received=stats.received,
                    lost=stats.lost,
                    jitter_ms=stats.jitter_ms,
                    peer_lost=-1 if stats.peer_lost is None else stats.peer_lost,
                    peer_jitter_ms=-1.0 if stats.peer_jitter_ms is None else stats.peer_jitter_ms,
                    round_trip_ms=-1.0 if stats.round_trip_ms is None else stats.round_trip_ms,
                )
            )

    def silent(self, contact: str, timeout: RtpTimeout) -> None:
        """Tell that a leg is not heard."""
        who = self.identity
        self.sink.emit(
            MediaTimedOut(
                at_ms=who.now_ms(),
                tenant=who.tenant,
                node=who.node,
                contact=contact,
                leg=timeout.leg,
                silent_ms=timeout.silent_ms,
            )
        )
