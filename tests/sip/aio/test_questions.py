import asyncio

import structlog

from sip.aio.questions import Questions, Resolving
from sip.aio.resolver import NameServers, Resolver
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Outwards, Trunk
from sip.core import UserAgentCore
from sip.events import Accepted, InviteReceived, Rejected, Resolve, ResolveId, SipEvent, TrunkPinged
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from sip.resolution import Ways
from tests.sip.aio.name_server import NameServer, Zone
from tests.sip.network import ANSWER, OFFER, counted

URI = SipUri.parse("sip:1@carrier.example")
HERE = Address("127.0.0.1", 0)


class Phone:
    """A user agent on a free port, and what it hears."""

    def __init__(self, name: str, *trunks: Trunk, resolver: Resolving | None = None) -> None:
        config = CoreConfig(trunks=trunks, strangers_may_call=True)
        self.agent = UserAgent(UserAgentCore(config, counted(name)), HERE, resolver=resolver)
        self.heard: asyncio.Queue[SipEvent] = asyncio.Queue()
        self.agent.on_registration = self.heard.put_nowait

    async def __aenter__(self) -> "Phone":
        await self.agent.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.agent.close()

    def answers(self, status: int) -> None:
        def on_invite(event: InviteReceived) -> None:
            self.heard.put_nowait(event)
            if status == 200:
                self.agent.accept(event.session, ANSWER)
            else:
                self.agent.reject(event.session, status)

        self.agent.on_invite = on_invite

    def ring(self, trunk: str = "") -> None:
        who = NameAddr(SipUri("nav", "nav.example"))
        self.agent.invite(URI, self.heard.put_nowait, local=who, remote=NameAddr(URI), trunk=trunk, sdp=OFFER)

    async def next(self) -> SipEvent:
        return await asyncio.wait_for(self.heard.get(), 10.0)


async def test_call_finds_its_carrier_by_the_dns_and_takes_the_second_server() -> None:
    async with Phone("a") as first, Phone("b") as second:
        first.answers(503)
        second.answers(200)
        zone = Zone(
            {
                ("carrier.example", "NAPTR"): ['1 1 "s" "SIP+D2U" "" _sip._udp.carrier.example.'],
                ("_sip._udp.carrier.example", "SRV"): [
                    f"1 0 {first.agent.address.port} one.carrier.example.",
                    f"2 0 {second.agent.address.port} two.carrier.example.",
                ],
                ("one.carrier.example", "A"): ["127.0.0.1"],
                ("two.carrier.example", "A"): ["127.0.0.1"],
            }
        )
        async with NameServer(zone) as server:
            resolver = Resolver(NameServers((server.address,)), Ways())
            trunk = Trunk("carrier", (), address=SipUri.parse("sip:carrier.example"), outwards=Outwards(ping_s=60.0))
            async with Phone("us", trunk, resolver=resolver) as us:
                us.ring("carrier")
                assert isinstance(await us.next(), Accepted)
                assert isinstance(await first.next(), InviteReceived)
                us.agent.hire()
                pinged = await us.next()
                assert isinstance(pinged, TrunkPinged)
                assert pinged.round_trip_s is not None
                us.agent.quit()
            await resolver.close()


async def test_without_a_resolver_no_name_leads_anywhere() -> None:
    async with Phone("us") as us:
        us.ring()
        rejected = await us.next()
        assert isinstance(rejected, Rejected)
        assert rejected.status == 503


class Failing:
    """A resolver that fails, or never ends."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.ways = Ways()
        self.hangs = hangs
        self.asked = asyncio.Event()

    async def targets(self, uri: SipUri) -> list[Address]:
        self.asked.set()
        if self.hangs:
            await asyncio.Event().wait()
        raise RuntimeError("broken")


async def test_resolver_that_fails_fails_the_call_alone() -> None:
    with structlog.testing.capture_logs() as logs:
        async with Phone("us", resolver=Failing()) as us:
            us.ring()
            assert isinstance(await us.next(), Rejected)
    assert [one["event"] for one in logs] == ["the resolver failed"]


async def test_closing_stops_whoever_still_asks() -> None:
    resolver = Failing(hangs=True)
    core = UserAgentCore(CoreConfig(), counted("t"))
    flushed: list[bool] = []
    questions = Questions(core, resolver, lambda: flushed.append(True))
    questions.ask(Resolve(ResolveId("r"), URI))
    await resolver.asked.wait()
    questions.close()
    await asyncio.sleep(0.01)
    assert flushed == []


async def test_resolver_learns_how_we_reach_others() -> None:
    resolver = Failing()
    async with Phone("us", resolver=resolver):
        assert resolver.ways == Ways(("UDP",), (4,), loopback=True)
