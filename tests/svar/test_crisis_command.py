"""`svar crisis` as an operator types it."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.connection import command_client
from acd.crises import Running
from acd.crises_redis import RedisCrises
from acd.model import NodeId
from acd.store import RedisDistributor
from metrics.crises import Crises
from metrics.records import Records
from svar.cli import app
from tests.metrics.test_crises import changed, deflected, ended, heard, started
from tests.svar.test_check_command import as_it_was
from tests.svar.test_publish_commands import Svar, told

FLOW = """
flow: main
title: Main
numbers: [5000]
languages: [nb, en]
start: news
nodes:
  news: {type: message, crisis: true, next: wait}
  wait: {type: queue, queue: work, next: bye, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det bra., en: Goodbye.}}
"""
LATE = """
crisis: payments_late
title: Utbetalinger er forsinket
message: {nb: Pengene kommer i morgen., en: The money comes tomorrow.}
first: [{queue: work, head_start: 30m, when: 'language == "nb"'}]
deflect: [{queue: work, say: {nb: Tast en., en: Press one.}, end: true, stay: 1, when: 'language == "en"'}]
longest: 2d
"""
FLOOD = "crisis: flood\ntitle: Flom\nmessage: {nb: Det er flom., en: There is a flood.}\nlongest: 12h\n"
SCENARIO = """
number: 5000
scenarios:
"""
REHEARSAL = """
  - name: {name} is heard
    at: 2026-11-23 10:00
    crisis: {name}
    caller: []
    agents: [{{name: kari, queues: [work]}}]
    expect: {{path: [news, wait, bye], heard: [{heard}], outcome: answered}}
"""


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    folder = tmp_path / "flows"
    for name in ("crises", "scenarios"):
        (folder / name).mkdir(parents=True)
    (folder / "main.yaml").write_text(FLOW)
    (folder / "crises" / "late.yaml").write_text(LATE)
    rehearsal = REHEARSAL.format(name="payments_late", heard="Pengene kommer")
    (folder / "scenarios" / "main.yaml").write_text(SCENARIO + rehearsal)
    return folder


@pytest.fixture
def config(tmp_path: Path, flows: Path, redis_url: str) -> Path:
    config = tmp_path / "svar.toml"
    node = f'[node]\ntenant = "t"\nname = "n1"\nstate = "{tmp_path / "state"}"\n'
    parts = '[flows]\nfolder = "flows"\n[[queue]]\nname = "work"\n'
    config.write_text(f'{node}[redis]\nurl = "{redis_url}"\n{parts}')
    return config


@pytest.fixture
def svar(config: Path) -> Svar:
    def run(*words: str) -> Result:
        with as_it_was():
            return CliRunner().invoke(app, [*words, "--config", str(config)])

    return run


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    return result.output


def running(redis_url: str) -> tuple[Running, ...]:
    async def read() -> tuple[Running, ...]:
        client = command_client(redis_url)
        try:
            return (await RedisCrises(client, "t").standing()).on
        finally:
            await client.aclose()

    return asyncio.run(read())


def with_flood(flows: Path, *, rehearsed: bool = True, heard: str = "Det er flom") -> None:
    (flows / "crises" / "flood.yaml").write_text(FLOOD)
    if rehearsed:
        scenarios = flows / "scenarios" / "main.yaml"
        scenarios.write_text(scenarios.read_text() + REHEARSAL.format(name="flood", heard=heard))


def test_a_crisis_is_switched_on_seen_and_switched_off(svar: Svar, redis_url: str) -> None:
    told(svar("publish"))
    output = told(svar("crisis", "on", "payments_late", "--for", "4h", "--author", "kari", "-m", "the bank rang"))
    assert "Utbetalinger er forsinket (payments_late) is ON until" in output
    assert "in 4h; then it ends by itself" in output
    assert "no node runs" in output
    [one] = running(redis_url)
    assert (one.crisis, one.author, one.message) == ("payments_late", "kari", "the bank rang")
    assert one.until_ms - one.since_ms == pytest.approx(4 * 3_600_000, abs=30_000)
    assert one.version
    status = told(svar("crisis", "status"))
    for line in (
        "ON: Utbetalinger er forsinket (payments_late)",
        "by kari: the bank rang",
        "nb  Pengene kommer i morgen.",
        "en  The money comes tomorrow.",
        'callers of queue work for whom language == "nb", as if they had come 30m before the others',
        'callers of queue work for whom language == "en" hear this, then the call ends, unless they press 1 to wait',
    ):
        assert line in status
    assert "payments_late is OFF" in told(svar("crisis", "off", "--author", "ola"))
    assert running(redis_url) == ()
    assert "no crisis is on" in told(svar("crisis", "status"))


def test_a_crisis_that_is_on_gets_another_end(svar: Svar, redis_url: str) -> None:
    told(svar("crisis", "on", "payments_late", "--for", "1h"))
    before = running(redis_url)[0]
    assert "was on and goes on, no longer until" in told(svar("crisis", "on", "payments_late", "--for", "3h"))
    after = running(redis_url)[0]
    assert after.since_ms == before.since_ms
    assert after.until_ms > before.until_ms


def test_what_a_crisis_would_do_is_told_before_it_is_on(svar: Svar, redis_url: str) -> None:
    output = told(svar("crisis", "show", "payments_late"))
    assert "Utbetalinger er forsinket (payments_late), at most 2d" in output
    assert "nb  Pengene kommer i morgen." in output
    assert running(redis_url) == ()


def test_the_name_is_looked_at_before_the_end(svar: Svar) -> None:
    assert "did you mean" in refused(svar("crisis", "on", "payment_late"))
    assert "say when it ends by itself" in refused(svar("crisis", "on", "payments_late"))


def test_a_wrong_name_gets_the_right_one(svar: Svar, redis_url: str) -> None:
    output = refused(svar("crisis", "on", "payment_late", "--for", "1h"))
    assert "did you mean 'payments_late'?" in output
    assert running(redis_url) == ()


def test_one_that_is_not_published_is_refused(svar: Svar, flows: Path, redis_url: str) -> None:
    told(svar("publish"))
    with_flood(flows)
    output = refused(svar("crisis", "on", "flood", "--for", "1h"))
    assert "it stands in the configured folder only: `svar publish`" in output
    assert "flood                not published" in told(svar("crisis", "list"))
    told(svar("publish"))
    told(svar("crisis", "on", "flood", "--for", "1h"))
    assert [one.crisis for one in running(redis_url)] == ["flood"]


def test_no_crisis_is_on_for_longer_than_it_may(svar: Svar, redis_url: str) -> None:
    assert "may be on for 2d" in refused(svar("crisis", "on", "payments_late", "--for", "3d"))
    assert running(redis_url) == ()


def test_one_without_a_scenario_is_neither_published_nor_switched_on(svar: Svar, flows: Path, redis_url: str) -> None:
    with_flood(flows, rehearsed=False)
    output = refused(svar("publish"))
    assert f"{flows}/crises/flood.yaml:1:1: no scenario has `crisis: flood`" in output
    told(svar("publish", "--force"))
    assert "no scenario has `crisis: flood`" in refused(svar("crisis", "on", "flood", "--for", "1h"))
    assert "NOT rehearsed" in told(svar("crisis", "list"))
    told(svar("crisis", "on", "flood", "--for", "1h", "--force", "-m", "now"))
    assert running(redis_url)[0].message == "now (forced, not rehearsed)"


def test_one_whose_scenario_fails_is_not_switched_on(svar: Svar, flows: Path, redis_url: str) -> None:
    with_flood(flows, heard="Det brenner")
    output = refused(svar("crisis", "on", "flood", "--for", "1h"))
    assert "flood is not switched on, it was not rehearsed" in output
    assert "Det brenner" in output
    assert running(redis_url) == ()
    told(svar("crisis", "on", "payments_late", "--for", "1h"))


def test_of_several_one_is_named(svar: Svar, flows: Path, redis_url: str) -> None:
    assert "no crisis is on" in refused(svar("crisis", "off"))
    with_flood(flows)
    told(svar("crisis", "on", "payments_late", "--for", "1h"))
    output = told(svar("crisis", "on", "flood", "--for", "1h"))
    assert "payments_late is on too; of several a caller meets the one that was switched on last" in output
    assert "say which one, payments_late or flood" in refused(svar("crisis", "off"))
    assert "still on: payments_late" in told(svar("crisis", "off", "flood"))
    assert "is not on" in refused(svar("crisis", "off", "flood"))
    assert [one.crisis for one in running(redis_url)] == ["payments_late"]


def test_what_it_did_to_callers_is_told(svar: Svar, tmp_path: Path) -> None:
    fold, now_ms = Crises(), time.time_ns() // 1_000_000
    routes = fold.routes()
    happened = [changed(now_ms, "switched_on", "payments_late"), started("a", 1), heard("a", 2, "payments_late")]
    for event in (*happened, ended("a", 3), heard("b", 3, "payments_late"), started("c", 4), deflected("x", 5, "told")):
        routes[type(event)](event)

    async def save() -> None:
        (tmp_path / "state").mkdir()
        records = await Records.open(tmp_path / "state" / "records.sqlite")
        parts = {(fold.name, name): json.dumps(part) for name, part in fold.snapshot().items()}
        await records.commit("t", "1-0", [], dict(parts))
        await records.close()

    asyncio.run(save())
    status = told(svar("crisis", "status"))
    assert "and over:" in status
    assert "heard the message: 2; hung up at it: 1 of 2 (50%)" in status
    assert "rang again within 24 hours: 1 of 1 (100%) callers" in status


def test_who_switches_is_told_which_nodes_follow(svar: Svar, redis_url: str) -> None:
    async def beat(follows: int) -> None:
        client = command_client(redis_url)
        await RedisDistributor(client, "t", NodeId("n7")).beat(NodeId("n7"), 0)
        await RedisCrises(client, "t").say("n7", follows)
        await client.aclose()

    asyncio.run(beat(0))
    assert "NOT YET: n7; look at it" in told(svar("crisis", "on", "payments_late", "--for", "1h"))
    asyncio.run(beat(2))
    assert "nodes that follow: n7" in told(svar("crisis", "off"))
