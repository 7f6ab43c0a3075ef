"""The talk with a caller who was rung back: one as any other, and so is the queue that it may lead to."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from acd.model import Offer, QueueId
from ivr.language.calendar import Calendar
from ivr.language.crises import Crisis
from ivr.ports.call import AgentLeg, Call, CallEnded
from ivr.running.announcing import Waiting
from ivr.running.commands import Chain
from ivr.running.ending import Ending
from ivr.running.queueing import Wish, wait_and_talk
from ivr.running.run import FlowRun, Run, Scalar, Services, Step, Visit
from ivr.running.talk_words import Over

FLOW = "callback"
"""The flow that call records name for the talk that comes of it."""
WAITS_S = 14_400.0
"""The longest wait in a queue that the caller is given to."""
_FINISH_PATIENCE_S = 300.0
_TALK_CAUSES = frozenset({"caller_hung_up", "agent_hung_up", "transferred", "ordered", "shutdown"})


@dataclass(frozen=True, slots=True)
class _Unwritten:
    """What runs ask of their flow: nobody wrote one for who is rung back."""

    start: str = ""
    answer: Literal["at_once", "late"] = "at_once"
    languages: Sequence[str] = ()
    fallback: Mapping[str, str] = field(default_factory=dict)
    nodes: Mapping[str, Step] = field(default_factory=dict)

    def first_variables(
        self, number: str, settings: Mapping[str, Scalar], diverted_from: str = ""
    ) -> dict[str, Scalar]:
        return {"number": number, "diverted_from": diverted_from}

    def unset(self, name: str) -> Scalar:
        return ""


@dataclass(frozen=True, slots=True)
class _Book:
    by_name: Mapping[str, _Unwritten] = field(default_factory=lambda: {FLOW: _Unwritten()})
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    crises: Mapping[str, Crisis] = field(default_factory=dict)


class CalledBack:
    """From the agent's acceptance on. `chain` has the contact's commands until then."""

    def __init__(self, services: Services, chain: Chain, call: Call, offer: Offer, language: str) -> None:
        waited_ms = max(offer.total_waited_ms, offer.waited_ms)
        visit = Visit(offer.queue, services.now_ms() - waited_ms, 0, "answered", offer.agent, waited_ms)
        variables = _Unwritten().first_variables(call.info.number, {}) | {"language": language}
        data = FlowRun(call.info.contact, FLOW, "", "", variables, journey=[visit], began_ms=services.now_ms())
        self._run = Run(call, data, services, _Book())
        self._chain = chain
        self._offer = offer

    async def through(self, leg: AgentLeg) -> str:
        """To the end, whose cause it gives; the caller may still be on the line then. Cancelled, it hangs up nobody."""
        ending = Ending(asyncio.current_task(), self._run)
        self._run.call.on_end(ending.told)
        try:
            return await self._lead(leg)
        except CallEnded as ended:
            return ending.cause or ended.cause
        except asyncio.CancelledError:
            if not ending.is_own():
                raise
            return ending.cause
        finally:
            ending.finished = True

    async def _lead(self, leg: AgentLeg) -> str:
        cause = "error"
        try:
            over = await self._talk(leg)
            cause = over.cause
        except CallEnded as ended:
            cause = ended.cause
            raise
        except asyncio.CancelledError:
            cause = self._run.ended or "shutdown"
            raise
        finally:
            self._finish(cause)
        if over.queue is None:
            return cause
        # The next place can be taken once the agent is free of this contact.
        await self._chain.settled()
        queue = QueueId(over.queue or self._offer.queue)
        await wait_and_talk(self._run, Wish(queue, 0, WAITS_S), Waiting())
        return "flow_ended"

    async def _talk(self, leg: AgentLeg) -> Over:
        talks = self._run.services.talks
        if talks is None:
            return Over(await self._run.call.bridge(leg))
        return await talks.through(self._run, self._offer, leg, lambda: self._finish("transferred"))

    def _finish(self, cause: str) -> None:
        told = cause if cause in _TALK_CAUSES else "error"
        contact, distributor = self._offer.contact, self._run.services.distributor
        self._chain.later(lambda: distributor.finish(contact, told), patience_s=_FINISH_PATIENCE_S)
