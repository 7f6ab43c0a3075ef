"""Agents' passwords: generated, private, and the same at all nodes of an installation."""

import asyncio
import json
from pathlib import Path

import pytest
import structlog

from acd.credentials_redis import Credential, Mark
from acd.distributor import Unavailable
from sip.message.auth import HashedPassword
from svar.config import ConfigError
from svar.passwords import Passwords, new_password
from tests.svar.credentials import Shared, passwords


async def begun(state: Path, shared: Shared, *, alone: bool = False, realm: str = "svar") -> Passwords:
    made = passwords(state, shared, alone=alone, realm=realm)
    await made.begin()
    return made


def written(state: Path, entries: object) -> Path:
    state.mkdir(parents=True, exist_ok=True)
    (state / "agents.json").write_text(json.dumps(entries))
    return state


def takes(one: Passwords, agent: str, password: str) -> bool:
    return one.hashed(agent) == HashedPassword.of(agent, "svar", password)


# --- one node ---


async def test_a_password_is_made_once_and_kept(tmp_path: Path) -> None:
    shared = Shared()
    first = await begun(tmp_path / "state", shared, alone=True)
    await first.ensure(["anna", "bjorn"])
    assert set(first.fresh) == {"anna", "bjorn"}
    again = await begun(tmp_path / "state", shared, alone=True)
    await again.ensure(["anna", "bjorn"])
    assert again.fresh == {}
    assert again.get("anna") == first.fresh["anna"]
    assert takes(again, "anna", first.fresh["anna"])


async def test_only_a_new_agent_gets_a_fresh_one(tmp_path: Path) -> None:
    one = await begun(tmp_path, Shared(), alone=True)
    await one.ensure(["anna"])
    await one.shown(["anna"])
    await one.ensure(["anna", "bjorn"])
    assert set(one.fresh) == {"bjorn"}


async def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    one = await begun(tmp_path, Shared())
    await one.ensure(["anna"])
    names = ("agents.json", "agents.new.json", "nonce.key")
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in names] == [0o600] * 3


async def test_no_two_passwords_are_alike_and_none_is_guessable(tmp_path: Path) -> None:
    one = await begun(tmp_path, Shared())
    await one.ensure(f"agent{n}" for n in range(100))
    assert len(set(one.fresh.values())) == 100
    assert min(map(len, one.fresh.values())) >= 12


async def test_somebody_unknown_has_no_password(tmp_path: Path) -> None:
    one = await begun(tmp_path, Shared())
    assert (one.get("nobody"), one.hashed("nobody"), one.knows("nobody")) == (None, None, False)


async def test_a_store_that_was_lost_gets_what_the_file_has(tmp_path: Path) -> None:
    state = written(tmp_path, {"anna": "as before"})
    for alone in (True, False):
        one = await begun(state, Shared(), alone=alone)
        await one.ensure(["anna"])
        assert takes(one, "anna", "as before")
        assert one.fresh == {}


async def test_a_node_alone_takes_another_realm_and_keeps_its_passwords(tmp_path: Path) -> None:
    shared = Shared()
    one = await begun(tmp_path, shared, alone=True)
    await one.ensure(["anna"])
    later = await begun(tmp_path, shared, alone=True, realm="nav.no")
    assert later.hashed("anna") == HashedPassword.of("anna", "nav.no", one.fresh["anna"])


# --- several nodes ---


async def test_a_password_is_the_same_at_all_nodes_and_in_the_open_at_none(tmp_path: Path) -> None:
    shared = Shared()
    here, there = await begun(tmp_path / "a", shared), await begun(tmp_path / "b", shared)
    await asyncio.gather(here.ensure(["anna"]), there.ensure(["anna"]))
    ((name, password),) = (here.fresh | there.fresh).items()
    assert name == "anna"
    assert takes(here, "anna", password)
    assert takes(there, "anna", password)
    assert (here.get("anna"), there.get("anna")) == (None, None)
    assert password not in (tmp_path / "a" / "agents.json").read_text()
    assert password not in (tmp_path / "b" / "agents.json").read_text()
    assert password not in repr(shared.entries)


async def test_what_is_to_be_shown_survives_a_crash_and_is_gone_once_shown(tmp_path: Path) -> None:
    shared = Shared()
    one = await begun(tmp_path, shared)
    await one.ensure(["anna"])
    again = await begun(tmp_path, shared)
    assert again.fresh == one.fresh != {}
    assert json.loads((tmp_path / "agents.new.json").read_text()) == one.fresh
    await again.shown(["anna"])
    assert again.fresh == {}
    assert not (tmp_path / "agents.new.json").exists()


async def test_files_of_before_are_taken_over(tmp_path: Path) -> None:
    """Copied from node to node, as operators had to: every phone goes on with what it has."""
    shared = Shared()
    nodes = [await begun(written(tmp_path / name, {"anna": "old", "bjorn": "older"}), shared) for name in "ab"]
    for one in nodes:
        await one.ensure(["anna", "bjorn"])
        assert takes(one, "anna", "old")
        assert takes(one, "bjorn", "older")
        assert one.fresh == {}
    assert "old" not in (tmp_path / "a" / "agents.json").read_text()


async def test_where_files_differ_the_first_node_s_count_and_the_others_are_told(tmp_path: Path) -> None:
    shared = Shared()
    await begun(written(tmp_path / "a", {"anna": "first"}), shared)
    with structlog.testing.capture_logs() as logs:
        second = await begun(written(tmp_path / "b", {"anna": "second", "bjorn": "only here"}), shared)
    assert takes(second, "anna", "first")
    assert takes(second, "bjorn", "only here")
    assert [(one["agents"], one["number"]) for one in logs] == [(["anna"], 1)]
    assert "second" not in repr(logs)


async def test_another_realm_than_the_installation_s_is_refused(tmp_path: Path) -> None:
    shared = Shared()
    await begun(tmp_path / "a", shared)
    with pytest.raises(ConfigError, match=r"\[sip\] realm = 'nav.no': the installation's agents .* for 'svar'"):
        await begun(tmp_path / "b", shared, realm="nav.no")


async def test_nodes_sign_nonces_with_one_secret(tmp_path: Path) -> None:
    shared = Shared()
    here, there = await begun(tmp_path / "a", shared), await begun(tmp_path / "b", shared)
    assert here.secret == there.secret
    assert (tmp_path / "b" / "nonce.key").read_bytes() == here.secret
    assert len(here.secret) == 32


async def test_a_password_that_another_node_made_is_heard_of(tmp_path: Path) -> None:
    shared = Shared()
    here, there = await begun(tmp_path / "a", shared), await begun(tmp_path / "b", shared)
    await here.ensure(["anna"])
    assert not there.knows("anna")
    await there.look()
    assert takes(there, "anna", here.fresh["anna"])
    assert "anna" in json.loads((tmp_path / "b" / "agents.json").read_text())


async def test_a_new_password_reaches_every_node_and_the_old_one_counts_no_more(tmp_path: Path) -> None:
    shared = Shared()
    nodes = [await begun(tmp_path / "a", shared), await begun(tmp_path / "b", shared)]
    await nodes[0].ensure(["anna"])
    old = nodes[0].fresh["anna"]
    plain, credential = new_password("anna", "svar", lambda: 2**62)
    await shared.newer({"anna": credential})
    for one in nodes:
        await one.look()
        assert takes(one, "anna", plain)
        assert one.fresh == {}
    again = await begun(tmp_path / "a", shared)
    assert takes(again, "anna", plain)
    assert again.fresh == {}
    assert not takes(again, "anna", old)


async def test_a_node_alone_does_not_go_on_with_the_old_one_in_its_file(tmp_path: Path) -> None:
    shared = Shared()
    one = await begun(tmp_path, shared, alone=True)
    await one.ensure(["anna"])
    plain, credential = new_password("anna", "svar", lambda: 2**62)
    await shared.newer({"anna": credential})
    await one.look()
    assert takes(one, "anna", plain)
    assert one.get("anna") is None
    again = await begun(tmp_path, shared, alone=True)
    assert takes(again, "anna", plain)


# --- Redis is away, or has forgotten ---


async def test_while_redis_is_away_a_node_goes_on_with_what_it_knew(tmp_path: Path) -> None:
    shared = Shared()
    one = await begun(tmp_path, shared)
    await one.ensure(["anna"])
    shared.away = True
    with pytest.raises(Unavailable):
        await one.look()
    await one.ensure(["anna"])
    assert takes(one, "anna", one.fresh["anna"])
    with pytest.raises(Unavailable):
        await one.ensure(["bjorn"])
    assert not one.knows("bjorn")
    shared.away = False
    await one.ensure(["bjorn"])
    assert takes(one, "bjorn", one.fresh["bjorn"])
    assert json.loads((tmp_path / "agents.new.json").read_text()) == one.fresh


async def test_one_whose_answer_was_lost_is_shown_all_the_same(tmp_path: Path) -> None:
    class Lossy(Shared):
        lost = 0

        async def first(self, made):  # type: ignore[no-untyped-def]
            answer = await super().first(made)
            if made and not self.lost:
                self.lost = 1
                raise Unavailable("redis: the answer was lost")
            return answer

    one = await begun(tmp_path, Lossy())
    with pytest.raises(Unavailable):
        await one.ensure(["anna"])
    await one.ensure(["anna"])
    assert takes(one, "anna", one.fresh["anna"])


async def test_a_redis_that_has_forgotten_is_told_again_and_the_latest_counts(tmp_path: Path) -> None:
    shared = Shared()
    here, there = await begun(tmp_path / "a", shared), await begun(tmp_path / "b", shared)
    await here.ensure(["anna", "bjorn"])
    await there.look()
    plain, credential = new_password("anna", "svar", lambda: 2**62)
    await shared.newer({"anna": credential})
    await there.look()
    secret = here.secret
    shared.forget()
    for one in (here, there, here):
        await one.look()
    for one in (here, there):
        assert takes(one, "anna", plain)
        assert one.knows("bjorn")
    assert await shared.secret(b"another") == secret
    assert await shared.realm("another") == "svar"


async def test_it_follows_until_it_is_cancelled_and_outlives_the_absence(tmp_path: Path) -> None:
    class Watched(Shared):
        asked_away, told = asyncio.Event(), asyncio.Event()

        async def mark(self) -> Mark:
            if self.away:
                self.asked_away.set()
            return await super().mark()

        async def changed(self, after: int) -> dict[str, Credential]:
            found = await super().changed(after)
            if found:
                self.told.set()
            return found

    shared = Watched()
    here, there = await begun(tmp_path / "a", shared), await begun(tmp_path / "b", shared)
    shared.away = True
    following = asyncio.create_task(there.run(every_s=0.001))
    async with asyncio.timeout(10):
        await shared.asked_away.wait()
        shared.away = False
        await here.ensure(["anna"])
        await shared.told.wait()
    await there.look()
    assert takes(there, "anna", here.fresh["anna"])
    following.cancel()
