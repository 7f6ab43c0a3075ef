"""Accounts: made with roles, changed, taken away; what is kept of a password opens nothing."""

import pytest

from console.accounts import MOST, AccountError, Accounts, Role
from console.hashing import MOST_WAITING, Busy, Hashing
from console.tokens import Role as ApiRole
from tests.console.house import PASSWORD, Store
from tests.console.test_tokens import counting


def made() -> tuple[Accounts, Store]:
    store = Store()
    return Accounts(store, Hashing(memory_kib=64, passes=1), lambda: 1, counting()), store


async def test_the_first_account_is_an_admin_and_there_is_one_first_alone() -> None:
    accounts, store = made()
    assert await accounts.empty()
    assert await accounts.begin(PASSWORD)
    assert not await accounts.begin("another password")
    assert not await accounts.empty()
    found = await accounts.check("admin", PASSWORD)
    assert found is not None
    assert found.role is Role.ADMIN
    assert PASSWORD not in str(store.kept)


async def test_names_and_passwords_that_do_not_fit_let_nobody_in() -> None:
    accounts, _ = made()
    await accounts.add("kari", Role.VIEWER, PASSWORD)
    assert await accounts.check("kari", PASSWORD) is not None
    for name, password in (("kari", PASSWORD + "x"), ("kari", ""), ("ola", PASSWORD), ("", ""), ("a b", PASSWORD)):
        assert await accounts.check(name, password) is None


@pytest.mark.parametrize(
    ("name", "password", "said"),
    [
        ("Kari", PASSWORD, "names no account"),
        ("", PASSWORD, "names no account"),
        ("a" * 65, PASSWORD, "names no account"),
        ("there", PASSWORD, "there is an account 'there' already"),
        ("ola", "short", "12 to 200"),
        ("ola", "x" * 201, "12 to 200"),
        ("ola", "ola-is-a-nice-man", "guessed"),
        ("ola", "aaaaaaaaaaaa", "guessed"),
    ],
)
async def test_what_makes_no_account(name: str, password: str, said: str) -> None:
    accounts, _ = made()
    await accounts.add("there", Role.VIEWER, PASSWORD)
    with pytest.raises(AccountError, match=said):
        await accounts.add(name, Role.VIEWER, password)


async def test_accounts_have_a_bound() -> None:
    accounts, store = made()
    await accounts.add("kari", Role.VIEWER, PASSWORD)
    entry = store.kept["kari"]
    store.kept |= {f"k{n}": entry for n in range(MOST)}
    with pytest.raises(AccountError, match="accounts already"):
        await accounts.add("ola", Role.VIEWER, PASSWORD)


async def test_the_last_admin_stays_one() -> None:
    accounts, _ = made()
    await accounts.begin(PASSWORD)
    with pytest.raises(AccountError, match="last admin"):
        await accounts.remove("admin")
    with pytest.raises(AccountError, match="last admin"):
        await accounts.change_role("admin", Role.VIEWER)
    await accounts.add("kari", Role.ADMIN, PASSWORD)
    await accounts.remove("admin")
    assert list(await accounts.all()) == ["kari"]


async def test_another_password_is_another_era() -> None:
    accounts, _ = made()
    await accounts.add("kari", Role.VIEWER, PASSWORD)
    before = await accounts.get("kari")
    await accounts.change_password("kari", "a much better one")
    after = await accounts.get("kari")
    assert before is not None
    assert after is not None
    assert after.era > before.era
    assert await accounts.check("kari", PASSWORD) is None
    with pytest.raises(AccountError, match="there is no account 'ola'"):
        await accounts.change_password("ola", PASSWORD)


async def test_a_digest_that_was_made_more_cheaply_is_made_anew_as_its_owner_comes() -> None:
    accounts, store = made()
    await accounts.add("kari", Role.VIEWER, PASSWORD)
    dearer = Accounts(store, Hashing(memory_kib=128, passes=2), lambda: 1, counting())
    assert await dearer.check("kari", PASSWORD) is not None
    assert "m=128,t=2" in store.kept["kari"]


async def test_who_is_removed_while_their_digest_is_made_anew_does_not_come_back() -> None:
    accounts, store = made()
    await accounts.add("kari", Role.VIEWER, PASSWORD)

    class Meanwhile(Hashing):
        async def digest(self, password: str) -> str:
            await store.remove("kari")
            return await super().digest(password)

    dearer = Accounts(store, Meanwhile(memory_kib=128, passes=2), lambda: 1, counting())
    assert await dearer.check("kari", PASSWORD) is None
    assert store.kept == {}


async def test_a_long_password_is_the_same_after_its_digest_was_made_anew() -> None:
    accounts, store = made()
    longest = "ab1 cd2 ef" * 20
    await accounts.add("kari", Role.VIEWER, longest)
    dearer = Accounts(store, Hashing(memory_kib=128, passes=2), lambda: 1, counting())
    for typed in (longest + "more", longest):
        assert await dearer.check("kari", typed) is not None


async def test_an_entry_that_cannot_be_read_lets_nobody_in() -> None:
    accounts, store = made()
    await accounts.add("kari", Role.VIEWER, PASSWORD)
    for entry in ("", "{}", "[]", store.kept["kari"].replace("viewer", "root")):
        store.kept["kari"] = entry
        assert await accounts.check("kari", PASSWORD) is None
        assert await accounts.all() == {}


async def test_passwords_wait_in_a_bounded_line() -> None:
    hashing = Hashing(memory_kib=64, passes=1)
    hashing._waiting = MOST_WAITING
    with pytest.raises(Busy):
        await hashing.digest(PASSWORD)


def test_roles_are_those_of_the_api() -> None:
    assert [role.api for role in Role] == [ApiRole.READER, ApiRole.SUPERVISOR, ApiRole.ADMIN]
    assert Role.ADMIN.at_least(Role.VIEWER)
    assert not Role.VIEWER.at_least(Role.SUPERVISOR)
