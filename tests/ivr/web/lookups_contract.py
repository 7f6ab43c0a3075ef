"""What every implementation of the Lookups port does. A test class takes it over and gives the fixture `world`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import pytest

from ivr.ports.lookups import Cause, Failed, Found, Kind, Lookups, Question, Scalar, Wanted

CASES: dict[str, Any] = {
    "case": {"status": "open", "open": True, "count": 3, "owner": None},
    "cases": [{"id": "a1"}, {"id": "b2"}],
}


class LookupsWorld(Protocol):
    """Makes services that are called `cases`."""

    def giving(self, value: Any) -> AbstractAsyncContextManager[Lookups]:
        """One that answers with `value` as JSON."""

    def status(self, status: int) -> AbstractAsyncContextManager[Lookups]:
        """One that answers with a status of HTTP."""

    def hanging(self) -> AbstractAsyncContextManager[Lookups]:
        """One that never answers."""


def question(**take: Wanted) -> Question:
    return Question("cases", "/cases", take=take, timeout_s=2.0)


class LookupsContract:
    """The suite."""

    @pytest.fixture
    async def lookups(self, world: LookupsWorld) -> AsyncIterator[Lookups]:
        async with world.giving(CASES) as lookups:
            yield lookups

    async def test_fields_are_found_by_their_way(self, lookups: Lookups) -> None:
        asked = question(
            status=Wanted(("case", "status")),
            second=Wanted(("cases", "1", "id")),
            count=Wanted(("case", "count"), Kind.NUMBER),
            still_open=Wanted(("case", "open"), Kind.TRUE_OR_FALSE),
        )
        outcome = await lookups.ask(asked)
        assert outcome == Found({"status": "open", "second": "b2", "count": 3, "still_open": True})

    @pytest.mark.parametrize(
        "wanted",
        [
            Wanted(("case", "missing")),
            Wanted(("case", "owner")),
            Wanted(("cases", "2", "id")),
            Wanted(("cases", "id")),
            Wanted(("case",)),
            Wanted(("case", "count")),
            Wanted(("case", "status", "deeper")),
            Wanted(("case", "open"), Kind.NUMBER),
            Wanted(("case", "count"), Kind.TRUE_OR_FALSE),
            Wanted(("case", "status"), Kind.NUMBER),
            Wanted(("case", "status"), most=3),
            Wanted(("case", "status"), one_of=("closed",)),
        ],
    )
    async def test_what_is_missing_or_of_another_type_fails(self, lookups: Lookups, wanted: Wanted) -> None:
        assert await lookups.ask(question(value=wanted)) == Failed(Cause.WRONG_TYPE)

    @pytest.mark.parametrize(
        ("kind", "empty"), [(Kind.TEXT, ""), (Kind.NUMBER, 0), (Kind.TRUE_OR_FALSE, False)], ids=str
    )
    async def test_what_need_not_be_there_is_empty(self, lookups: Lookups, kind: Kind, empty: Scalar) -> None:
        asked = question(value=Wanted(("case", "owner"), kind, required=False))
        assert await lookups.ask(asked) == Found({"value": empty})

    async def test_what_need_not_be_there_is_of_its_type_where_it_is(self, lookups: Lookups) -> None:
        asked = question(value=Wanted(("case", "count"), required=False))
        assert await lookups.ask(asked) == Failed(Cause.WRONG_TYPE)

    async def test_a_service_that_nobody_configured_is_not_there(self, lookups: Lookups) -> None:
        assert await lookups.ask(Question("other")) == Failed(Cause.NOT_THERE)

    async def test_a_status_of_failure_is_told(self, world: LookupsWorld) -> None:
        async with world.status(404) as lookups:
            assert await lookups.ask(question()) == Failed(Cause.STATUS, 404)

    async def test_who_never_answers_times_out(self, world: LookupsWorld) -> None:
        async with world.hanging() as lookups:
            began = asyncio.get_running_loop().time()
            outcome = await lookups.ask(Question("cases", timeout_s=0.2))
            assert outcome == Failed(Cause.TIMEOUT)
            assert asyncio.get_running_loop().time() - began < 2

    async def test_a_caller_who_hangs_up_cancels_the_question(self, world: LookupsWorld) -> None:
        async with world.hanging() as lookups:
            asking = asyncio.ensure_future(lookups.ask(Question("cases", timeout_s=30)))
            await asyncio.sleep(0.05)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
