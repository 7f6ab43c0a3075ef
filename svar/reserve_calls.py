"""How a reserve is asked to come: by phone, and by a notice to a web service; and how the service hears of the end."""

import json
from collections.abc import Mapping
from typing import Protocol

import structlog

from events.catalogue import Event, ReserveCalled, ReserveReleased
from ivr.language.prompting import Prompts, Said
from ivr.language.roster import Reserve
from ivr.over_sip.telephony import Spawn
from ivr.ports.call import Clip
from ivr.ports.lookups import Failed
from ivr.ports.phones import NotAnswered
from ivr.web.requests import Body, WebRequest

_log = structlog.get_logger(__name__)

QUESTION = Said(
    {
        "nb": "Det er mange som venter, og du står som reserve. Tast 1 hvis du kommer. Tast 2 hvis du ikke kan.",
        "en": "Many callers are waiting, and you are a reserve. Press 1 if you can come. Press 2 if you cannot.",
    },
    key="agent/reserve",
)
SPOKEN = (QUESTION,)
KEYS = {"1": "yes", "2": "no"}
_LANGUAGE = "nb"
_ANSWERS = {"rejected": "no", "busy": "no_answer", "no_answer": "no_answer"}


class Spoken(Protocol):
    """The way to agents' phones (`ivr.over_sip.spoken_call.SpokenCalls`)."""

    async def ask(self, agent: str, clips: tuple[Clip, ...], keys: str, *, purpose: str, within_s: float) -> str: ...


class Told(Protocol):
    """A web service that hears of reserves (`ivr.web.service.WebClient`)."""

    async def exchange(
        self, request: WebRequest, timeout_s: float | None = None, retries: int = 0
    ) -> Body | Failed: ...


class ReserveCalls:
    """Asks by phone and tells services. What a service makes of it holds up nobody."""

    def __init__(self, spoken: Spoken, prompts: Prompts, services: Mapping[str, Told], spawn: Spawn) -> None:
        self._spoken = spoken
        self._prompts = prompts
        self._services = services
        self._spawn = spawn

    async def ask(self, agent: str, queue: str, reserve: Reserve, within_s: float) -> str:
        """yes, no, no_answer or unreachable; empty where nobody was rung, or the phone is not there and a service was
        told: an answer may come otherwise until the time is up.
        """
        if not reserve.rings:
            return ""
        clips = self._prompts.clips(QUESTION, _LANGUAGE)
        try:
            key = await self._spoken.ask(agent, clips, "".join(KEYS), purpose=queue, within_s=within_s)
        except NotAnswered as failed:
            answer = _ANSWERS.get(failed.cause, "unreachable")
            return "" if answer == "unreachable" and reserve.notice else answer
        return KEYS[key]

    def tell(self, service: str, event: Event) -> None:
        """Have a service know of a call or a release; nothing of callers is in it."""
        client = self._services.get(service)
        told = notice(event)
        if client is not None and told is not None:
            self._spawn(_send(service, client, told))


async def _send(service: str, client: Told, told: Mapping[str, str | int]) -> None:
    answer = await client.exchange(WebRequest(pii_body=json.dumps(told).encode()))
    if isinstance(answer, Failed):
        _log.warning("a notice of a reserve did not arrive", service=service, cause=answer.cause, kind=told["kind"])


def notice(event: Event) -> dict[str, str | int] | None:
    """What a service is told, as JSON; None of other events."""
    match event:
        case ReserveCalled():
            return {
                "kind": event.kind, "tenant": event.tenant, "agent": event.agent, "queue": event.queue,
                "rule": event.rule, "why": event.why, "waiting": event.waiting, "wait_s": event.wait_s,
                "until_ms": event.until_ms,
            }  # fmt: skip
        case ReserveReleased():
            return {
                "kind": event.kind, "tenant": event.tenant, "agent": event.agent, "queue": event.queue,
                "rule": event.rule, "cause": event.cause,
            }  # fmt: skip
        case _:
            return None
