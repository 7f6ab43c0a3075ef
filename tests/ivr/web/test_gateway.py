"""Text messages through an HTTP gateway."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from ivr.ports.texting import Sending, TextMessage
from ivr.web.caps import Caps
from ivr.web.gateway import GatewayTexts, TextTerms, filled, international
from tests.ivr.web.servers import client, serving

TERMS = TextTerms({"to": "{to}", "message": "{text}", "from": "{sender}"}, "NAV", ("+47",), "NO")
MOBILE, OTHER = "91234567", "+4741234567"


@asynccontextmanager
async def sending(
    status: int = 200, caps: Caps | None = None, terms: TextTerms = TERMS
) -> AsyncIterator[tuple[GatewayTexts, list[dict[str, Any]]]]:
    """The gateway, and what it was given."""
    given: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.Response:
        given.append(json.loads(await request.text()))
        return web.Response(status=status)

    async with serving(answer) as url, client(url) as one:
        yield GatewayTexts(one, terms, caps or Caps(9, 99)), given


async def test_a_message_goes_to_a_mobile_number_in_the_international_form() -> None:
    async with sending() as (texts, given):
        assert await texts.send(TextMessage(MOBILE, 'Hei {to} "du"')) is Sending.SENT
    assert given == [{"to": "+4791234567", "message": 'Hei {to} "du"', "from": "NAV"}]


@pytest.mark.parametrize(
    "number",
    [
        "",
        "22334455",
        "+4722334455",
        "82012345",
        "+46701234567",
        "+447700900123",
        "02800",
        "113",
        "anna",
        "9" * 30,
        "+4791234567;ext=1",
    ],
)
async def test_no_other_number_gets_one(number: str) -> None:
    async with sending() as (texts, given):
        assert not texts.fits(number)
        assert await texts.send(TextMessage(number, "hei")) is Sending.NOT_ALLOWED
    assert given == []


async def test_prefixes_decide_which_countries_get_one() -> None:
    terms = TextTerms(TERMS.body, "NAV", ("+47", "+46"), "NO")
    async with sending(terms=terms) as (texts, _):
        assert texts.fits("+46701234567")
        assert not texts.fits("+4520123456")


async def test_a_gateway_that_refuses_is_told_and_asked_once() -> None:
    async with sending(500) as (texts, given):
        assert await texts.send(TextMessage(MOBILE, "hei")) is Sending.FAILED
    assert len(given) == 1


async def test_one_number_gets_so_many_whoever_asks_for_them() -> None:
    async with sending(caps=Caps(2, 99)) as (texts, given):
        sent = [await texts.send(TextMessage(MOBILE, "hei", caller)) for caller in ("1", "2", "3")]
    assert sent == [Sending.SENT, Sending.SENT, Sending.CAPPED]
    assert len(given) == 2


async def test_one_caller_gets_so_many_however_the_number_is_written_and_wherever_they_go() -> None:
    async with sending(caps=Caps(2, 99)) as (texts, _):
        sent = [
            await texts.send(TextMessage(f"9123456{index}", "hei", caller))
            for index, caller in enumerate((OTHER, "41234567", "004741234567"))
        ]
    assert sent == [Sending.SENT, Sending.SENT, Sending.CAPPED]


async def test_all_together_get_so_many_a_minute() -> None:
    async with sending(caps=Caps(9, 3)) as (texts, _):
        sent = [await texts.send(TextMessage(f"9123456{index}", "hei")) for index in range(5)]
    assert sent == [Sending.SENT] * 3 + [Sending.CAPPED] * 2


async def test_a_message_that_is_too_long_is_not_sent() -> None:
    async with sending() as (texts, given):
        assert await texts.send(TextMessage(MOBILE, "x" * 481)) is Sending.NOT_ALLOWED
    assert given == []


async def test_no_number_is_in_what_python_shows_of_a_message() -> None:
    assert MOBILE not in repr(TextMessage(MOBILE, "hei", MOBILE))


@pytest.mark.parametrize(
    ("template", "made"),
    [("{a}", "1{b}"), ("x{a}y{b}", "x1{b}y2"), ("{c}{", "{c}{"), ("", ""), ("{{a}", "{1{b}"), ("a}", "a}")],
)
def test_what_a_value_says_is_not_filled_again(template: str, made: str) -> None:
    assert filled(template, {"a": "1{b}", "b": "2"}) == made


def test_numbers_are_written_in_one_way() -> None:
    assert international("22 33 44 55", "NO") == "+4722334455"
    assert international("0046701234567", "NO") == "+46701234567"
    assert international("1", "NO") == ""
