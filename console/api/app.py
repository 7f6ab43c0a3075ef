"""The API over HTTP: bounded bodies in, JSON or a problem out."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from acd.distributor import DistributorError
from console.api import openapi, paging, shape, views
from console.api.deeds import allow, tell
from console.api.desk import Desk
from console.api.door import Door
from console.api.paging import Page
from console.api.problems import MEDIA_TYPE, Problem, of
from console.api.routes import WAYS, Asked, Way
from console.tokens import Token

log = structlog.get_logger(__name__)

MOST_BYTES = 16_384
BODY_WITHIN_S = 10.0
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
Answering = Callable[[Request], Awaitable[Response]]
Api = Starlette
LONG = (views.Agents, views.Contacts, views.Waiting)


def make_api(desk: Desk, door: Door) -> Api:
    """The application below /api/v1. Nothing of it is answered without a token."""
    document = openapi.written()

    async def own(_: Request, __: Token) -> Response:
        return Response(document, headers=HEADERS, media_type="application/json")

    async def lost(request: Request, error: Exception) -> Response:
        async def refuse(_: Request, __: Token) -> Response:
            assert isinstance(error, HTTPException)
            if error.status_code == 405:
                allowed = (error.headers or {}).get("Allow", "")
                raise Problem("wrong_method", f"here it is {allowed}", headers={"Allow": allowed})
            raise Problem("no_such_path", "GET /api/v1/openapi.json tells every path")

        return await _guarded(door, refuse)(request)

    routes = [Route(way.path, _endpoint(desk, door, way), methods=[way.method]) for way in WAYS]
    routes.append(Route("/openapi.json", _guarded(door, own), methods=["GET"]))
    api = Starlette(routes=routes, exception_handlers={404: lost, 405: lost})
    api.router.redirect_slashes = False  # it would answer without a token, and lead where the header Host says
    return api


def _endpoint(desk: Desk, door: Door, way: Way) -> Answering:
    async def serve(request: Request, token: Token) -> Response:
        target = request.path_params.get("agent", "")
        try:
            allow(token, way.roles, target)
            body = await _body(request, way)
        except Problem as problem:
            if way.deed:
                tell(desk, token, "rest", way.deed, target, problem.code)
            raise
        page = paging.read(request.query_params) if way.paged else Page()
        answer = await way.do(desk, Asked(token, request.path_params, body, page))
        if way.answer is None:
            return Response(status_code=204, headers=HEADERS)
        # 1,200 agents take 15 ms and more to write, in which no call would be heard.
        text = await asyncio.to_thread(_written, answer) if way.answer in LONG else _written(answer)
        return Response(text, headers=HEADERS, media_type="application/json")

    return _guarded(door, serve)


def _written(answer: Any) -> str:
    return _ENCODER.encode(shape.plain(answer))


def _guarded(door: Door, serve: Callable[[Request, Token], Awaitable[Response]]) -> Answering:
    async def answer(request: Request) -> Response:
        try:
            address = request.client.host if request.client is not None else ""
            token = await door.enter(request.headers.get("authorization", ""), address)
            return await serve(request, token)
        except Problem as problem:
            return told(problem)
        except DistributorError as error:
            return told(of(error))
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:
            log.exception("a request to the api failed", method=request.method, path=request.url.path[:200])
            return told(Problem("fault", "it is in the log of the node"))

    return answer


def told(problem: Problem) -> Response:
    """A problem as an answer."""
    text = _ENCODER.encode(problem.members())
    return Response(text, problem.status, {**HEADERS, **problem.headers}, MEDIA_TYPE)


async def _body(request: Request, way: Way) -> Any:
    """What the request says, as the route's body. Raises Problem, ClientDisconnect."""
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for piece in request.stream():
                data += piece
                if len(data) > MOST_BYTES:
                    raise Problem("too_large", f"at most {MOST_BYTES} bytes", headers={"Connection": "close"})
    except TimeoutError:
        raise Problem("not_json", f"it did not come within {BODY_WITHIN_S:.0f} s") from None
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if data and kind != "application/json":
        raise Problem("wrong_type", f"not {kind[:64] or 'without a type'}")
    raw = parsed(bytes(data)) if data else {}
    if way.body is None:
        if raw != {}:
            raise Problem("malformed", "nothing is said in the body here")
        return None
    return shape.read(way.body, raw)


def parsed(data: bytes) -> object:
    """JSON of a bounded size. Raises Problem for what is none, for names that stand twice, NaN and its like."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        told = str(error) if isinstance(error, json.JSONDecodeError | _Refused) else type(error).__name__
        raise Problem("not_json", told[:200]) from None


class _Refused(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused("a name stands twice in an object")
    return found


def _no_number(text: str) -> float:
    raise _Refused(f"{text} is no number of JSON")
