"""Tokens: shown once, kept as digests, for one role, until they expire or are revoked."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.tokens import LONGEST_S, MOST, Role, TokenError, Tokens


class Entries:
    """A store in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, token: str) -> str | None:
        return self.kept.get(token)

    async def all(self) -> dict[str, str]:
        return dict(self.kept)

    async def put(self, token: str, entry: str) -> None:
        self.kept[token] = entry

    async def remove(self, *tokens: str) -> None:
        for token in tokens:
            self.kept.pop(token, None)


def counting() -> Callable[[int], str]:
    count = 0

    def chance(size: int) -> str:
        nonlocal count
        count += 1
        return f"{count:0{2 * size}x}"

    return chance


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        return self.now_ms


def made() -> tuple[Tokens, Entries, Clock]:
    entries, clock = Entries(), Clock()
    return Tokens(entries, clock, counting()), entries, clock


async def test_a_token_says_whose_it_is_and_nothing_kept_gives_it_away() -> None:
    tokens, entries, _ = made()
    text = await tokens.add("anna-desk", Role.AGENT, "anna", 3600)
    found = await tokens.whose(text)
    assert found is not None
    assert (found.name, found.role, found.agent) == ("anna-desk", Role.AGENT, "anna")
    secret = text.rpartition("_")[2]
    assert secret not in str(entries.kept)


async def test_one_wrong_letter_and_it_is_nobodys() -> None:
    tokens, _, _ = made()
    text = await tokens.add("a", Role.READER, "", 3600)
    for wrong in (text[:-1] + ("0" if text[-1] != "0" else "1"), text.replace("svar_0", "svar_1"), "", text + "0"):
        assert await tokens.whose(wrong) is None


async def test_an_expired_token_is_nobodys_and_its_name_is_free_again() -> None:
    tokens, entries, clock = made()
    text = await tokens.add("a", Role.READER, "", 10)
    clock.now_ms += 9_999
    assert await tokens.whose(text) is not None
    clock.now_ms += 1
    assert await tokens.whose(text) is None
    await tokens.add("a", Role.READER, "", 10)
    assert len(entries.kept) == 1


async def test_a_revoked_token_is_nobodys() -> None:
    tokens, _, _ = made()
    text = await tokens.add("a", Role.ADMIN, "", 10)
    await tokens.revoke("a")
    assert await tokens.whose(text) is None
    with pytest.raises(TokenError, match="there is no token 'a'"):
        await tokens.revoke("a")


@pytest.mark.parametrize(
    ("name", "role", "agent", "lasts_s", "said"),
    [
        ("", Role.READER, "", 1, "names no token"),
        ("a b", Role.READER, "", 1, "names no token"),
        ("a", Role.AGENT, "", 1, "--role agent --agent NAME"),
        ("a", Role.ADMIN, "anna", 1, "--role agent --agent NAME"),
        ("a", Role.READER, "", 0, "two years at most"),
        ("a", Role.READER, "", LONGEST_S + 1, "two years at most"),
        ("there", Role.READER, "", 1, "there is a token 'there' already"),
    ],
)
async def test_what_makes_no_token(name: str, role: Role, agent: str, lasts_s: float, said: str) -> None:
    tokens, _, _ = made()
    await tokens.add("there", Role.READER, "", 1)
    with pytest.raises(TokenError, match=said):
        await tokens.add(name, role, agent, lasts_s)


async def test_tokens_have_a_bound() -> None:
    tokens, entries, _ = made()
    await tokens.add("a", Role.READER, "", 10)
    entry = next(iter(entries.kept.values()))
    entries.kept |= {f"{n}": entry.replace('"a"', f'"a{n}"') for n in range(MOST)}
    with pytest.raises(TokenError, match=f"there are {MOST} tokens already"):
        await tokens.add("b", Role.READER, "", 10)


async def test_an_entry_that_cannot_be_read_lets_nobody_in() -> None:
    tokens, entries, _ = made()
    text = await tokens.add("a", Role.READER, "", 10)
    [id_] = entries.kept
    for entry in ("", "{}", "[]", '{"role": "king"}', entries.kept[id_].replace("reader", "root")):
        entries.kept[id_] = entry
        assert await tokens.whose(text) is None
        assert await tokens.all() == {}


@given(st.text(max_size=120))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    tokens, _, _ = made()
    asked = tokens.whose(text)
    with pytest.raises(StopIteration) as over:
        asked.send(None)
    assert over.value.value is None
