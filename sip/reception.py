"""Where every datagram arrives: to its transaction, its dialog, or as something new (RFC 3261 §8.2, §16.3, §18)."""

from __future__ import annotations

from dataclasses import dataclass

from sip.admission import Admission
from sip.authentication import Authenticator
from sip.config import Address
from sip.errors import ParseError
from sip.events import InviteReceived, Origin, RegisterReceived, RequestReceived
from sip.message.address import NameAddr
from sip.message.message import MessageError, Request, Response, parse, respond
from sip.message.uri import SipUri
from sip.moving import referred, referrer, replaced
from sip.overload import glimpse, stateless_tag, unavailable
from sip.registration import Registrar
from sip.requests import HeaderLines
from sip.session.session import Session, Sessions
from sip.session.timer import interval_refusal
from sip.session.uas import IncomingInvite
from sip.session.within import received
from sip.station import ALLOWED, UNATTENDED, Station, answer_address, response_address
from sip.transaction import COMPLETED, Transaction
from sip.transaction_layer import MAGIC_COOKIE
from sip.validation import SESSION_DESCRIPTION, refusal

_KEEPALIVE = b"\r\n\0 "
# What floods are made of.
_OPENING = (b"INVITE ", b"REGISTER ", b"OPTIONS ", b"SUBSCRIBE ", b"MESSAGE ")


@dataclass(frozen=True, slots=True)
class Unproven:
    """How a caller is refused. `stale`: the password was right, and asking again will do."""

    status: int
    stale: bool = False


class Reception:
    """Whatever is refused at once is answered without keeping state: a flood leaves nothing behind."""

    def __init__(self, station: Station, sessions: Sessions) -> None:
        config = station.config
        self._station = station
        self._sessions = sessions
        self._config = config
        self._admission = Admission(config.trunks, config.limits)
        self._authenticator = Authenticator(config.digest) if config.digest is not None else None
        self._methods = frozenset((*ALLOWED, "REGISTER")) | config.methods
        self._extensions = frozenset(config.extensions)
        self.registrar = Registrar(config.expiries, config.limits, station.deadlines, station.emit)
        self.draining = False
        self._mark = f"{station.tokens()[:8]}-"
        self._mark_bytes = f";tag={self._mark}".encode()

    def receive(self, data: bytes, source: Address, now: float) -> None:
        counts = self._station.counts
        counts["messages_in"] += 1
        if len(data) < 16 and not data.strip(_KEEPALIVE):
            return
        if data.startswith(_OPENING) and self._unwanted(data, source, now):
            counts["dropped"] += 1
            return
        if self._settled_by_bytes(data, source, now):
            return
        try:
            message = parse(data)
        except MessageError as error:
            counts["parse_errors"] += 1
            self._malformed(error, source, now)
            return
        if isinstance(message, Response):
            self._response(message, now)
        else:
            self._request(message, source, now)

    def broken(self, head: bytes, source: Address, now: float) -> None:
        """A stream that can't be cut into messages any further began so: 400, where there is anybody to tell."""
        self._station.counts["messages_in"] += 1
        self._station.counts["parse_errors"] += 1
        try:
            message = parse(head)
        except MessageError as error:
            self._malformed(error, source, now)
            return
        if isinstance(message, Request):
            self._malformed(MessageError("its end cannot be told", partial=message), source, now)

    def trunk(self, source: Address) -> str | None:
        """Whose it is: the trunk that proved its name on this connection, or that sends from this address."""
        proven = self._station.proven.get(source) if source.transport == "TLS" else None
        return proven or self._admission.trunk(source.host)

    def _unwanted(self, data: bytes, source: Address, now: float) -> bool:
        """Dropped before it is parsed, which is most of its cost. What may belong to a dialog has both tags."""
        if source in self._station.proven or self._config.nodes.knows(source.host):
            return False
        return self._admission.spent(source.host, now) and data.lower().count(b"tag=") < 2

    def _settled_by_bytes(self, data: bytes, source: Address, now: float) -> bool:
        """What more calls than can be taken consist of: trunks' INVITEs, and the ACKs to their refusals."""
        if data.startswith(b"ACK "):
            return self._mark_bytes in data
        if not data.startswith(b"INVITE ") or not self._overfull(now) or self.trunk(source) is None:
            return False
        seen = glimpse(data)
        if seen is None or self._station.transactions.serves(seen.key):
            return False
        tag = stateless_tag(self._mark, seen.call_id.decode("latin-1"), seen.key[0])
        answer = unavailable(seen, source.host, source.port, tag, self._config.limits.retry_after_s)
        self._station.counts["refused"] += 1
        self._station.counts["overloaded"] += 1
        self._station.send(answer, answer_address(source, seen.via_port, rport_asked=seen.rport_asked))
        return True

    @property
    def calls_per_s(self) -> float:
        """How many new calls a second are taken at the moment."""
        return self._admission.calls_per_s

    def observe(self, late_s: float, now: float) -> None:
        self._admission.observe(late_s, now)

    def _overfull(self, now: float) -> bool:
        return (
            self.draining
            or len(self._sessions.by_id) >= self._config.limits.sessions
            or self._station.transactions.full
            or self._admission.calls_spent(now)
        )

    def challenges(self, request: Request, now: float, *, stale: bool = False) -> list[tuple[str, str]]:
        """WWW-Authenticate lines; none when there are no agents."""
        if self._authenticator is None:
            return []
        return self._authenticator.challenges(request, now, stale=stale)

    def _malformed(self, error: MessageError, source: Address, now: float) -> None:
        request = error.partial
        if request is None or request.method == "ACK" or not self._welcome(source, now):
            return
        self._note_source(request, source)
        self._refuse(request, error.status, source)

    def _response(self, response: Response, now: float) -> None:
        """A stray response is dropped: a UA has nobody to forward it to (§18.1.2). Its top Via must be ours alone."""
        transaction = self._station.transactions.of_response(response) if len(response.vias) == 1 else None
        if transaction is None:
            self._station.counts["dropped"] += 1
        else:
            transaction.received(response, now)

    def _request(self, request: Request, source: Address, now: float) -> None:
        self._note_source(request, source)
        transaction = self._station.transactions.of_request(request)
        if request.method == "ACK":
            if transaction is not None and transaction.state is COMPLETED:
                transaction.feed("ACK", None, now)
            else:
                self._ack(request, now)
        elif transaction is not None:
            transaction.feed("REQUEST", None, now)
        elif request.method == "CANCEL":
            self._cancel(request, source, now)
        elif request.to.tag is not None:
            self._within_dialog(request, source, now)
        else:
            self._out_of_dialog(request, source, now)

    def _ack(self, request: Request, now: float) -> None:
        session = self._sessions.by_dialog.get(_dialog_id(request))
        if session is None:
            self._station.counts["dropped"] += 1
        else:
            session.acked(request, now)

    def _cancel(self, request: Request, source: Address, now: float) -> None:
        invite = self._station.transactions.cancelled_by(request)
        if invite is None or not isinstance(invite.user, IncomingInvite) or not self._one_peer(invite, source):
            self._unknown(request, source, now)
            return
        user = invite.user
        answer_to = response_address(request, source)
        transaction = self._station.transactions.server(request, answer_to, UNATTENDED, now)
        transaction.respond(respond(request, 200, to_tag=user.tag), now)
        user.session.cancelled(invite, request, now)

    def _one_peer(self, invite: Transaction, source: Address) -> bool:
        """Whether `source` may end what it began: some phones' branches can be guessed."""
        began = invite.destination
        if began.host == source.host:
            return True
        trunk = self.trunk(began)
        return trunk is not None and trunk == self.trunk(source)

    def _within_dialog(self, request: Request, source: Address, now: float) -> None:
        session = self._sessions.by_dialog.get(_dialog_id(request))
        if request.method == "NOTIFY" and (session is not None or self._sessions.referrals.of(_dialog_id(request))):
            self._sessions.referrals.notified(_dialog_id(request), request, response_address(request, source), now)
        elif session is None:
            self._unknown(request, source, now)
        else:
            self._within_session(session, request, source, now)

    def _within_session(self, session: Session, request: Request, source: Address, now: float) -> None:
        refused = refusal(request, self._methods, self._extensions, secure=source.transport == "TLS")
        if request.method == "REFER" and not self._config.moves:
            self._refuse(request, 403, source)
        elif refused is not None:
            self._refuse(request, refused.status, source, refused.headers)
        elif request.method == "OPTIONS":
            self._refuse(request, 200, source, self._capabilities(told=True))
        elif request.method == "REFER":
            self._referred(session, request, source, now)
        else:
            if source.reliable and session.dialog is not None:
                session.dialog.heard_from(request, source)
            received(session, request, response_address(request, source), now)

    def _referred(self, session: Session, request: Request, source: Address, now: float) -> None:
        """Refused without state, before anything is read of whom it names."""
        status: Origin | int | None = referrer(session, request, source, self.trunk(source), self._authenticator, now)
        if isinstance(status, Origin):
            answer_to = response_address(request, source)
            status = referred(session, self._sessions, request, answer_to, status, now)
        if status is not None:
            self._refuse(request, status, source, self.challenges(request, now) if status == 401 else ())

    def _out_of_dialog(self, request: Request, source: Address, now: float) -> None:
        if not self._welcome(source, now):
            return
        refused = refusal(request, self._methods, self._extensions, secure=source.transport == "TLS")
        if request.method == "REFER":
            self._refuse(request, 403, source)  # only from within a call
        elif refused is not None:
            self._refuse(request, refused.status, source, refused.headers)
        elif not self._ours(request):
            self._refuse(request, 483 if request.max_forwards == 0 else 404, source)
        elif self._station.transactions.merged(request):
            self._refuse(request, 482, source)
        elif request.method == "INVITE":
            self._invite(request, source, now)
        elif request.method == "OPTIONS":
            self._options(request, source)
        elif request.method == "REGISTER":
            self._register(request, source, now)
        elif request.method in self._config.methods:
            self._leave_to_application(request, source, now)
        else:
            self._refuse(request, 481, source)

    def _welcome(self, source: Address, now: float) -> bool:
        """A stranger beyond its allowance hears nothing: an answer would help whoever forges its address."""
        known = self.trunk(source) is not None or self._config.nodes.knows(source.host)
        if known or self._admission.stranger_may(source.host, now):
            return True
        self._station.counts["dropped"] += 1
        return False

    def _ours(self, request: Request) -> bool:
        uri = request.uri
        if not self._config.domains or not isinstance(uri, SipUri):
            return True
        return uri.host.lower() in self._config.domains or self._station.is_own(uri.host, uri.port)

    def _has_phones_at(self, host: str) -> bool:
        """Whether addresses of record at `host` are ours; they name no port (RFC 3261 §10.3 step 5)."""
        domains = self._config.domains
        return not domains or host.lower() in domains or self._station.is_own_host(host)

    def _invite(self, request: Request, source: Address, now: float) -> None:
        limits = self._config.limits
        if self.draining or len(self._sessions.by_id) >= limits.sessions or self._station.transactions.full:
            self._overloaded(request, source)
            return
        origin = self._origin(request, source, now)
        if isinstance(origin, Unproven):
            headers = self.challenges(request, now, stale=origin.stale) if origin.status == 401 else ()
            self._refuse(request, origin.status, source, headers)
        elif not request.contacts and (request.via.branch or "").startswith(MAGIC_COOKIE):
            self._refuse(request, 400, source, reason="INVITE needs a Contact")
        elif (too_small := interval_refusal(request, self._config.session_timers)) is not None:
            self._refuse(request, 422, source, too_small)
        elif isinstance(replaces := replaced(request, origin, self._sessions, self._config), int):
            self._refuse(request, replaces, source, self.challenges(request, now) if replaces == 401 else ())
        elif origin.kind != "node" and not self._admission.call_may(now, origin.name if origin.kind == "trunk" else ""):
            self._overloaded(request, source)
        else:
            session = Session(self._station, self._sessions, origin)
            session.replaces = replaces
            session.invited(request, response_address(request, source), source, now)
            self._station.emit(InviteReceived(session.id, request, source, origin, replaces))

    def _origin(self, request: Request, source: Address, now: float) -> Origin | Unproven:
        """Who calls. Known and unknown users get the same refusal."""
        if (node := self._config.nodes.proven(request, source.host, now)) is not None:
            return Origin("node", node) if node else Unproven(403)
        if self._authenticator is not None and "Authorization" in request.headers:
            proof = self._authenticator.check(request, source.host, now)
            if proof.user is not None:
                self._admission.vouch(source.host, now)
                return Origin("agent", proof.user)
            if proof.ours:
                return Unproven(401, proof.stale)
        trunk = self.trunk(source)
        if trunk is not None:
            return Origin("trunk", trunk)
        if self._config.strangers_may_call:
            return Origin("stranger")
        return Unproven(401 if self._authenticator is not None else 403)

    def _options(self, request: Request, source: Address) -> None:
        """The status is what an INVITE would get (§11.2)."""
        if self.draining:
            self._overloaded(request, source)
        else:
            self._refuse(request, 200, source, self._capabilities(told=self.trunk(source) is not None))

    def _capabilities(self, *, told: bool) -> HeaderLines:
        """`told`: which software we are, too, which is nothing for strangers."""
        return (
            ("Allow", ", ".join(sorted(self._methods))),
            ("Accept", SESSION_DESCRIPTION),
            ("Accept-Encoding", "identity"),
            ("Accept-Language", "nb, en"),
            ("Supported", ", ".join(self._config.extensions)),
            *((("Server", self._config.user_agent),) if told else ()),
        )

    def _register(self, request: Request, source: Address, now: float) -> None:
        if self._authenticator is None:
            self._leave_to_application(request, source, now)
            return
        proof = self._authenticator.check(request, source.host, now)
        target = request.to.uri
        if proof.user is None:
            self._refuse(request, 401, source, self.challenges(request, now, stale=proof.stale))
        elif not isinstance(target, SipUri) or target.user_text != proof.user:
            self._refuse(request, 403, source)
        elif not self._has_phones_at(target.host):
            self._refuse(request, 404, source)
        else:
            self._admission.vouch(source.host, now)
            self._bind(request, source, now)

    def _bind(self, request: Request, source: Address, now: float) -> None:
        """A Path counts from a trunk's proxy alone, since we send wherever it says (RFC 3327 §5.3). Without it calls go
        to where the REGISTER came from, which is that proxy too."""
        lines = request.headers.get_all("Path") if self.trunk(source) is not None else []
        try:
            path = tuple(NameAddr.parse_list(lines))
        except ParseError:
            self._refuse(request, 400, source)
            return
        outcome = self.registrar.register(request, source, now, path)
        headers = [*outcome.headers, *(("Path", line) for line in lines if outcome.status == 200)]
        transaction = self._station.transactions.server(request, response_address(request, source), UNATTENDED, now)
        transaction.respond(respond(request, outcome.status, to_tag=self._tag(request), headers=headers), now)

    def _leave_to_application(self, request: Request, source: Address, now: float) -> None:
        if self._station.transactions.full:
            self._overloaded(request, source)
            return
        answer_to = response_address(request, source)
        transaction = self._station.transactions.server(request, answer_to, UNATTENDED, now)
        kind = RegisterReceived if request.method == "REGISTER" else RequestReceived
        self._station.emit(kind(transaction, request, source))

    def _unknown(self, request: Request, source: Address, now: float) -> None:
        """It means a dialog or a transaction that does not exist, or does no longer."""
        if self._welcome(source, now):
            self._refuse(request, 481, source)

    def _overloaded(self, request: Request, source: Address) -> None:
        self._station.counts["overloaded"] += 1
        self._refuse(request, 503, source, (("Retry-After", str(self._config.limits.retry_after_s)),))

    def _refuse(
        self, request: Request, status: int, source: Address, headers: HeaderLines = (), *, reason: str | None = None
    ) -> None:
        """Answer without a transaction (§8.2.7): a retransmission gets the same answer anew."""
        if status >= 300:
            self._station.counts["refused"] += 1
        answer = respond(request, status, reason, to_tag=self._tag(request), headers=list(headers))
        self._station.send(bytes(answer), response_address(request, source))

    def _tag(self, request: Request) -> str:
        return stateless_tag(self._mark, request.call_id, request.via.branch or "")

    def _note_source(self, request: Request, source: Address) -> None:
        via = request.via
        if via.rport_asked or via.host != source.host:
            request.replace_via(via.with_received(source.host, source.port))


def _dialog_id(request: Request) -> tuple[str, str, str]:
    """As we would name the dialog of a request from the peer: To is us."""
    return (request.call_id, request.to.tag or "", request.from_.tag or "")
