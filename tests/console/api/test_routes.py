"""Every route for every role, over a real server: who sees and does what, and what is told of it."""

from typing import Any

import jsonschema
import pytest

from acd.model import AgentId, AgentSpec, AgentState, SiteId
from console.api.openapi import document
from console.api.routes import WAYS, Way
from console.tokens import Role
from tests.console.api.desks import NOW_MS, Client, Office, served

BODIES: dict[str, Any] = {
    "log_out": {"reason": "lunch"},
    "not_ready": {"reason": "break"},
    "end_wrap_up": {"topic": "old_age_apply", "concluded": True},
    "skills": {"skills": {"pension": 4}},
    "put_agent": {"site": "oslo", "skills": {"pension": 4}},
}
PATHS = {"{agent}": "anna", "{queue}": "pension", "{topics}": "pension"}

AGENT = {"me", "agent", "log_in", "log_out", "ready", "not_ready", "end_wrap_up", "topics", "topic_tree", "problems"}
SEES = {"me", "agents", "agent", "queues", "queue", "waiting", "contacts", "topics", "topic_tree", "duty", "nodes"}
READER = {*SEES, "problems"}
SUPERVISOR = {*READER, "log_in", "log_out", "ready", "not_ready", "end_wrap_up", "skills"}
MAY = {
    Role.AGENT: AGENT,
    Role.READER: READER,
    Role.SUPERVISOR: SUPERVISOR,
    Role.ADMIN: {*SUPERVISOR, "put_agent", "drop_agent"},
}


def filled(way: Way) -> str:
    path = way.path
    for name, value in PATHS.items():
        path = path.replace(name, value)
    return path


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_a_role_may_what_the_table_says_and_nothing_else(way: Way, role: Role) -> None:
    office = Office()
    async with served(office) as client:
        reply = await client.by(await office.token(role)).ask(way.method, filled(way), BODIES.get(way.name))
    if way.name in MAY[role]:
        assert reply.status == (200 if way.answer is not None else 204), reply.text
    else:
        assert (reply.status, reply.code) == (403, "not_allowed")
        assert office.agents.asked == []
    outcomes = [(event.deed, event.target, event.outcome, event.way) for event in office.events]
    expected = "done" if way.name in MAY[role] else "not_allowed"
    assert outcomes == ([(way.name, "anna", expected, "rest")] if way.deed else [])


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
async def test_without_a_token_nothing_is_answered(way: Way) -> None:
    office = Office()
    async with served(office) as client:
        for asking in (client, client.by("svar_none"), client.by(f"svar_{'0' * 16}_{'0' * 64}")):
            reply = await asking.ask(way.method, filled(way), BODIES.get(way.name))
            assert (reply.status, reply.code) == (401, "no_token")
            assert reply.headers["Content-Type"] == "application/problem+json"
            assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert office.agents.asked == []


@pytest.mark.parametrize("way", [way for way in WAYS if "{agent}" in way.path], ids=lambda way: way.name)
async def test_an_agents_token_is_good_for_that_agent_alone(way: Way) -> None:
    office = Office()
    async with served(office) as client:
        other = client.by(await office.token(Role.AGENT, "bjorn"))
        reply = await other.ask(way.method, filled(way), BODIES.get(way.name))
    assert (reply.status, reply.code) == (403, "not_allowed")
    assert office.agents.asked == []


async def test_a_token_in_a_cookie_or_the_query_lets_nobody_in() -> None:
    office = Office()
    token = await office.token(Role.ADMIN)
    async with served(office) as client:
        assert (await client.ask("GET", f"/me?token={token}&access_token={token}")).status == 401
        async with client.http.get(f"{client.base}/me", headers={"Cookie": f"Authorization={token}"}) as answer:
            assert answer.status == 401
        async with client.http.get(f"{client.base}/me", headers={"Authorization": f"Basic {token}"}) as answer:
            assert answer.status == 401


async def admin(office: Office, client: Client) -> Client:
    return client.by(await office.token(Role.ADMIN))


async def test_deeds_reach_the_distributor_with_what_was_said() -> None:
    office = Office()
    async with served(office) as client:
        asking = await admin(office, client)
        await asking.ask("POST", "/agents/anna/end-wrap-up", {"topic": "old_age", "concluded": False})
        await asking.ask("POST", "/agents/bjorn/log-in", {"ready": True})
        await asking.ask("POST", "/agents/bjorn/log-in")
        await asking.ask("POST", "/agents/bjorn/log-out")
        await asking.ask("POST", "/agents/bjorn/not-ready", {"reason": "meeting"})
        await asking.ask("PUT", "/agents/bjorn/skills", {"skills": {"pension": 9, "debt": 1}})
    assert office.agents.asked == [
        ("end_wrap_up", "anna", "old_age", False),
        ("log_in", "bjorn", True),
        ("log_in", "bjorn", False),
        ("log_out", "bjorn", "asked"),
        ("not_ready", "bjorn", "meeting"),
        ("put_agent", "bjorn", {"pension": 9, "debt": 1}),
    ]


async def test_an_added_agent_is_there_with_a_password_for_the_phone() -> None:
    office = Office()
    async with served(office) as client:
        asking = await admin(office, client)
        body = {"site": "bergen", "skills": {"pension": 3}, "groups": ["new"], "rests": {"busy": 10}, "rest_s": 5}
        added = await asking.ask("PUT", "/agents/cato", body | {"log_out_after": 3})
        assert added.json == {"agent": "cato", "password": "password-of-cato"}
        spec = next(iter(office.agents.specs.values()))
        assert (spec.site, spec.skills, spec.groups, spec.rests) == ("bergen", {"pension": 3}, ("new",), {"busy": 10})
        assert (spec.rest_s, spec.log_out_after) == (5, 3)
        seen = (await asking.ask("GET", "/agents/cato")).json
    assert (seen["site"], seen["skills"], seen["state"]) == ("bergen", {"pension": 3}, AgentState.LOGGED_OUT)


async def test_what_is_seen() -> None:
    office = Office()
    async with served(office) as client:
        asking = await admin(office, client)
        anna = (await asking.ask("GET", "/agents/anna")).json
        queue = (await asking.ask("GET", "/queues/pension")).json
        waiting = (await asking.ask("GET", "/queues/pension/waiting")).json
        contacts = (await asking.ask("GET", "/contacts")).json
        tree = (await asking.ask("GET", "/topics/pension")).json
        duty = (await asking.ask("GET", "/duty")).json
        me = (await asking.ask("GET", "/me")).json
    assert (anna["state"], anna["contact"], anna["queue"], anna["on_duty"]) == ("wrap_up", "c1", "pension", ["desk"])
    assert (anna["skills"], anna["queues"], anna["added"]) == ({"pension": 5}, ["pension"], False)
    assert (queue["title"], queue["offered"], queue["waiting"]) == ("Pensjon", 3, 1)
    assert waiting["contacts"] == [{"contact": "c1", "arrived_ms": NOW_MS - 9_000, "waited_ms": 9_000}]
    assert (contacts["in_progress"], contacts["contacts"][0]["journey"]) == (1, ["pension"])
    assert tree["tree"][0]["below"][0] == {
        "code": "old_age_apply", "title": {"nb": "Søknad"}, "digits": "11", "below": [],
    }  # fmt: skip
    assert duty == {"duty": [{"queue": "desk", "agents": ["anna", "bjorn"]}]}
    assert me["role"] == "admin"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code", "detail"),
    [
        ("GET", "/agents/nobody", None, 404, "no_agent", "there is no agent 'nobody'"),
        ("POST", "/agents/nobody/ready", None, 404, "no_agent", "there is no agent 'nobody'"),
        ("POST", "/agents/nobody/not-ready", {"reason": "x"}, 404, "no_agent", "there is no agent nobody"),
        ("GET", "/queues/none", None, 404, "no_queue", "there is no queue 'none'"),
        ("GET", "/topics/none", None, 404, "no_topics", "there are no topics 'none'"),
        ("GET", "/nowhere", None, 404, "no_such_path", "GET /api/v1/openapi.json tells every path"),
        ("DELETE", "/queues", None, 405, "wrong_method", "here it is"),
        ("POST", "/agents/bjorn/end-wrap-up", {}, 409, "bad_state", "agent bjorn is ready, not in wrap-up"),
        ("POST", "/agents/anna/end-wrap-up", {"topic": "old_aeg"}, 422, "unknown_topic", "did you mean 'old_age'?"),
        ("POST", "/agents/dag/ready", None, 409, "no_phone", "the phone of dag does not answer"),
        ("POST", "/agents/dag/log-in", None, 409, "no_phone", "the phone of dag does not answer"),
        ("POST", "/agents/anna/not-ready", {"reason": "unreachable"}, 422, "malformed", "choose another word"),
        ("POST", "/agents/anna/not-ready", {}, 422, "malformed", "/reason: is needed"),
        ("POST", "/agents/anna/ready", {"now": 1}, 422, "malformed", "nothing is said in the body here"),
        ("PUT", "/agents/a%20b/skills", {"skills": {}}, 404, "no_agent", "an agent's name has"),
        ("PUT", "/agents/a+b", {"site": "x", "skills": {}}, 422, "malformed", "a new agent's name has"),
    ],
)
async def test_a_refusal_says_what_and_why(
    method: str, path: str, body: object, status: int, code: str, detail: str
) -> None:
    office = Office()
    await office.agents.put_agent(AgentSpec(AgentId("dag"), SiteId("oslo")))
    office.phones.why["dag"] = "the phone of dag does not answer"
    async with served(office) as client:
        asking = await admin(office, client)
        reply = await asking.ask(method, path, body)
    assert (reply.status, reply.code) == (status, code), reply.text
    assert detail in reply.json["detail"]
    assert reply.headers["Content-Type"] == "application/problem+json"


async def test_while_the_store_is_away_the_answer_is_503_with_when_to_ask_again() -> None:
    office = Office()
    async with served(office) as client:
        asking = await admin(office, client)
        office.agents.away = True
        for method, path in (("GET", "/agents"), ("POST", "/agents/anna/ready"), ("GET", "/queues")):
            reply = await asking.ask(method, path)
            assert (reply.status, reply.code, reply.headers["Retry-After"]) == (503, "unavailable", "2")
    assert [event.outcome for event in office.events] == ["unavailable"]


async def test_every_answer_fits_the_document() -> None:
    office, described = Office(), document()
    async with served(office) as client:
        asking = await admin(office, client)
        for way in WAYS:
            if way.answer is None or way.method != "GET":
                continue
            reply = await asking.ask(way.method, filled(way))
            told = described["paths"][way.path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            jsonschema.validate(reply.json, told | {"components": described["components"]})
        problem = (await asking.ask("GET", "/agents/nobody")).json
        jsonschema.validate(problem, described["components"]["schemas"]["Problem"])


async def test_nothing_is_kept_by_browsers_and_proxies() -> None:
    office = Office()
    async with served(office) as client:
        asking = await admin(office, client)
        for reply in (await asking.ask("GET", "/me"), await client.ask("GET", "/me")):
            assert reply.headers["Cache-Control"] == "no-store"
            assert "Set-Cookie" not in reply.headers
            assert "Access-Control-Allow-Origin" not in reply.headers
