"""Names and addresses on the way out."""

import socket
from collections.abc import Sequence

import pytest

from ivr.ports.lookups import Cause, Failed
from ivr.web.addresses import NotAllowed, networks
from ivr.web.guard import CheckedNames, SystemNames, checked_socket
from ivr.web.service import Body, WebRequest
from tests.ivr.web.servers import LOOPBACK, client, says, serving


class Scripted:
    """Answers by turns; the last one stays."""

    def __init__(self, *turns: Sequence[str]) -> None:
        self.turns = list(turns)
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        return self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]


async def test_one_address_that_is_not_allowed_refuses_the_name() -> None:
    names = CheckedNames(Scripted(["8.8.8.8", "10.0.0.1"]), ())
    with pytest.raises(NotAllowed):
        await names.resolve("cases.example", 443)


async def test_a_name_without_addresses_is_an_error() -> None:
    with pytest.raises(OSError, match="no address"):
        await CheckedNames(Scripted([]), ()).resolve("cases.example")


async def test_both_families_are_given_with_their_port() -> None:
    names = CheckedNames(Scripted(["8.8.8.8", "2606:4700::1111"]), ())
    found = await names.resolve("cases.example", 443)
    assert [(one["host"], one["port"], one["family"]) for one in found] == [
        ("8.8.8.8", 443, socket.AF_INET),
        ("2606:4700::1111", 443, socket.AF_INET6),
    ]


async def test_a_service_is_reached_by_its_name_and_is_told_it() -> None:
    async with serving(says({})) as url:
        names = Scripted(["127.0.0.1"])
        async with client(url.replace("127.0.0.1", "cases.example"), names=names) as one:
            assert isinstance(await one.exchange(WebRequest()), Body)
    assert names.asked == ["cases.example"]


async def test_the_system_knows_localhost() -> None:
    names = SystemNames()
    assert set(await names("localhost")) <= {"127.0.0.1", "::1"}
    names.close()


async def test_a_name_that_nobody_knows_is_a_service_that_is_away() -> None:
    async def unknown(_: str) -> Sequence[str]:
        raise socket.gaierror(-2, "Name or service not known")

    async with client("http://cases.example", names=unknown) as one:
        assert await one.exchange(WebRequest()) == Failed(Cause.REFUSED)


def test_no_socket_is_made_for_an_address_that_is_not_allowed() -> None:
    make = checked_socket(networks(["10.0.0.0/8"]))
    with pytest.raises(NotAllowed):
        make((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    made = checked_socket(LOOPBACK)((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 80)))
    assert made.getblocking() is False
    made.close()


async def test_a_name_that_cannot_be_one_is_a_service_that_is_away() -> None:
    async with client(f"http://{'a' * 70}.example") as one:
        assert await one.exchange(WebRequest()) == Failed(Cause.REFUSED)
