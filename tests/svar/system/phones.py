"""Agents' and callers' phones in the test's own process: they outlive a node that is killed."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network

from sip.aio.tls import Tls, TlsFiles
from sip.aio.user_agent import UserAgent
from sip.config import Account, Address, CoreConfig, Trunk
from sip.core import UserAgentCore
from sip.events import (
    Accepted,
    InviteReceived,
    RegistrationActive,
    RegistrationEvent,
    RegistrationFailed,
    RegistrationId,
    Rejected,
    TrunkEvent,
)
from sip.message.address import NameAddr
from sip.message.headers import Headers
from sip.message.message import Request
from sip.message.uri import SipUri
from sip.registering import ClientCredentials, authorization
from tests.ivr.sip_lab import Handset
from tests.rtp.phone import until
from tests.svar.system.installation import Installation, eventually

Behaviour = Callable[[Handset], Awaitable[None]]
_LOOPBACK = Trunk("loopback", (ip_network("127.0.0.0/8"),))


class Phones:
    """One user agent with as many phones on it as a test wants."""

    def __init__(
        self,
        installation: Installation,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        secure: tuple[int, str] | None = None,
        proves: str = "",
    ) -> None:
        """`host` and `port`: the address that the phones call from. `secure`: the node's port for TLS, by which they
        come then, and the file of its authority. `proves`: the agent whom the phones are when the node asks.
        """
        account = Account("svar", proves, installation.password(proves)) if proves else None
        core = UserAgentCore(CoreConfig(trunks=(replace(_LOOPBACK, account=account),)), lambda: secrets.token_hex(8))
        tls = Tls(TlsFiles(ca=secure[1])) if secure is not None else None
        self.user_agent = UserAgent(core, Address(host, port), tls=tls)
        self._secure = secure
        self.behaviours: dict[str, Behaviour] = {}
        self.rung: list[tuple[str, Handset]] = []
        self.handsets: list[Handset] = []
        self.invites: list[InviteReceived] = []
        self._installation = installation
        self._registrations: dict[str, RegistrationId] = {}
        self._told: dict[RegistrationId, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def server(self) -> Address:
        if self._secure is not None:
            return Address("127.0.0.1", self._secure[0], "TLS")
        return Address("127.0.0.1", self._installation.sip_port)

    async def start(self) -> None:
        await self.user_agent.start()
        self.user_agent.on_invite = self._rings
        self.user_agent.on_registration = self._heard

    async def register(
        self, agent: str, behaviour: Behaviour, *, expires_s: int = 600, password: str | None = None, user: str = ""
    ) -> None:
        """Log the agent's phone in; every call to it is left to `behaviour`. Raises AssertionError with the status.

        `password` and `user` are for those who pretend.
        """
        self.behaviours[agent] = behaviour
        host, port, _ = self.server
        registration = self.user_agent.register(
            NameAddr(SipUri(agent, host, port)),
            registrar=SipUri("", host, port),
            destination=self.server,
            credentials=ClientCredentials(user or agent, password or self._installation.password(user or agent)),
            expires_s=expires_s,
        )
        self._registrations[agent] = registration
        told = self._told[registration] = asyncio.get_running_loop().create_future()
        await asyncio.wait_for(told, 10)

    def unregister(self, agent: str) -> None:
        self.user_agent.unregister(self._registrations.pop(agent))

    def call(self, number: str = "5000") -> Handset:
        """Ring a service."""
        handset = self._handset()
        handset.dial(SipUri(number, self.server.host, self.server.port), self.server, handset.rtp.sdp())
        return handset

    async def answered_call(self, number: str = "5000") -> Handset:
        handset = self.call(number)
        await until(lambda: handset.count(Accepted) > 0, "answer to the caller")
        return handset

    async def dial_code(self, agent: str, code: str, password: str | None = None) -> Handset:
        """Ring a feature code with the agent's credentials, or another password; done when the call is over."""
        credentials = ClientCredentials(agent, password or self._installation.password(agent))
        first = self._coded(agent, code)
        await until(lambda: first.ended, "challenge")
        refused = next(event for event in first.heard_of if isinstance(event, Rejected))
        assert refused.status == 401
        assert refused.response is not None
        request = Request("INVITE", SipUri(code, self.server.host, self.server.port), Headers())
        header = authorization(request, refused.response, credentials, "0a4f113b")
        assert header is not None
        second = self._coded(agent, code, (header,))
        await until(lambda: second.ended, f"end of {code}", deadline_s=10)
        return second

    def _coded(self, agent: str, code: str, headers: tuple[tuple[str, str], ...] = ()) -> Handset:
        handset = self._handset()
        handset.dial(
            SipUri(code, self.server.host, self.server.port),
            self.server,
            handset.rtp.sdp(),
            user=agent,
            headers=headers,
        )
        return handset

    async def press(self, handset: Handset, key: str) -> None:
        await handset.connected()
        handset.rtp.press(key)

    async def rings(self, count: int = 1, within_s: float = 10.0) -> Handset:
        """Until `count` calls came in all; gives that one."""
        await until(lambda: len(self.rung) >= count, f"call {count} at the agents' phones", deadline_s=within_s)
        return self.rung[count - 1][1]

    def _rings(self, invite: InviteReceived) -> None:
        uri = invite.request.uri
        name = uri.user if isinstance(uri, SipUri) else ""
        handset = self._handset()
        self.invites.append(invite)
        handset.take(invite)
        self.rung.append((name, handset))
        task = asyncio.get_running_loop().create_task(_run(self.behaviours[name](handset)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _handset(self) -> Handset:
        handset = Handset(self.user_agent)
        self.handsets.append(handset)
        return handset

    def _heard(self, event: RegistrationEvent | TrunkEvent) -> None:
        if not isinstance(event, RegistrationActive | RegistrationFailed):
            return
        told = self._told.get(event.registration)
        if told is not None and not told.done():
            if isinstance(event, RegistrationFailed):
                told.set_exception(AssertionError(f"not registered: {event.status}"))
            else:
                told.set_result(None)

    async def leave(self) -> None:
        """Every agent is logged out, every call is over and counted: the node is as it was, for those who share it."""
        self.log_out()
        self.hang_up()
        await self._installation.quiet()
        await eventually(self._is_nobody_there, "a node without agents", instead=self._installation.agents)

    async def register_again(self) -> None:
        """Every agent, at a node that was killed meanwhile and knows of no phone."""
        for agent in list(self._registrations):
            await self.register(agent, self.behaviours[agent])

    def log_out(self) -> None:
        """Every agent."""
        for agent in list(self._registrations):
            self.unregister(agent)

    def hang_up(self) -> None:
        """All calls that were ever made or taken."""
        for handset in self.handsets:
            if handset.heard_of or handset.rtp.engine[1]:
                handset.hang_up()

    async def _is_nobody_there(self) -> bool:
        return not await self._installation.logged_in()

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.user_agent.close()
        for handset in self.handsets:
            handset.rtp.hang_up()


async def _run(work: Awaitable[None]) -> None:
    await work


async def answers(handset: Handset) -> None:
    """Takes every call, and talks until the other hangs up."""
    handset.ring()
    handset.answer()


async def lets_it_ring(handset: Handset) -> None:
    handset.ring()


def refuses(status: int) -> Behaviour:
    async def behave(handset: Handset) -> None:
        handset.refuse(status)

    return behave


def talks_for(seconds: float) -> Behaviour:
    """Takes every call, and hangs up after a while."""

    async def behave(handset: Handset) -> None:
        handset.ring()
        handset.answer()
        await asyncio.sleep(seconds)
        handset.hang_up()

    return behave


@asynccontextmanager
async def phones_at(
    installation: Installation,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    secure: tuple[int, str] | None = None,
    proves: str = "",
) -> AsyncIterator[Phones]:
    phones = Phones(installation, host, port, secure=secure, proves=proves)
    await phones.start()
    try:
        yield phones
    finally:
        await phones.close()
