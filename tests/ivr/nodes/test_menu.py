"""The menu."""

from tests.ivr.nodes.caller import ringing, texts

VIRTUAL_TIME = True
MENU = """
  first:
    type: menu
    say: {nb: Tast en eller to., en: Press one or two.}
    keys: {1: one, 2: bye}
    wait: 5s
    attempts: 3
    silence: {nb: Ingenting hørt., en: Nothing heard.}
    wrong: {nb: Finnes ikke., en: No such choice.}
    no_choice: bye
  one: {type: say, say: {nb: En., en: One.}, next: bye}
"""


async def test_a_key_during_the_text_ends_it_and_chooses() -> None:
    async with ringing(MENU, [(0.5, "1")]) as (call, data):
        assert data.trace == ["first", "one", "bye"]
        assert call.heard[1].at_s == 0.5


async def test_a_key_within_the_time_after_the_text_chooses() -> None:
    async with ringing(MENU, [(4.0, "1")]) as (_, data):
        assert data.trace == ["first", "one", "bye"]


async def test_silence_is_told_and_the_text_said_again_as_often_as_it_says() -> None:
    async with ringing(MENU) as (call, data):
        again = ["Ingenting hørt.", "Tast en eller to."]
        assert texts(call) == ["Tast en eller to.", *again, *again, "Ha det."]
        assert data.trace == ["first", "bye"]


async def test_a_wrong_key_is_told_and_the_next_one_counts() -> None:
    async with ringing(MENU, [(0.5, "9"), (2.2, "1")]) as (call, data):
        assert texts(call)[:3] == ["Tast en eller to.", "Finnes ikke.", "Tast en eller to."]
        assert data.trace == ["first", "one", "bye"]


async def test_only_wrong_keys_lead_on_in_the_end() -> None:
    async with ringing(MENU, [(0.1, "9"), (2.0, "9"), (4.0, "9")]) as (_, data):
        assert data.trace == ["first", "bye"]


async def test_a_key_during_the_remark_counts() -> None:
    async with ringing(MENU, [(0.5, "9"), (0.7, "1")]) as (call, data):
        assert texts(call)[:2] == ["Tast en eller to.", "Finnes ikke."]
        assert data.trace == ["first", "one", "bye"]


async def test_keys_pressed_ahead_go_through_two_menus() -> None:
    two = MENU.replace("1: one", "1: second") + MENU.replace("first:", "second:").replace(
        "  one: {type: say, say: {nb: En., en: One.}, next: bye}\n", ""
    )
    async with ringing(two, [(0.1, "1"), (0.1, "1")]) as (_, data):
        assert data.trace == ["first", "second", "one", "bye"]


async def test_a_menu_without_remarks_says_its_text_again() -> None:
    bare = "".join(line for line in MENU.splitlines(keepends=True) if "silence" not in line and "wrong" not in line)
    async with ringing(bare) as (call, _):
        assert texts(call) == ["Tast en eller to."] * 3 + ["Ha det."]
