"""svar records: records shown, exported and erased, each look written down."""

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from acd.connection import command_client
from acd.keys import Keys
from acd.pseudonym_keys import PseudonymKeys
from events.codec import encode
from metrics.cdr import blank
from metrics.pipeline import Folds
from metrics.records import Records
from svar.cli import app
from svar.pseudonyms import pseudonym
from svar.records_export import COLUMNS, as_csv
from tests.metrics.told import DAY_MS, TENANT, ended, started, stream, whole_call

CALLER = "+4722334455"


@pytest.fixture
def config(tmp_path: Path, redis_url: str) -> Path:
    path = tmp_path / "svar.toml"
    path.write_text(
        f'[node]\ntenant = "{TENANT}"\nstate = "{tmp_path}/state"\nkeep_callers = true\n'
        f'[redis]\nurl = "{redis_url}"\n[[mailbox]]\nname = "klage"\n'
    )
    (tmp_path / "state").mkdir()
    return path


def svar(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["records", *words, "--config", str(config)])


@pytest.fixture
def kept(config: Path, tmp_path: Path, redis_url: str) -> str:
    """Three contacts, two of one caller; one of these by pseudonym alone. Gives the pseudonym."""
    return asyncio.run(_kept(tmp_path / "state" / "records.sqlite", redis_url))


async def _kept(path: Path, redis_url: str) -> str:
    client: Any = command_client(redis_url)
    name = pseudonym((await PseudonymKeys(client, TENANT).of(1, 2))[1], CALLER)
    events = [*whole_call("c1"), started("c2", DAY_MS + 1, caller="22334455", pseudonym="x"), ended("c2")]
    events += [started("c3", DAY_MS + 86_400_000, caller="", pseudonym=name), ended("c3")]
    for _, event in stream(events):
        await client.xadd(Keys(TENANT).named("events"), {"e": json.dumps(encode(event))})
    entries = await client.xrange(Keys(TENANT).named("events"))
    await client.hset(Keys(TENANT).named("checkpoints"), "folds", entries[-1][0])
    await client.aclose()
    records = await Records.open(path)
    folds = Folds(TENANT, records, keep_callers=True, commit_every_s=0)
    await folds([(id_, event) for (id_, _), event in zip(entries, events, strict=True)])
    await records.close()
    return name


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_record_is_shown_without_its_caller_unless_that_is_asked_for(config: Path, kept: str) -> None:
    shown = svar(config, "show", "c1", "--why", "klage 7").output
    assert "pensjon" in shown
    assert "who agent, name kari" in shown
    assert "rule longest_idle" in shown
    assert "22000000" not in shown
    assert "+4722000000" in svar(config, "show", "c1", "--with-callers").output
    assert kept not in svar(config, "show", "c3").output
    missing = svar(config, "show", "nobody")
    assert missing.exit_code == 1
    assert "there is no record of 'nobody'" in missing.output


def test_a_terminal_is_told_nothing_that_it_would_obey(config: Path, tmp_path: Path) -> None:
    async def keep() -> None:
        records = await Records.open(tmp_path / "state" / "records.sqlite")
        await records.commit(
            TENANT, "1-0", [blank("c1", TENANT, "n1") | {"number": "\x1b[2J600", "topic": "\u202e"}], {}
        )
        await records.close()

    asyncio.run(keep())
    shown = svar(config, "show", "c1", "--why", "\x1b]0;x").output + svar(config, "accesses").output
    assert "\\x1b[2J600" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


def test_what_was_looked_at_is_told_with_who_and_why(config: Path, kept: str) -> None:
    svar(config, "show", "c1", "--why", "klage 7")
    svar(config, "export", "--since", "2026-11-22", "--with-callers")
    told = svar(config, "accesses").output.splitlines()
    assert [line.split("  ", 1)[1].split()[1] for line in told] == ["export", "show"]
    assert "c1  (klage 7)" in told[1]
    assert "2026-11-22 to now, with callers" in told[0]
    assert len(svar(config, "accesses", "--contact", "c1").output.splitlines()) == 1
    assert "nobody has looked" in svar(config, "accesses", "--since", "2020-01-01", "--until", "2020-01-02").output


def test_records_are_exported_by_time_and_queue_without_callers(config: Path, kept: str) -> None:
    rows = table(svar(config, "export", "--csv").stdout)
    assert [row["contact"] for row in rows] == ["c1", "c2", "c3"]
    assert rows[0]["started"] == datetime.fromisoformat(rows[0]["started"]).isoformat(timespec="milliseconds")
    assert json.loads(rows[0]["legs"])[1]["name"] == "kari"
    text = svar(config, "export").stdout
    assert "22000000" not in text
    assert "22334455" not in text
    assert kept not in text
    assert "'+4722000000" in svar(config, "export", "--with-callers").stdout
    assert [row["contact"] for row in table(svar(config, "export", "--queue", "pensjon").stdout)] == ["c1"]
    day, next_ = (f"{datetime.fromtimestamp(DAY_MS / 1000 + n * 86_400 + 43_200, UTC):%Y-%m-%d}" for n in (0, 1))
    assert [r["contact"] for r in table(svar(config, "export", "--since", day, "--until", day).stdout)] == ["c1", "c2"]
    assert [r["contact"] for r in table(svar(config, "export", "--since", next_).stdout)] == ["c3"]
    assert "no day or moment" in svar(config, "export", "--since", "yesterday").output


def test_one_caller_is_erased_everywhere_and_what_is_out_of_reach_is_told(
    config: Path, kept: str, tmp_path: Path, redis_url: str
) -> None:
    box = tmp_path / "state" / "voicemail" / "klage"
    box.mkdir(parents=True)
    about = {"contact": "c9", "number": "600", "service": "main", "language": "nb", "duration_ms": 9, "at_ms": DAY_MS}
    (box / "m1.json").write_text(json.dumps(about | {"pii_caller": "004722334455"}))
    looked = svar(config, "erase", "--caller", "22 33 44 55", "--only-look").output
    assert "call records: 2 would lose" in looked
    assert "stream of events: 2 contacts began with this caller, 0 of these" in looked
    told = svar(config, "erase", "--caller", CALLER, "--why", "sak 12").output
    assert "call records: 2 have lost" in told
    assert "2 contacts began with this caller, 2 of these events are deleted" in told
    assert "svar voicemail delete klage m1 deletes" in told
    assert "nothing is promised" in told
    assert "out of reach: the records of other nodes" in told
    assert "call records: 0 have lost" in svar(config, "erase", "--caller", CALLER).output
    rows = {row["contact"]: row for row in table(svar(config, "export", "--with-callers").stdout)}
    assert (rows["c2"]["pii_caller"], rows["c3"]["pseudonym"]) == ("", "")
    assert rows["c1"]["pii_caller"] == "'+4722000000"
    assert asyncio.run(_beginnings(redis_url)) == ["c1"]
    log = svar(config, "accesses").output
    assert "22334455" not in log
    assert "2 contacts  (sak 12)" in log


async def _beginnings(redis_url: str) -> list[str]:
    client: Any = Redis.from_url(redis_url, decode_responses=True)
    entries = await client.xrange(Keys(TENANT).named("events"))
    await client.aclose()
    told = [json.loads(fields["e"]) for _, fields in entries]
    return [event["contact"] for event in told if event["kind"] == "contact_started"]


def test_where_there_are_no_records_yet_that_is_told(config: Path) -> None:
    told = svar(config, "accesses")
    assert told.exit_code == 1
    assert "the first start makes them" in told.output
    assert "the first start makes them" in svar(config, "erase", "--caller", CALLER).output
    assert "expected a number" in svar(config, "erase", "--caller", "1").output


async def test_cells_that_a_spreadsheet_would_take_for_formulas_are_text() -> None:
    evil = ['=cmd|" /C calc"!A0', "+1", "-1", "@x", "\tx", " =1", "a,b\nc", 'say "hi"', "uføre"]

    async def records() -> Any:
        for number, value in enumerate(evil):
            yield blank(f"c{number}", TENANT, "n1") | {"topic": value, "talked_ms": -5}

    text = "".join([part async for part in as_csv(records(), ZoneInfo("UTC"), with_callers=False)])
    rows = table(text)
    assert [row["topic"] for row in rows] == [f"'{one}" if one[0] in "=+-@\t " else one for one in evil]
    assert {row["talked_ms"] for row in rows} == {"-5"}
    assert tuple(rows[0]) == COLUMNS


async def test_a_long_export_comes_in_parts() -> None:
    async def records() -> Any:
        for number in range(1_000):
            yield blank(f"c{number}", TENANT, "n1")

    parts = [part async for part in as_csv(records(), ZoneInfo("UTC"), with_callers=False)]
    assert len(parts) == 6
    assert len(table("".join(parts))) == 1_000
