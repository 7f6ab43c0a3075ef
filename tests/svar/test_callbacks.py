"""Promises to ring back: to whom they are made, and who may be rung."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from acd.connection import command_client
from acd.distributor import Refused, Unavailable
from acd.identities import Identities
from acd.model import AgentId, Offer, OfferId, QueueId, SiteId
from acd.outbound_caps import SharedCaps
from acd.promises import KeptPromise, NewPromise
from ivr.over_sip.line import Target
from ivr.ports.call import CallInfo
from ivr.ports.callbacks import CallbackWish, Promise, Standing
from ivr.ports.phones import NotAnswered
from ivr.ports.ringing_back import Due
from svar.callbacks import CallbacksInService, StoredLedger, terms
from svar.caller_codes import is_code
from svar.calls import CallTasks
from svar.config import Callbacks, Config, Outbound, OutboundCaps, Trunk, TrunkAccount
from svar.outbound import AllowList
from svar.ringing_back import Dialling, RingsInTurn
from tests.ivr.engine import NODE, Engine

WHO = Identities(b"secret")
WISH = CallbackWish("c1", "q", "nb", 5_000, "22334455", since_ms=4_000, at_ms=9_000, order="caller_first")


@dataclass
class Keeper:
    """Keeps promises as the distributor does; `error` is what every command raises."""

    error: Exception | None = None
    kept: dict[str, NewPromise] = field(default_factory=dict)
    told: list[tuple[str, ...]] = field(default_factory=list)

    async def promise(self, new: NewPromise) -> str:
        self._reach()
        for known in self.kept.values():
            if set(known.identities) & set(new.identities):
                return known.callback
        self.kept[new.callback] = new
        return new.callback

    async def callback(self, callback: str) -> KeptPromise:
        self._reach()
        if callback not in self.kept:
            raise Refused("NOCONTACT", callback)
        new = self.kept[callback]
        return KeptPromise(callback, new.first, new.queue, 2, new.pii_detail)

    async def standing(self, identity: str) -> KeptPromise | None:
        self._reach()
        found = [name for name, new in self.kept.items() if identity in new.identities]
        return await self.callback(found[0]) if found else None

    async def hold_callback(self, offer: OfferId, fence: int) -> None:
        self.told.append(("hold", offer, str(fence)))

    async def callback_tried(self, callback: str, cause: str) -> None:
        self.told.append(("tried", callback, cause))

    async def cancel_callback(self, callback: str) -> bool:
        self._reach()
        return self.kept.pop(callback, None) is not None

    def _reach(self) -> None:
        if self.error is not None:
            raise self.error


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    client = command_client(redis_url)
    yield client
    await client.aclose()


def service(client: Redis, keeper: Keeper, rules: Outbound | None = None) -> CallbacksInService:
    caps = SharedCaps(client, "nav")
    return CallbacksInService(keeper, AllowList(rules or Outbound()), WHO, caps, terms(Callbacks()))


async def test_a_promise_keeps_the_place_and_who_is_to_be_rung(client: Redis) -> None:
    keeper = Keeper()
    kept = await service(client, keeper).ask(WISH)
    assert kept.promise is Promise.PROMISED
    new = keeper.kept["c1.cb"]
    assert (new.first, new.queue, new.arrived_ms, new.since_ms, new.at_ms) == ("c1", "q", 5_000, 4_000, 9_000)
    assert (new.terms.tries, new.terms.again_s, new.terms.expires_s, new.terms.dials_s) == (3, 600, 86_400, 60)
    assert json.loads(new.pii_detail) == {"number": "+4722334455", "language": "nb", "order": "caller_first"}
    assert "22334455" not in repr(new)
    assert "22334455" not in str(new.identities)


async def test_one_promise_for_each_caller_and_each_number(client: Redis) -> None:
    keeper = Keeper()
    callbacks = service(client, keeper)
    assert (await callbacks.ask(replace(WISH, pii_caller="91234567"))).promise is Promise.PROMISED
    same = [
        replace(WISH, contact="c2", pii_caller="91234567"),
        replace(WISH, contact="c4", pii_number="23456789", pii_caller="+4791234567"),
    ]
    assert {(await callbacks.ask(wish)).promise for wish in same} == {Promise.ALREADY}
    assert (await callbacks.ask(replace(WISH, contact="c6", pii_number="23456789"))).promise is Promise.PROMISED
    assert list(keeper.kept) == ["c1.cb", "c6.cb"]


@pytest.mark.parametrize(
    "wish",
    [
        replace(WISH, contact="c3", pii_number="+4722334455"),
        replace(WISH, contact="c5", pii_number="91234567"),
        replace(WISH, contact="c7", pii_caller="99999999"),
    ],
    ids=["the number", "the caller's own", "by a third"],
)
async def test_nobody_hears_that_a_number_not_proven_theirs_has_a_promise(client: Redis, wish: CallbackWish) -> None:
    keeper = Keeper()
    callbacks = service(client, keeper)
    await callbacks.ask(replace(WISH, pii_caller="91234567"))
    unknown = await callbacks.ask(replace(wish, contact="c8", pii_number="23456789"))
    known = await callbacks.ask(wish)
    assert (known.promise, len(known.pii_code)) == (unknown.promise, len(unknown.pii_code))
    assert known.promise is Promise.PROMISED
    assert list(keeper.kept) == ["c1.cb", "c8.cb"], "it is rung once"
    if known.pii_code:
        assert await callbacks.standing(pii_code=known.pii_code) is None


@pytest.mark.parametrize("number", ["82012345", "+46701234567", "113", "", "02800"])
async def test_no_number_that_may_not_be_rung_is_promised_anything(client: Redis, number: str) -> None:
    keeper = Keeper()
    callbacks = service(client, keeper)
    assert not callbacks.fits(number)
    assert (await callbacks.ask(replace(WISH, pii_number=number))).promise is Promise.NOT_ALLOWED
    assert keeper.kept == {}


async def test_nothing_is_promised_that_could_not_be_rung_today(client: Redis) -> None:
    rules = Outbound(caps=OutboundCaps(per_day=1))
    caps = SharedCaps(client, "nav")
    allowed = AllowList(rules).allowed("23456789")
    assert allowed is not None
    await caps.take(AllowList(rules).caps(allowed, "x"))
    assert (await service(client, Keeper(), rules).ask(WISH)).promise is Promise.FULL


@pytest.mark.parametrize(
    ("error", "promise"),
    [
        (Refused("FULL", ""), Promise.FULL),
        (Refused("NOQUEUE", ""), Promise.FAILED),
        (Unavailable("away"), Promise.FAILED),
    ],
)
async def test_what_cannot_be_kept_is_not_promised(client: Redis, error: Exception, promise: Promise) -> None:
    assert (await service(client, Keeper(error)).ask(WISH)).promise is promise


async def test_who_is_vouched_for_is_known_by_number_and_others_by_their_code(client: Redis) -> None:
    callbacks = service(client, Keeper())
    vouched = await callbacks.ask(replace(WISH, pii_caller="22334455"))
    assert vouched.pii_code == ""
    assert await callbacks.standing(pii_caller="+4722334455") == Standing("c1.cb", "q")
    coded = await callbacks.ask(replace(WISH, contact="c2", pii_number="23456789"))
    assert is_code(coded.pii_code)
    assert await callbacks.standing(pii_code=coded.pii_code) == Standing("c2.cb", "q")
    assert await callbacks.standing(pii_caller="99999999") is None
    assert await callbacks.standing() is None


async def test_codes_that_are_guessed_at_are_not_looked_at_any_more(client: Redis) -> None:
    callbacks = service(client, Keeper())
    coded = await callbacks.ask(WISH)
    for _ in range(120):
        assert await callbacks.standing(pii_code="00000000") is None
    assert await callbacks.standing(pii_code=coded.pii_code) is None


async def test_a_promise_is_cancelled_once(client: Redis) -> None:
    keeper = Keeper()
    callbacks = service(client, keeper)
    await callbacks.ask(WISH)
    assert await callbacks.cancel(Standing("c1.cb", "q"))
    assert not await callbacks.cancel(Standing("c1.cb", "q"))
    keeper.error = Unavailable("away")
    assert not await callbacks.cancel(Standing("c1.cb", "q"))
    assert await callbacks.standing(pii_caller="22334455") is None


async def test_what_is_due_is_read_as_it_was_promised(client: Redis) -> None:
    keeper = Keeper()
    await service(client, keeper).ask(WISH)
    ledger = StoredLedger(keeper)
    assert await ledger.due("c1.cb") == Due("c1.cb", "c1", "q", "nb", "caller_first", 2, "+4722334455")
    await ledger.hold(OfferId("o1"), 7)
    await ledger.tried("c1.cb", "busy")
    assert keeper.told == [("hold", "o1", "7"), ("tried", "c1.cb", "busy")]


# --- Ringing ---

DUE = Due("c1.cb", "c1", "q", "nb", "agent_first", 0, "+4722334455")
TRUNK = Trunk(name="carrier", address="sip:192.0.2.7", account=TrunkAccount(number="+4755553333", asserts=True))


class Rings:
    """Notes who would be rung."""

    def __init__(self) -> None:
        self.rung: list[tuple[Target, CallInfo]] = []

    async def ring(self, target: Target, info: CallInfo) -> Any:
        self.rung.append((target, info))


def dialling(client: Redis, rings: Any, **rules: Any) -> Dialling:
    config = Config(trunk=[TRUNK], outbound=Outbound(trunk="carrier", **rules))
    return Dialling(config, rings, WHO, SharedCaps(client, "nav"))


async def test_a_caller_is_rung_by_the_trunk_with_our_number_to_be_seen(client: Redis) -> None:
    rings = Rings()
    await dialling(client, rings).ring(DUE)
    ((target, info),) = rings.rung
    assert (str(target.uri), target.trunk) == ("sip:+4722334455@192.0.2.7", "carrier")
    assert str(target.local) == "<sip:+4755553333@192.0.2.7>"
    assert (info.contact, info.trunk, info.number) == ("c1.cb", "carrier", "q")


@pytest.mark.parametrize(
    ("caps", "calls"),
    [
        ({"caps": OutboundCaps(per_number_per_day=2)}, 2),
        ({"caps": OutboundCaps(per_hour=3)}, 3),
        ({"caps": OutboundCaps(per_day=1)}, 1),
        ({"costs": {"+47": 5}, "budget": 12}, 2),
    ],
)
async def test_caps_of_all_nodes_bound_what_is_rung(client: Redis, caps: dict[str, Any], calls: int) -> None:
    rings = Rings()
    nodes = [dialling(client, rings, **caps) for _ in range(2)]
    for n in range(calls):
        assert await nodes[n % 2].barred(DUE) == ""
        await nodes[n % 2].ring(DUE)
    for node in nodes:
        assert await node.barred(DUE) == "capped"
        with pytest.raises(NotAnswered, match="capped"):
            await node.ring(DUE)
    assert len(rings.rung) == calls
    assert sum(node.refused for node in nodes) == 4


async def test_a_number_that_may_not_be_rung_any_more_is_not(client: Redis) -> None:
    rings = Rings()
    node = dialling(client, rings, costs={"+46": 1})
    assert await node.barred(DUE) == "not_allowed"
    with pytest.raises(NotAnswered, match="not_allowed"):
        await node.ring(DUE)
    assert rings.rung == []


async def test_while_calls_cannot_be_counted_nobody_is_rung() -> None:
    gone, rings = command_client("unix:///nowhere/r.sock"), Rings()
    node = dialling(gone, rings)
    assert await node.barred(DUE) == "error"
    with pytest.raises(NotAnswered, match="error"):
        await node.ring(DUE)
    assert rings.rung == []
    assert (await service(gone, Keeper()).ask(WISH)).promise is Promise.FAILED
    await gone.aclose()


async def test_a_node_that_stops_leaves_a_turn_to_others() -> None:
    engine, calls = Engine(), CallTasks(60)
    turns = RingsInTurn(Callbacks(), engine.services, cast(Dialling, None), StoredLedger(Keeper()), calls.start)
    offer = Offer(
        OfferId("o1"), "c1.cb", QueueId("q"), AgentId("kari"), SiteId("s"), NODE, fence=1, deadline_ms=0,
        rings_for_ms=1_000, waited_ms=0,
    )  # fmt: skip
    await calls.finish(1)
    assert not turns.heard(offer)
    assert len(engine.services.offers) == 0
    assert len(calls) == 0
    await engine.close()
