"""A test phone: an ordinary SIP phone on svar's own SIP and media, which rings and is rung by any server."""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.engine import LegId
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig
from sip.core import UserAgentCore
from sip.events import (
    InviteReceived,
    RegistrationActive,
    RegistrationEvent,
    RegistrationFailed,
    RegistrationId,
    TrunkEvent,
)
from sip.message.uri import SipUri
from svar.phones.ladder import Ladder
from svar.phones.phone_call import Account, Equipment, PhoneCall
from svar.phones.sounds import Sounds
from svar.phones.units import address_towards

FIRST_PORT, LAST_PORT = 46_000, 49_998
"""Above the server's media ports, so that both may run on one machine."""
GOODBYE_S = 1.0


class PhoneError(Exception):
    """The phone cannot do it: not registered, no way to the server."""


class Phone:
    """`on_ring` gets incoming calls, which ring already; without it they are refused as busy."""

    def __init__(
        self, account: Account, ladder: Ladder, *, sound: str = "", record: str = "", silent: bool = False
    ) -> None:
        """`sound`: file to say into the line, else a tone. `record`: WAV file for what the latest call hears.

        `silent`: say nothing, and send no RTP but keys.
        """
        self.account = account
        self.ladder = ladder
        self.on_ring: Callable[[PhoneCall], None] | None = None
        self._sound = sound
        self._record = record
        self._silent = silent
        self._sounds = Sounds()
        self._calls: set[PhoneCall] = set()
        self._registration: RegistrationId | None = None
        self._unregistered = asyncio.Event()
        self._equipment: Equipment

    async def start(self) -> None:
        """Raises ValueError when there is no way to the server, OSError when no port is free."""
        host = address_towards(self.account.server)
        user_agent = UserAgent(UserAgentCore(CoreConfig(strangers_may_call=True), _token), Address(host, 0))
        user_agent.ladder = self._seen
        user_agent.on_invite = self._rung
        await user_agent.start()
        # A closed gate would hide from the counts what arrives; only a crowd has so many calls that it pays.
        settings = MediaSettings(host, first_port=FIRST_PORT, last_port=LAST_PORT, gate=self._silent)
        media = LocalMediaEngine(settings)
        sound = "" if self._silent else self._sound or self._sounds.tone()
        self._equipment = Equipment(self.account, user_agent, media, self.ladder, sound, self._record)
        self._media = media

    @property
    def user_agent(self) -> UserAgent:
        """For what a test phone does not do by itself. After `start`."""
        return self._equipment.user_agent

    @property
    def port(self) -> int:
        """Where it listens for SIP."""
        return self._equipment.user_agent.address[1]

    async def register(self, expires_s: int = 600) -> int:
        """Register, and stay registered. Gives for how many seconds. Raises PhoneError with the status."""
        user_agent, account = self._equipment.user_agent, self.account
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def heard(event: RegistrationEvent | TrunkEvent) -> None:
            if isinstance(event, RegistrationFailed):
                self.ladder.note(f"not registered: {event.status}")
                if not told.done():
                    self._registration = None
                    told.set_exception(PhoneError(_not_registered(account, event.status)))
            elif isinstance(event, RegistrationActive) and not told.done():
                told.set_result(event.expires_s)

        user_agent.on_registration = heard
        self._registration = user_agent.register(
            account.address,
            registrar=SipUri(user="", host=account.domain.host, port=account.domain.port),
            destination=account.server,
            credentials=account.credentials,
            expires_s=expires_s,
        )
        return await told

    async def call(self, number: str, caller: str = "") -> PhoneCall:
        """Ring a number at the server, as `caller` if that is not the account's user.

        Raises MediaError when no media port is free.
        """
        equipment = self._equipment
        if caller:
            equipment = replace(equipment, account=replace(self.account, user=caller))
        call = PhoneCall(equipment, LegId(_token()))
        self._calls.add(call)
        await call.dial(self.account.at(number))
        return call

    def _rung(self, invite: InviteReceived) -> None:
        if self.on_ring is None:
            self._equipment.user_agent.reject(invite.session, 486)
            return
        call = PhoneCall(self._equipment, LegId(_token()), invite)
        self._calls.add(call)
        call.ring()
        self.on_ring(call)

    async def finish(self, call: PhoneCall) -> None:
        """Hang up if that is still to be done, wait for the end (bounded), and forget the call."""
        call.hang_up()
        if not call.ended.done():
            await asyncio.wait([call.ended], timeout=GOODBYE_S)
        await call.close("the server did not answer")
        self._calls.discard(call)

    async def close(self) -> None:
        """Hang up everything, take the registration back, and go."""
        await asyncio.gather(*(self.finish(call) for call in list(self._calls)))
        user_agent = self._equipment.user_agent
        if self._registration is not None:
            self._unregistered.clear()
            user_agent.unregister(self._registration)
            # A moment for the registrar to answer (with a challenge, as a rule) before the socket is closed.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._unregistered.wait(), GOODBYE_S)
        await self._media.shutdown()
        await user_agent.close()
        self._sounds.remove()

    def _seen(self, way: Literal["in", "out"], _peer: Address, data: bytes, _now: float) -> None:
        self.ladder.message(way, data)
        if way == "in" and data.startswith(b"SIP/2.0 2") and b" REGISTER\r\n" in data:
            self._unregistered.set()


def _token() -> str:
    return secrets.token_hex(8)


def _not_registered(account: Account, status: int) -> str:
    password = "is the password right?" if account.password else "no password was found"
    hint = {
        401: f"; {password}",
        403: f"; {password}",
        404: "; does the server know the name?",
        408: "; does a server listen there?",
        503: "; does a server listen there?",
    }
    return f"{account.user} was not registered: the server said {status}{hint.get(status, '')}"
