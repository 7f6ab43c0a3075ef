"""An agent at a phone: registers, is rung, answers, talks, and tells the server about ready and wrap-up by codes."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from rtp.engine import MediaError
from sip.message.uri import SipUri
from svar.phones.phone import Phone
from svar.phones.phone_call import PhoneCall

READY, NOT_READY, WRAPPED_UP = "*1", "*2", "*3"
CODE_LIMIT_S = 10.0
HELP = "a answer   h hang up   r ready   n not ready   w wrap-up done   q quit"


class AgentPhone:
    """`talked` counts calls that were answered and are over; `quit` is set when the agent goes."""

    def __init__(self, phone: Phone, *, auto_answer_s: float | None, talk_s: float | None) -> None:
        """`auto_answer_s`: answer by itself after so long. `talk_s`: hang up so long after the answer."""
        self.quit = asyncio.Event()
        self.talked = 0
        self.code_failed = False
        self._phone = phone
        self._auto_answer_s = auto_answer_s
        self._talk_s = talk_s
        self._call: PhoneCall | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._most_calls = 0
        phone.on_ring = self._rung

    def until(self, calls: int) -> None:
        """Quit by itself after so many calls."""
        self._most_calls = calls

    def key(self, key: str) -> None:
        """A key of HELP; others are ignored."""
        match key.lower():
            case "a" if self._call is not None:
                self._begin(self._call.answer())
            case "h" if self._call is not None:
                self._call.hang_up()
            case "r":
                self._begin(self.dial_code(READY))
            case "n":
                self._begin(self.dial_code(NOT_READY))
            case "w":
                self._begin(self.dial_code(WRAPPED_UP))
            case "q":
                self.quit.set()
            case _:
                self._phone.ladder.note(HELP)

    async def dial_code(self, code: str) -> bool:
        """Ring a feature code and listen to its end. False, and a note, when the server does not take it."""
        try:
            call = await self._phone.call(code)
        except MediaError as fault:
            self._phone.ladder.note(f"{code}: {fault}")
            return False
        await asyncio.wait([call.ended], timeout=CODE_LIMIT_S)
        done = call.answered.done()
        if not done:
            self.code_failed = True
            self._phone.ladder.note(
                f"{code} was not taken: {call.ended.result() if call.ended.done() else 'no answer'}"
            )
        await self._phone.finish(call)
        return done

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _rung(self, call: PhoneCall) -> None:
        if self._call is not None:
            call.hang_up(486)
            self._begin(self._forget(call))
            return
        self._call = call
        self._phone.ladder.note(ringing(call))
        self._begin(self._take(call))

    async def _forget(self, call: PhoneCall) -> None:
        await self._phone.finish(call)

    async def _take(self, call: PhoneCall) -> None:
        """From ringing to the end of one call."""
        if self._auto_answer_s is not None:
            await asyncio.wait([call.ended], timeout=self._auto_answer_s)
            await call.answer()
        answered = await call.settled()
        await asyncio.wait([call.ended], timeout=self._talk_s if answered else None)
        self._call = None
        await self._phone.finish(call)
        self.talked += answered
        if self._most_calls and self.talked >= self._most_calls:
            self.quit.set()

    def _begin(self, work: Coroutine[Any, Any, object]) -> None:
        async def run() -> None:
            await work

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def ringing(call: PhoneCall) -> str:
    """Who rings, for which queue, and how long they have waited, as far as the INVITE says so."""
    if call.invite is None:
        return "ringing"
    request = call.invite.request
    address = request.from_
    who = address.uri.user if isinstance(address.uri, SipUri) else str(address.uri)
    queue = request.headers.get("X-Svar-Queue") or ""
    label = address.display or queue
    waited_ms = request.headers.get("X-Svar-Waited-Ms") or ""
    waited = f", waited {int(waited_ms) // 1000} s" if waited_ms.isascii() and waited_ms.isdigit() else ""
    return f"ringing: {who or 'unknown'}" + (f", queue {label}" if label else "") + waited
