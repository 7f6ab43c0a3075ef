"""The forms of the log-in and of the account, and the routes to them."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from console.asked import Asked
from console.gate import Refusal, way_back
from console.pages import entry
from console.pages.frame import HEADERS
from console.pages.words import say
from console.serving import Serving, to_log_in

_STATUS = {"too_many": 429, "busy": 503}


def entrances(serving: Serving) -> list[Route]:
    """All of them."""
    ways = Ways(serving)

    def route(path: str, method: str, answer: Callable[[Request, Asked], Awaitable[Response]]) -> Route:
        async def serve(request: Request) -> Response:
            return await serving.anybody(request, lambda asked: answer(request, asked))

        return Route(path, serve, methods=[method])

    return [
        route("/login", "GET", ways.log_in_page),
        route("/login", "POST", ways.log_in),
        route("/logout", "POST", ways.log_out),
        route("/look", "POST", ways.look),
        route("/account", "GET", ways.account),
        route("/account", "POST", ways.change_password),
    ]


class Ways:
    """Each answers one form, or shows it."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._gate = serving.gate

    async def log_in_page(self, request: Request, asked: Asked) -> Response:
        back = way_back(request.query_params.get("back", "/"))
        return self._serving.page(asked, entry.log_in(asked, back))

    async def log_in(self, request: Request, asked: Asked) -> Response:
        fields = await self._gate.fields(request, asked)
        back = way_back(fields.get("back", "/"))
        response: Response = RedirectResponse(back, 303, HEADERS)
        refusal = await self._gate.log_in(asked, fields, response)
        if refusal is None:
            return response
        status = _STATUS.get(refusal.cause, 401)
        content = entry.log_in(asked, back, entry.refused(asked, refusal), status)
        return _patient(self._serving.page(asked, content), refusal)

    async def log_out(self, request: Request, asked: Asked) -> Response:
        fields = await self._gate.fields(request, asked)
        response = RedirectResponse("/login", 303, HEADERS)
        await self._gate.log_out(asked, response, everywhere=bool(fields.get("everywhere")))
        return response

    async def look(self, request: Request, asked: Asked) -> Response:
        fields = await self._gate.fields(request, asked)
        response = RedirectResponse(way_back(fields.get("back", "/")), 303, HEADERS)
        self._gate.look(asked, fields, response)
        return response

    async def account(self, request: Request, asked: Asked) -> Response:
        if asked.session is None:
            return to_log_in("/account")
        changed = say(asked.language, "password_changed") if request.query_params.get("changed") else ""
        return self._serving.page(asked, entry.account(asked, changed, well=True))

    async def change_password(self, request: Request, asked: Asked) -> Response:
        if asked.session is None:
            return to_log_in("/account")
        fields = await self._gate.fields(request, asked)
        # The forms of the next page have to be proven by the new session: it is fetched with it.
        response = RedirectResponse("/account?changed=1", 303, HEADERS)
        refusal = await self._gate.change_password(asked, fields, response)
        if refusal is None:
            return response
        content = entry.account(asked, entry.refused(asked, refusal), status=_STATUS.get(refusal.cause, 422))
        return _patient(self._serving.page(asked, content), refusal)


def _patient(response: Response, refusal: Refusal) -> Response:
    if refusal.wait_s:
        response.headers["Retry-After"] = str(refusal.wait_s)
    return response
