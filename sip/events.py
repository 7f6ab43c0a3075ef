"""What the user agent core reports. Outcomes are events; only faults are exceptions."""

from dataclasses import dataclass
from typing import Literal, NewType

from sip.config import Address
from sip.message.message import Request, Response
from sip.message.reason import Reason, read_reasons
from sip.message.transfer import Replaces
from sip.message.uri import SipUri
from sip.transaction import Transaction

SessionId = NewType("SessionId", str)
RegistrationId = NewType("RegistrationId", str)
ReferralId = NewType("ReferralId", str)
ResolveId = NewType("ResolveId", str)
QuestionId = NewType("QuestionId", str)

OriginKind = Literal["trunk", "agent", "node", "stranger"]
EndCause = Literal["remote", "local", "cancelled", "no_ack", "gone", "timeout", "unanswered", "transport", "expired"]
"""Why a session ended: BYE received; BYE or rejection sent; CANCEL received; no ACK or PRACK within 64*T1;
481 to a request of ours; 408 or no answer to one; nobody answered the INVITE in time; the transport failed; the peer
did not refresh the session (RFC 4028).
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sent a request: a trunk by its address, an agent by digest, a node of ours by its proof, or a stranger.

    `name`: the trunk, the user or the node.
    """

    kind: OriginKind
    name: str = ""

    @property
    def trunk(self) -> str:
        """The trunk's name; empty for others."""
        return self.name if self.kind == "trunk" else ""


@dataclass(frozen=True, slots=True)
class InviteReceived:
    """A new call. Answer with ring, accept, reject or challenge.

    `replaces`: it wants to take the place of that session (RFC 3891), which ends when this one is accepted.
    """

    session: SessionId
    request: Request
    source: Address
    origin: Origin
    replaces: SessionId | None = None

    @property
    def sdp(self) -> str | None:
        """The offer; None when the caller wants ours in the 2xx."""
        return body_text(self.request)


@dataclass(frozen=True, slots=True)
class Provisional:
    """A 1xx other than 100 to our INVITE. One with `sdp` brings early media, each fork (To tag) its own; who wants none
    need not look at it: what counts in the end comes with Accepted. 199: that fork will not answer (RFC 6228).
    """

    session: SessionId
    response: Response

    @property
    def sdp(self) -> str | None:
        return body_text(self.response)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A 2xx to our INVITE. `sdp` is the answer of the fork that took the call, wherever it came.

    If the INVITE carried no offer, it is the peer's, and `acknowledge` has to answer it; None: that was done before, by
    OfferReceived.
    """

    session: SessionId
    response: Response
    sdp: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Our INVITE failed, and the session is over. 408: nobody answered; 503: transport; 487: cancelled by us."""

    session: SessionId
    status: int
    reason: str
    response: Response | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What the peer says of why: often the cause of another network."""
        return read_reasons(self.response.headers.get_all("Reason")) if self.response is not None else ()


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The ACK to our 2xx came, of the first INVITE or of a re-INVITE."""

    session: SessionId
    request: Request

    @property
    def sdp(self) -> str | None:
        """The answer, when our 2xx carried the offer."""
        return body_text(self.request)


@dataclass(frozen=True, slots=True)
class ProvisionalConfirmed:
    """The PRACK to a reliable provisional of ours came (RFC 3262). `sdp` is the answer where that carried our offer."""

    session: SessionId
    request: Request
    sdp: str | None = None


@dataclass(frozen=True, slots=True)
class ReinviteReceived:
    """The peer wants to change the session. Answer with accept or reject; `sdp` None asks for our offer."""

    session: SessionId
    sdp: str | None
    request: Request


@dataclass(frozen=True, slots=True)
class OfferReceived:
    """An offer in an UPDATE, in a PRACK, or in a reliable provisional to our INVITE without one.

    Answer with answer_offer or refuse_offer; nobody waits for long. The call itself may still be ringing.
    """

    session: SessionId
    sdp: str
    message: Request | Response


@dataclass(frozen=True, slots=True)
class Reoffered:
    """A 2xx to our re-INVITE, which has been acknowledged, or to our UPDATE."""

    session: SessionId
    response: Response

    @property
    def sdp(self) -> str | None:
        return body_text(self.response)


@dataclass(frozen=True, slots=True)
class ReofferFailed:
    """Our re-INVITE or UPDATE failed; the session goes on as it was. 491: the peer kept offering at the same time."""

    session: SessionId
    status: int


@dataclass(frozen=True, slots=True)
class Refreshed:
    """The peer answered a refresh of ours (RFC 4028). Nothing needs to be done, unless `moved`: its `sdp` differs from
    its last.
    """

    session: SessionId
    response: Response
    moved: bool = False

    @property
    def sdp(self) -> str | None:
        return body_text(self.response)


@dataclass(frozen=True, slots=True)
class DigitReceived:
    """The peer sent a key by INFO: one of `0-9*#A-D`. `duration_ms` is 0 where it does not say how long."""

    session: SessionId
    digit: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class ReferReceived:
    """The peer asks for a call to `target`, in the place of the dialog `replaces` if that is given (RFC 3515).

    Answer with accept_refer or refuse_refer, and tell by notify_refer how the call goes on. Whom svar calls is for the
    dial plan to say, not for `target`; `origin` is who proved to have sent it, `referred_by` is only what they say.
    """

    session: SessionId
    referral: ReferralId
    target: SipUri
    replaces: Replaces | None
    referred_by: str
    origin: Origin
    request: Request


@dataclass(frozen=True, slots=True)
class ReferProgress:
    """What the peer tells of a REFER of ours: the status of the call that it makes, 408 where it fell silent.

    It comes after the session's end too. `over`: nothing more follows.
    """

    session: SessionId
    referral: ReferralId
    status: int
    over: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The session is over. Nothing more will be reported of it. `request`: the peer's BYE or CANCEL."""

    session: SessionId
    cause: EndCause
    request: Request | None = None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What the peer says of why."""
        return read_reasons(self.request.headers.get_all("Reason")) if self.request is not None else ()


@dataclass(frozen=True, slots=True)
class RegisterReceived:
    """A REGISTER that the core does not serve itself (no `credentials` configured); to be answered with respond."""

    transaction: Transaction
    request: Request
    source: Address


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """A request out of a dialog whose method the configuration leaves to the application."""

    transaction: Transaction
    request: Request
    source: Address


@dataclass(frozen=True, slots=True)
class Registered:
    """A phone told where it is, for the first time or again. `source` is where to send, whatever its Contact says."""

    aor: str
    contact: str
    source: Address
    expires_s: int


EVERY = "*"


@dataclass(frozen=True, slots=True)
class Unregistered:
    """`contact` is EVERY where a phone wanted all ended that are registered, at whatever place (RFC 3261 §10.2.2)."""

    aor: str
    contact: str
    cause: Literal["removed", "replaced", "expired", "connection lost"]


@dataclass(frozen=True, slots=True)
class RegistrationActive:
    """Our own registration was accepted, and is refreshed before `expires_s` have passed."""

    registration: RegistrationId
    expires_s: int


@dataclass(frozen=True, slots=True)
class RegistrationFailed:
    """Our own registration was refused, or nobody answered (408). It is not tried again."""

    registration: RegistrationId
    status: int


@dataclass(frozen=True, slots=True)
class Resolve:
    """A request waits to know where `uri` leads (RFC 3263): to be answered by `resolved`."""

    id: ResolveId
    uri: SipUri


@dataclass(frozen=True, slots=True)
class TrunkRegistered:
    """A trunk took our registration. `expires_s`: for how long."""

    trunk: str
    expires_s: int


@dataclass(frozen=True, slots=True)
class TrunkRegistrationFailed:
    """A trunk refused our registration, or did not answer (408, 503). `retry_s`: when it is tried again; None: never,
    since it would be refused again.
    """

    trunk: str
    status: int
    reason: str
    retry_s: float | None


@dataclass(frozen=True, slots=True)
class TrunkPinged:
    """A trunk was asked whether it lives. `round_trip_s` is None when it did not answer."""

    trunk: str
    round_trip_s: float | None


@dataclass(frozen=True, slots=True)
class PhoneAsked:
    """A phone was asked whether it is there. `round_trip_s` is None when it did not answer."""

    question: QuestionId
    round_trip_s: float | None


SessionEvent = (
    InviteReceived
    | Provisional
    | Accepted
    | Rejected
    | Confirmed
    | ProvisionalConfirmed
    | ReinviteReceived
    | OfferReceived
    | Reoffered
    | ReofferFailed
    | Refreshed
    | DigitReceived
    | ReferReceived
    | ReferProgress
    | Ended
)
RegistrarEvent = Registered | Unregistered
RequestEvent = RegisterReceived | RequestReceived
RegistrationEvent = RegistrationActive | RegistrationFailed | PhoneAsked
TrunkEvent = TrunkRegistered | TrunkRegistrationFailed | TrunkPinged
SipEvent = SessionEvent | RegistrarEvent | RequestEvent | RegistrationEvent | TrunkEvent | Resolve


def body_text(message: Request | Response) -> str | None:
    """The session description in a message. RFC 4566 says UTF-8; what is not is replaced, for the parser to refuse."""
    return message.body.decode("utf-8", "replace") if message.body else None
