"""The SIP endpoint without I/O: UAS, UAC and registrar (RFC 3261). Time is an argument, chance comes in as a function.

After every call drain `datagrams()` and `events()`, and call `handle_timeout` once `deadline` has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sip.asking import Asking
from sip.certificates import Expected, canonical
from sip.config import Address, CoreConfig
from sip.events import Origin, ReferralId, RegistrationId, ResolveId, SessionId, SipEvent
from sip.message.address import NameAddr
from sip.message.headers import Headers
from sip.message.message import REASONS, Request, respond
from sip.message.transfer import ReferTo, Replaces
from sip.message.uri import SipUri
from sip.moving import named_to_others, refer
from sip.reception import Reception
from sip.registering import ClientCredentials, OwnRegistration, Reported
from sip.registration import Binding
from sip.requests import MAX_FORWARDS
from sip.resolution import Ways
from sip.session.phase import Phase
from sip.session.reliable import TAG
from sip.session.session import Session, Sessions
from sip.snapshot import DialogSnapshot
from sip.station import Datagram, Station
from sip.transaction import Transaction
from sip.trunks import Trunks

HeaderLines = Iterable[tuple[str, str]]

_NOWHERE = Address("127.0.0.1", 5060)
"""Until it is known where an INVITE goes."""


class UserAgentCore:
    """Commands give False when they come too late: the event that tells why is under way or was given."""

    def __init__(self, config: CoreConfig, tokens: Callable[[], str]) -> None:
        self.config = config
        self._station = Station(config, tokens)
        self._sessions = Sessions(self._station)
        self._reception = Reception(self._station, self._sessions)
        self._registrations: dict[RegistrationId, OwnRegistration] = {}
        self._trunks = Trunks(self._station)
        self.registrar = self._reception.registrar
        self.phones = Asking(self._station, self.registrar)

    # --- the contract of a protocol machine

    def listens(self, address: Address, *, everywhere: bool = False) -> None:
        """Where peers reach us; once for each transport and address family. Goes into Via and Contact.

        `everywhere`: the socket is bound to no address, so a Request-URI with any address and this port is ours.
        """
        self._station.listens(address, everywhere=everywhere)

    def receive(self, data: bytes, source: Address, now: float) -> None:
        self._reception.receive(data, source, now)

    def receive_broken(self, head: bytes, source: Address, now: float) -> None:
        """A stream that cannot be followed any further: answer its last head where possible, then it is closed."""
        self._reception.broken(head, source, now)

    def connected(self, connection: Address, identities: Iterable[str]) -> None:
        """A TLS peer proved these names by its certificate: it may be a trunk (RFC 5922). Without any it is none."""
        names = frozenset(map(canonical, identities))
        self._station.proven.pop(connection, None)
        for trunk in self.config.trunks:
            if trunk.certificate and canonical(trunk.certificate) in names:
                self._station.proven[connection] = trunk.name
                return

    def looked_up(self, address: Address) -> bool:
        """Whether a host was found to be there."""
        return address in self._station.lookups.known

    def expected(self, address: Address) -> Expected:
        """Who has to be there before anything is sent over TLS: the trunk, the host that was looked up, or else the
        domain of the latest request.
        """
        known = self._station.lookups.known.get(address)
        name = known.host if known is not None else self._station.transactions.names.get(address, address.host)
        found = (known.trunk if known is not None else "") or self._reception.trunk(address)
        for trunk in self.config.trunks:
            if trunk.name == found:
                return Expected(trunk.certificate or name, trunk.ca, trunk.verify)
        return Expected(name)

    def connection_lost(self, destination: Address, now: float) -> None:
        """Nothing reaches that address any more: requests that wait for it fail at once, phones that registered over
        it are gone, we register anew where we did, and dialogs go on by a new connection.
        """
        self._station.proven.pop(destination, None)
        self._station.transactions.connection_lost(destination, now)
        self.registrar.connection_lost(destination)
        for flow in self._station.flows.pop(destination, ()):
            flow.connection_lost(now)
        for session in self._sessions.by_id.values():
            if session.dialog is not None and session.dialog.destination == destination and destination.reliable:
                session.dialog.connection_lost()
                if session.origin.trunk:
                    self._station.lookups.follow(session.dialog)

    def trunk(self, source: Address) -> str | None:
        """The trunk that this is, by address or by what its connection proved."""
        return self._reception.trunk(source)

    def uses(self, connection: Address) -> bool:
        """Whether a phone, a dialog or a transaction counts on it: then it is not closed for being idle."""
        return (
            self.registrar.reaches(connection)
            or connection in self._station.flows
            or self._station.transactions.awaited(connection)
            or any(
                one.dialog is not None and one.dialog.destination == connection for one in self._sessions.by_id.values()
            )
        )

    def late(self, late_s: float, now: float) -> None:
        """The shell did something so much later than it should have; told some fifty times a second."""
        self._reception.observe(late_s, now)

    def handle_timeout(self, now: float) -> None:
        self._station.deadlines.run(now)

    @property
    def deadline(self) -> float | None:
        return self._station.deadlines.next()

    def datagrams(self) -> list[Datagram]:
        """What to send since the last call."""
        drained = self._station.outbox
        if drained:
            self._station.outbox = []
        return drained

    def events(self) -> list[SipEvent]:
        """What happened since the last call."""
        drained = self._station.happened
        if drained:
            self._station.happened = []
        return drained

    @property
    def stats(self) -> dict[str, int]:
        station = self._station
        held = {"sessions": len(self._sessions.by_id), "dialogs": len(self._sessions.by_dialog)}
        pending = {"transactions": len(station.transactions), "deadlines": len(station.deadlines)}
        return {**station.counts, **held, **pending, "calls_per_s_now": round(self._reception.calls_per_s)}

    def resolved(self, id_: ResolveId, targets: Sequence[Address], now: float) -> None:
        """The answer to a Resolve: where its URI leads, best first; empty where nobody knows."""
        self._station.lookups.resolved(id_, targets, now)

    @property
    def ways(self) -> Ways:
        """By what others are reached, for whoever resolves."""
        return self._station.ways

    # --- trunks

    def hire(self, now: float) -> None:
        """Register at trunks that want it, and ask whether they live: TrunkRegistered and the others follow."""
        self._trunks.start(now)

    def quit(self, now: float) -> None:
        """Take our registrations at trunks back. Nothing more is reported of them."""
        self._trunks.stop(now)

    @property
    def quitting(self) -> bool:
        """Whether that is still under way: trunks ask for a proof first."""
        return self._trunks.leaving

    # --- calls

    def invite(
        self,
        target: SipUri,
        *,
        local: NameAddr,
        remote: NameAddr,
        destination: Address | None = None,
        trunk: str = "",
        sdp: str | None,
        headers: HeaderLines = (),
        call_id: str = "",
        now: float,
    ) -> SessionId:
        """Call `target` at `destination`; without one, where its host leads, or where `trunk` is, over as many targets
        as it takes (RFC 3263). Without `sdp` the peer offers, and `acknowledge` answers. Who said Retry-After is not
        called before then: Rejected, as it refused.

        Raises KeyError for a trunk that is not configured, ValueError for one that has no address.
        """
        station = self._station
        customer, hop, route = self._trunks.way(trunk, target)
        session = Session(station, self._sessions, Origin("trunk", trunk))
        if len(self._sessions.by_id) > self.config.limits.sessions or station.transactions.full:
            session.rejected(503, REASONS[503], None, now)
            return session.id
        if (asked := self._sessions.respites.of(str(target), now)) is not None:
            session.rejected(asked.status, asked.reason, None, now)
            return session.id
        user = getattr(local.uri, "user", "")
        built = Headers()
        built.add("Via", station.via(destination or _NOWHERE))
        built.add("Max-Forwards", MAX_FORWARDS)
        path = self.registrar.path(target, destination) if destination is not None else ()
        for one in (*route, *map(str, path)):
            built.add("Route", one)
        built.add("From", str(local.with_tag(station.tokens())))
        built.add("To", str(remote))
        built.add("Call-ID", call_id or station.tokens())
        built.add("CSeq", "1 INVITE")
        built.add("Contact", station.contact(destination or _NOWHERE, user, secure=target.scheme == "sips"))
        built.add("Allow", station.allow)
        built.add("User-Agent", self.config.user_agent)
        for name, value in (*session.timer.wish(), *headers):
            built.add(name, value)
        built.add("Supported", f"{TAG}, 199")
        if sdp:
            built.add("Content-Type", "application/sdp")
        request = Request("INVITE", target, built, sdp.encode() if sdp else b"")
        if destination is not None:
            session.invite(request, destination, now)
        else:
            session.pursue(request, user, hop, customer, now)
        return session.id

    def ring(
        self, session: SessionId, now: float, *, sdp: str | None = None, status: int = 180, reliable: bool = False
    ) -> bool:
        """Send a provisional response. `reliable`: repeated until its PRACK, which is ProvisionalConfirmed, where the
        caller supports it; where the caller requires it (Require: 100rel), every one is.
        """
        found = self._find(session)
        return found is not None and found.ring(status, sdp, now, reliable=reliable)

    def accept(self, session: SessionId, sdp: str, now: float, headers: HeaderLines = ()) -> bool:
        """Answer an INVITE or re-INVITE with 200; it is repeated until the ACK comes, which is `Confirmed`."""
        found = self._find(session)
        return found is not None and found.accept(sdp, headers, now)

    def reject(
        self, session: SessionId, status: int, now: float, *, reason: str | None = None, headers: HeaderLines = ()
    ) -> bool:
        """Refuse an INVITE, which ends the session, or a re-INVITE, which does not."""
        found = self._find(session)
        return found is not None and found.reject(status, reason, headers, now)

    def challenge(self, session: SessionId, now: float) -> bool:
        """Ask the caller for credentials: the session ends, and the repeat is a new InviteReceived of an agent."""
        found = self._find(session)
        if found is None or found.incoming is None:
            return False
        headers = self._reception.challenges(found.incoming.request, now)
        return found.reject(401, None, headers, now)

    def acknowledge(self, session: SessionId, sdp: str, now: float) -> bool:
        """Answer the offer that came in the 2xx to an INVITE without one."""
        found = self._find(session)
        return found is not None and found.acknowledge(sdp, now)

    def reoffer(self, session: SessionId, sdp: str, now: float) -> bool:
        """Send a re-INVITE: Reoffered or ReofferFailed follows. False while an earlier offer is still open."""
        found = self._find(session)
        return found is not None and found.reoffer(sdp, now)

    def update(self, session: SessionId, sdp: str | None, now: float) -> bool:
        """The same by UPDATE, which may come before the call is answered, once a reliable provisional brought an answer
        (RFC 3311 §5.1); without `sdp` it shows the peer where we are. False too where the peer does not allow it.
        """
        found = self._find(session)
        return found is not None and found.update(sdp, now)

    def answer_offer(self, session: SessionId, sdp: str, now: float) -> bool:
        """Answer an OfferReceived."""
        found = self._find(session)
        return found is not None and found.answer_offer(sdp, now)

    def refuse_offer(self, session: SessionId, status: int, now: float, headers: HeaderLines = ()) -> bool:
        """Refuse an OfferReceived: all stays as it was, but for an offer in a provisional the call is cancelled."""
        found = self._find(session)
        return found is not None and found.refuse_offer(status, headers, now)

    def cancel(self, session: SessionId, now: float, headers: HeaderLines = ()) -> bool:
        """Give up our INVITE: Rejected follows, with 487 unless the peer was quicker with another refusal."""
        found = self._find(session)
        return found is not None and found.cancel(now, headers)

    def bye(self, session: SessionId, now: float, headers: HeaderLines = ()) -> bool:
        """End an answered session: Ended follows when the peer has confirmed, or 64*T1 later."""
        found = self._find(session)
        return found is not None and found.bye(now, headers)

    def hang_up(self, session: SessionId, now: float, status: int = 480, headers: HeaderLines = ()) -> bool:
        """Whichever of cancel, bye and reject (with `status`) fits. `headers`: a Reason, for instance (RFC 3326)."""
        found = self._find(session)
        return found is not None and found.hang_up(status, now, headers)

    def let_go(self, session: SessionId, now: float) -> bool:
        """Wait no longer for an answer to our BYE, which goes on: the peer is known to be gone. False: no BYE."""
        if (found := self._find(session)) is None or found.phase is not Phase.ENDING:
            return False
        found.over("gone", now)
        return True

    def alive(self, session: SessionId) -> bool:
        """False once its Ended or Rejected was given."""
        return session in self._sessions.by_id

    # --- transfers (RFC 3515, RFC 3891); those of others come only where the configuration says `moves`

    def refer(self, session: SessionId, to: ReferTo, now: float, *, subscribe: bool = True) -> ReferralId | None:
        """Ask the peer to call `to`: ReferProgress tells. None unless the call stands, or where too many are open."""
        found = self._find(session)
        return refer(found, self._sessions, to, now, subscribe=subscribe) if found is not None else None

    def answer_refer(self, referral: ReferralId, status: int, now: float, headers: HeaderLines = ()) -> bool:
        """Answer a ReferReceived: 202 takes it on, any other status refuses it. Unanswered it gets 603 after 10 s."""
        found = self._sessions.referrals.theirs(referral)
        return found is not None and (found.accept(now) if status < 300 else found.refuse(status, headers, now))

    def notify_refer(self, referral: ReferralId, status: int, now: float) -> bool:
        """Tell the peer how the call it asked for goes on; 200 and above ends that. False: nobody asks any more."""
        found = self._sessions.referrals.theirs(referral)
        return found is not None and found.notify(status, now)

    def named_to_others(self, session: SessionId) -> Replaces | None:
        """How the peer of a confirmed session knows it: what somebody else puts into an INVITE to take our place."""
        found = self._find(session)
        return named_to_others(found) if found is not None else None

    # --- taking over

    def snapshot(self, session: SessionId, now: float) -> DialogSnapshot | None:
        """The dialog as data, once it is confirmed; None before and after."""
        found = self._find(session)
        if found is None or found.dialog is None or not found.confirmed:
            return None
        return DialogSnapshot.of(found.dialog, found.origin, found.timer)

    def resume(self, snapshot: DialogSnapshot, now: float) -> SessionId:
        """Go on with a dialog that another core held. The peer learns of it by the next reoffer or bye."""
        session = Session(self._station, self._sessions, Origin(*snapshot.origin))
        session.resume(snapshot.dialog())
        interval_s, refreshes = snapshot.session_timer
        session.timer.resume(interval_s, now, refreshes=refreshes)
        return session.id

    def drain(self, now: float) -> None:
        """From now on new calls get 503 with Retry-After; those that stand go on."""
        self._reception.draining = True

    # --- registrar and requests out of a dialog

    def locations(self, aor: SipUri | str, now: float) -> list[Binding]:
        """The phones of an address of record, most wanted first."""
        return self.registrar.locations(aor, now)

    def respond(
        self, transaction: Transaction, status: int, now: float, headers: HeaderLines = (), body: bytes = b""
    ) -> bool:
        """Answer a RegisterReceived or RequestReceived."""
        answer = respond(transaction.request, status, to_tag=self._station.tokens(), headers=list(headers), body=body)
        return transaction.respond(answer, now)

    def register(
        self,
        aor: NameAddr,
        *,
        registrar: SipUri,
        destination: Address,
        credentials: ClientCredentials | None,
        now: float,
        expires_s: int = 600,
    ) -> RegistrationId:
        """Register at a registrar and stay registered: RegistrationActive after each success."""
        id_ = RegistrationId(self._station.tokens())
        watcher = Reported(self._station, id_)
        registration = OwnRegistration(self._station, watcher, aor, registrar, credentials, expires_s)
        watcher.registration = self._registrations[id_] = registration
        registration.targets = (destination,)
        registration.refresh(now)
        return id_

    def unregister(self, registration: RegistrationId, now: float) -> None:
        """Stop refreshing, and tell the registrar. Nothing is reported."""
        found = self._registrations.pop(registration, None)
        if found is not None:
            found.remove(now)

    def _find(self, session: SessionId) -> Session | None:
        return self._sessions.by_id.get(session)
