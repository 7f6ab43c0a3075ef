"""The asyncio shell around the core: its sockets, one timer, and it decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Literal

import structlog

from sip.aio.questions import Resolving
from sip.aio.sockets import Sockets, reachable
from sip.aio.tls import Tls
from sip.config import Address
from sip.core import UserAgentCore
from sip.events import (
    Ended,
    InviteReceived,
    PhoneAsked,
    QuestionId,
    ReferralId,
    Registered,
    RegisterReceived,
    RegistrationActive,
    RegistrationEvent,
    RegistrationFailed,
    RegistrationId,
    Rejected,
    RequestReceived,
    Resolve,
    SessionId,
    SipEvent,
    TrunkEvent,
    TrunkPinged,
    TrunkRegistered,
    TrunkRegistrationFailed,
    Unregistered,
)
from sip.message.address import NameAddr
from sip.message.transfer import ReferTo
from sip.message.uri import SipUri
from sip.registering import ClientCredentials
from sip.registration import Binding, SavedBinding
from sip.snapshot import DialogSnapshot

Heard = Callable[[SipEvent], None]
Ladder = Callable[[Literal["in", "out"], Address, bytes, float], None]
HeaderLines = Iterable[tuple[str, str]]

__all__ = ["UserAgent", "reachable"]

_log = structlog.get_logger(__name__)


class UserAgent:
    """Commands are those of the core, at the loop's time; what they cause is sent before they return.

    Events are delivered by plain calls from the loop: to `on_invite`, `on_register_change` (Registered, Unregistered),
    `on_request`, `on_registration` (our own, how trunks and phones are), and each session's listener. An event that a
    command causes is delivered before the command returns, or after the delivery that is under way.
    """

    def __init__(
        self, core: UserAgentCore, *addresses: Address, tls: Tls | None = None, resolver: Resolving | None = None
    ) -> None:
        """`addresses`: where to listen, at most one for each transport and address family."""
        self.core = core
        self.on_invite: Callable[[InviteReceived], None] | None = None
        self.on_register_change: Callable[[Registered | Unregistered], None] | None = None
        self.on_request: Callable[[RegisterReceived | RequestReceived], None] | None = None
        self.on_registration: Callable[[RegistrationEvent | TrunkEvent], None] | None = None
        self.ladder: Ladder | None = None
        self._bind_to = (addresses, tls, resolver)
        self._listeners: dict[SessionId, Heard] = {}
        self._sockets: Sockets | None = None
        self._clock: Callable[[], float] = lambda: 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._delivering = False

    async def start(self) -> None:
        """Bind and listen. Raises OSError when an address is taken or not ours."""
        self._clock = asyncio.get_running_loop().time
        addresses, tls, resolver = self._bind_to
        sockets = Sockets(self.core, self._received, self._arm, self._flush, tls, resolver)
        sockets.listen(addresses)
        self._sockets = sockets
        self._arm()

    async def close(self) -> None:
        """Close the sockets; what is still under way is dropped. To end calls in order, hang them up first."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._sockets is not None:
            sockets, self._sockets = self._sockets, None
            sockets.close()

    def reload_certificates(self) -> bool:
        """Read them again for connections to come. False, and a line in the log, where they cannot be used."""
        _, tls, _ = self._bind_to
        return tls is None or tls.reload()

    @property
    def address(self) -> Address:
        """Where it listens first of all; RuntimeError before start."""
        return self.addresses[0]

    @property
    def addresses(self) -> list[Address]:
        """Everywhere that it listens, in the order that it was asked to; RuntimeError before start."""
        if self._sockets is None:
            raise RuntimeError("the user agent does not listen: await start() first")
        return self._sockets.addresses

    @property
    def stats(self) -> dict[str, int]:
        return {**self.core.stats, **(self._sockets.stats if self._sockets is not None else {"send_failures": 0})}

    def listen(self, session: SessionId, heard: Heard) -> bool:
        """Who hears the events of a session from now on, up to its Ended or Rejected. False: it is over already."""
        alive = self.core.alive(session)
        if alive:
            self._listeners[session] = heard
        return alive

    # --- commands

    def invite(
        self,
        target: SipUri,
        heard: Heard,
        *,
        local: NameAddr,
        remote: NameAddr,
        destination: Address | None = None,
        trunk: str = "",
        sdp: str | None,
        headers: HeaderLines = (),
        call_id: str = "",
    ) -> SessionId:
        """Call; `heard` gets the session's events, none of them before this returns."""
        session = self.core.invite(
            target,
            local=local,
            remote=remote,
            destination=destination,
            trunk=trunk,
            sdp=sdp,
            headers=headers,
            call_id=call_id,
            now=self._clock(),
        )
        self._listeners[session] = heard
        self._send()
        asyncio.get_running_loop().call_soon(self._flush)
        return session

    def ring(self, session: SessionId, *, sdp: str | None = None, status: int = 180, reliable: bool = False) -> bool:
        return self._done(self.core.ring(session, self._clock(), sdp=sdp, status=status, reliable=reliable))

    def accept(self, session: SessionId, sdp: str, headers: HeaderLines = ()) -> bool:
        return self._done(self.core.accept(session, sdp, self._clock(), headers))

    def reject(self, session: SessionId, status: int, *, reason: str | None = None, headers: HeaderLines = ()) -> bool:
        return self._done(self.core.reject(session, status, self._clock(), reason=reason, headers=headers))

    def challenge(self, session: SessionId) -> bool:
        return self._done(self.core.challenge(session, self._clock()))

    def acknowledge(self, session: SessionId, sdp: str) -> bool:
        return self._done(self.core.acknowledge(session, sdp, self._clock()))

    def reoffer(self, session: SessionId, sdp: str) -> bool:
        return self._done(self.core.reoffer(session, sdp, self._clock()))

    def update(self, session: SessionId, sdp: str | None = None) -> bool:
        return self._done(self.core.update(session, sdp, self._clock()))

    def answer_offer(self, session: SessionId, sdp: str) -> bool:
        return self._done(self.core.answer_offer(session, sdp, self._clock()))

    def refuse_offer(self, session: SessionId, status: int, headers: HeaderLines = ()) -> bool:
        return self._done(self.core.refuse_offer(session, status, self._clock(), headers))

    def cancel(self, session: SessionId, headers: HeaderLines = ()) -> bool:
        return self._done(self.core.cancel(session, self._clock(), headers))

    def bye(self, session: SessionId, headers: HeaderLines = ()) -> bool:
        return self._done(self.core.bye(session, self._clock(), headers))

    def hang_up(self, session: SessionId, status: int = 480, headers: HeaderLines = ()) -> bool:
        return self._done(self.core.hang_up(session, self._clock(), status, headers))

    def let_go(self, session: SessionId) -> bool:
        return self._done(self.core.let_go(session, self._clock()))

    def refer(self, session: SessionId, to: ReferTo, *, subscribe: bool = True) -> ReferralId | None:
        referral = self.core.refer(session, to, self._clock(), subscribe=subscribe)
        self._flush()
        return referral

    def answer_refer(self, referral: ReferralId, status: int, headers: HeaderLines = ()) -> bool:
        return self._done(self.core.answer_refer(referral, status, self._clock(), headers))

    def notify_refer(self, referral: ReferralId, status: int) -> bool:
        return self._done(self.core.notify_refer(referral, status, self._clock()))

    def snapshot(self, session: SessionId) -> DialogSnapshot | None:
        return self.core.snapshot(session, self._clock())

    def resume(self, snapshot: DialogSnapshot, heard: Heard) -> SessionId:
        session = self.core.resume(snapshot, self._clock())
        self._listeners[session] = heard
        return session

    def respond(
        self, request: RegisterReceived | RequestReceived, status: int, headers: HeaderLines = (), body: bytes = b""
    ) -> bool:
        return self._done(self.core.respond(request.transaction, status, self._clock(), headers, body))

    def locations(self, aor: SipUri | str) -> list[Binding]:
        return self.core.locations(aor, self._clock())

    def save_bindings(self) -> list[SavedBinding]:
        return self.core.registrar.save(self._clock())

    def restore_bindings(self, saved: Iterable[SavedBinding]) -> None:
        self.core.registrar.restore(saved, self._clock())
        self._flush()

    def forget_bindings(self, user: str, contacts: Collection[str]) -> None:
        self.core.registrar.forget(user, contacts)
        self._flush()

    def register(
        self,
        aor: NameAddr,
        *,
        registrar: SipUri,
        destination: Address,
        credentials: ClientCredentials | None,
        expires_s: int = 600,
    ) -> RegistrationId:
        registration = self.core.register(
            aor,
            registrar=registrar,
            destination=destination,
            credentials=credentials,
            now=self._clock(),
            expires_s=expires_s,
        )
        self._flush()
        return registration

    def unregister(self, registration: RegistrationId) -> None:
        self.core.unregister(registration, self._clock())
        self._flush()

    def hire(self) -> None:
        """Register at the trunks that want it, and ask whether they live: `on_registration` hears of both."""
        self.core.hire(self._clock())
        self._flush()

    def quit(self) -> None:
        """Take our registrations at trunks back."""
        self.core.quit(self._clock())
        self._flush()

    def ask(self, contact: SipUri, destination: Address) -> QuestionId | None:
        """Ask a phone whether it is there: PhoneAsked goes to `on_registration`, never before this returns."""
        question = self.core.phones.ask(contact, destination, self._clock())
        self._send()
        asyncio.get_running_loop().call_soon(self._flush)
        return question

    def drain(self) -> None:
        self.core.drain(self._clock())

    # --- inside

    def _done(self, accepted: bool) -> bool:
        self._flush()
        return accepted

    def _received(self, data: bytes, source: Address) -> None:
        now = self._clock()
        if self.ladder is not None:
            self.ladder("in", source, data, now)
        self.core.receive(data, source, now)
        self._pump()

    def _flush(self) -> None:
        self._pump()
        self._arm()

    def _pump(self) -> None:
        """Send what is to be sent and deliver what has happened, until there is nothing more of either."""
        self._send()
        if self._delivering:
            return
        self._delivering = True
        try:
            while events := self.core.events():
                for event in events:
                    self._deliver(event)
        finally:
            self._delivering = False
        self._send()

    def _send(self) -> None:
        datagrams = self.core.datagrams()
        if not datagrams or self._sockets is None:
            return
        for data, destination in datagrams:
            if self.ladder is not None:
                self.ladder("out", destination, data, self._clock())
            self._sockets.send(data, destination)

    def _deliver(self, event: SipEvent) -> None:
        """A listener that fails must not take other calls with it."""
        try:
            self._dispatch(event)
        except Exception:  # noqa: BLE001 - what one listener raises is that call's alone
            _log.exception("sip listener failed", sip_event=type(event).__name__)
            if isinstance(event, InviteReceived):
                self.core.hang_up(event.session, self._clock(), 500)

    def _dispatch(self, event: SipEvent) -> None:
        match event:
            case InviteReceived():
                if self.on_invite is None:
                    self.core.hang_up(event.session, self._clock(), 480)
                else:
                    self.on_invite(event)
            case Registered() | Unregistered():
                if self.on_register_change is not None:
                    self.on_register_change(event)
            case RegisterReceived() | RequestReceived():
                if self.on_request is None:
                    self.core.respond(event.transaction, 480, self._clock())
                else:
                    self.on_request(event)
            case Resolve():
                if self._sockets is not None:
                    self._sockets.questions.ask(event)
            case (
                RegistrationActive()
                | RegistrationFailed()
                | TrunkRegistered()
                | TrunkRegistrationFailed()
                | TrunkPinged()
                | PhoneAsked()
            ):
                if self.on_registration is not None:
                    self.on_registration(event)
            case _:
                over = isinstance(event, Ended | Rejected)
                heard = self._listeners.pop(event.session, None) if over else self._listeners.get(event.session)
                if heard is not None:
                    heard(event)

    def _arm(self) -> None:
        """One timer. One that rings too early costs less than taking it back for every datagram."""
        deadline = self.core.deadline
        if deadline is None or self._sockets is None:
            return
        if self._timer is not None:
            if self._timer.when() <= deadline:
                return
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_at(deadline, self._timed_out)

    def _timed_out(self) -> None:
        self._timer = None
        self.core.handle_timeout(self._clock())
        self._flush()
