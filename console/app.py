"""The web pages: `/metrics`, `/health`, `/live` and a plain page of the queues. No personal data is on any of them."""

import base64
import hashlib
import html
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from metrics.health import HealthReport
from metrics.prometheus import CONTENT_TYPE
from metrics.service_level import Tally, servicegrad_45, svargrad
from metrics.wallboard import Board, QueueRow

REFRESH_S = 2

STYLE = """
body { font: 16px/1.4 system-ui, sans-serif; margin: 2rem; color: #1a1a1a; background: #fff }
table { border-collapse: collapse; margin: 0 0 2rem }
th, td { padding: .4rem .9rem; text-align: right; border-bottom: 1px solid #ccc }
th:first-child, td:first-child { text-align: left }
th { font-weight: 600; vertical-align: bottom }
small { display: block; font-weight: 400; color: #555 }
tfoot td { font-weight: 600 }
.notice { font-weight: 600; border-left: .4rem solid #ba3a26; padding: .4rem .9rem }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

COLUMNS = (
    ("Kø", "queue"),
    ("Venter", "waiting"),
    ("Lengste ventetid", "longest wait"),
    ("Tilbudt", "offered"),
    ("Besvart", "answered"),
    ("Tapt", "lost"),
    ("Svargrad", "answer rate"),
    ("Servicegrad 70/45", "service level"),
)
STATES = {
    "ready": "Ledig",
    "offered": "Ringer",
    "talking": "I samtale",
    "wrap_up": "Etterarbeid",
    "not_ready": "Ikke klar",
    "logged_out": "Logget ut",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the pages' figures come from. `board` is the wallboard of today; `now_ms` the time since the epoch.

    `titles` are the queues' names for people, `notices` what stands above everything else.
    """

    metrics: Callable[[], Awaitable[bytes]]
    health: Callable[[], Awaitable[HealthReport]]
    board: Callable[[], Board]
    now_ms: Callable[[], int]
    titles: Mapping[str, str] = field(default_factory=dict)
    notices: Callable[[], Sequence[str]] = tuple


def make_app(sources: Sources, api: Starlette | None = None) -> Starlette:
    """With `api` below /api/v1, where there is one."""

    async def metrics(_: Request) -> Response:
        return Response(await sources.metrics(), headers={**HEADERS, "Content-Type": CONTENT_TYPE})

    async def health(_: Request) -> Response:
        report = await sources.health()
        checks = {name: {"ok": outcome.ok, "detail": outcome.detail} for name, outcome in report.checks.items()}
        body = json.dumps({"status": report.status, "checks": checks}, ensure_ascii=False)
        return Response(body, 200 if report.serves else 503, HEADERS, "application/json")

    async def live(_: Request) -> Response:
        return PlainTextResponse("ok\n", headers=HEADERS)

    async def page(_: Request) -> Response:
        text = render_page(sources.board(), sources.now_ms(), sources.titles, sources.notices())
        return HTMLResponse(text, headers=HEADERS)

    pages = {"/metrics": metrics, "/health": health, "/live": live, "/": page}
    routes: list[BaseRoute] = [Route(path, endpoint, methods=["GET"]) for path, endpoint in pages.items()]
    if api is not None:
        routes.append(Mount("/api/v1", api))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # a redirect leads where the header Host says
    return app


def render_page(board: Board, now_ms: int, titles: Mapping[str, str], notices: Sequence[str] = ()) -> str:
    """The page of the queues as HTML, which fetches itself anew every two seconds."""
    heads = "".join(f"<th>{name}<small>{english}</small></th>" for name, english in COLUMNS)
    rows = "".join(_row(_cells(row, now_ms, titles)) for row in board.queues)
    states = "".join(f"<th>{name}<small>{state.replace('_', ' ')}</small></th>" for state, name in STATES.items())
    counts = "".join(f"<td>{board.agents.get(state, 0)}</td>" for state in STATES)
    told = "".join(f'<p class="notice">{html.escape(notice)}</p>\n' for notice in notices)
    return (
        '<!doctype html>\n<html lang="nb">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="refresh" content="{REFRESH_S}">\n<title>svar</title>\n<style>{STYLE}</style>\n</head>\n'
        f"<body>\n{told}<h1>Køer i dag</h1>\n"
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody>"
        f"<tfoot>{_row(_totals(board, now_ms))}</tfoot></table>\n"
        f"<h2>Veiledere<small>agents</small></h2>\n<table><thead><tr>{states}</tr></thead>"
        f"<tbody><tr>{counts}</tr></tbody></table>\n"
        f"<p>Pågående henvendelser (calls in progress): <b>{board.contacts}</b></p>\n</body>\n</html>\n"
    )


def _row(cells: Iterable[str]) -> str:
    return "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _cells(row: QueueRow, now_ms: int, titles: Mapping[str, str]) -> tuple[str, ...]:
    name = titles.get(row.queue) or row.queue
    return (name, str(row.waiting), _clock(row.longest_wait_s(now_ms)), *_measures(row.tally))


def _totals(board: Board, now_ms: int) -> tuple[str, ...]:
    total = Tally()
    for row in board.queues:
        total.add(row.tally)
    longest_s = max((row.longest_wait_s(now_ms) for row in board.queues), default=0)
    return ("Alle", str(sum(row.waiting for row in board.queues)), _clock(longest_s), *_measures(total))


def _measures(tally: Tally) -> tuple[str, ...]:
    counts = (tally.offered, tally.answered, tally.lost)
    return (*map(str, counts), percent(svargrad(tally)), percent(servicegrad_45(tally)))


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


def percent(value: float | None) -> str:
    """A ratio as people in Norway read it: `71,6 %`; a dash when there is none."""
    return "–" if value is None else f"{value * 100:.1f} %".replace(".", ",")
