"""Records as configured: a node starts without its database, and goes on from it when it is there."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from metrics.health import Ailing
from metrics.pipeline import Folds
from metrics.records import Records, RecordsError
from svar.config import Config, ConfigError
from svar.config import Records as Settings
from svar.config import load as load_config
from svar.records_in_service import RecordsInService, are_there, at, files, mistakes
from tests.metrics.postgres_server import PostgresServer
from tests.metrics.told import DAY_MS, TENANT, stream, whole_call

URL = "postgresql://svar@db.example/records"


def configured(tmp_path: Path, **values: object) -> Config:
    config = Config()
    return replace(config, node=replace(config.node, state=str(tmp_path)), records=Settings(**values))  # type: ignore[arg-type]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 - what is looked at tells nobody
            await asyncio.sleep(0.01)


def test_what_cannot_be_configured_is_told(tmp_path: Path) -> None:
    assert list(mistakes(configured(tmp_path))) == []
    assert list(mistakes(configured(tmp_path, url=URL, password_env="X"))) == []
    told = "".join(mistakes(configured(tmp_path, password_env="X", password_file="y")))
    assert "password_file, password_env: expected url too" in told
    assert "expected one of them" in told
    for url in ("mysql://svar:5ec4e7@h/d", "5ec4e7", "sqlite:///x"):
        (told,) = mistakes(configured(tmp_path, url=url))
        assert "expected postgresql://USER@HOST:PORT/DATABASE" in told
        assert "5ec4e7" not in told


def test_a_password_that_is_not_there_or_open_to_others_is_told(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    cases = {
        "password_file: .*secret: No such file": configured(tmp_path, url=URL, password_file=str(secret)),
        "variable NOT_SET is not set": configured(tmp_path, url=URL, password_env="NOT_SET"),
        "ca: .*nowhere.pem cannot be used": configured(tmp_path, url=URL, ca=str(tmp_path / "nowhere.pem")),
    }
    for words, config in cases.items():
        with pytest.raises(ConfigError, match=words) as raised:
            at(config, {})
        assert list(files(config, {})) == [str(raised.value)]
    secret.write_text("5ec4e7\n")
    os.chmod(secret, 0o644)
    with pytest.raises(ConfigError, match="others than its owner may read"):
        at(configured(tmp_path, url=URL, password_file=str(secret)), {})
    os.chmod(secret, 0o600)
    for config, environment in (
        (configured(tmp_path, url=URL, password_file=str(secret)), {}),
        (configured(tmp_path, url=URL, password_env="P"), {"P": "5ec4e7"}),
    ):
        engine = at(config, environment).database._engine
        assert engine.url.password == "5ec4e7"
        assert "5ec4e7" not in repr(engine)


def test_files_are_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "svar.toml").write_text(f'[records]\nurl = "{URL}"\npassword_file = "db.password"\nca = "ca.pem"\n')
    records = load_config(tmp_path / "svar.toml", {}).records
    assert (records.password_file, records.ca) == (str(tmp_path / "db.password"), str(tmp_path / "ca.pem"))
    assert (
        load_config(tmp_path / "svar.toml", {"SVAR_RECORDS_URL": "postgresql://b/c"}).records.url == "postgresql://b/c"
    )


async def test_a_file_is_there_after_the_first_start(tmp_path: Path) -> None:
    config = configured(tmp_path)
    assert not are_there(config)
    records = at(config, {})
    await records.prepare()
    assert are_there(config)
    assert are_there(configured(tmp_path / "elsewhere", url=URL))
    await records.close()


async def test_a_file_that_cannot_be_used_keeps_the_node_from_starting(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").write_text("no database, and long enough to be looked at " * 20)
    records = at(configured(tmp_path), {})
    with pytest.raises(RecordsError, match="is not a database"):
        await RecordsInService(records, Folds(TENANT, records), 0, lambda: DAY_MS).start()
    await records.close()


@pytest.mark.interop
async def test_a_node_starts_without_its_database_and_goes_on_from_it_when_it_is_there(
    postgres_server: PostgresServer,
) -> None:
    told = stream(whole_call("c1"))
    url = postgres_server.new()
    before = await Records.open(url)
    await Folds(TENANT, before, commit_every_s=0)(told[:4])
    await before.close()
    postgres_server.stop()
    records = Records(url)
    folds = Folds(TENANT, records, commit_every_s=0)
    service = RecordsInService(records, folds, 1, lambda: DAY_MS, again_s=0.02)
    await service.start()
    with pytest.raises(Ailing, match="nothing is counted yet: cannot open the call records"):
        await service.check()
    fed = asyncio.Event()
    running = asyncio.create_task(service.run(fed.set))
    await asyncio.sleep(0)
    assert not fed.is_set()
    postgres_server.start()
    async with asyncio.timeout(60):
        await fed.wait()
    assert folds.checkpoint == told[3][0]
    await folds(told)
    assert await records.count() == 1
    assert await service.check() == f"written up to {told[-1][0]}"
    assert service.figures()["waiting"] == 0
    running.cancel()
    await asyncio.wait({running})
    await records.close()


@pytest.mark.interop
async def test_a_database_that_goes_away_gets_all_when_it_is_back(postgres_server: PostgresServer) -> None:
    records = await Records.open(postgres_server.new())
    folds = Folds(TENANT, records, commit_every_s=0)
    told = stream([event for n in range(3) for event in whole_call(f"c{n}", DAY_MS + n * 500_000)])
    await folds(told[:10])
    postgres_server.stop()
    await folds(told[:20])
    await folds(told)
    assert folds.service_level.tally().offered == 3
    assert folds.saved == told[9][0]
    postgres_server.start()
    await until(lambda: folds.saved == told[-1][0])
    assert await records.count() == 3
    await folds.close()
    await records.close()


async def test_what_is_too_old_is_deleted_while_the_node_runs(tmp_path: Path) -> None:
    records = at(configured(tmp_path), {})
    folds = Folds(TENANT, records, commit_every_s=0)
    service = RecordsInService(records, folds, 30, lambda: DAY_MS + 30 * 86_400_000)
    await service.start()
    await folds(stream([*whole_call("old", DAY_MS - 400_000), *whole_call("young", DAY_MS + 1)]))
    await service.expire()
    assert [record["contact"] async for record in records.rows(TENANT, 0, DAY_MS * 2)] == ["young"]
    await RecordsInService(records, folds, 0, lambda: DAY_MS * 2).expire()
    assert await records.count() == 1
    await records.close()
