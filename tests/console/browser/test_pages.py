"""The console in Chromium: the wallboard live, the keyboard alone, axe on every page, no page that complains."""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, ConsoleMessage, Page, StorageState, async_playwright

from tests.svar.system.installation import Installation, running
from tests.svar.system.phones import phones_at

Theme = Literal["light", "dark"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
WITHIN_MS = 60_000
PARTS = """
[[queue]]
name = "work"
title = "Arbeid og helse"
[[agent]]
name = "anna"
skills = { work = 5 }
"""
WAITING = "[data-k='q|work|waiting']"
PAGES = ("/", "/screen", "/flows", "/flows/test", "/people", "/contacts", "/sites", "/measures", "/account", "/else")
MEASURE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}

pytestmark = [pytest.mark.interop, pytest.mark.asyncio(loop_scope="module")]


@dataclass
class House:
    """One node, one browser and one log-in for all tests here. `wrong` is what pages complained about."""

    node: Installation
    browser: Browser
    password: str
    kept: StorageState | None = None
    wrong: list[str] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.node.http_port}"

    @asynccontextmanager
    async def page(self, theme: Theme = "light", language: str = "nb-NO", **more: object) -> AsyncIterator[Page]:
        """A browser of somebody's own."""
        context = await self.browser.new_context(
            color_scheme=theme,
            locale=language,
            viewport={"width": 1280, "height": 900},
            **more,  # type: ignore[arg-type]
        )
        context.set_default_timeout(WITHIN_MS)
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        try:
            yield page
        finally:
            await context.close()

    @asynccontextmanager
    async def inside(self, theme: Theme = "light", language: str = "nb-NO", **more: object) -> AsyncIterator[Page]:
        """The same, logged in, at the wallboard."""
        if self.kept is None:
            async with self.page() as page:
                await self.log_in(page)
                await page.wait_for_selector(".status.live")
                self.kept = await page.context.storage_state()
        async with self.page(theme, language, storage_state=self.kept, **more) as page:
            await page.goto(self.base)
            yield page

    async def log_in(self, page: Page, password: str = "") -> None:
        await page.goto(f"{self.base}/login")
        await page.fill("[name=user]", "admin")
        await page.fill("[name=password]", password or self.password)
        await page.click("button.main")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "status of 40" not in message.text:
            self.wrong.append(message.text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    if not CHROMIUM:
        if os.environ.get("CI"):
            pytest.fail("chromium is not there")
        pytest.skip("chromium is not there")
    node = Installation(tmp_path_factory.mktemp("console"), PARTS)
    async with running(node), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        password = json.loads((node.state / "users.new.json").read_text())["admin"]
        yield House(node, browser, password)
        await browser.close()


@pytest.fixture(autouse=True)
def quiet(house: House) -> Iterator[None]:
    """No page may complain: no fault of a script, nothing against the policy of the page."""
    house.wrong.clear()
    yield
    assert house.wrong == []


@pytest.mark.parametrize(("theme", "language"), [("light", "nb-NO"), ("dark", "en-GB")])
async def test_every_page_is_fit_for_everybody(house: House, theme: Theme, language: str) -> None:
    """WCAG 2.1 AA as far as axe can tell, after the scripts have run."""
    found: list[str] = []
    async with house.inside(theme, language) as page, phones_at(house.node) as phones:
        caller = await phones.answered_call()
        await phones.press(caller, "2")
        await page.wait_for_selector(".alarms li.bad")
        for path in ("/login", *PAGES):
            await page.goto(house.base + path)
            results = await Axe().run(page, options=MEASURE)
            found += [f"{path}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in results.response["violations"]]
        caller.hang_up()
        await page.goto(house.base)
        await page.wait_for_selector(f"{WAITING}:text-is('0')")
    assert found == []


async def test_the_wallboard_follows_a_call_without_being_asked(house: House) -> None:
    async with house.inside() as page, phones_at(house.node) as phones:
        await page.wait_for_selector(".status.live")
        await page.wait_for_selector(f"{WAITING}:text-is('0')")
        caller = await phones.answered_call()
        await phones.press(caller, "2")
        await page.wait_for_selector(f"{WAITING}:text-is('1')")
        await page.wait_for_selector(".alarms li.bad:has-text('ingen er på jobb')")
        longest = "[data-k='q|work|oldest']"
        first = await page.text_content(longest)
        await page.wait_for_selector(f"{longest}:not(:text-is('{first}'))")
        caller.hang_up()
        await page.wait_for_selector(f"{WAITING}:text-is('0')")
        await page.wait_for_selector(".alarms .calm:visible")


async def test_who_does_not_know_the_password_stays_outside(house: House) -> None:
    async with house.page() as page:
        await house.log_in(page, "not the password")
        await page.wait_for_selector("[role=alert]:has-text('feil')")
        await page.goto(house.base)
        assert page.url.endswith("/login?back=/")


async def test_the_keyboard_alone_does_everything(house: House) -> None:
    async with house.page() as page:
        await page.goto(f"{house.base}/login")
        for _ in range(12):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.name") == "user":
                break
        await page.keyboard.type("admin")
        await page.keyboard.press("Tab")
        await page.keyboard.type(house.password)
        await page.keyboard.press("Enter")
        await page.wait_for_selector(".status.live")
        await page.keyboard.press("Tab")
        await page.wait_for_selector(".skip:focus", state="attached")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#main:focus", state="attached")
        seen = set()
        for _ in range(20):
            await page.keyboard.press("Shift+Tab")
            seen.add(await page.evaluate("document.activeElement.textContent.trim().split('\\n')[0]"))
            focus = "getComputedStyle(document.activeElement).outlineStyle"
            assert await page.evaluate(f"document.activeElement === document.body || {focus} !== 'none'")
            if await page.evaluate("document.activeElement.matches('summary')"):
                break
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.wait_for_selector("[href='/account']:focus")
        await page.keyboard.press("Escape")
        await page.wait_for_selector("summary:focus")


async def test_the_board_is_a_plain_page_without_scripts(house: House) -> None:
    async with house.page(java_script_enabled=False) as page:
        await house.log_in(page)
        assert "Arbeid og helse" in (await page.text_content("table") or "")
        refresh = await page.get_attribute("noscript meta[http-equiv=refresh]", "content")
        assert refresh == "5"
        await page.click("button[name=language]")
        await page.wait_for_selector("html[lang=en]")
        await page.click(".person summary")
        await page.click("form[action='/logout'] button")
        await page.wait_for_url("**/login")


async def test_without_a_connection_the_board_says_so_and_keeps_its_figures(house: House) -> None:
    async with house.inside() as page:
        await page.wait_for_selector(".status.live")
        await page.route("**/events", lambda route: route.abort())
        await page.goto(house.base)
        await page.wait_for_selector(".status.away:has-text('Uten forbindelse')")
        assert await page.text_content(WAITING) == "0"
        await page.unroute("**/events")
        await page.wait_for_selector(".status.live")
        house.wrong.clear()  # the browser tells of the request that failed


async def test_twelve_queues_fit_a_screen_on_a_wall(house: House) -> None:
    """Nobody scrolls there, and the letters are a twenty-fifth of the height."""
    async with house.inside() as page:
        await page.set_viewport_size({"width": 1920, "height": 1080})
        await page.goto(f"{house.base}/screen")
        await page.wait_for_selector(".status.live")
        await page.evaluate(
            "() => { const row = document.querySelector('tbody tr');"
            " for (let n = 1; n < 12; n++) row.after(row.cloneNode(true)); }"
        )
        size = await page.evaluate(
            "() => ({height: document.documentElement.scrollHeight, width: document.documentElement.scrollWidth,"
            " foot: document.querySelector('.foot').getBoundingClientRect().bottom,"
            " letters: parseFloat(getComputedStyle(document.querySelector('tbody td')).fontSize)})"
        )
        assert (size["height"], size["width"]) == (1080, 1920)
        assert size["foot"] <= 1080
        assert size["letters"] >= 1080 / 25


async def test_no_page_is_wider_than_a_phone(house: House) -> None:
    wide = {}
    async with house.inside() as page:
        await page.set_viewport_size({"width": 390, "height": 844})
        for path in PAGES:
            await page.goto(house.base + path)
            wide[path] = await page.evaluate("document.documentElement.scrollWidth")
    assert {path: width for path, width in wide.items() if width > 390} == {}


async def test_figures_are_written_alike_by_the_server_and_the_page(house: House) -> None:
    async with house.inside() as page:
        await page.wait_for_selector(".status.live")
        url = await page.get_attribute("script[src$='board.js']", "src")
        figures = re.sub("board.js", "figures.js", url or "")
        told = await page.evaluate(
            "async url => { const f = await import(url); return [f.number(1234567), f.number(null), f.percent(0.7164),"
            " f.percent(null), f.whole(0.716), f.since(1000, 76000), f.since(1, 3725001), f.since(0, 5)]; }",
            figures,
        )
    from console.pages import shown

    assert told == [
        shown.number(1234567), shown.number(None), shown.percent(0.7164), shown.percent(None),
        shown.whole_percent(0.716), shown.waited(1000, 76000), shown.waited(1, 3725001), shown.waited(0, 5),
    ]  # fmt: skip
