"""Bodies: bounded, JSON alone, nothing that is not expected; faults stay those of one request."""

import asyncio
import json

import pytest

from console.api.app import MOST_BYTES, parsed
from console.api.problems import Problem
from console.tokens import Role
from tests.console.api.desks import Office, served


@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "not_json"),
        (b"\xff\xfe", "application/json", 400, "not_json"),
        (b'{"reason": "a", "reason": "b"}', "application/json", 400, "not_json"),
        (b'{"reason": NaN}', "application/json", 400, "not_json"),
        (b"[" * 8000, "application/json", 400, "not_json"),
        (b"1" * 6000, "application/json", 400, "not_json"),
        (b"[]", "application/json", 422, "malformed"),
        (b'{"reason": "break", "until": 5}', "application/json", 422, "malformed"),
        (b'{"reason": "a\\u0000b"}', "application/json", 422, "malformed"),
        (b'{"reason": "break"}', "text/plain", 415, "wrong_type"),
        (b"reason=break", "application/x-www-form-urlencoded", 415, "wrong_type"),
        (b'{"reason": "' + b"x" * MOST_BYTES + b'"}', "application/json", 413, "too_large"),
    ],
)
async def test_a_body_that_is_none_is_refused_and_changes_nothing(
    data: bytes, kind: str, status: int, code: str
) -> None:
    office = Office()
    async with served(office) as client:
        asking = client.by(await office.token(Role.AGENT))
        reply = await asking.ask("POST", "/agents/anna/not-ready", data=data, kind=kind)
        assert (reply.status, reply.code) == (status, code)
        assert (await asking.ask("GET", "/me")).status == 200
    assert office.agents.asked == []
    assert [event.outcome for event in office.events] == [code]


async def test_unknown_fields_are_told_by_name() -> None:
    office = Office()
    async with served(office) as client:
        asking = client.by(await office.token(Role.AGENT))
        reply = await asking.ask("POST", "/agents/anna/not-ready", {"reson": "break", "colour": "red"})
    mistakes = {one["pointer"]: one["detail"] for one in reply.json["mistakes"]}
    assert mistakes == {
        "/reson": "unknown field; did you mean 'reason'?",
        "/colour": "unknown field; known are reason",
        "/reason": "is needed",
    }


async def test_a_fault_is_answered_and_costs_nobody_else_anything() -> None:
    office = Office()
    office.agents.now = None  # type: ignore[assignment]  # a fault in what stands below
    async with served(office) as client:
        asking = client.by(await office.token(Role.ADMIN))
        reply = await asking.ask("POST", "/agents/anna/log-out")
        assert (reply.status, reply.code) == (500, "fault")
        assert "NoneType" not in reply.text
        assert (await asking.ask("GET", "/me")).status == 200
    assert [event.outcome for event in office.events] == ["fault"]


async def test_a_revoked_token_is_refused_at_once() -> None:
    office = Office()
    async with served(office) as client:
        asking = client.by(await office.token(Role.READER))
        assert (await asking.ask("GET", "/me")).status == 200
        [entry] = office.entries.kept
        await office.tokens().revoke(json.loads(office.entries.kept[entry])["name"])
        assert (await asking.ask("GET", "/me")).status == 401


async def test_many_at_once_are_each_answered_with_their_own() -> None:
    office = Office()
    async with served(office) as client:
        tokens = [await office.token(Role.AGENT, f"agent{n}") for n in range(30)]
        replies = await asyncio.gather(*(client.by(token).ask("GET", "/me") for token in tokens))
    assert [reply.json["agent"] for reply in replies] == [f"agent{n}" for n in range(30)]


def test_json_is_read_as_it_is() -> None:
    assert parsed(b'{"a": [1, null, true, "\xc3\xb8"]}') == {"a": [1, None, True, "ø"]}
    with pytest.raises(Problem, match="a name stands twice"):
        parsed(b'{"a": {"b": 1, "b": 2}}')
