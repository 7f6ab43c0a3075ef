"""A browser without a screen, for tests: keeps cookies, fills in forms as the pages have them."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import unescape

import aiohttp

_FORM = re.compile(r'<form method="post" action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
_FIELD = re.compile(r"<input ([^>]*)>")


@dataclass(frozen=True, slots=True)
class Shown:
    """What came back at last, after redirects."""

    status: int
    path: str
    body: str
    headers: Mapping[str, str]

    def form(self, action: str) -> dict[str, str]:
        """What the form with this action says before anybody fills it in."""
        inner = next(inside for there, inside in _FORM.findall(self.body) if there == action)
        fields = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in _FIELD.findall(inner)]
        return {one["name"]: unescape(one.get("value", "")) for one in fields}


@dataclass(slots=True)
class Browser:
    """One person's, with cookies of its own."""

    http: aiohttp.ClientSession
    base: str
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, *, follow: bool = True) -> Shown:
        return await self._ask("GET", path, None, follow=follow)

    async def send(self, path: str, fields: Mapping[str, str], *, follow: bool = True) -> Shown:
        """A form as it is, whatever pages say."""
        return await self._ask("POST", path, fields, follow=follow)

    async def fill(self, page: str, action: str, follow: bool = True, **fields: str) -> Shown:
        """Fill in the form of a page, and send it."""
        there = (await self.get(page)).form(action)
        return await self.send(action, there | fields, follow=follow)

    async def page(self, path: str) -> str:
        """A page that is there, and that no log-in stands before."""
        shown = await self.get(path)
        assert (shown.status, shown.path) == (200, path)
        return shown.body

    async def log_in(self, user: str, password: str) -> Shown:
        return await self.fill("/login", "/login", user=user, password=password)

    async def _ask(self, method: str, path: str, fields: Mapping[str, str] | None, *, follow: bool) -> Shown:
        asking = self.http.request(
            method, self.base + path, data=fields, headers=self.headers, allow_redirects=follow
        )  # fmt: skip
        async with asking as answer:
            return Shown(answer.status, answer.url.path, await answer.text(), answer.headers)


@asynccontextmanager
async def browser(base: str) -> AsyncIterator[Browser]:
    jar = aiohttp.CookieJar(unsafe=True)
    timeout = aiohttp.ClientTimeout(30)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout) as http:
        yield Browser(http, base)


@asynccontextmanager
async def logged_in(base: str, user: str, password: str) -> AsyncIterator[Browser]:
    async with browser(base) as made:
        shown = await made.log_in(user, password)
        assert shown.status == 200, shown.body
        yield made
