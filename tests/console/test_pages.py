"""What each page says, in both languages, with text from outside as text."""

from pathlib import Path

import pytest

from acd.model import AgentState
from console.accounts import Role
from console.pages.markup import Html, el, join
from console.pages.words import WORDS
from metrics.measures import MEASURES
from tests.console.house import House, anna
from tests.metrics.told import queued, stream


async def test_the_wallboard_is_whole_before_any_script_runs() -> None:
    house = House()
    house.folds.apply(stream([queued("c1", at_ms=house.now_ms - 75_000)]))
    async with house.visited("kari") as visitor:
        page = await visitor.page("/")
        assert 'data-k="q|pensjon|waiting" data-f="number">1<' in page
        assert 'data-k="q|pensjon|oldest" data-f="since">1:15<' in page
        assert "ingen er på jobb" in page
        assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in page
        screen = await visitor.page("/screen")
        assert 'data-k="q|pensjon|waiting"' in screen
        assert "<header" not in screen


async def test_every_measure_stands_on_the_page_of_definitions() -> None:
    async with House().visited("kari") as visitor:
        for language, at in (("nb", "norwegian"), ("en", "english")):
            visitor.headers = {"Accept-Language": language}
            page = await visitor.page("/measures")
            for measure in MEASURES:
                assert f'id="{measure.key}"' in page
                assert str(join(getattr(measure, at))) in page
                assert str(join(measure.formula)) in page


async def test_agents_are_named_for_supervisors() -> None:
    house = House()
    house.crew.staff = [anna(), anna(AgentState.TALKING)]
    async with house.visited("kari", Role.SUPERVISOR) as visitor:
        page = await visitor.page("/people")
        assert page.index("I samtale") < page.index("Ledig</td>" if "Ledig</td>" in page else "Ledig")
        assert "1:01" in page
        assert "anna" in page


@pytest.mark.parametrize(("role", "named"), [(Role.VIEWER, False), (Role.SUPERVISOR, True)])
async def test_nodes_sites_tiers_and_duty_stand_on_one_page(role: Role, named: bool) -> None:
    house = House()
    house.crew.duty = {"pensjon": ["anna"]}
    async with house.visited("kari", role) as visitor:
        page = await visitor.page("/sites")
        assert "n2" in page
        assert "borte" in page
        assert "stedet som fikk anropet: fra starten" in page
        assert "alle steder: etter 45 s" in page
        assert ("anna" in page) is named
        assert ("1 på vakt" in page) is not named


async def test_a_flow_is_drawn_with_its_counts_and_without_a_style_of_its_own(tmp_path: Path) -> None:
    house = House()
    house.serve_flow(tmp_path)
    async with house.visited("kari") as visitor:
        assert "Sentralbord" in await visitor.page("/flows")
        page = await visitor.page("/flows/main")
        assert 'id="step-menu"' in page
        assert '<data value="2" data-step="menu">' in page
        assert "<style" not in page
        assert " style=" not in page
        assert (await visitor.get("/flows/nothing")).status == 404


def test_what_is_not_markup_is_escaped() -> None:
    assert el("p", "<b>", Html("<i>"), None, 1, ["&"], title='"') == '<p title="&quot;">&lt;b&gt;<i>1&amp;</p>'
    assert el("input", required=True, disabled=False, value=0, class_=None) == '<input required value="0">'


def test_every_word_is_there_in_both_languages() -> None:
    for key, (norwegian, english) in WORDS.items():
        assert norwegian, key
        assert english, key
        assert norwegian.count("{") == english.count("{"), key
