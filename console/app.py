"""The console: pages for people who are logged in, events for the wallboard, figures for machines, the API below it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from console.api.door import Door
from console.asked import Asked
from console.events import Events
from console.feed import Feed
from console.gate import Gate
from console.pages import entry
from console.pages.frame import Content, Link
from console.pages.table import PAGES, Page
from console.scraping import Figures, routes
from console.serving import Answer, Serving
from console.static_files import STATIC
from console.view import View
from console.visitors import Networks
from console.ways import entrances


@dataclass(frozen=True, slots=True)
class Console:
    """What people are served from."""

    gate: Gate
    view: View
    feed: Feed


def make_app(
    figures: Figures, console: Console | None = None, api: Starlette | None = None, door: Door | None = None
) -> Starlette:
    """`api` below /api/v1. Without a `console` there are no pages."""
    networks = console.gate.networks if console is not None else Networks()
    served: list[BaseRoute] = [*routes(figures, networks, door)]
    if api is not None:
        served.append(Mount("/api/v1", api))
    if console is None:
        app = Starlette(routes=served)
    else:
        serving = Serving(console.gate, _links)
        served += [STATIC.route(), Route("/events", Events(console.gate, console.feed)), *entrances(serving)]
        served += [Route(page.path, _page(serving, console.view, page), methods=["GET"]) for page in PAGES]
        app = Starlette(routes=served, exception_handlers={404: _lost(serving)})
    app.router.redirect_slashes = False  # a redirect leads where the header Host says
    return app


def _page(serving: Serving, view: View, page: Page) -> Answer:
    async def answer(request: Request) -> Response:
        async def show(asked: Asked) -> Content:
            if not asked.may(page.least):
                return entry.fault(asked, "not_allowed", "not_allowed_text", 403)
            return await page.show(asked, view, request.path_params)

        return await serving.inside(request, show)

    return answer


def _lost(serving: Serving) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def lost(request: Request, _: Exception) -> Response:
        async def show(asked: Asked) -> Content:
            return entry.fault(asked, "not_found", "", 404)

        return await serving.inside(request, show)

    return lost


def _links(asked: Asked) -> list[Link]:
    return [Link(page.path, page.word) for page in PAGES if page.word and asked.may(page.least)]
