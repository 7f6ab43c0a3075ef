"""The door: who fails too often is not looked at for a while, and locks out nobody who was good before."""

import pytest

from console.api.door import MOST_ADDRESSES, MOST_FAILURES, WITHIN_S
from console.api.problems import Problem
from console.tokens import Role
from tests.console.api.desks import Office, served


async def test_after_ten_failures_an_address_waits_and_good_tokens_of_it_go_on() -> None:
    office = Office()
    good, unseen = await office.token(Role.READER), await office.token(Role.ADMIN)
    door = office.door()
    await door.look(good, "192.0.2.1")
    for _ in range(MOST_FAILURES):
        with pytest.raises(Problem) as refused:
            await door.look("svar_wrong", "192.0.2.1")
        assert refused.value.code == "no_token"
    for text in ("svar_wrong", unseen):
        with pytest.raises(Problem) as refused:
            await door.look(text, "192.0.2.1")
        assert refused.value.code == "too_many_failures"
        assert int(refused.value.headers["Retry-After"]) > 0
    assert (await door.look(good, "192.0.2.1")).role is Role.READER
    assert (await door.look(unseen, "192.0.2.2")).role is Role.ADMIN
    office.clock_s += WITHIN_S
    with pytest.raises(Problem) as refused:
        await door.look("svar_wrong", "192.0.2.1")
    assert refused.value.code == "no_token"


async def test_a_whole_ipv6_network_counts_as_one_address() -> None:
    office = Office()
    door = office.door()
    for n in range(MOST_FAILURES):
        with pytest.raises(Problem):
            await door.look("x", f"2001:db8::{n:x}")
    with pytest.raises(Problem) as refused:
        await door.look("x", "2001:db8::ffff")
    assert refused.value.code == "too_many_failures"
    with pytest.raises(Problem) as refused:
        await door.look("x", "2001:db8:0:1::1")
    assert refused.value.code == "no_token"


async def test_addresses_that_are_remembered_have_a_bound() -> None:
    door = Office().door()
    for n in range(MOST_ADDRESSES + 50):
        with pytest.raises(Problem):
            await door.look("x", f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(door._failures) == MOST_ADDRESSES


async def test_over_http_the_eleventh_bad_token_gets_429() -> None:
    office = Office()
    async with served(office) as client:
        statuses = [(await client.by("svar_bad").ask("GET", "/me")).status for _ in range(MOST_FAILURES + 1)]
    assert statuses == [401] * MOST_FAILURES + [429]
