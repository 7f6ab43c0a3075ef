"""The Lookups and Texts ports without a network: answers that a scenario gives, by service."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ivr.ports.lookups import Cause, Failed, Outcome, Question
from ivr.ports.texting import Sending, TextMessage
from ivr.web.answers import taken

_DEFAULT_TIMEOUT_S = 3.0
_MOBILE = re.compile(r"(?:(?:\+|00)47)?[49][0-9]{7}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service does: gives `value`, its JSON as data, or fails by `cause`; after `delay_s`."""

    value: Any = None
    cause: Cause | None = None
    status: int = 0
    delay_s: float = 0.0


class SimulatedLookups:
    """`answers` by service; one that has none fails with `not_there`. What was asked is kept in `asked`."""

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.answers: dict[str, Answer] = dict(answers or {})
        self.asked: list[Question] = []

    async def ask(self, question: Question) -> Outcome:
        self.asked.append(question)
        answer = self.answers.get(question.service)
        if answer is None:
            return Failed(Cause.NOT_THERE)
        timeout_s = question.timeout_s or _DEFAULT_TIMEOUT_S
        await asyncio.sleep(min(answer.delay_s, timeout_s))
        if answer.delay_s >= timeout_s:
            return Failed(Cause.TIMEOUT)
        if answer.cause is not None:
            return Failed(answer.cause, answer.status)
        return taken(answer.value, question.take)


class SimulatedTexts:
    """Norwegian mobile numbers get their messages, kept in `sent`; `outcome` is what becomes of each."""

    def __init__(self, outcome: Sending = Sending.SENT) -> None:
        self.outcome = outcome
        self.sent: list[TextMessage] = []

    def fits(self, pii_number: str) -> bool:
        return _MOBILE.fullmatch(pii_number) is not None

    async def send(self, message: TextMessage) -> Sending:
        if not self.fits(message.pii_to):
            return Sending.NOT_ALLOWED
        if self.outcome is Sending.SENT:
            self.sent.append(message)
        return self.outcome
