import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import pytest

from console.app import Sources, make_app, percent, render_page
from console.server import ConsoleServer
from events.catalogue import Event
from metrics.health import Health, Unwell
from metrics.pipeline import Folds
from metrics.prometheus import Exposition
from metrics.service_level import Limits
from metrics.wallboard import Board
from tests.console.web import ask
from tests.metrics.told import DAY_MS, answered, became, left, queued, started, stream, whole_call

NOW_MS = DAY_MS + 3_600_000


def busy_day() -> list[Event]:
    events: list[Event] = [*whole_call("c1"), queued("c2"), left("c2", 50_000), queued("c3"), answered("c3", 46_000)]
    events += [queued("c4", at_ms=NOW_MS - 75_000), started("c4"), queued("c5", "uføre"), became("ola", "not_ready")]
    return events


@pytest.fixture
def folds() -> Folds:
    made = Folds("nav")
    made.apply(stream(busy_day()))
    return made


@pytest.fixture
def health() -> Health:
    return Health(keep_s=0)


@pytest.fixture
async def port(folds: Folds, health: Health) -> AsyncIterator[int]:
    shown = Exposition([folds], zone=ZoneInfo("Europe/Oslo"), now_ms=lambda: NOW_MS)
    notices = ["Krise: <flom>"]
    sources = Sources(shown.render, health.report, lambda: folds.board(DAY_MS), lambda: NOW_MS, {}, lambda: notices)
    server = ConsoleServer(make_app(sources))
    await server.start()
    yield server.port
    await server.stop()


def cells(page: str) -> list[list[str]]:
    """The tables' rows of figures."""
    rows = re.findall(r"<tr>((?:<td>.*?</td>)+)</tr>", page)
    return [re.findall(r"<td>(.*?)</td>", row) for row in rows]


async def test_the_page_shows_every_queue_the_sum_and_the_agents(port: int) -> None:
    answer = await ask(port, "/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert cells(answer.body) == [
        ["pensjon", "1", "1:15", "4", "2", "1", "66,7 %", "33,3 %"],
        ["uføre", "1", "60:00", "1", "0", "0", "–", "–"],
        ["Alle", "2", "60:00", "5", "2", "1", "66,7 %", "33,3 %"],
        ["1", "0", "0", "0", "1", "0"],
    ]
    assert "Pågående henvendelser (calls in progress): <b>4</b>" in answer.body


async def test_the_page_tells_what_there_is_to_notice_before_everything_else(port: int) -> None:
    body = (await ask(port, "/")).body
    assert body.index('<p class="notice">Krise: &lt;flom&gt;</p>') < body.index("Køer i dag")


async def test_the_page_names_the_measures_in_norwegian_with_english_beside(port: int) -> None:
    body = (await ask(port, "/")).body
    for name, english in [("Svargrad", "answer rate"), ("Servicegrad 70/45", "service level"), ("Tapt", "lost")]:
        assert f"<th>{name}<small>{english}</small></th>" in body
    assert '<html lang="nb">' in body
    assert '<meta http-equiv="refresh" content="2">' in body


async def test_no_personal_data_is_on_any_page(port: int) -> None:
    for path in ("/", "/metrics", "/health"):
        body = (await ask(port, path)).body
        assert "22000000" not in body
        assert "kari" not in body


async def test_a_queues_name_cannot_carry_markup_into_the_page() -> None:
    folds = Folds("nav")
    folds.apply(stream([queued("c1", "<script>alert(1)</script>")]))
    page = render_page(folds.board(DAY_MS), NOW_MS, {})
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


async def test_the_page_may_load_nothing_but_its_own_style(port: int) -> None:
    answer = await ask(port, "/")
    style = re.search(r"<style>(.*?)</style>", answer.body, re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'"
    assert answer.headers["cache-control"] == "no-store"


async def test_metrics_are_prometheus_text(port: int) -> None:
    answer = await ask(port, "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'svar_queue_offered_total{queue="pensjon",tenant="nav"} 4.0' in answer.body


async def test_health_is_200_with_every_check_by_name_while_all_are_well(port: int, health: Health) -> None:
    async def well() -> str:
        return "PONG in 0.2 ms"

    health.add("redis", well)
    answer = await ask(port, "/health")
    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "ok", "checks": {"redis": {"ok": True, "detail": "PONG in 0.2 ms"}}}


async def test_health_is_503_when_one_check_fails_and_the_process_still_lives(port: int, health: Health) -> None:
    async def behind() -> str:
        raise Unwell("12 s behind, 5 s is the limit")

    health.add("relay", behind)
    answer = await ask(port, "/health")
    assert answer.status == 503
    assert json.loads(answer.body)["checks"]["relay"] == {"ok": False, "detail": "12 s behind, 5 s is the limit"}
    assert ((await ask(port, "/live")).status, (await ask(port, "/live")).body) == (200, "ok\n")


@pytest.mark.parametrize(("method", "path", "status"), [("POST", "/", 405), ("GET", "/else", 404)])
async def test_what_is_not_there_cannot_be_asked_for(port: int, method: str, path: str, status: int) -> None:
    assert (await ask(port, path, method)).status == status


def test_a_service_without_queues_has_a_page_too() -> None:
    assert cells(render_page(Board((), {}, 0), NOW_MS, {})) == [
        ["Alle", "0", "0:00", "0", "0", "0", "–", "–"],
        ["0"] * 6,
    ]


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.716, "71,6 %"), (1.0, "100,0 %")])
def test_a_ratio_reads_as_norwegians_write_it(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_a_queue_is_shown_by_its_name_for_people() -> None:
    folds = Folds("t", limits={"work_health": Limits()})
    page = render_page(folds.board(DAY_MS), NOW_MS, {"work_health": "Arbeid og helse"})
    assert cells(page)[0][0] == "Arbeid og helse"
