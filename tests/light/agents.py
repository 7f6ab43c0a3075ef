"""Agents' phones that take calls, refuse them, let them ring, or are gone."""

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from tests.light.callers import Callers, Moment
from tests.light.phone import GIVE_UP_S, URI, Phone
from tests.short_calls import Parsed, Send

_USER = re.compile(r"sips?:([^@>;]+)@")


class Way(Enum):
    """What an agent does with a call that comes in. LATE: takes it although it was cancelled meanwhile."""

    TAKES = "takes"
    REFUSES = "refuses"
    RINGS = "rings"
    GONE = "gone"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class AgentPlan:
    """`talks_s`: then the agent hangs up; None: never."""

    way: Way = Way.TAKES
    after_s: float = 0.05
    talks_s: float | None = None
    status: str = "486 Busy Here"


@dataclass(slots=True)
class AgentCall:
    invite: Parsed
    reply: Send
    caller: str
    plan: AgentPlan
    state: str = "ringing"


class Agents(Phone):
    """All agents' phones on one socket. `calls`: those not over; `served`: how often each caller was talked to."""

    def __init__(
        self, target: tuple[str, int], chance: random.Random, plan: Callable[[], AgentPlan], callers: Callers
    ) -> None:
        super().__init__(target, chance)
        self.calls: dict[str, AgentCall] = {}
        self.served: Counter[str] = Counter()
        self._plan = plan
        self._callers = callers

    def requested(self, message: Parsed, reply: Send) -> None:
        call_id = message.headers.get("call-id", "")
        call = self.calls.get(call_id)
        match message.method:
            case "INVITE" if call is None:
                self._rings(call_id, message, reply)
            case "INVITE" if call is not None and call.state == "up":  # a re-INVITE
                self.answer(message, reply, "200 OK", f"a{call_id}", extra=self._content(), body=self.sdp())
            case "CANCEL":
                self.answer(message, reply, "200 OK", f"a{call_id}")
                if call is not None and call.state == "ringing" and call.plan.way is not Way.LATE:
                    self._refuse(call_id, call, "487 Request Terminated")
            case "BYE" | "INFO" | "OPTIONS" | "UPDATE":
                self.answer(message, reply, "200 OK" if call is not None else "481 Gone", f"a{call_id}")
                if message.method == "BYE" and call is not None:
                    self._over(call_id, "caller hung up" if call.state == "up" else "both hung up")

    def _rings(self, call_id: str, invite: Parsed, reply: Send) -> None:
        found = _USER.search(invite.headers["from"])
        call = AgentCall(invite, reply, found[1] if found else "", self._plan())
        self.calls[call_id] = call
        if call.plan.way is Way.GONE:
            self.later(GIVE_UP_S, partial(self._over, call_id, "gone"))
            return
        self.answer(invite, reply, "180 Ringing", f"a{call_id}")
        if call.plan.way is Way.REFUSES:
            self.later(call.plan.after_s, partial(self._refuse, call_id, call, call.plan.status))
        elif call.plan.way is not Way.RINGS:
            self.later(call.plan.after_s, partial(self._take, call_id, call))
        self._callers.reached(call.caller, Moment.RINGING)

    def _content(self) -> str:
        return f"Contact: <sip:agent@127.0.0.1:{self.contact_port}>\r\nContent-Type: application/sdp\r\n"

    def _refuse(self, call_id: str, call: AgentCall, status: str) -> None:
        if call.state == "ringing":
            call.state = "refused"
            self.outcomes[f"said {status[:3]}"] += 1
            self.answer(call.invite, call.reply, status, f"a{call_id}")

    def _take(self, call_id: str, call: AgentCall) -> None:
        if call.state == "ringing":
            call.state = "taken"
            self.answer(call.invite, call.reply, "200 OK", f"a{call_id}", extra=self._content(), body=self.sdp())
            self._callers.reached(call.caller, Moment.TAKEN)

    def confirmed(self, call_id: str) -> None:
        call = self.calls.get(call_id)
        if call is None:
            return
        if call.state != "taken":
            self._over(call_id, "refused")
            return
        call.state = "up"
        self.served[call.caller] += 1
        if call.plan.talks_s is not None:
            self.later(call.plan.talks_s, partial(self._hang_up, call_id, call))
        self._callers.reached(call.caller, Moment.TALKING)

    def unconfirmed(self, call_id: str) -> None:
        self._over(call_id, "no ACK")

    def _hang_up(self, call_id: str, call: AgentCall) -> None:
        if call.state != "up" or call_id not in self.calls:
            return
        call.state = "leaving"
        headers = call.invite.headers
        found = URI.search(headers.get("contact", ""))
        uri = found[1] if found else f"sip:{self.target[0]}:{self.target[1]}"
        local = f"{headers['to']};tag=a{call_id}"
        head = self.head("BYE", uri, f"b{call_id}", local=local, remote=headers["from"], call_id=call_id, cseq=1)
        self.ask(call.reply, f"{head}Content-Length: 0\r\n\r\n", partial(self._left, call_id))
        self._callers.reached(call.caller, Moment.AGENT_LEFT)

    def _left(self, call_id: str, message: Parsed | None) -> None:
        status = message.start.split()[1] if message is not None else "nothing"
        self._over(call_id, "agent hung up" if status == "200" else f"agent's BYE got {status}")

    def _over(self, call_id: str, how: str) -> None:
        call = self.calls.pop(call_id, None)
        if call is not None:
            self.drop(call.invite)
            self.outcomes[how] += 1
