"""What the console is given in a node: the first account, and what `[http]` cannot be."""

import json
from pathlib import Path

import pytest

from svar.config import Config, Http
from svar.console_in_service import FirstAccount, mistakes
from tests.console.house import House


async def test_the_first_start_makes_an_admin_whose_password_only_the_owner_can_read(tmp_path: Path) -> None:
    house = House()
    first = FirstAccount(house.accounts, tmp_path)
    await first.ensure()
    kept = json.loads(first.path.read_text())
    assert first.path.stat().st_mode & 0o777 == 0o600
    assert await house.accounts.check("admin", kept["admin"]) is not None
    assert kept["admin"] in first.line()

    again = FirstAccount(house.accounts, tmp_path)
    await again.ensure()
    assert kept["admin"] not in again.line()
    assert str(first.path) in again.line()
    first.path.unlink()
    assert "svar user list" in again.line()


async def test_a_node_that_comes_second_makes_none(tmp_path: Path) -> None:
    house = House()
    await house.accounts.begin("of another node")
    first = FirstAccount(house.accounts, tmp_path)
    await first.ensure()
    assert not first.path.exists()


async def test_a_node_that_loses_the_race_forgets_its_password(tmp_path: Path) -> None:
    house = House()

    async def empty() -> bool:
        await house.accounts.begin("of another node")
        return True

    house.accounts.empty = empty  # type: ignore[method-assign]  # another node comes between
    first = FirstAccount(house.accounts, tmp_path)
    await first.ensure()
    assert not first.path.exists()
    assert "svar user list" in first.line()


@pytest.mark.parametrize(
    ("http", "expected"),
    [
        (Http(host="192.0.2.1"), "[http] host = '192.0.2.1': people's passwords would be read on the way"),
        (Http(host="0.0.0.0"), "people's passwords would be read on the way"),
        (Http(host="::"), "people's passwords would be read on the way"),
        (Http(key="a.key"), "[http] key: expected certificate too"),
        (Http(proxies=["10.0.0.1/8"]), "[http] proxies: '10.0.0.1/8': expected an address or a network"),
        (Http(scrapers=["prometheus"]), "[http] scrapers: 'prometheus': expected an address or a network"),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(http: Http, expected: str) -> None:
    (told,) = mistakes(Config(http=http))
    assert expected in told


@pytest.mark.parametrize(
    "http", [Http(), Http(host="::1"), Http(host="0.0.0.0", plain=True), Http(host="0.0.0.0", certificate="a.pem")]
)
def test_what_may_be(http: Http) -> None:
    assert list(mistakes(Config(http=http))) == []
