"""Callers who do as their plan says, and leave at a chosen moment."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from functools import partial

from tests.light.phone import URI, Phone
from tests.short_calls import Parsed, Send

PATIENCE_S = 90.0
"""A caller whose plan never comes leaves then."""


class Moment(Enum):
    """After what a caller leaves."""

    INVITED = "before the answer"
    ANSWERED = "answered"
    KEY = "key pressed"
    RINGING = "agent's phone rings"
    TAKEN = "agent answers"
    TALKING = "in talk"
    AGENT_LEFT = "agent hangs up"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a caller does. `impatient`: CANCEL without waiting for a provisional response; `torn`: leaves by RST."""

    number: str
    leaves: Moment = Moment.NEVER
    after_s: float = 0.0
    key: str = ""
    key_s: float = 0.0
    acks: bool = True
    impatient: bool = False
    torn: bool = False
    patience_s: float = PATIENCE_S
    kind: str = ""


@dataclass(slots=True)
class Call:
    """A caller's call; `state`: inviting, cancelling, up, leaving or over. `steps`: what went as it should."""

    name: str
    plan: Plan
    send: Send
    uri: str
    to: str
    tear: Callable[[], None] = lambda: None
    state: str = "inviting"
    provisional: bool = False
    wants_to_leave: bool = False
    talks_unheard: bool = False
    cseq: int = 1
    steps: list[str] = field(default_factory=list)
    how: str = ""
    timers: list[asyncio.TimerHandle] = field(default_factory=list)


class Callers(Phone):
    """`calls`: all of them by name, which is the user part of From and the Call-ID; `open_calls`: how many go on."""

    def __init__(self, target: tuple[str, int], chance: random.Random) -> None:
        super().__init__(target, chance)
        self.calls: dict[str, Call] = {}
        self.open_calls = 0
        self._run = f"{chance.getrandbits(32):08x}"

    def ring(self, n: int, plan: Plan) -> None:
        uri = f"sip:{plan.number}@{self.target[0]}:{self.target[1]}"
        call = Call(f"c{n}-{self._run}", plan, self.send, uri, f"<{uri}>")
        self.calls[call.name] = call
        self.open_calls += 1
        self._connect(call)

    def sdp(self) -> str:
        """Without telephone events: where a phone offers them, its keys by INFO do not count."""
        return super().sdp().replace(" 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000", "")

    def _connect(self, call: Call) -> None:
        self._begin(call)

    def _begin(self, call: Call) -> None:
        self.ask(call.send, self._request(call, "INVITE", body=self.sdp()), partial(self._invited, call))
        call.timers.append(self.later(call.plan.patience_s, partial(self._leave, call)))
        self.reached(call.name, Moment.INVITED)

    def reached(self, name: str, moment: Moment) -> None:
        """Something happened to that caller, who may leave because of it."""
        call = self.calls.get(name)
        if call is None or call.state == "over":
            return
        call.steps.append(moment.name)
        if call.plan.leaves is not moment:
            return
        if moment is Moment.TALKING and call.state == "inviting":
            call.talks_unheard = True  # the answer was lost: nobody hangs up who has not heard it
            return
        if call.plan.after_s:
            call.timers.append(self.later(call.plan.after_s, partial(self._leave, call)))
        else:
            self._leave(call)

    def _invited(self, call: Call, message: Parsed | None) -> None:
        status = int(message.start.split()[1]) if message is not None else 0
        if status and status < 200:
            call.provisional = True
            if call.wants_to_leave and call.state == "inviting":
                self._leave(call)
        elif message is None or status >= 300:
            self._over(call, "cancelled" if status == 487 else f"refused with {status}" if status else "never answered")
        elif call.state != "over":
            call.to, call.uri = message.headers["to"], self._contact(message)
            left = call.wants_to_leave or call.state == "cancelling"
            call.state = "up"
            if left:
                self._leave(call)
                return
            if call.plan.key:
                call.timers.append(self.later(call.plan.key_s, partial(self._press, call)))
            self.reached(call.name, Moment.ANSWERED)
            if call.talks_unheard:
                self.reached(call.name, Moment.TALKING)

    def _contact(self, message: Parsed) -> str:
        found = URI.search(message.headers.get("contact", ""))
        return found[1] if found else f"sip:{self.target[0]}:{self.target[1]}"

    def _press(self, call: Call) -> None:
        if call.state != "up":
            return
        call.cseq += 1
        body = f"Signal={call.plan.key}\r\nDuration=160\r\n"
        request = self._request(call, "INFO", body=body, kind="application/dtmf-relay")
        self.ask(call.send, request, lambda _: None)
        self.reached(call.name, Moment.KEY)

    def _leave(self, call: Call) -> None:
        """RST, or BYE where it was answered; CANCEL where it was not, once a provisional response allows it."""
        if call.plan.torn and call.state != "over":
            call.tear()
            self._over(call, "torn")
        elif call.state == "up":
            call.state = "leaving"
            call.cseq += 1
            self.ask(call.send, self._request(call, "BYE"), partial(self._left, call))
        elif call.state == "inviting" and (call.provisional or call.plan.impatient):
            call.state = "cancelling"
            self.ask(call.send, self._request(call, "CANCEL"), lambda _: None)
        else:
            call.wants_to_leave = True

    def _left(self, call: Call, message: Parsed | None) -> None:
        status = message.start.split()[1] if message is not None else "nothing"
        self._over(call, "hung up" if status == "200" else f"BYE got {status}")

    def requested(self, message: Parsed, reply: Send) -> None:
        call = self.calls.get(message.headers.get("call-id", ""))
        known = call is not None and (call.state != "over" or message.method != "BYE")
        self.answer(message, reply, "200 OK" if known else "481 Gone", "")
        if message.method == "BYE" and call is not None and call.state != "over":
            crossed = call.state == "leaving"
            self._over(call, "both hung up" if crossed else "ended by svar")

    def _request(self, call: Call, method: str, body: str = "", kind: str = "application/sdp") -> str:
        branch = f"{call.name}-{1 if method == 'CANCEL' else call.cseq}"
        local = f"<sip:{call.name}@127.0.0.1>;tag={call.name}"
        head = self.head(
            method, call.uri, branch, local=local, remote=call.to, call_id=call.name, cseq=call.cseq
        )  # fmt: skip
        content = f"Content-Type: {kind}\r\n" if body else ""
        contact = f"Contact: <{self.contact(call)}>\r\n"
        return f"{head}{contact}{content}Content-Length: {len(body)}\r\n\r\n{body}"

    def contact(self, call: Call) -> str:
        return f"sip:{call.name}@127.0.0.1:{self.contact_port}"

    def acknowledge(self, message: Parsed, status: int) -> None:
        call = self.calls.get(message.headers.get("call-id", ""))
        if call is None or (status < 300 and not call.plan.acks):
            return
        branch = message.vias[0].partition("branch=z9hG4bK")[2].partition(";")[0] + ("" if status >= 300 else "a")
        uri = call.uri if status >= 300 else self._contact(message)
        local, remote, cseq = (message.headers[name] for name in ("from", "to", "cseq"))
        head = self.head(
            "ACK", uri, branch, local=local, remote=remote, call_id=call.name, cseq=int(cseq.split()[0])
        )  # fmt: skip
        call.send(f"{head}Content-Length: 0\r\n\r\n")
        if status < 300 and call.state == "over" and ";tag=" not in call.to:
            self._end_late_answer(call, message)

    def _end_late_answer(self, call: Call, message: Parsed) -> None:
        """An answer after a refusal: acknowledged, and hung up (RFC 3261 §13.2.2.4)."""
        call.to, call.uri, call.cseq = message.headers["to"], self._contact(message), call.cseq + 1
        self.outcomes["answered too late"] += 1
        self.ask(call.send, self._request(call, "BYE"), lambda _: None)

    def _over(self, call: Call, how: str) -> None:
        for timer in call.timers:
            timer.cancel()
        call.timers.clear()
        if call.state != "over":
            call.state, call.how = "over", how
            self.outcomes[how] += 1
            self.open_calls -= 1
