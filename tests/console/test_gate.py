"""Log-in, log-out, the own password: cookies, forms, throttle, what is told and what is not."""

import asyncio
from collections import Counter

import pytest

from console.accounts import Role
from console.gate import way_back
from events.catalogue import ConsoleLogin, ConsoleLoginRefused, ConsoleLogout, ConsolePasswordChanged
from tests.console.browsing import Browser, browser
from tests.console.house import PASSWORD, House

WRONG = "Brukernavn eller passord er feil."


def cookies(visitor: Browser) -> dict[str, str]:
    return {cookie.key: cookie.value for cookie in visitor.http.cookie_jar}


async def test_who_logs_in_comes_to_the_page_that_was_asked_for() -> None:
    house = House()
    await house.user()
    async with house.visited() as visitor:
        page = await visitor.get("/sites")
        assert page.path == "/login"
        shown = await visitor.send("/login", page.form("/login") | {"user": " Kari ", "password": PASSWORD})
        assert (shown.status, shown.path) == (200, "/sites")
        assert house.events == [
            ConsoleLogin(at_ms=house.now_ms, tenant="nav", node="n1", user="kari", role="viewer", address="127.0.0.1")
        ]


async def test_the_cookie_is_for_the_browser_alone_and_nothing_kept_gives_it_away() -> None:
    house = House()
    await house.user()
    async with house.visited() as visitor:
        answer = await visitor.fill("/login", "/login", follow=False, user="kari", password=PASSWORD)
        told = next(one for one in answer.headers.getall("set-cookie") if one.startswith("svar_session="))  # type: ignore[attr-defined]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(told.split("; "))
        assert cookies(visitor)["svar_session"] not in str(house.sessions_kept.entries)


async def test_over_tls_cookies_are_held_to_this_host() -> None:
    house = House(proxies=["127.0.0.0/8"])
    await house.user()
    async with house.visited() as visitor:
        visitor.headers = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}
        answer = await visitor.get("/login")
        told = answer.headers["set-cookie"]
        assert told.startswith("__Host-svar_form=")
        assert "Secure" in told.split("; ")
        assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("user", "password"), [("kari", "not the password"), ("ola", PASSWORD), ("", ""), ("' or 1", "x")]
)
async def test_nobody_learns_which_accounts_there_are(user: str, password: str) -> None:
    house = House()
    await house.user()
    async with house.visited() as visitor:
        answer = await visitor.fill("/login", "/login", user=user, password=password)
        assert answer.status == 401
        assert WRONG in answer.body
        (event,) = house.events
        assert isinstance(event, ConsoleLoginRefused)
        assert event.user == ("kari" if user == "kari" else "")
        assert "svar_session" not in cookies(visitor)


async def test_an_address_that_tries_too_often_is_not_looked_at_for_a_while() -> None:
    house = House()
    await house.user()
    async with house.visited() as visitor:
        for n in range(10):
            assert (await visitor.fill("/login", "/login", user=f"u{n}", password="x")).status == 401
        answer = await visitor.fill("/login", "/login", user="kari", password=PASSWORD)
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) > 200
        assert "For mange forsøk" in answer.body
        house.clock_s += 301
        assert (await visitor.log_in("kari", PASSWORD)).path == "/"


async def test_tries_all_at_once_are_no_way_around_it_and_what_is_not_looked_at_is_told_once() -> None:
    house = House()
    await house.user()
    async with house.visited() as visitor:
        form = (await visitor.get("/login")).form("/login")
        tries = [visitor.send("/login", form | {"user": f"u{n}", "password": "x"}) for n in range(40)]
        statuses = Counter([answer.status for answer in await asyncio.gather(*tries)])
        assert statuses[401] == 10
        assert statuses.keys() <= {401, 429, 503}
        causes = Counter(event.cause for event in house.events if isinstance(event, ConsoleLoginRefused))
        assert causes["wrong"] == 10
        assert sum(causes.values()) == 11
        assert house.gate.refused == 40


async def test_an_account_that_many_try_is_throttled_for_those_who_never_came_in_before() -> None:
    house = House(proxies=["127.0.0.0/8"])
    await house.user()
    async with house.visited() as visitor:
        visitor.headers = {"X-Forwarded-For": "198.51.100.250"}
        assert (await visitor.log_in("kari", PASSWORD)).path == "/"
        for n in range(20):
            visitor.headers = {"X-Forwarded-For": f"198.51.100.{n}"}
            assert (await visitor.fill("/login", "/login", user="kari", password="x")).status == 401
        visitor.headers = {"X-Forwarded-For": "198.51.100.99"}
        assert (await visitor.fill("/login", "/login", user="kari", password=PASSWORD)).status == 429
        visitor.headers = {"X-Forwarded-For": "198.51.100.250"}
        assert (await visitor.fill("/login", "/login", user="kari", password=PASSWORD)).path == "/"


@pytest.mark.parametrize("path", ["/login", "/logout", "/look", "/account"])
async def test_a_form_that_no_page_of_ours_made_does_nothing(path: str) -> None:
    house = House()
    async with house.visited("kari") as visitor:
        for fields in ({}, {"form": ""}, {"form": "0" * 64}):
            answer = await visitor.send(path, {"user": "kari", "password": PASSWORD, **fields})
            assert answer.status == 403
            assert "Skjemaet var for gammelt" in answer.body
        good = (await visitor.get("/account")).form("/logout")
        visitor.headers = {"Sec-Fetch-Site": "cross-site"}
        assert (await visitor.send("/logout", good)).status == 403
        visitor.headers = {}
        assert (await visitor.get("/")).path == "/"


async def test_a_form_of_somebody_else_does_nothing() -> None:
    house = House()
    async with house.visited("kari") as kari, browser(kari.base) as ola:
        await house.user("ola")
        await ola.log_in("ola", PASSWORD)
        his = (await ola.get("/account")).form("/logout")
        assert (await kari.send("/logout", his)).status == 403


async def test_forms_are_bounded() -> None:
    async with House().visited() as visitor:
        assert (await visitor.send("/login", {"user": "x" * 10_000})).status == 413
        assert (await visitor.send("/login", {f"n{n}": "" for n in range(50)})).status == 400


async def test_who_logs_out_is_out_and_the_old_cookie_is_worth_nothing() -> None:
    house = House()
    async with house.visited("kari") as visitor:
        secret = cookies(visitor)["svar_session"]
        assert (await visitor.fill("/account", "/logout")).path == "/login"
        visitor.headers = {"Cookie": f"svar_session={secret}"}
        assert (await visitor.get("/")).path == "/login"
        assert isinstance(house.events[-1], ConsoleLogout)


async def test_who_logs_out_everywhere_is_out_at_other_places_too() -> None:
    house = House()
    async with house.visited("kari") as here, browser(here.base) as there:
        await there.log_in("kari", PASSWORD)
        assert (await here.fill("/account", "/logout", everywhere="1")).path == "/login"
        assert (await there.get("/")).path == "/login"


async def test_another_password_ends_all_other_sessions() -> None:
    house = House()
    new = "a much better one"
    async with house.visited("kari") as here, browser(here.base) as there:
        await there.log_in("kari", PASSWORD)
        shown = await here.fill("/account", "/account", password=PASSWORD, new=new, again=new)
        assert (shown.status, "Passordet er byttet" in shown.body) == (200, True)
        assert (await there.get("/")).path == "/login"
        assert (await here.get("/")).path == "/"
        assert (await there.log_in("kari", PASSWORD)).status == 401
        assert (await there.log_in("kari", new)).path == "/"
        assert any(isinstance(event, ConsolePasswordChanged) for event in house.events)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"password": "wrong", "new": "a much better one", "again": "a much better one"}, WRONG),
        ({"password": PASSWORD, "new": "a much better one", "again": "another one"}, "ikke like"),
        ({"password": PASSWORD, "new": "short", "again": "short"}, "for kort"),
        ({"password": PASSWORD, "new": "kari-kari-kari", "again": "kari-kari-kari"}, "for kort"),
    ],
)
async def test_a_password_that_does_not_do_is_refused(fields: dict[str, str], said: str) -> None:
    async with House().visited("kari") as visitor:
        shown = await visitor.send("/account", (await visitor.get("/account")).form("/account") | fields)
        assert shown.status == 422
        assert said in shown.body
        assert (await visitor.get("/")).path == "/"


async def test_a_session_that_is_not_used_ends_and_every_session_ends_one_day() -> None:
    house = House()
    async with house.visited("kari", Role.ADMIN) as visitor:
        for _ in range(11):
            house.now_ms += 3_500_000
            house.clock_s += 3_500
            assert (await visitor.get("/")).path == "/"
        house.now_ms += 3_601_000
        house.clock_s += 3_601
        assert (await visitor.get("/")).path == "/login"
        await visitor.log_in("kari", PASSWORD)
        for _ in range(13):
            house.now_ms += 3_500_000
            house.clock_s += 3_500
            answer = await visitor.get("/")
        assert answer.path == "/login"


async def test_a_role_that_is_taken_back_counts_within_seconds() -> None:
    house = House()
    async with house.visited("kari", Role.SUPERVISOR) as visitor:
        assert (await visitor.get("/people")).status == 200
        await house.accounts.change_role("kari", Role.VIEWER)
        house.clock_s += 6
        assert (await visitor.get("/people")).status == 403


async def test_language_and_look_are_kept() -> None:
    async with House().visited() as visitor:
        assert '<html lang="nb" data-theme="auto">' in (await visitor.get("/login")).body
        shown = await visitor.fill("/login", "/look", language="en")
        assert '<html lang="en" data-theme="auto">' in shown.body
        shown = await visitor.fill("/login", "/look", theme="dark")
        assert '<html lang="en" data-theme="dark">' in shown.body
        assert shown.path == "/login"


@pytest.mark.parametrize(
    ("accepted", "language"), [("en-GB,en;q=0.9", "en"), ("nn-NO", "nb"), ("de,en", "en"), ("", "nb")]
)
async def test_the_browsers_language_is_taken_at_first(accepted: str, language: str) -> None:
    async with House().visited() as visitor:
        visitor.headers = {"Accept-Language": accepted}
        assert f'<html lang="{language}"' in (await visitor.get("/login")).body


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil", "/a?b", "", "/a\r\nX: y", "/" + "a" * 300]
)
def test_nobody_is_led_elsewhere_after_the_log_in(path: str) -> None:
    assert way_back(path) == "/"
    assert way_back("/flows/main") == "/flows/main"
