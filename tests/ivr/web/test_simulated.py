"""Scripted answers keep the ports' contracts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from ivr.ports.lookups import Cause, Failed, Found, Lookups, Question, Wanted
from ivr.ports.texting import Sending, TextMessage
from ivr.web.simulated import Answer, SimulatedLookups, SimulatedTexts
from tests.ivr.web.lookups_contract import LookupsContract, LookupsWorld

VIRTUAL_TIME = True


@asynccontextmanager
async def _scripted(answer: Answer) -> AsyncIterator[Lookups]:
    yield SimulatedLookups({"cases": answer})


class _World:
    def giving(self, value: Any) -> Any:
        return _scripted(Answer(value))

    def status(self, status: int) -> Any:
        return _scripted(Answer(cause=Cause.STATUS, status=status))

    def hanging(self) -> Any:
        return _scripted(Answer(delay_s=1e6))


class TestSimulatedLookups(LookupsContract):
    @pytest.fixture
    def world(self) -> LookupsWorld:
        return _World()


async def test_an_answer_takes_the_time_that_was_said_and_the_question_is_kept() -> None:
    lookups = SimulatedLookups({"cases": Answer({"id": "x"}, delay_s=2.0)})
    asked = Question("cases", take={"id": Wanted(("id",))})
    assert await lookups.ask(asked) == Found({"id": "x"})
    assert await lookups.ask(Question("cases", timeout_s=1.0)) == Failed(Cause.TIMEOUT)
    assert lookups.asked[0] == asked


@pytest.mark.parametrize("number", ["91234567", "+4791234567", "004741234567"])
async def test_simulated_messages_go_to_mobile_numbers_and_are_kept(number: str) -> None:
    texts = SimulatedTexts()
    assert texts.fits(number)
    assert await texts.send(TextMessage(number, "hei")) is Sending.SENT
    assert [message.text for message in texts.sent] == ["hei"]


async def test_simulated_messages_go_nowhere_else_and_fail_when_told_to() -> None:
    texts = SimulatedTexts(Sending.CAPPED)
    assert await texts.send(TextMessage("22334455", "hei")) is Sending.NOT_ALLOWED
    assert await texts.send(TextMessage("91234567", "hei")) is Sending.CAPPED
    assert texts.sent == []
