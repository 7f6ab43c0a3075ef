"""Look-ups over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from ivr.ports.lookups import Cause, Failed, Found, Lookups, Question, Wanted
from ivr.web.lookups import WebLookups, _request
from tests.ivr.web.lookups_contract import LookupsContract, LookupsWorld
from tests.ivr.web.servers import Answering, client, hang, says, serving


@asynccontextmanager
async def _over_http(answer: Answering) -> AsyncIterator[Lookups]:
    async with serving(answer) as url, client(url) as one:
        yield WebLookups([one])


class _World:
    def giving(self, value: Any) -> Any:
        return _over_http(says(value))

    def status(self, status: int) -> Any:
        return _over_http(says({}, status))

    def hanging(self) -> Any:
        return _over_http(hang)


class TestWebLookups(LookupsContract):
    @pytest.fixture
    def world(self) -> LookupsWorld:
        return _World()


async def _told(request: web.Request) -> web.Response:
    """The request itself, as JSON."""
    told = {"method": request.method, "path": request.raw_path, "body": await request.text(), **request.headers}
    return web.json_response(told)


TAKE = {
    "method": Wanted(("method",)),
    "path": Wanted(("path",)),
    "body": Wanted(("body",)),
    "case": Wanted(("X-Case",), required=False),
}


async def test_a_question_without_anything_to_send_is_a_get() -> None:
    async with _over_http(_told) as lookups:
        outcome = await lookups.ask(Question("cases", "/a%2Fb%20c?d=e%26f", take=TAKE))
    assert outcome == Found({"method": "GET", "path": "/a%2Fb%20c?d=e%26f", "body": "", "case": ""})


async def test_what_is_sent_is_posted_as_json_and_headers_go_along() -> None:
    async with _over_http(_told) as lookups:
        outcome = await lookups.ask(
            Question(
                "cases", "/q", pii_send={"number": "13097248022", "ok": True}, pii_headers={"X-Case": "7"}, take=TAKE
            )
        )
    assert isinstance(outcome, Found)
    assert dict(outcome.pii_values) == {
        "method": "POST",
        "path": "/q",
        "body": '{"number":"13097248022","ok":true}',
        "case": "7",
    }


@pytest.mark.parametrize(
    "path",
    [
        "/../admin",
        "/cases/..",
        "/cases/.",
        "/a b",
        "/a\r\nX: y",
        "//[::1]/",
        "@evil.example/",
        "/a#b",
        "/a\\b",
        "/æ",
        "a",
    ],
)
async def test_a_path_that_leads_elsewhere_is_not_asked(path: str) -> None:
    async with _over_http(_told) as lookups:
        assert await lookups.ask(Question("cases", path)) == Failed(Cause.NOT_ALLOWED)


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\x00", "æ", "x" * 257])
async def test_a_header_that_is_none_is_not_sent(value: str) -> None:
    async with _over_http(_told) as lookups:
        assert await lookups.ask(Question("cases", pii_headers={"X-Case": value})) == Failed(Cause.NOT_ALLOWED)


async def test_more_than_a_service_takes_is_not_sent() -> None:
    async with _over_http(_told) as lookups:
        assert await lookups.ask(Question("cases", pii_send={"a": "x" * 20_000})) == Failed(Cause.NOT_ALLOWED)


async def test_nothing_personal_is_in_what_python_shows_of_a_question_and_an_answer() -> None:
    asked = Question("cases", pii_send={"number": "13097248022"}, pii_headers={"X-Case": "13097248022"})
    assert "13097248022" not in repr(asked)
    assert "13097248022" not in repr(Found({"number": "13097248022"}))


async def test_a_service_that_hangs_holds_no_other() -> None:
    async with (
        serving(hang) as hung,
        serving(says({"id": "x"})) as well,
        client(hung, at_once=8, timeout_s=3.0) as slow,
        client(well, name="other") as quick,
    ):
        lookups = WebLookups([slow, quick])
        waiting = [asyncio.ensure_future(lookups.ask(Question("cases"))) for _ in range(1000)]
        answers = [await lookups.ask(Question("other", take={"id": Wanted(("id",))})) for _ in range(20)]
        assert answers == [Found({"id": "x"})] * 20
        assert sum(not asked.done() for asked in waiting) == 8 + 4 * 8
        outcomes = await asyncio.gather(*waiting)
        causes = [outcome.cause for outcome in outcomes if isinstance(outcome, Failed)]
        assert len(causes) == 1000
        assert set(causes) <= {Cause.TIMEOUT, Cause.OVERLOADED, Cause.CIRCUIT_OPEN}
        assert causes.count(Cause.TIMEOUT) <= 8
        began = asyncio.get_running_loop().time()
        assert await lookups.ask(Question("cases")) == Failed(Cause.CIRCUIT_OPEN)
        assert asyncio.get_running_loop().time() - began < 1


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=200)
def test_no_value_changes_the_path_that_it_stands_in(first: str, second: str) -> None:
    first, second = (quote(value, safe="", errors="replace") for value in (first, second))
    path = f"/cases/{first}/of/{second}?q={second}"
    request = _request(Question("cases", path))
    if request is None:
        assert not first or {first, second} & {"", ".", ".."}
    else:
        url = URL("http://cases.example" + request.path, encoded=True)
        assert (url.host, url.raw_path_qs) == ("cases.example", path)
        assert len(url.raw_path.split("/")) == 5


async def test_text_that_is_no_text_is_sent_all_the_same() -> None:
    async with _over_http(_told) as lookups:
        outcome = await lookups.ask(Question("cases", pii_send={"a": "æ\ud800"}, take={"body": Wanted(("body",))}))
    assert outcome == Found({"body": '{"a":"\\u00e6\\ud800"}'})
