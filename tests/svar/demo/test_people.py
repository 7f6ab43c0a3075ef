"""What simulated callers and agents do on the line, between two phones without a service."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

from events.catalogue import ContactAnswered, ContactEnded, ContactQueued, ContactStarted
from sip.config import CoreConfig, Digest
from sip.events import InviteReceived
from svar.demo.people import Crowd, Desk
from svar.demo.staffing import Scale
from svar.demo.traffic import WAYS, Visit, visits
from svar.phones.ladder import Ladder
from svar.phones.phone import Phone
from tests.svar.phones.test_phone import account, answer_each, phone, server, until

WHO: dict[str, Any] = {"tenant": "t", "node": "n", "contact": "c1"}
SCALE = Scale(60, 1)
VISIT = replace(
    next(visits(Random(1), 1.0, WAYS)),
    at_s=0.0,
    way=WAYS[1],
    keys="2",
    listens_real_s=0.1,
    hangs_up_in_menu=False,
    patience_s=30.0,
    answer_s=3.0,
    talk_s=30.0,
    agent_hangs_up=False,
    wrap_up_s=30.0,
)
"""Waits half a real second, and talks for half a one."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Service:
    """A phone in the place of the service: answers, and tells the crowd what a service would."""

    def __init__(self, phone: Phone, crowd: Crowd) -> None:
        self.phone = phone
        self.crowd = crowd

    def heard(self, what: str) -> bool:
        return any(rung.what == what for rung in self.phone.ladder.rungs)

    def queue(self, visit: Visit) -> None:
        started = ContactStarted(
            at_ms=now_ms(), number="5000", flow="main", flow_version="1", trunk="", pii_caller=visit.caller, **WHO
        )
        self.crowd.tell(started)
        self.crowd.tell(ContactQueued(at_ms=now_ms(), queue="q", arrived_ms=now_ms(), priority_s=0, position=1, **WHO))

    def connect(self) -> None:
        self.crowd.tell(
            ContactAnswered(at_ms=now_ms(), offer="o", queue="q", agent="anna", site="s", waited_ms=1, rang_ms=1, **WHO)
        )


@asynccontextmanager
async def ringing(visit: Visit) -> AsyncIterator[Service]:
    """The visit under way."""
    async with phone("service", 9) as called:
        await answer_each(called)
        callers = Phone(account("callers", called.port), Ladder(asyncio.get_running_loop().time), silent=True)
        await callers.start()
        crowd = Crowd(callers, SCALE, now_ms)
        try:
            await crowd.arrive(iter([visit]))
            yield Service(called, crowd)
        finally:
            await crowd.go_home()
            await callers.close()


async def test_a_caller_presses_keys_waits_talks_and_hangs_up() -> None:
    async with ringing(VISIT) as service:
        await until(lambda: service.heard("key received: 2"))
        service.queue(VISIT)
        service.connect()
        await until(lambda: service.heard("over: remote"))
        seen = service.crowd.outcomes
        assert (seen.rang, seen.talked, seen.gave_up, seen.failed) == (1, 1, 0, 0)


async def test_a_caller_whom_nobody_answers_waits_as_long_as_the_patience_lasts() -> None:
    async with ringing(VISIT) as service:
        await until(lambda: service.heard("key received: 2"))
        service.queue(VISIT)
        began = time.monotonic()
        await until(lambda: service.heard("over: remote"))
        assert time.monotonic() - began >= 0.4
        assert (service.crowd.outcomes.talked, service.crowd.outcomes.gave_up) == (0, 1)


async def test_a_caller_may_hang_up_in_the_menu() -> None:
    async with ringing(replace(VISIT, hangs_up_in_menu=True)) as service:
        await until(lambda: service.heard("over: remote"))
        assert not service.heard("key received: 2")
        assert service.crowd.outcomes.left_in_menu == 1


async def test_events_of_others_are_no_business_of_the_crowd() -> None:
    async with ringing(VISIT) as service:
        await until(lambda: service.heard("key received: 2"))
        service.queue(replace(VISIT, caller="555"))
        service.connect()
        service.crowd.tell(ContactEnded(at_ms=now_ms(), outcome="answered", cause="", duration_ms=1, **WHO))
        assert service.crowd.visit_of("555") is None
        assert service.crowd.outcomes.talked == 0


async def test_a_caller_who_is_refused_counts_as_failed() -> None:
    async with phone("service", 9) as called:
        callers = Phone(account("callers", called.port), Ladder(asyncio.get_running_loop().time), silent=True)
        await callers.start()
        crowd = Crowd(callers, SCALE, now_ms)
        await crowd.arrive(iter([VISIT]))
        await until(lambda: crowd.outcomes.failed)
        await crowd.go_home()
        await callers.close()


async def test_an_agent_registers_answers_talks_and_ends_the_wrap_up() -> None:
    config = CoreConfig(digest=Digest("svar", {"demo1": "secret"}.get, b"n" * 32))
    async with server(config) as there:
        codes: list[str] = []
        registered = asyncio.Event()
        there.on_register_change = lambda change: registered.set()

        def rung(invite: InviteReceived) -> None:
            codes.append(str(getattr(invite.request.uri, "user", "")))
            there.reject(invite.session, 404)

        there.on_invite = rung
        at_desk = Phone(account("demo1", there.address[1], "secret"), Ladder(asyncio.get_running_loop().time))
        await at_desk.start()
        callers = Phone(account("callers", 9), Ladder(asyncio.get_running_loop().time), silent=True)
        desk = Desk(at_desk, Crowd(callers, SCALE, now_ms), SCALE)
        try:
            await desk.begin(lambda: "ready")
            assert registered.is_set()
            async with phone("ola", at_desk.port) as caller:
                call = await caller.call("demo1")
                assert await call.settled(10)
                await caller.finish(call)
            await until(lambda: codes == ["*3"])
            assert desk.answered == 1
        finally:
            await desk.end()
