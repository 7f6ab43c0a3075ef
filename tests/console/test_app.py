"""Who gets what from the web server: figures, pages, and what is not there."""

import json

import pytest

from console.accounts import Role
from metrics.health import Unwell
from tests.console.house import House
from tests.console.web import ask


async def test_metrics_health_and_live_need_no_log_in_from_this_machine() -> None:
    async with House().visited() as visitor:
        assert (await visitor.get("/metrics")).body == "svar_up 1\n"
        assert json.loads((await visitor.get("/health")).body) == {"status": "ok", "checks": {}}
        assert (await visitor.get("/live")).body == "ok\n"


@pytest.mark.parametrize("path", ["/metrics", "/health", "/live"])
async def test_who_comes_by_a_proxy_that_nobody_named_is_asked_for_a_token(path: str) -> None:
    async with House().visited() as visitor:
        for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
            visitor.headers = {header: "127.0.0.1"}
            answer = await visitor.get(path)
            assert (answer.status, json.loads(answer.body)["code"]) == (401, "no_token")


async def test_a_scraper_behind_a_proxy_that_is_named_needs_no_token() -> None:
    async with House(proxies=["127.0.0.0/8"], scrapers=["192.0.2.0/28"]).visited() as visitor:
        for address, status in (("192.0.2.9", 200), ("192.0.2.99", 401), ("192.0.2.9, 198.51.100.1", 401)):
            visitor.headers = {"X-Forwarded-For": address}
            assert (await visitor.get("/metrics")).status == status


async def test_health_is_503_when_one_check_fails_and_the_process_still_lives() -> None:
    async def behind() -> str:
        raise Unwell("12 s behind, 5 s is the limit")

    house = House()
    house.health.add("relay", behind)
    async with house.visited() as visitor:
        answer = await visitor.get("/health")
        assert answer.status == 503
        assert json.loads(answer.body)["checks"]["relay"] == {"ok": False, "detail": "12 s behind, 5 s is the limit"}
        assert (await visitor.get("/live")).status == 200


@pytest.mark.parametrize("path", ["/", "/screen", "/flows", "/flows/main", "/people", "/sites", "/measures", "/else"])
async def test_no_page_is_shown_before_the_log_in(path: str) -> None:
    async with House().visited() as visitor:
        answer = await visitor.get(path, follow=False)
        assert (answer.status, answer.headers["location"]) == (303, f"/login?back={path}")
        assert answer.body == ""


async def test_events_are_not_told_before_the_log_in() -> None:
    async with House().visited() as visitor:
        assert (await visitor.get("/events")).status == 401


async def test_the_policy_of_every_page_lets_nothing_in_but_our_own_files() -> None:
    async with House().visited("kari") as visitor:
        for path in ("/", "/login", "/account", "/else"):
            answer = await visitor.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["cache-control"] == "no-store"
            assert "<style" not in answer.body
            assert " style=" not in answer.body
            assert " on" not in "".join(part.split(">")[0] for part in answer.body.split("<button")[1:])


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/", 405), ("PUT", "/login", 405)])
async def test_what_is_not_there_cannot_be_asked_for(method: str, path: str, status: int) -> None:
    async with House().served() as server:
        assert (await ask(server.port, path, method)).status == status


async def test_a_page_that_is_not_there_leads_back() -> None:
    async with House().visited("kari") as visitor:
        answer = await visitor.get("/else")
        assert answer.status == 404
        assert "Siden finnes ikke" in answer.body


async def test_a_viewer_sees_no_names_of_agents() -> None:
    async with House().visited("kari", Role.VIEWER) as visitor:
        answer = await visitor.get("/people")
        assert answer.status == 403
        assert 'href="/people"' not in answer.body


async def test_while_redis_is_away_the_page_says_so_and_who_was_seen_stays_in() -> None:
    house = House()
    async with house.visited("kari") as visitor:
        await visitor.page("/")
        house.store.away = True
        house.clock_s += 60
        assert (await visitor.get("/")).status == 200
        house.clock_s += 3600
        answer = await visitor.get("/")
        assert answer.status == 503
        assert "Redis svarer ikke" in answer.body


async def test_static_files_are_kept_by_their_content() -> None:
    async with House().visited() as visitor:
        body = (await visitor.get("/login")).body
        path = body.partition('<script type="module" src="')[2].partition('"')[0]
        answer = await visitor.get(path)
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]
        for other in (
            "/static/0/page.js",
            path.replace("page.js", "nothing.js"),
            path.replace("page.js", "..%2fapp.py"),
        ):
            assert (await visitor.get(other, follow=False)).status in (303, 404)
