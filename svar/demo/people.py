"""The people of the demo: callers who dial, listen, press keys, wait and hang up, and agents who answer and talk."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from events.catalogue import ContactAnswered, ContactEnded, ContactQueued, ContactStarted, Event
from rtp.engine import MediaError
from sip.message.uri import SipUri
from svar.demo.staffing import Scale
from svar.demo.traffic import Visit
from svar.phones.agent_phone import READY, WRAPPED_UP
from svar.phones.phone import Phone
from svar.phones.phone_call import PhoneCall

ANSWER_LIMIT_S = 10.0
MENU_LIMIT_S = 90.0
GOODBYE_S = 2.0
CODE_LIMIT_S = 5.0
READY_TRIES, READY_LOOK_S = 5, 0.5
BETWEEN_KEYS_S = 0.3
ANSWER_S, WRAP_UP_S = 3.0, 60.0
"""For a caller who is none of the demo's: simulated seconds."""
VISITORS_TALK_S = 20.0
"""How long an agent of the demo talks with such a caller: real seconds."""


@dataclass(slots=True)
class Caller:
    """A caller on the line. `queued` gives when the wait began (epoch ms), `connected` that an agent is there."""

    visit: Visit
    queued: "asyncio.Future[int]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    connected: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


@dataclass(slots=True)
class Outcomes:
    """What the callers saw of their calls."""

    rang: int = 0
    failed: int = 0
    left_in_menu: int = 0
    gave_up: int = 0
    talked: int = 0


class Crowd:
    """All callers, behind one phone that sends no voice: they are told apart by From."""

    def __init__(self, phone: Phone, scale: Scale, now_ms: Callable[[], int]) -> None:
        self.outcomes = Outcomes()
        self._phone = phone
        self._scale = scale
        self._now_ms = now_ms
        self._callers: dict[str, Caller] = {}
        self._contacts: dict[str, Caller] = {}
        self._calls: set[asyncio.Task[None]] = set()

    def tell(self, event: Event) -> None:
        """That a queue or an agent is reached is heard in the line by people, and from the events by these."""
        match event:
            case ContactStarted() if event.pii_caller in self._callers:
                self._contacts[event.contact] = self._callers[event.pii_caller]
            case ContactQueued() if event.contact in self._contacts:
                caller = self._contacts[event.contact]
                if not caller.queued.done():
                    caller.queued.set_result(event.arrived_ms)
            case ContactAnswered() if event.contact in self._contacts:
                self.met(self._contacts[event.contact].visit.caller)
            case ContactEnded():
                self._contacts.pop(event.contact, None)

    def visit_of(self, number: str) -> Visit | None:
        """What is drawn for this caller, if it is one of these."""
        caller = self._callers.get(number)
        return caller.visit if caller else None

    def met(self, number: str) -> None:
        """An agent has this caller on the line now."""
        caller = self._callers.get(number)
        if caller is not None and not caller.connected.done():
            caller.connected.set_result(None)

    async def arrive(self, visits: Iterator[Visit]) -> None:
        """Let each ring at its time, until there are no more."""
        loop = asyncio.get_running_loop()
        opened = loop.time()
        for visit in visits:
            await asyncio.sleep(max(0.0, opened + self._scale.real_s(visit.at_s) - loop.time()))
            task = loop.create_task(self._ring(Caller(visit)))
            self._calls.add(task)
            task.add_done_callback(self._calls.discard)

    async def go_home(self) -> None:
        """Everybody hangs up."""
        calls = list(self._calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _ring(self, caller: Caller) -> None:
        visit, outcomes = caller.visit, self.outcomes
        self._callers[visit.caller] = caller
        outcomes.rang += 1
        try:
            call = await self._phone.call(visit.way.number, visit.caller)
        except MediaError:
            outcomes.failed += 1
            return
        try:
            await self._through(caller, call)
        finally:
            await self._phone.finish(call)
            del self._callers[visit.caller]

    async def _through(self, caller: Caller, call: PhoneCall) -> None:
        """From the first ring to the end, as far as the caller has a part in it."""
        visit, outcomes = caller.visit, self.outcomes
        if not await call.settled(ANSWER_LIMIT_S):
            outcomes.failed += 1
            return
        await _first({call.ended}, visit.listens_real_s)
        if visit.hangs_up_in_menu or call.ended.done():
            outcomes.left_in_menu += 1
            return
        await _press(call, visit.keys)
        await _first({call.ended, caller.queued, caller.connected}, MENU_LIMIT_S)
        await _first({call.ended, caller.connected}, self._patience_left_s(caller))
        if not caller.connected.done():
            outcomes.gave_up += 1
            return
        outcomes.talked += 1
        grace_s = 2 * GOODBYE_S if visit.agent_hangs_up else 0.0
        await _first({call.ended}, self._scale.real_s(visit.talk_s) + grace_s)

    def _patience_left_s(self, caller: Caller) -> float:
        patience_s = self._scale.real_s(caller.visit.patience_s)
        if not caller.queued.done():
            return 0.0
        return max(0.0, patience_s - (self._now_ms() - caller.queued.result()) / 1000)


class Desk:
    """One agent with a phone: registers, is ready, answers, talks, hangs up, and ends the wrap-up."""

    def __init__(self, phone: Phone, crowd: Crowd, scale: Scale) -> None:
        self.answered = 0
        self._phone = phone
        self._crowd = crowd
        self._scale = scale
        self._work: set[asyncio.Task[None]] = set()
        self._dialling: set[asyncio.Task[Any] | None] = set()
        phone.on_ring = self._rung

    async def begin(self, state: Callable[[], str]) -> None:
        """Register and be ready; `state` says what the service believes. Raises PhoneError."""
        await self._phone.register()
        for _ in range(READY_TRIES):
            await asyncio.sleep(READY_LOOK_S)
            if state() not in ("", "logged_out", "not_ready"):
                return
            await self._dial(READY)

    async def end(self) -> None:
        """Hear a feature code to its end, let go of everything else, and log out."""
        works = list(self._work)
        for work in works:
            if work not in self._dialling:
                work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
        await self._phone.close()

    def _rung(self, call: PhoneCall) -> None:
        work = asyncio.get_running_loop().create_task(self._serve(call))
        self._work.add(work)
        work.add_done_callback(self._work.discard)

    async def _serve(self, call: PhoneCall) -> None:
        number, scale = _number(call), self._scale
        visit = self._crowd.visit_of(number)
        try:
            await _first({call.ended}, scale.real_s(visit.answer_s if visit else ANSWER_S))
            await call.answer()
            if not await call.settled(ANSWER_LIMIT_S):
                return
            self.answered += 1
            self._crowd.met(number)
            talk_s = scale.real_s(visit.talk_s) if visit else VISITORS_TALK_S
            await _first({call.ended}, talk_s + (0.0 if visit is None or visit.agent_hangs_up else GOODBYE_S))
        finally:
            await self._phone.finish(call)
        await asyncio.sleep(scale.real_s(visit.wrap_up_s if visit else WRAP_UP_S))
        await self._dial(WRAPPED_UP)

    async def _dial(self, code: str) -> None:
        """Ring a feature code and listen to the end; it has its effect before it is answered."""
        dialling = asyncio.current_task()
        self._dialling.add(dialling)
        try:
            call = await self._phone.call(code)
            await _first({call.ended}, CODE_LIMIT_S)
            await self._phone.finish(call)
        except MediaError:
            return
        finally:
            self._dialling.discard(dialling)


async def _first(these: "Collection[asyncio.Future[Any]]", timeout_s: float) -> None:
    await asyncio.wait(these, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


async def _press(call: PhoneCall, keys: str) -> None:
    with contextlib.suppress(MediaError):
        for key in keys:
            await call.press(key)
            await _first({call.ended}, BETWEEN_KEYS_S)


def _number(call: PhoneCall) -> str:
    uri = call.invite.request.from_.uri if call.invite else None
    return uri.user if isinstance(uri, SipUri) else ""
