"""A caller at one node and a phone at another: rung, joined, held and ended as if it were one, and only by nodes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex

import pytest

from ivr.over_sip.agent_leg import SipPhones
from ivr.over_sip.aside import AsideLeg
from ivr.over_sip.line import Target
from ivr.over_sip.remote import Relays
from ivr.ports.phones import ELSEWHERE, NotAnswered
from rtp.aio.engine import LocalMediaEngine, MediaSettings
from rtp.engine import LegId
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Digest
from sip.core import UserAgentCore
from sip.events import Ended, Origin, ReferReceived
from sip.message.address import NameAddr
from sip.message.message import Request, parse
from sip.message.uri import SipUri
from sip.nodes import HEADER, Nodes
from tests.ivr.sip_lab import LOOPBACK, SHORT_TIMERS, Handset, Lab, hears, info, offer_to, talk, without_events
from tests.ivr.sounds import tone
from tests.rtp.phone import until

SECRET = b"k" * 32
LOW, HIGH = tone("the caller"), tone("the agent")


class Site(Lab):
    """One node with its phones: `nodes` is who it believes."""

    def __init__(self, folder: Path, name: str) -> None:
        super().__init__(folder)
        self.nodes = Nodes(name, SECRET)
        digest = Digest("svar", {"anna": "x"}.get, b"s" * 32, nodes=self.nodes)
        config = CoreConfig(trunks=(LOOPBACK,), timers=SHORT_TIMERS, digest=digest, methods=frozenset({"REFER"}))
        self.user_agent = UserAgent(UserAgentCore(config, lambda: token_hex(8)), Address("127.0.0.1", 0))
        self.line = replace(self.line, user_agent=self.user_agent)
        local = self.phones._local
        self.phones = SipPhones(self.line, self.targets.get, local, lambda: token_hex(4))
        self.relays = Relays(self.line, self.targets.get, lambda: token_hex(4))

    async def start(self) -> None:
        await super().start()
        put = self._invited.put_nowait
        self.user_agent.on_invite = lambda one: self.relays.on_invite(one) if one.origin.kind == "node" else put(one)


@dataclass
class Country:
    """The caller's node, and the one that the phone `kari` is registered at."""

    here: Site
    there: Site

    @property
    def away(self) -> Target:
        address = self.there.user_agent.address
        return Target(SipUri("kari", address.host, address.port), address, node="there")


@asynccontextmanager
async def sites(folder: Path) -> AsyncIterator[Country]:
    made = []
    for name in ("here", "there"):
        (folder / name).mkdir()
        made.append(Site(folder / name, name))
    country = Country(*made)
    country.here.nodes.others({"there": ("127.0.0.1",)})
    country.there.nodes.others({"here": ("127.0.0.1",)})
    try:
        for one in made:
            await one.start()
        country.here.targets["kari"] = country.away
        country.there.targets["kari"] = country.there.target("kari")
        yield country
    finally:
        for one in made:
            await one.close()


@pytest.fixture
async def country(tmp_path: Path) -> AsyncIterator[Country]:
    async with sites(tmp_path) as made:
        yield made


class Keys:
    """What the caller's node hears of the agent's keys."""

    def __init__(self) -> None:
        self.pressed: list[str] = []

    def leg_pressed(self, key: str) -> None:
        self.pressed.append(key)

    def leg_refers(self, event: ReferReceived) -> bool:
        return False


async def nothing_left(country: Country) -> None:
    await until(lambda: len(country.there.relays) == 0, "end of the relay")
    await country.here.nothing_left()
    await country.there.nothing_left()


async def talking(country: Country) -> tuple[Handset, Handset, asyncio.Task[str]]:
    """The caller's phone, the agent's, and the bridge at the caller's node."""
    call, caller = await country.here.call()
    await call.answer()
    leg = await country.here.phones.ring(offer_to("kari"), call.info)
    bridge = asyncio.create_task(call.bridge(leg))
    agent = country.there.rung[-1]
    await caller.connected()
    await agent.connected()
    caller.rtp.talk()
    agent.rtp.talk()
    await asyncio.sleep(0.05)
    return caller, agent, bridge


async def test_caller_and_agent_of_two_nodes_hear_each_other(country: Country) -> None:
    caller, agent, bridge = await talking(country)
    await asyncio.gather(talk(caller, LOW), talk(agent, HIGH))
    await until(lambda: hears(agent, LOW) and hears(caller, HIGH), "both voices")
    assert country.here.media.legs == country.there.media.legs == 2
    agent.hang_up()
    assert await asyncio.wait_for(bridge, 5) == "agent_hung_up"


async def test_keys_of_the_caller_reach_the_agent(country: Country) -> None:
    caller, agent, bridge = await talking(country)
    caller.rtp.press("5")
    await until(lambda: len(agent.rtp.events) > 0, "the key at the agent's phone")
    agent.hang_up()
    await asyncio.wait_for(bridge, 5)


async def test_a_key_by_info_at_the_agents_phone_reaches_the_callers_node(country: Country) -> None:
    country.there.on_rung = lambda handset: handset.answer(sdp=without_events(handset.rtp.sdp()))
    call, _ = await country.here.call()
    await call.answer()
    leg = await country.here.phones.ring(offer_to("kari"), call.info)
    keys = Keys()
    leg.wishes = keys
    bridge = asyncio.create_task(call.bridge(leg))
    agent = country.there.rung[-1]
    await agent.connected()
    agent.rtp.talk()
    await asyncio.sleep(0.1)
    country.there.press_by_info(agent, "7")
    await until(lambda: keys.pressed == ["7"], "the key at the caller's node")
    agent.hang_up()
    await asyncio.wait_for(bridge, 5)


async def test_a_caller_who_hangs_up_frees_the_phone_at_the_other_node(country: Country) -> None:
    caller, agent, bridge = await talking(country)
    caller.hang_up()
    await until(lambda: agent.ended, "BYE at the agent's phone")
    await asyncio.gather(bridge, return_exceptions=True)
    await nothing_left(country)


async def test_an_agent_who_hangs_up_frees_the_caller(country: Country) -> None:
    _, agent, bridge = await talking(country)
    agent.hang_up()
    assert await asyncio.wait_for(bridge, 5) == "agent_hung_up"
    await until(lambda: country.there.media.legs == 0, "end of the media there")


@pytest.mark.parametrize(
    ("status", "cause"),
    [(486, "busy"), (600, "busy"), (603, "rejected"), (480, "unreachable"), (500, "unreachable"), (408, "no_answer")],
)
async def test_a_phone_that_refuses_says_why_to_the_callers_node(country: Country, status: int, cause: str) -> None:
    country.there.on_rung = lambda handset: handset.refuse(status)
    with pytest.raises(NotAnswered) as refused:
        await country.here.phones.ring(offer_to("kari"), info())
    assert refused.value.cause == cause
    await nothing_left(country)


async def test_an_offer_that_is_withdrawn_stops_the_ringing_there(country: Country) -> None:
    country.there.on_rung = Handset.ring
    ringing = asyncio.create_task(country.here.phones.ring(offer_to("kari"), info()))
    await until(lambda: bool(country.there.rung), "ringing")
    ringing.cancel(ELSEWHERE)
    await asyncio.wait({ringing})
    agent = country.there.rung[0]
    await until(lambda: agent.ended, "CANCEL at the agent's phone")
    (ended,) = [event for event in agent.heard_of if isinstance(event, Ended)]
    assert [one.elsewhere for one in ended.reasons] == [True]
    await nothing_left(country)


async def test_the_phone_is_told_who_rings_and_hears_nothing_of_the_proof(country: Country) -> None:
    invites = []
    country.there.phones_agent.ladder = lambda way, peer, data, now: invites.append(data)
    leg = await country.here.phones.ring(offer_to("kari"), info())
    invite = parse(next(data for data in invites if data.startswith(b"INVITE ")))
    assert isinstance(invite, Request)
    assert (invite.from_.display, getattr(invite.from_.uri, "user", "")) == ("work", "4799999999")
    assert invite.headers.get("X-Svar-Contact") == "c"
    assert invite.headers.get("X-Svar-Waited-Ms") == "1234"
    assert HEADER not in invite.headers
    await leg.hang_up()


async def test_the_agents_hold_reaches_the_callers_node_which_plays_its_music(country: Country) -> None:
    caller, agent, bridge = await talking(country)
    agent.reoffer("sendonly")
    joined = country.here.phones._away["there"]
    (leg,) = joined
    await until(lambda: leg.held, "the hold at the caller's node")
    heard = len(caller.rtp.heard)
    await until(lambda: len(caller.rtp.heard) > heard + 8000, "music at the caller's phone")
    agent.reoffer("sendrecv")
    await until(lambda: not leg.held, "the end of the hold")
    at = len(caller.rtp.heard)
    await talk(agent, HIGH)
    await until(lambda: hears(caller, HIGH, since=at), "the agent's voice after the hold")
    agent.hang_up()
    await asyncio.wait_for(bridge, 5)


async def test_a_lost_node_ends_what_it_rang_and_what_it_had_rung(country: Country) -> None:
    country.there.on_rung = Handset.ring
    ringing = asyncio.create_task(country.here.phones.ring(offer_to("kari"), info()))
    await until(lambda: bool(country.there.rung), "ringing")
    country.there.relays.node_lost("here")
    await until(lambda: country.there.rung[0].ended, "the end of the ringing there")
    country.there.relays.node_lost("nobody")
    with pytest.raises(NotAnswered, match="unreachable"):
        await ringing
    again = asyncio.create_task(country.here.phones.ring(offer_to("kari"), info()))
    await until(lambda: len(country.there.rung) == 2, "ringing")
    country.here.phones.node_lost("there")
    with pytest.raises(NotAnswered, match="unreachable"):
        await again
    await nothing_left(country)


async def test_a_talk_over_a_lost_node_is_over_for_the_caller(country: Country) -> None:
    _, agent, bridge = await talking(country)
    country.here.phones.node_lost("there")
    assert await asyncio.wait_for(bridge, 5) == "error"
    await until(lambda: agent.ended, "BYE at the agent's phone")


async def test_an_agent_who_is_not_there_is_unreachable(country: Country) -> None:
    country.here.targets["nobody"] = replace(country.away, uri=replace(country.away.uri, user="nobody"))
    with pytest.raises(NotAnswered, match="unreachable"):
        await country.here.phones.ring(offer_to("nobody"), info())
    await nothing_left(country)


async def test_a_call_of_a_node_goes_no_further(country: Country) -> None:
    country.there.targets["kari"] = replace(country.away, node="third")
    with pytest.raises(NotAnswered, match="unreachable"):
        await country.here.phones.ring(offer_to("kari"), info())
    assert country.there.rung == []


async def test_a_node_that_has_no_port_left_refuses(tmp_path: Path) -> None:
    async with sites(tmp_path) as country:
        there = country.there
        none = LocalMediaEngine(MediaSettings("127.0.0.1", first_port=40_000, last_port=40_000))
        there.relays = Relays(replace(there.line, media=none), there.targets.get, lambda: token_hex(4))
        await none.open(LegId("first"), None, there.line.options(Origin("node", "here"), "c"))
        with pytest.raises(NotAnswered, match="unreachable"):
            await country.here.phones.ring(offer_to("kari"), info())
        await until(lambda: len(there.relays) == 0, "end of the relay")
        await none.shutdown()


async def test_a_node_that_is_not_believed_rings_nobody(country: Country) -> None:
    country.there.nodes.others({})
    with pytest.raises(NotAnswered, match="rejected"):
        await country.here.phones.ring(offer_to("kari"), info())
    assert country.there.rung == []


async def test_a_phone_that_answers_while_the_caller_leaves_is_hung_up(country: Country) -> None:
    country.there.on_rung = Handset.ring
    ringing = asyncio.create_task(country.here.phones.ring(offer_to("kari"), info()))
    await until(lambda: bool(country.there.rung), "ringing")
    country.there.rung[0].answer()
    ringing.cancel()
    await asyncio.wait({ringing})
    await until(lambda: country.there.rung[0].ended, "the end at the agent's phone")
    await nothing_left(country)


async def test_who_is_asked_is_shown_who_asks_at_another_node_too(country: Country) -> None:
    invites = []
    country.there.phones_agent.ladder = lambda way, peer, data, now: invites.append(data)
    leg = await country.here.phones.ring(offer_to("kari"), replace(info(), asked_by="berit"))
    invite = parse(next(data for data in invites if data.startswith(b"INVITE ")))
    asserted = invite.headers.get("P-Asserted-Identity")
    assert asserted is not None
    assert isinstance(invite, Request)
    assert asserted == str(NameAddr(invite.from_.uri, invite.from_.display))
    await leg.hang_up()


async def test_an_agent_goes_on_at_another_phone_there_and_the_callers_node_hears_nothing_of_it(
    country: Country,
) -> None:
    caller, agent, bridge = await talking(country)
    there = country.there
    named = there.phones_agent.core.named_to_others(agent.session)
    assert named is not None
    other, address = Handset(there.phones_agent), there.user_agent.address
    there.handsets.append(other)
    other.dial(SipUri("kari", *address[:2]), address, other.rtp.sdp(), headers=named.lines)
    invite = await asyncio.wait_for(there._invited.get(), 5)
    assert invite.replaces is not None
    assert there.relays.relay(invite.replaces, "berit") is None
    relay = there.relays.relay(invite.replaces, "kari")
    assert relay is not None
    leg = AsideLeg(there.line, replace(invite, origin=Origin("agent", "kari")), relay.contact, LegId("other"))
    assert await leg.open(invite)
    relay.goes_on(leg)
    await until(lambda: agent.ended, "BYE at the phone that was left")
    await other.connected()
    other.rtp.talk()
    await asyncio.gather(talk(caller, LOW), talk(other, HIGH))
    await until(lambda: hears(other, LOW) and hears(caller, HIGH), "both voices")
    assert not bridge.done()
    other.hang_up()
    assert await asyncio.wait_for(bridge, 5) == "agent_hung_up"
    late = AsideLeg(there.line, invite, "c", LegId("late"))
    relay.goes_on(late)
    assert late.over


async def test_a_lost_node_is_not_waited_for(country: Country) -> None:
    _, _, bridge = await talking(country)
    here = country.here.user_agent
    await until(lambda: here.stats["transactions"] == 0, "the end of what began the call")
    await country.there.user_agent.close()
    country.here.phones.node_lost("there")
    assert await asyncio.wait_for(bridge, 5) == "error"
    await until(lambda: here.stats["sessions"] == 1, "the caller alone")
    assert here.stats["transactions"] == 1, "the BYE goes on"


async def test_a_phone_that_nobody_stops_does_not_ring_for_ever(country: Country) -> None:
    there = country.there
    there.relays = Relays(there.line, there.targets.get, lambda: token_hex(4), rings_s=0.3)
    there.on_rung = Handset.ring
    with pytest.raises(NotAnswered, match="no_answer"):
        await country.here.phones.ring(offer_to("kari"), info())
    await until(lambda: there.rung[0].ended, "CANCEL at the agent's phone")
    await nothing_left(country)
