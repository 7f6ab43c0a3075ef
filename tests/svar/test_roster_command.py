"""`svar roster` as an operator types it."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.call_ins import Rule, Seen, step
from acd.connection import command_client
from acd.duty import By, Standing, make
from acd.duty_redis import RedisDuty
from svar.cli import app
from tests.svar.test_check_command import as_it_was
from tests.svar.test_crisis_command import refused
from tests.svar.test_publish_commands import Svar, told

FLOW = """
flow: main
title: Main
numbers: [5000]
languages: [nb]
start: wait
nodes:
  wait: {type: queue, queue: desk, next: bye, overflow: bye, unavailable: bye}
  bye: {type: hangup, say: {nb: Ha det bra.}}
"""
ROSTER = """
roster: desk
queue: desk
shifts: [{days: mon-sun, hours: 00:00-24:00, agents: [anna]}]
reserves: [{agents: [dag], when: waiting > 2}]
"""
PARTS = '[[queue]]\nname = "desk"\n' + "".join(
    f'[[agent]]\nname = "{name}"\nskills = {{ desk = 5 }}\n' for name in ("anna", "bjorn", "dag")
)


@pytest.fixture
def config(tmp_path: Path, redis_url: str) -> Path:
    flows = tmp_path / "flows"
    (flows / "rosters").mkdir(parents=True)
    (flows / "main.yaml").write_text(FLOW)
    (flows / "rosters" / "desk.yaml").write_text(ROSTER)
    config = tmp_path / "svar.toml"
    node = f'[node]\ntenant = "t"\nname = "n1"\nstate = "{tmp_path / "state"}"\n'
    config.write_text(f'{node}[redis]\nurl = "{redis_url}"\n[flows]\nfolder = "flows"\n{PARTS}')
    return config


@pytest.fixture
def svar(config: Path) -> Svar:
    def run(*words: str) -> Result:
        with as_it_was():
            return CliRunner().invoke(app, ["roster", *words, "--config", str(config)])

    return run


def called_in(redis_url: str, agent: str = "dag") -> Standing:
    """As a node does when a rule holds."""

    async def call() -> Standing:
        client = command_client(redis_url)
        try:
            rule = Rule("desk/1", "desk", "waiting > 2", (agent,), 60_000, 60_000)
            by = By("svar", "t", "n1")
            seen = Seen(holds=True, now_ms=1_900_000_000_000, callable_now=(agent,))
            return await make(RedisDuty(client, "t"), lambda standing: step(standing, rule, seen, by))
        finally:
            await client.aclose()

    return asyncio.run(call())


def standing(redis_url: str) -> Standing:
    async def read() -> Standing:
        client = command_client(redis_url)
        try:
            return await RedisDuty(client, "t").standing()
        finally:
            await client.aclose()

    return asyncio.run(read())


def test_today_is_told_by_roster(svar: Svar) -> None:
    output = told(svar("today"))
    assert "desk: queue desk, on duty now: anna" in output
    assert "  00:00-24:00  anna" in output
    assert told(svar("today", "desk")) == output
    assert "there is no roster of queue 'dsk'; did you mean 'desk'?" in refused(svar("today", "dsk"))


def test_who_goes_away_is_off_duty_and_comes_back(svar: Svar, redis_url: str) -> None:
    output = told(svar("away", "anna", "--for", "2h", "--author", "kari"))
    assert "anna is away until" in output
    assert "NOBODY is on duty for desk now by the roster desk" in output
    assert "no node runs" in output
    [one] = standing(redis_url).away
    assert (one.agent, one.instead, one.author) == ("anna", "", "kari")
    assert "on duty now: NOBODY" in told(svar("today"))
    assert "bjorn stands in" in told(svar("away", "anna", "--for", "2h", "--instead", "bjorn"))
    assert "on duty now: bjorn" in told(svar("today"))
    assert "anna is back" in told(svar("back", "anna"))
    assert standing(redis_url).away == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("away", "ana", "--for", "1h"), "there is no agent 'ana'; did you mean 'anna'?"),
        (("away", "anna", "--for", "1h", "--instead", "bjrn"), "there is no agent 'bjrn'; did you mean 'bjorn'?"),
        (("away", "anna", "--for", "1h", "--instead", "anna"), "anna cannot stand in for anna"),
        (("away", "anna"), "say when it ends by itself"),
        (("back", "anna"), "anna is not away by command"),
        (("answer", "dag", "yes"), "dag is not being called"),
        (("answer", "dag", "maybe"), "the answer is yes or no"),
        (("release", "dag"), "dag was not called in"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(svar: Svar, words: tuple[str, ...], said: str) -> None:
    assert said in refused(svar(*words))


def test_a_reserve_s_answer_is_given_and_they_are_released(svar: Svar, redis_url: str) -> None:
    called_in(redis_url)
    assert "dag is being called until" in told(svar("today"))
    assert "dag is on duty" in told(svar("answer", "dag", "yes"))
    assert standing(redis_url).calls[0].on_duty == ("dag",)
    assert "on duty now: anna, dag (called in)" in told(svar("today"))
    assert "dag is released" in told(svar("release", "dag"))
    assert standing(redis_url).calls[0].on_duty == ()


def test_a_reserve_who_does_not_come_says_no(svar: Svar, redis_url: str) -> None:
    called_in(redis_url)
    assert "dag does not come" in told(svar("answer", "dag", "no"))
    [asked] = standing(redis_url).calls[0].asked
    assert (asked.agent, asked.answer) == ("dag", "no")
