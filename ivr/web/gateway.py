"""The Texts port over an HTTP gateway for text messages, which takes a JSON body of the configuration's making."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers
import structlog
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from ivr.ports.lookups import Failed
from ivr.ports.texting import Sending, TextMessage
from ivr.web.caps import Caps
from ivr.web.requests import WebRequest

if TYPE_CHECKING:
    from ivr.web.service import WebClient

_log = structlog.get_logger(__name__)

MOST_CHARACTERS = 480
_MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_MOST_NUMBER = 24


@dataclass(frozen=True, slots=True)
class TextTerms:
    """`body`: the fields of the JSON that the gateway takes; `{to}`, `{text}` and `{sender}` stand for what they say.

    `prefixes`: how numbers that messages may go to begin, in the international form: `+47`. `region` is where a number
    without a country's code belongs, `NO`.
    """

    body: Mapping[str, str]
    sender: str
    prefixes: tuple[str, ...]
    region: str


class GatewayTexts:
    """Text messages to mobile numbers of the allowed prefixes, within the caps; never sent twice."""

    def __init__(self, client: "WebClient", terms: TextTerms, caps: Caps) -> None:
        self._client = client
        self._terms = terms
        self._caps = caps

    async def close(self) -> None:
        """End the connections."""
        await self._client.close()

    def fits(self, pii_number: str) -> bool:
        return bool(self._address(pii_number))

    async def send(self, message: TextMessage) -> Sending:
        pii_to = self._address(message.pii_to)
        if len(message.text) > MOST_CHARACTERS:
            _log.warning("a text message is too long with its values", characters=len(message.text))
        if not pii_to or len(message.text) > MOST_CHARACTERS:
            return Sending.NOT_ALLOWED
        pii_caller = international(message.pii_caller, self._terms.region) or message.pii_caller
        if not self._caps.take(frozenset(filter(None, (pii_to, pii_caller))), asyncio.get_running_loop().time()):
            _log.warning("a text message was not sent: as many as may go have gone", pii_to=pii_to)
            return Sending.CAPPED
        values = {"to": pii_to, "text": message.text, "sender": self._terms.sender}
        pii_body = {name: filled(text, values) for name, text in self._terms.body.items()}
        answer = await self._client.exchange(WebRequest("", json.dumps(pii_body).encode()))
        if isinstance(answer, Failed):
            _log.warning("the gateway did not take a text message", cause=answer.cause, status=answer.status)
            return Sending.FAILED
        return Sending.SENT

    def _address(self, pii_number: str) -> str:
        """The number as the gateway gets it, +4791234567; empty when messages may not go there."""
        pii_to = international(pii_number, self._terms.region, mobile=True)
        return pii_to if pii_to.startswith(self._terms.prefixes) else ""


def international(pii_number: str, region: str, *, mobile: bool = False) -> str:
    """The number in the international form (E.164) with its plus; empty for what is none, or not `mobile`."""
    if len(pii_number) > _MOST_NUMBER:
        return ""
    try:
        parsed = phonenumbers.parse(pii_number, region)
    except NumberParseException:
        return ""
    if parsed.extension or not phonenumbers.is_valid_number(parsed) or (mobile and not _is_mobile(parsed)):
        return ""
    return phonenumbers.format_number(parsed, PhoneNumberFormat.E164)


def is_region(region: str) -> bool:
    """Whether it is a country's code by which numbers are read, such as NO."""
    return region in phonenumbers.SUPPORTED_REGIONS


def _is_mobile(number: PhoneNumber) -> bool:
    return phonenumbers.number_type(number) in _MOBILE


def filled(template: str, values: Mapping[str, str]) -> str:
    """`template` with each `{name}` of `values` replaced, once: what a value says is not read again."""
    parts = template.split("{")
    found = [parts[0]]
    for part in parts[1:]:
        name, brace, rest = part.partition("}")
        found.append(values[name] + rest if brace and name in values else "{" + part)
    return "".join(found)
