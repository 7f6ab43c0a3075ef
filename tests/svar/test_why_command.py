"""`svar why` as somebody types it who wants to know: from the stream, from the records, and from both."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from acd.connection import command_client
from acd.model import NodeId, QueueId, QueueSpec, Tier
from acd.store import RedisDistributor
from events.catalogue import CallbackPromised, Event
from events.codec import encode
from events.routing import TierOpened
from metrics.pipeline import Folds
from metrics.records import Records
from svar.cli import app
from tests.metrics.told import TENANT, answered, became, ended, failed, left, offered, queued, started, stream
from tests.svar.test_check_command import as_it_was
from tests.svar.test_publish_commands import Svar

NINE_MS = 1_795_248_720_000
"""09:12 in Oslo."""


@pytest.fixture
def config(tmp_path: Path, redis_url: str) -> Path:
    config = tmp_path / "svar.toml"
    node = f'[node]\ntenant = "{TENANT}"\nname = "n1"\nzone = "Europe/Oslo"\nstate = "{tmp_path / "state"}"\n'
    queue = '[[queue]]\nname = "family"\n[[agent]]\nname = "anna"\nskills = { family = 5 }\n'
    config.write_text(f'{node}[redis]\nurl = "{redis_url}"\n{queue}')
    (tmp_path / "state").mkdir()
    return config


@pytest.fixture
def svar(config: Path) -> Svar:
    def run(*words: str) -> Result:
        with as_it_was():
            return CliRunner().invoke(app, ["why", *words, "--config", str(config)])

    return run


def write(redis_url: str, events: Sequence[Event]) -> None:
    async def add() -> None:
        client = command_client(redis_url)
        try:
            for event in events:
                await client.xadd(f"svar:{{{TENANT}}}:events", {"e": json.dumps(encode(event))})
        finally:
            await client.aclose()

    asyncio.run(add())


def keep(config: Path, events: Sequence[Event]) -> None:
    async def fold() -> None:
        records = await Records.open(config.parent / "state" / "records.sqlite")
        try:
            folds = Folds(TENANT, records, commit_every_s=0)
            await folds.load()
            await folds(stream(events))
        finally:
            await records.close()

    asyncio.run(fold())


def story(contact: str) -> list[Event]:
    return [
        started(contact, NINE_MS),
        queued(contact, "family", NINE_MS + 3_000),
        offered(contact, "o1", "kari", "family", NINE_MS + 49_000),
        failed(contact, "no_answer", "o1", "kari", "family", NINE_MS + 69_000, 20_000),
        left(contact, 97_000, "family", NINE_MS + 100_000),
        ended(contact, "abandoned", NINE_MS + 100_000),
    ]


def told(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_a_contact_in_progress_is_told_from_the_stream(svar: Svar, redis_url: str) -> None:
    write(redis_url, [*story("other"), *story("a1b2")[:4]])
    text = told(svar("a1"))
    assert text.startswith("contact a1b2, Saturday 21 November 2026\n09:12:00  rang 600")
    for line in (
        "09:12:03  queued in family as number 1",
        "09:12:49  offered to kari (oslo): the only one who stood ready for it",
        "09:13:09  kari did not answer (no_answer, 20 s), place kept",
    ):
        assert line in text


def test_a_contact_whose_events_are_gone_is_told_from_the_records(svar: Svar, config: Path) -> None:
    keep(config, story("a1b2"))
    text = told(svar("a1b2"))
    assert "09:13:09  kari did not answer" in text
    assert "09:13:40  left family after 97 s: lost (caller hung up)" in text


def test_what_both_have_is_told_once_and_in_order(svar: Svar, config: Path, redis_url: str) -> None:
    keep(config, story("a1b2")[:4])
    write(redis_url, story("a1b2")[2:])
    text = told(svar("a1b2"))
    times = [line[:8] for line in text.splitlines()[1:]]
    assert times == ["09:12:03", "09:12:49", "09:13:09", "09:13:40", "09:13:40", "09:13:40"]
    assert text.endswith("nobody who came to family later was answered before\n")


def test_who_came_later_and_was_answered_before_is_named(svar: Svar, config: Path) -> None:
    came = replace(queued("vip", "family", NINE_MS + 9_000), priority_s=60)
    later = [came, answered("vip", 0, "family", NINE_MS + 10_000, "per", "o9")]
    elsewhere = [queued("x", "work", NINE_MS + 9_000), answered("x", 0, "work", NINE_MS + 10_000, "per", "o8")]
    keep(config, [*later, *elsewhere, *story("a1b2")])
    assert "1 who came to family later were answered before: vip by per (had a head start of 60 s)" in told(
        svar("a1b2")
    )


def test_tiers_are_named_as_they_are_served(svar: Svar, redis_url: str) -> None:
    async def configure() -> None:
        client = command_client(redis_url)
        tiers = (Tier(sites="own"), Tier(sites="neighbours", after_s=45))
        acd = RedisDistributor(client, TENANT, NodeId("n1"))
        await acd.configure([QueueSpec(QueueId("family"), tiers=tiers)], [])
        await client.aclose()

    asyncio.run(configure())
    opened = TierOpened(
        at_ms=NINE_MS + 48_000, tenant=TENANT, node="n1", contact="a1b2", queue="family", tier=2, why="after"
    )  # fmt: skip
    write(redis_url, [*story("a1b2")[:2], opened])
    assert "09:12:48  tier 2 (neighbours) of family opened: its wait was long enough" in told(svar("a1b2"))


def test_a_promise_is_told_with_the_contact_that_the_callback_will_be(svar: Svar, config: Path) -> None:
    promised = CallbackPromised(
        at_ms=NINE_MS + 21_000, tenant=TENANT, node="n1", contact="later", first="a1b2", queue="family", chosen_ms=0,
        waited_ms=18_000, position=2,
    )  # fmt: skip
    gone = left("a1b2", 17_000, "family", NINE_MS + 20_000, "flowed_out", "callback")
    keep(config, [*story("a1b2")[:2], gone, promised])
    assert "09:12:21  the caller of contact a1b2 will be rung back, as contact later" in told(svar("a1b2"))
    assert "09:12:21  the caller of contact a1b2 will be rung back, as contact later" in told(svar("later"))


def test_programs_get_the_events_with_the_sentences_and_no_callers_number(svar: Svar, redis_url: str) -> None:
    write(redis_url, story("a1b2"))
    text = told(svar("a1b2", "--format", "json"))
    assert "+4722000000" not in text
    found = json.loads(text)
    assert found["contact"] == "a1b2"
    queued_ = found["sentences"][1]
    assert (queued_["at"], queued_["at_ms"]) == ("2026-11-21T09:12:03.000+01:00", NINE_MS + 3_000)
    assert (queued_["event"]["kind"], queued_["event"]["queue"]) == ("contact_queued", "family")


def test_who_asks_for_several_or_for_none_is_told(svar: Svar, redis_url: str) -> None:
    write(redis_url, [*story("ab1"), *story("ab2")])
    several, none = svar("ab"), svar("x")
    assert (several.exit_code, none.exit_code) == (1, 1)
    assert "2 contacts begin with 'ab': ab" in several.output
    assert "there is no contact 'x'" in none.output


def test_without_redis_the_records_are_told_and_that_is_said(svar: Svar, config: Path) -> None:
    config.write_text(config.read_text().replace("unix://", "unix:///nowhere"))
    keep(config, story("a1b2"))
    result = svar("a1b2")
    assert "told from the records alone" in result.output
    assert "09:12:03  queued in family" in told(result)


def test_an_agent_is_told_why_others_got_what_came(svar: Svar, redis_url: str) -> None:
    now_ms = time.time_ns() // 1_000_000
    write(
        redis_url,
        [
            became("anna", "not_ready", "ready", now_ms - 300_000, reason="break"),
            offered("c1", agent="kari", queue="family", at_ms=now_ms - 60_000),
            became("anna", "ready", "not_ready", now_ms - 30_000),
        ],
    )
    text = told(svar("--agent", "anna", "--since", "2m"))
    assert text.startswith("agent anna, ")
    assert "not ready (break) since before" in text
    assert "anna was not ready (break) for 90 s; meanwhile 1 offer went to others (1 of family; 1 to kari)" in text


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--agent", "anna"), "nothing is told of anna, who never logged in"),
        (("--agent", "nobody"), "nothing is told of nobody, who is no agent of this configuration"),
        ((), "name a contact, or an agent"),
        (("a1", "--agent", "anna"), "name a contact, or an agent"),
        (("--agent", "anna", "--since", "soon"), "no length of time"),
    ],
)
def test_a_question_that_has_no_answer_is_told_why(svar: Svar, words: tuple[str, ...], expected: str) -> None:
    result = svar(*words)
    assert result.exit_code != 0
    assert expected in result.output
