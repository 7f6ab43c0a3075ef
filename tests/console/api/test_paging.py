"""Long lists come page by page, whole and bounded; what asks for no page is told why."""

from dataclasses import replace
from typing import Any

import pytest

from acd.model import AgentId, AgentSpec, SiteId
from console.tokens import Role
from tests.console.api.desks import CONTACT, NOW_MS, Client, Office, served


async def pages(client: Client, path: str, name: str, limit: int) -> list[list[Any]]:
    """All pages of a list."""
    found: list[list[Any]] = []
    after = ""
    while True:
        reply = await client.ask("GET", f"{path}?limit={limit}&after={after}")
        assert reply.status == 200, reply.text
        found.append(reply.json[name])
        after = reply.json["next"]
        if not after:
            return found
        assert len(found) < 20


async def test_every_list_is_told_whole_in_pages() -> None:
    office = Office()
    for number in range(5):
        await office.agents.put_agent(AgentSpec(AgentId(f"d{number}"), SiteId("oslo")))
    office.agents.queue_names = ["pension", "debt", "family"]
    # Two began in the same millisecond; an older one came later.
    office.contacts = [
        replace(CONTACT, contact=f"c{n}.cb", started_ms=NOW_MS - ago) for n, ago in enumerate((9, 5, 5, 1))
    ]
    office.waiting = {"w1": NOW_MS - 3, "w2": NOW_MS - 7, "w3": NOW_MS - 3}
    async with served(office) as client:
        by = client.by(await office.token(Role.READER))
        agents = await pages(by, "/agents", "agents", 3)
        queues = await pages(by, "/queues", "queues", 2)
        contacts = await pages(by, "/contacts", "contacts", 1)
        waiting = await pages(by, "/queues/pension/waiting", "contacts", 2)
        counts = [(await by.ask("GET", f"{path}?limit=1")).json["total"] for path in ("/agents", "/queues")]
    names = [[one["agent"] for one in page] for page in agents]
    assert names == [["anna", "bjorn", "d0"], ["d1", "d2", "d3"], ["d4"]]
    assert [[one["queue"] for one in page] for page in queues] == [["debt", "family"], ["pension"]]
    assert [[one["contact"] for one in page] for page in contacts] == [[f"c{n}.cb"] for n in range(4)]
    assert [[one["contact"] for one in page] for page in waiting] == [["w2", "w1"], ["w3"]]
    assert counts == [7, 3]


async def test_who_asks_for_no_page_gets_a_bounded_first_one() -> None:
    office = Office()
    office.contacts = [replace(CONTACT, contact=f"c{n:04}") for n in range(501)]
    async with served(office) as client:
        reply = (await client.by(await office.token(Role.READER)).ask("GET", "/contacts")).json
    assert (reply["in_progress"], reply["shown"], len(reply["contacts"])) == (501, 500, 500)
    assert reply["next"] == f"{CONTACT.started_ms}.c0499"


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("limit=0", "expected 1 to 1000"),
        ("limit=1001", "expected 1 to 1000"),
        ("limit=-1", "expected 1 to 1000"),
        ("limit=many", "expected 1 to 1000"),
        ("limit=%D9%A1", "expected 1 to 1000"),
        ("limt=5", "limit"),
        ("after=x", "what the page before said"),
        ("after=12.", "what the page before said"),
        ("after=" + "9" * 16 + ".c", "what the page before said"),
        ("after=1.%00", "what the page before said"),
        ("after=1." + "c" * 200, "what the page before said"),
    ],
)
async def test_what_is_no_page_is_refused_with_what_was_expected(query: str, hint: str) -> None:
    office = Office()
    async with served(office) as client:
        reply = await client.by(await office.token(Role.READER)).ask("GET", f"/contacts?{query}")
    assert (reply.status, reply.code) == (400, "bad_page"), reply.text
    assert hint in reply.json["detail"]
    assert len(reply.text) < 600
