"""What an agent can tell svar from any SIP phone, by ringing a code that begins with `*`."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from acd.distributor import Distributor, Refused, Unavailable
from acd.model import AgentId
from ivr.language.prompting import Prompts, Said, Spelled
from ivr.language.topics import Topics
from ivr.ports.call import Call, CallEnded
from ivr.running.talk_said import LANGUAGE
from svar import talking

READY = Said({"nb": "Du er klar.", "en": "You are ready."}, key="agent/ready")
NOT_READY = Said({"nb": "Du er ikke klar.", "en": "You are not ready."}, key="agent/not_ready")
WRAPPED_UP = Said({"nb": "Etterarbeidet er ferdig.", "en": "Wrap-up is done."}, key="agent/wrapped_up")
NOT_NOW = Said({"nb": "Det går ikke nå.", "en": "That is not possible now."}, key="agent/not_now")
LOGGED_IN = Said({"nb": "Du er logget inn.", "en": "You are logged in."}, key="agent/logged_in")
LOGGED_OUT = Said({"nb": "Du er logget ut.", "en": "You are logged out."}, key="agent/logged_out")
NO_SUCH_CODE = Said({"nb": "Den koden finnes ikke.", "en": "There is no such code."}, key="agent/no_such_code")
NO_SUCH_TOPIC = Said(
    {"nb": "Køen du svarte for har ikke emnet {digits}.", "en": "The queue that you answered has no topic {digits}."},
    key="agent/no_such_topic",
)
CONCLUDED = Said(
    {
        "nb": "Er saken avsluttet? Tast 1 for ja, 2 for nei.",
        "en": "Is the case concluded? Press 1 for yes, 2 for no.",
    },
    key="agent/concluded",
)
SPOKEN = (
    READY,
    NOT_READY,
    WRAPPED_UP,
    NOT_NOW,
    LOGGED_IN,
    LOGGED_OUT,
    NO_SUCH_CODE,
    NO_SUCH_TOPIC,
    CONCLUDED,
    *talking.SPOKEN,
)

_CODE = re.compile(r"\*([12389])([0-9]{0,6})(?:\*([01]))?")
_ANSWER_S = 6.0
_NO_REASONS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Codes:
    """`reasons` by the digits after *2; `topics` gives the trees in service, whose digits follow *3.

    `queue_of` gives the queue that an agent in wrap-up has answered for (empty: no wrap-up), and raises Unavailable.
    """

    queue_of: Callable[[str], Awaitable[str]]
    reasons: Mapping[str, str] = field(default_factory=lambda: _NO_REASONS)
    topics: Callable[[], Topics] = Topics

    def reason(self, digits: str) -> str | None:
        """Why the agent is not ready; None for digits that say nothing."""
        return self.reasons.get(digits) if digits else "agent"

    def topic(self, queue: str, digits: str) -> str | None:
        """The code of a topic of that queue; None for digits that say none. Without a tree the digits are the code."""
        tree = self.topics().by_queue.get(queue)
        if tree is None:
            return digits
        topic = tree.by_digits(digits)
        return None if topic is None else topic.code


def is_code(number: str) -> bool:
    """Whether ringing it means something."""
    match = _CODE.fullmatch(number)
    return match is not None and (match[1] in "23" or not match[2]) and (match[1] == "3" or match[3] is None)


async def serve(
    call: Call, code: str, agent: AgentId, distributor: Distributor, prompts: Prompts, codes: Codes
) -> None:
    """Do what the code says and tell the agent by voice. `code` is one by `is_code`."""
    served = _Served(call, agent, distributor, prompts, codes)
    try:
        try:
            said = await served.do(code)
        except (Refused, Unavailable):
            said = NOT_NOW
        await call.answer()
        await call.play(prompts.clips(said, LANGUAGE))
    except CallEnded:
        return  # done all the same, with nobody to be told
    finally:
        await call.hangup()


@dataclass(frozen=True, slots=True)
class _Served:
    call: Call
    agent: AgentId
    distributor: Distributor
    prompts: Prompts
    codes: Codes

    async def do(self, code: str) -> Said:
        """Gives what is to be said of it."""
        match = _CODE.fullmatch(code)
        assert match is not None
        distributor, agent, digits = self.distributor, self.agent, match[2]
        match match[1]:
            case "1":
                await distributor.ready(agent)
                return READY
            case "2":
                return await self._not_ready(digits)
            case "3":
                return await self._wrapped_up(digits, {"1": True, "0": False}.get(match[3] or ""))
            case "8":
                await distributor.log_in(agent)
                return LOGGED_IN
        await distributor.log_out(agent, "agent")
        return LOGGED_OUT

    async def _not_ready(self, digits: str) -> Said:
        reason = self.codes.reason(digits)
        if reason is None:
            return NO_SUCH_CODE
        await self.distributor.not_ready(self.agent, reason)
        return NOT_READY

    async def _wrapped_up(self, digits: str, concluded: bool | None) -> Said:
        topic: str | None = ""
        if digits:
            queue = await self.codes.queue_of(self.agent)
            if not queue:
                return NOT_NOW
            topic = self.codes.topic(queue, digits)
        if topic is None:
            return NO_SUCH_TOPIC.with_values(digits=Spelled(digits))
        if topic and concluded is None:
            concluded = await self._asked()
        await self.distributor.end_wrap_up(self.agent, topic, concluded=concluded)
        return WRAPPED_UP

    async def _asked(self) -> bool | None:
        """Whether the case is concluded; None where the agent does not say, or hangs up."""
        try:
            await self.call.answer()
            key = await self.call.play(self.prompts.clips(CONCLUDED, LANGUAGE), keys="12")
            if key is None:
                key = (await self.call.collect(most=1, terminator="", first_timeout_s=_ANSWER_S)).pii_digits
        except CallEnded:
            return None
        return {"1": True, "2": False}.get(key)
