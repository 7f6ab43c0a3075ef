"""The Lookups port over HTTP."""

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ivr.ports.lookups import Cause, Failed, Outcome, Question
from ivr.web.answers import outcome_of
from ivr.web.requests import WebRequest

if TYPE_CHECKING:
    from ivr.web.service import WebClient

MOST_SENT_BYTES = 16_384

_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,256}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]++)*+/?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*+)?")
_DOTS = frozenset((".", ".."))


class WebLookups:
    """Services by name; each has its own connections, places and circuit, so that one that hangs holds no other."""

    def __init__(self, clients: "Iterable[WebClient]") -> None:
        self._clients: Mapping[str, WebClient] = {client.service.name: client for client in clients}

    async def close(self) -> None:
        """End all connections."""
        await asyncio.gather(*(client.close() for client in self._clients.values()))

    async def ask(self, question: Question) -> Outcome:
        """As the port says. What is asked of a path that leads elsewhere is not sent at all."""
        client = self._clients.get(question.service)
        if client is None:
            return Failed(Cause.NOT_THERE)
        request = _request(question)
        if request is None:
            return Failed(Cause.NOT_ALLOWED)
        answer = await client.exchange(request, question.timeout_s, question.retries)
        return answer if isinstance(answer, Failed) else outcome_of(answer.pii_body, question.take)


def _request(question: Question) -> WebRequest | None:
    """None for what must not go out: a path with dots that lead up, and values that no header or body may have."""
    path = question.path
    if not _PATH.fullmatch(path) or not _DOTS.isdisjoint(path.partition("?")[0].split("/")):
        return None
    if not all(map(_HEADER_VALUE.fullmatch, question.pii_headers.values())):
        return None
    if question.pii_send is None:
        return WebRequest(path, None, question.pii_headers)
    pii_body = json.dumps(dict(question.pii_send), separators=(",", ":")).encode()
    return WebRequest(path, pii_body, question.pii_headers) if len(pii_body) <= MOST_SENT_BYTES else None
