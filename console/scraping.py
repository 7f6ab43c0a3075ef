"""`/metrics`, `/health` and `/live`: without log-in from this machine and the scrapers' networks, else by a token."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from console.api.app import told
from console.api.door import Door
from console.api.problems import Problem
from console.tokens import Role
from console.visitors import Networks, visitor
from metrics.health import HealthReport
from metrics.prometheus import CONTENT_TYPE

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_READS = frozenset({Role.READER, Role.SUPERVISOR, Role.ADMIN})
Answer = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What machines read."""

    metrics: Callable[[], Awaitable[bytes]]
    health: Callable[[], Awaitable[HealthReport]]


def routes(figures: Figures, networks: Networks, door: Door | None = None) -> list[Route]:
    """Without a `door` nobody has a token."""

    async def metrics(_: Request) -> Response:
        return Response(await figures.metrics(), headers={**HEADERS, "Content-Type": CONTENT_TYPE})

    async def health(_: Request) -> Response:
        report = await figures.health()
        checks = {name: {"ok": outcome.ok, "detail": outcome.detail} for name, outcome in report.checks.items()}
        body = json.dumps({"status": report.status, "checks": checks}, ensure_ascii=False)
        return Response(body, 200 if report.serves else 503, HEADERS, "application/json")

    async def live(_: Request) -> Response:
        return PlainTextResponse("ok\n", headers=HEADERS)

    served = {"/metrics": metrics, "/health": health, "/live": live}
    return [Route(path, _near(answer, networks, door), methods=["GET"]) for path, answer in served.items()]


def _near(answer: Answer, networks: Networks, door: Door | None) -> Answer:
    async def guarded(request: Request) -> Response:
        came = visitor(request, networks)
        if not came.near:
            try:
                await _by_token(request, came.address, door)
            except Problem as problem:
                return told(problem)
        return await answer(request)

    return guarded


async def _by_token(request: Request, address: str, door: Door | None) -> None:
    """Raises Problem."""
    if door is None:
        raise Problem("no_token", "here it is for this machine alone")
    token = await door.enter(request.headers.get("authorization", ""), address)
    if token.role not in _READS:
        raise Problem("not_allowed", "a token of role reader is asked for")
