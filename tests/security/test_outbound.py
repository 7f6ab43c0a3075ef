"""What callers may try to have svar ring whom they like, to learn of others, or to take their places."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.identities import Identities
from acd.outbound_caps import SharedCaps
from acd.regained import KeptPlaces
from ivr.over_sip.line import Target
from ivr.ports.call import CallInfo, ContactId
from ivr.ports.callbacks import CallbackWish, Promise
from ivr.ports.phones import NotAnswered
from ivr.ports.ringing_back import Due
from ivr.running.commands import Commands
from svar.callbacks import CallbacksInService, terms
from svar.caller_codes import GUESSES, Guesses, new_code
from svar.config import Callbacks, Config, Outbound, OutboundCaps, Trunk, TrunkAccount
from svar.outbound import AllowList
from svar.places import PlacesInService
from svar.ringing_back import Dialling
from tests.svar.test_callbacks import Keeper

WHO = Identities(b"secret")
WISH = CallbackWish("c1", "q", "nb", 5_000, "22334455", since_ms=4_000, at_ms=0, order="agent_first")
DEAR = (
    "82012345", "+4782012345", "004782012345", "00 47 820 12 345", "tel:+4782012345", "+47-820-12345", "81012345",
    "88012345", "+881612345678", "+882161234567", "+979123456789", "+80012345678", "+37190123456", "+12642351234",
    "+46701234567", "0046701234567", "011 46 70 123 45 67", "tel:22334455;phone-context=+371", "22334455;ext=1",
    "sip:22334455@evil.example", "22334455@evil.example", "22334455?x=y", "22334455,,1", "22334455\r\nX: y",
    "tel:+47%32%32334455", "+47CALLME01", "+4700882123456", "+47+46701234567", "0047 0046 701234567", "113", "112",
    "1881", "05005", "116117", "+47116117", "+47113", "", " ", "+", "0", "9" * 25, "٨٢٠١٢٣٤٥", "+٤٧٨٢٠١٢٣٤٥",
)  # fmt: skip
ALIKE = (
    "22334455", "+4722334455", "004722334455", "+47 22 33 44 55", "tel:+47-22-33-44-55", "+47(0)22334455", "4722334455",
    "٢٢٣٣٤٤٥٥", "＋４７２２３３４４５５", "0 0 4 7 2 2 3 3 4 4 5 5",
)  # fmt: skip


@pytest.fixture
async def clients(redis_url: str) -> AsyncIterator[tuple[Redis, Redis]]:
    """Those of two nodes."""
    made = command_client(redis_url), command_client(redis_url)
    yield made
    for one in made:
        await one.aclose()


def service(client: Redis, keeper: Keeper, rules: AllowList | None = None) -> CallbacksInService:
    return CallbacksInService(
        keeper, rules or AllowList(Outbound()), WHO, SharedCaps(client, "nav"), terms(Callbacks())
    )


@pytest.mark.parametrize("number", DEAR)
def test_no_number_that_costs_is_rung_however_it_is_written(number: str) -> None:
    assert AllowList(Outbound()).allowed(number) is None


@pytest.mark.parametrize("number", ALIKE)
def test_what_is_rung_is_written_by_us_so_that_one_number_has_one_cap(number: str) -> None:
    allowed = AllowList(Outbound()).allowed(number)
    assert allowed is None or allowed.pii_number == "+4722334455"


@pytest.mark.parametrize("number", ["55553333", "+4755553333", "0047 55553333", "21070000", "+4721070000"])
async def test_we_are_never_asked_to_ring_ourselves(number: str, clients: tuple[Redis, Redis]) -> None:
    own = AllowList(Outbound(), lambda: ["+4755553333", "21070000", "5000"])
    assert own.allowed("22334455") is not None
    assert own.allowed(number) is None
    keeper = Keeper()
    asked = await service(clients[0], keeper, own).ask(replace(WISH, pii_number=number))
    assert (asked.promise, keeper.kept) == (Promise.NOT_ALLOWED, {})


async def test_two_hundred_wishes_of_one_caller_are_one_promise(clients: tuple[Redis, Redis]) -> None:
    """Over two nodes, for ever other numbers."""
    keeper = Keeper()
    nodes = [service(client, keeper) for client in clients]
    wishes = [
        replace(WISH, contact=f"c{n}", pii_number=f"2233{4000 + n}", pii_caller="+4791234567") for n in range(200)
    ]
    asked = await asyncio.gather(*(nodes[n % 2].ask(wish) for n, wish in enumerate(wishes)))
    assert [one.promise for one in asked].count(Promise.PROMISED) == 1
    assert len(keeper.kept) == 1


class Rings:
    """The way out, which nobody answers."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    async def ring(self, target: Target, info: CallInfo) -> None:
        self.rung.append(target.uri.user)
        raise NotAnswered("no_answer")


def dialling(client: Redis, rings: Rings, outbound: Outbound) -> Dialling:
    carrier = Trunk(name="carrier", address="sip:192.0.2.7", account=TrunkAccount(number="+4755553333"))
    config = Config(trunk=[carrier], outbound=outbound)
    return Dialling(config, rings, WHO, SharedCaps(client, "nav"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outbound", "numbers", "most"),
    [
        (Outbound(trunk="carrier", caps=OutboundCaps(per_number_per_day=2)), ["22334455", "+4722334455"], 2),
        (Outbound(trunk="carrier", caps=OutboundCaps(per_hour=7)), [f"2233{4000 + n}" for n in range(60)], 7),
        (Outbound(trunk="carrier", caps=OutboundCaps(per_day=9)), [f"2233{4000 + n}" for n in range(60)], 9),
        (Outbound(trunk="carrier", costs={"+47": 3}, budget=10), [f"2233{4000 + n}" for n in range(60)], 3),
    ],
    ids=["number", "hour", "day", "cost"],
)
async def test_no_cap_is_exceeded_by_two_nodes_at_once(
    clients: tuple[Redis, Redis], outbound: Outbound, numbers: list[str], most: int
) -> None:
    rings = Rings()
    nodes = [dialling(client, rings, outbound) for client in clients]
    due = [Due(f"c{n}.cb", f"c{n}", "q", "nb", "agent_first", 0, numbers[n % len(numbers)]) for n in range(60)]
    outcomes = await asyncio.gather(*(nodes[n % 2].ring(one) for n, one in enumerate(due)), return_exceptions=True)
    assert len(rings.rung) == most
    assert {str(one) for one in outcomes} <= {"no_answer", "capped"}


async def test_codes_are_no_more_guessed_at_by_many_callers_at_once(clients: tuple[Redis, Redis]) -> None:
    """A thousand at two nodes in the same moment: among places and among promises."""
    looked_at = 0

    class Counting(Keeper):
        async def standing(self, identity: str) -> None:
            nonlocal looked_at
            looked_at += 1

    commands = Commands()
    nodes = [service(client, Counting()) for client in clients]
    places = [
        PlacesInService(
            KeptPlaces(client, "nav"), WHO, Guesses(SharedCaps(client, "nav")), commands, within_s=60, region="NO"
        )
        for client in clients
    ]
    codes = [f"{n:08d}" for n in range(1000)]
    await asyncio.gather(
        *(nodes[n % 2].standing(pii_code=code) for n, code in enumerate(codes)),
        *(places[n % 2].regain_by(code) for n, code in enumerate(codes)),
    )
    assert 0 < looked_at <= GUESSES.most
    assert not await Guesses(SharedCaps(clients[1], "nav")).may("12345678")


async def test_codes_that_are_right_use_up_nobodys_guesses(clients: tuple[Redis, Redis]) -> None:
    keeper = Keeper()
    callbacks = service(clients[0], keeper, AllowList(Outbound(caps=OutboundCaps(per_hour=1000))))
    code = (await callbacks.ask(WISH)).pii_code
    for _ in range(GUESSES.most + 5):
        assert await callbacks.standing(pii_code=code) is not None


def test_codes_follow_no_rule() -> None:
    codes = [int(new_code()) for _ in range(2000)]
    assert len(set(codes)) > 1990
    assert len({after - before for before, after in pairwise(codes)}) > 1990
    assert min(codes) < 10**6 * 2
    assert max(codes) > 10**8 - 10**6 * 2


@pytest.mark.parametrize("code", ["١٢٣٤٥٦٧٨", "1234567\n", " 12345678", "12345678*", "1e234567"])
async def test_what_is_no_code_costs_no_guess(clients: tuple[Redis, Redis], code: str) -> None:
    guesses = Guesses(SharedCaps(clients[0], "nav"))
    assert not await guesses.may(code)
    assert [key async for key in clients[0].scan_iter("*guesses*")] == []


async def test_a_number_that_nobody_vouches_for_neither_takes_nor_gives(clients: tuple[Redis, Redis]) -> None:
    """Whoever writes the victim's number into From has neither their promise nor their place."""
    keeper, commands = Keeper(), Commands()
    callbacks = service(clients[0], keeper)
    await callbacks.ask(replace(WISH, pii_caller="+4722334455"))
    assert await callbacks.standing(pii_caller="", pii_code="") is None
    places = PlacesInService(
        KeptPlaces(clients[0], "nav"), WHO, Guesses(SharedCaps(clients[0], "nav")), commands, within_s=60, region="NO"
    )
    victim = CallInfo(ContactId("c1"), "5000", "carrier", "+4722334455", asserted=True)
    places.entered(victim, "q", 5_000)
    await commands.drain(5)
    places.left(victim, cut=True)
    await commands.drain(5)
    assert await places.regain(CallInfo(ContactId("c2"), "5000", "other", "+4722334455"), "q") is None
    assert await places.regain(replace(victim, contact=ContactId("c3")), "q") is not None
