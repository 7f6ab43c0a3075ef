"""Phones that register, and what that says about their agents. Real user agents on loopback, a model distributor."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from itertools import count

import pytest

from acd.distributor import Unavailable
from acd.locations import Location
from acd.model import AgentId, AgentSpec, AgentState, NodeId, QueueId, QueueSpec, SiteId
from acd.simulated import ModelDistributor
from events.sink import MemorySink
from ivr.over_sip.agent_leg import Target
from ivr.over_sip.telephony import Background
from sip.aio.user_agent import UserAgent
from sip.config import Address, CoreConfig, Digest, Expiries, Trunk
from sip.core import UserAgentCore
from sip.events import EVERY, Registered, Unregistered
from sip.message.address import NameAddr
from sip.message.uri import SipUri
from sip.registering import ClientCredentials
from svar.registrations import Inherited, Registrations

NOW_MS = 1_000_000
DEADLINE_S = 5.0


class KeptLocations:
    """Locations in a list."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Location] = {}

    async def save(self, location: Location) -> None:
        self.kept[location.agent, location.uri] = location

    async def remove(self, agent: str, uri: str, node: str = "") -> None:
        if (agent, uri) in self.kept and self.kept[agent, uri].node == node:
            del self.kept[agent, uri]

    async def of(self, agent: str) -> list[Location]:
        return [one for one in self.kept.values() if one.agent == agent]

    async def all(self) -> list[Location]:
        return list(self.kept.values())


_numbers = count()


def token() -> str:
    return f"token{next(_numbers)}"


@dataclass
class Office:
    """A registrar, and phones that register there."""

    registrar: UserAgent
    registrations: Registrations
    distributor: ModelDistributor
    locations: KeptLocations
    phones: list[UserAgent] = field(default_factory=list)

    async def phone(self) -> UserAgent:
        phone = UserAgent(UserAgentCore(CoreConfig(), token), Address("127.0.0.1", 0))
        await phone.start()
        self.phones.append(phone)
        return phone

    def register(self, phone: UserAgent, name: str, password: str = "secret") -> object:
        host, port, _ = self.registrar.address
        aor = NameAddr(SipUri(name, host))
        credentials = ClientCredentials(name, password)
        return phone.register(
            aor,
            registrar=SipUri("", host, port),
            destination=Address(host, port),
            credentials=credentials,
            expires_s=60,
        )

    async def state(self, agent: str) -> AgentState:
        return next(one.state for one in await self.distributor.agents() if one.agent == agent)

    async def becomes(self, agent: str, state: AgentState) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while await self.state(agent) is not state:  # noqa: ASYNC110 - the port has no event for it
                await asyncio.sleep(0.005)


async def opened(fixed: dict[str, Target], locations: KeptLocations) -> Office:
    config = CoreConfig(
        trunks=(Trunk("loopback", (ip_network("127.0.0.0/8"),)),),
        digest=Digest("svar", lambda user: "secret", b"k" * 32),
        expiries=Expiries(least_s=1),
    )
    registrar = UserAgent(UserAgentCore(config, token), Address("127.0.0.1", 0))
    await registrar.start()
    distributor = ModelDistributor("t", NodeId("n"), lambda: NOW_MS, MemorySink())
    agents = ["anna", "bjorn", "fixed"]
    specs = [AgentSpec(AgentId(name), SiteId("s"), {"q": 1}) for name in agents]
    await distributor.configure([QueueSpec(QueueId("q"))], specs)
    registrations = Registrations(registrar, distributor, agents, fixed, Background(), lambda: NOW_MS, locations)
    registrar.on_register_change = registrations.heard
    return Office(registrar, registrations, distributor, locations)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    fixed = {"fixed": Target(SipUri("fixed", "127.0.0.1", 6900), Address("127.0.0.1", 6900))}
    made = await opened(fixed, KeptLocations())
    yield made
    for agent in (*made.phones, made.registrar):
        await agent.close()


async def test_a_phone_that_registers_logs_its_agent_in(office: Office) -> None:
    phone = await office.phone()
    assert office.registrations.locate("anna") is None
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    found = office.registrations.locate("anna")
    assert found is not None
    assert found.destination == phone.address


async def test_a_wrong_password_logs_nobody_in(office: Office) -> None:
    phone = await office.phone()
    failed = asyncio.Event()
    phone.on_registration = lambda event: failed.set()
    office.register(phone, "anna", "guess")
    async with asyncio.timeout(DEADLINE_S):
        await failed.wait()
    assert await office.state("anna") is AgentState.LOGGED_OUT


async def test_the_last_phone_that_goes_logs_its_agent_out(office: Office) -> None:
    phone = await office.phone()
    registration = office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    phone.unregister(registration)  # type: ignore[arg-type]  # register gives what unregister takes
    await office.becomes("anna", AgentState.LOGGED_OUT)
    assert office.registrations.locate("anna") is None
    assert office.locations.kept == {}


async def test_what_was_kept_here_of_a_phone_that_is_gone_keeps_no_agent_logged_in(office: Office) -> None:
    phone = await office.phone()
    registration = office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    office.locations.kept["anna", "sip:x@192.0.2.1"] = Location("anna", "sip:x@192.0.2.1", NOW_MS * 2)
    phone.unregister(registration)  # type: ignore[arg-type]  # register gives what unregister takes
    await office.becomes("anna", AgentState.LOGGED_OUT)


async def test_a_refresh_does_not_make_an_agent_ready_who_is_not(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    await office.distributor.not_ready(AgentId("anna"), "break")
    office.register(phone, "anna")
    second = await office.phone()
    office.register(second, "bjorn")
    await office.becomes("bjorn", AgentState.READY)
    assert await office.state("anna") is AgentState.NOT_READY


async def test_a_fixed_phone_is_there_from_the_start(office: Office) -> None:
    await office.registrations.log_in_fixed()
    assert await office.state("fixed") is AgentState.READY
    found = office.registrations.locate("fixed")
    assert found is not None
    assert found.destination == Address("127.0.0.1", 6900)


async def test_a_restart_knows_the_phones_again_and_logs_out_who_is_gone(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    await office.distributor.log_in(AgentId("bjorn"))
    after = await opened({}, office.locations)
    try:
        after.registrations = Registrations(
            after.registrar,
            office.distributor,
            ["anna", "bjorn"],
            {},
            Background(),
            lambda: NOW_MS,
            office.locations,
        )
        await after.registrations.restore()
        await after.registrations.match_agents()
        found = after.registrations.locate("anna")
        assert found is not None
        assert found.destination == phone.address
        assert await office.state("anna") is AgentState.READY
        assert await office.state("bjorn") is AgentState.LOGGED_OUT
    finally:
        await after.registrar.close()


@asynccontextmanager
async def restarted(office: Office, restore: bool = True) -> AsyncIterator[Registrations]:
    """The same agents and phones, known by a node that has just started."""
    after = await opened({}, office.locations)
    try:
        registrations = Registrations(
            after.registrar, office.distributor, ["anna"], {}, Background(), lambda: NOW_MS, office.locations
        )
        after.registrar.on_register_change = registrations.heard
        if restore:
            await registrations.restore()
        yield registrations
    finally:
        await after.registrar.close()


async def test_a_phone_whose_log_in_a_crash_prevented_is_logged_in_at_the_restart(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    await office.distributor.log_out(AgentId("anna"), "lost")
    async with restarted(office) as registrations:
        await registrations.match_agents()
        assert await office.state("anna") is AgentState.READY


async def test_the_phones_of_an_agent_who_is_no_more_are_not_known_again(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "bjorn")
    await office.becomes("bjorn", AgentState.READY)
    async with restarted(office) as registrations:
        await registrations.match_agents()
        assert registrations.locate("bjorn") is None
        assert await office.state("bjorn") is AgentState.LOGGED_OUT


async def test_an_address_that_no_phone_is_at_any_more_is_forgotten(office: Office) -> None:
    phone = await office.phone()
    registration = office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    assert len(office.registrations._addresses["anna"]) == 1
    phone.unregister(registration)  # type: ignore[arg-type]  # register gives what unregister takes
    await office.becomes("anna", AgentState.LOGGED_OUT)
    assert office.registrations._addresses["anna"] == set()


async def test_a_phone_whose_connection_ended_with_the_node_is_not_known_again(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    for key, kept in office.locations.kept.items():
        office.locations.kept[key] = replace(kept, detail=kept.detail | {"transport": "TCP"})
    async with restarted(office) as registrations:
        assert registrations.locate("anna") is None
    assert office.locations.kept == {}


async def test_a_phone_behind_a_proxy_is_known_again_whatever_connection_it_came_by(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    behind = {"transport": "TLS", "path": "<sip:192.0.2.9:5071;transport=tls;lr>"}
    for key, kept in office.locations.kept.items():
        office.locations.kept[key] = replace(kept, detail=kept.detail | behind)
    async with restarted(office) as registrations:
        target = registrations.locate("anna")
        assert target is not None
        assert target.destination == Address("192.0.2.9", 5071, "TLS")
    assert len(office.locations.kept) == 1


async def test_a_store_that_forgot_everything_is_told_phones_and_agents_again(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    await office.distributor.log_out(AgentId("anna"), "lost")
    office.locations.kept.clear()
    office.registrations.forgotten()
    await office.becomes("anna", AgentState.READY)
    await office.becomes("fixed", AgentState.READY)
    assert [agent for agent, _ in office.locations.kept] == ["anna"]
    assert await office.state("bjorn") is AgentState.LOGGED_OUT


class Neighbour:
    """One other node, which lives or not."""

    node = "here"

    def __init__(self, *, lives: bool = True) -> None:
        self.lives = lives

    @property
    def alone(self) -> bool:
        return not self.lives

    async def at(self, node: str, agent: str) -> Target | None:
        address = Address("127.0.0.9", 5060)
        return Target(SipUri(agent, *address[:2]), address, node=node) if node == "there" and self.lives else None


@asynccontextmanager
async def beside(office: Office, neighbour: Neighbour) -> AsyncIterator[Registrations]:
    """A node that shares the store with the one of `office`, whose phones are made those of the node "there"."""
    for key, kept in office.locations.kept.items():
        office.locations.kept[key] = replace(kept, node="there")
    here = await opened({}, office.locations)
    known = ["anna", "bjorn"]
    try:
        registrations = Registrations(
            here.registrar, office.distributor, known, {}, Background(), lambda: NOW_MS, office.locations, neighbour
        )
        here.registrar.on_register_change = registrations.heard
        await registrations.restore()
        await registrations.match_agents()
        yield registrations
    finally:
        await here.registrar.close()


async def test_the_phone_of_another_living_node_is_rung_by_that_node(office: Office) -> None:
    office.register(await office.phone(), "anna")
    await office.becomes("anna", AgentState.READY)
    neighbour = Neighbour()
    async with beside(office, neighbour) as registrations:
        assert registrations.locate("anna") is None
        found = await registrations.find("anna")
        assert found is not None
        assert (found.node, found.destination) == ("there", Address("127.0.0.9", 5060))
        assert await registrations.find("bjorn") is None
        assert await office.state("anna") is AgentState.READY
        assert len(office.locations.kept) == 1


async def test_a_phone_over_tls_of_another_living_node_is_left_alone(office: Office) -> None:
    office.register(await office.phone(), "anna")
    await office.becomes("anna", AgentState.READY)
    for key, kept in office.locations.kept.items():
        office.locations.kept[key] = replace(kept, detail=kept.detail | {"transport": "TLS"})
    async with beside(office, Neighbour()) as registrations:
        assert len(office.locations.kept) == 1
        assert await office.state("anna") is AgentState.READY
        found = await registrations.find("anna")
        assert found is not None
        assert found.node == "there"


async def test_a_phone_over_udp_of_a_dead_node_is_rung_where_it_is_and_then_inherited(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    async with beside(office, Neighbour(lives=False)) as registrations:
        found = await registrations.find("anna")
        assert found is not None
        assert (found.node, found.destination) == ("", phone.address)
        assert await registrations.inherit("there") == Inherited(taken=1)
        assert await registrations.inherit("there") == Inherited()
        located = registrations.locate("anna")
        assert located is not None
        assert located.destination == phone.address
        assert [one.node for one in office.locations.kept.values()] == ["here"]
        assert await office.state("anna") is AgentState.READY


async def test_an_agent_whose_only_phone_went_with_its_node_is_logged_out(office: Office) -> None:
    office.register(await office.phone(), "anna")
    await office.becomes("anna", AgentState.READY)
    for key, kept in office.locations.kept.items():
        office.locations.kept[key] = replace(kept, detail=kept.detail | {"transport": "TCP"})
    async with beside(office, Neighbour(lives=False)) as registrations:
        assert await registrations.find("anna") is None
        assert await registrations.inherit("there") == Inherited(gone=1)
        assert await office.state("anna") is AgentState.LOGGED_OUT
        assert office.locations.kept == {}


async def test_an_agent_with_a_phone_at_another_node_stays_when_the_one_here_goes(office: Office) -> None:
    async with beside(office, Neighbour()) as registrations:
        phone = await office.phone()
        user_agent = registrations._user_agent
        there = replace(office, registrar=user_agent)
        registration = there.register(phone, "anna")
        await office.becomes("anna", AgentState.READY)
        office.locations.kept["anna", "sip:x@192.0.2.1"] = Location("anna", "sip:x@192.0.2.1", NOW_MS * 2, {}, "there")
        phone.unregister(registration)  # type: ignore[arg-type]  # register gives what unregister takes
        async with asyncio.timeout(DEADLINE_S):
            while len(office.locations.kept) > 1:  # noqa: ASYNC110 - the port has no event for it
                await asyncio.sleep(0.005)
        await asyncio.sleep(0)
        assert await office.state("anna") is AgentState.READY


class AwayLocations(KeptLocations):
    """A store that is away."""

    async def of(self, agent: str) -> list[Location]:
        raise Unavailable("redis is away")


async def test_without_the_store_a_phone_that_registered_here_is_rung(office: Office) -> None:
    locations = AwayLocations()
    registrations = Registrations(
        office.registrar, office.distributor, ["anna"], {}, Background(), lambda: NOW_MS, locations, Neighbour()
    )
    office.registrar.on_register_change = registrations.heard
    assert await registrations.find("anna") is None
    office.register(await office.phone(), "anna")
    await office.becomes("anna", AgentState.READY)
    found = await registrations.find("anna")
    assert found is not None
    assert found.node == ""


class SlowLocations(KeptLocations):
    """A store that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()

    async def remove(self, agent: str, uri: str, node: str = "") -> None:
        await self.answers.wait()
        await super().remove(agent, uri, node)


async def test_a_phone_that_refreshes_while_the_store_is_away_waits_once(office: Office) -> None:
    locations, background = SlowLocations(), Background()
    registrations = Registrations(
        office.registrar, office.distributor, ["anna"], {}, background, lambda: NOW_MS, locations
    )
    for _ in range(100):
        registrations.heard(Registered("sip:anna@h", "sip:anna@192.0.2.1", Address("192.0.2.1", 5060), 60))
        await asyncio.sleep(0)
    assert len(background) == 2  # the one under way, and one that will see the latest
    locations.answers.set()
    await background.close(5)
    assert registrations._known.waiting == set()


async def test_a_phone_that_ends_all_registrations_ends_those_at_other_nodes_too(office: Office) -> None:
    office.register(await office.phone(), "anna")
    await office.becomes("anna", AgentState.READY)
    there, (kept,) = office.registrations, list(office.locations.kept.values())
    told: list[tuple[str, str, list[str]]] = []

    async def forget_at(node: str, agent: str, contacts: Collection[str]) -> None:
        told.append((node, agent, list(contacts)))
        there.forget(agent, contacts)

    async with beside(office, Neighbour()) as registrations:
        registrations.forget_at = forget_at
        registrations.heard(Unregistered("sip:anna@127.0.0.1", EVERY, "removed"))
        await office.becomes("anna", AgentState.LOGGED_OUT)
        async with asyncio.timeout(DEADLINE_S):
            while there.locate("anna") is not None:  # noqa: ASYNC110 - the port has no event for it
                await asyncio.sleep(0.005)
    assert told == [("there", "anna", [kept.uri])]
    assert office.locations.kept == {}


async def test_a_phone_that_ends_all_and_registers_again_at_once_is_there(office: Office) -> None:
    phone = await office.phone()
    office.register(phone, "anna")
    await office.becomes("anna", AgentState.READY)
    (kept,) = office.locations.kept.values()
    for _ in range(2):
        office.registrations.heard(Unregistered(kept.detail["aor"], kept.uri, "removed"))
        office.registrations.heard(Unregistered(kept.detail["aor"], EVERY, "removed"))
    office.registrations.heard(Registered(kept.detail["aor"], kept.uri, Address("127.0.0.1", 5060), 60))
    await asyncio.sleep(0.05)
    assert list(office.locations.kept) == [("anna", kept.uri)]
    assert await office.state("anna") is AgentState.READY
