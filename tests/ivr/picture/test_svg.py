"""The picture: well formed, the same each time, readable, and with everything on it."""

import re
from xml.etree import ElementTree

import pytest

from ivr.files.flow import Flow
from ivr.picture.graph import Around, Graph, Traffic, graph_of
from ivr.picture.page import on_page
from ivr.picture.sheet import sheets
from ivr.picture.svg import svg, thickness
from tests.ivr.picture.flows import OFFICE, SMALL, flow_of_unreached, large, shipped, small

SVG = "{http://www.w3.org/2000/svg}"
FLOWS = [small(), large(), *shipped()]


def drawn(flow: Flow, language: str = "nb") -> Graph:
    return graph_of(flow, language, Around({"office": OFFICE}))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.flow)
@pytest.mark.parametrize("language", ["nb", "en"])
def test_every_step_is_drawn_once_and_has_a_title(flow: Flow, language: str) -> None:
    tree = ElementTree.fromstring(svg(drawn(flow, language)))
    ids = [element.get("id", "") for element in tree.iter(f"{SVG}g") if element.get("id", "").startswith("step-")]
    assert sorted(ids) == sorted(["step-", *(f"step-{name}" for name in flow.nodes)])
    for group in tree.iter(f"{SVG}g"):
        if group.get("id", "").startswith("step-"):
            title = group.find(f"{SVG}title")
            assert title is not None
            assert title.text
    assert tree.findtext(f"{SVG}title") == flow.title
    assert tree.findtext(f"{SVG}desc")


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.flow)
def test_links_lead_to_what_is_on_the_sheet(flow: Flow) -> None:
    text = svg(drawn(flow))
    ids = set(re.findall(r' id="([^"]+)"', text))
    assert set(re.findall(r'href="#([^"]+)"', text)) <= ids


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.flow)
def test_every_way_is_a_line_or_a_pill(flow: Flow) -> None:
    graph = drawn(flow)
    ways = sum(len(box.ports) for box in graph.boxes)
    for sheet in sheets(graph):
        pills = sum(way.pill is not None for placed in sheet.placed for way in placed.card.ways)
        assert len(sheet.wires) + pills == ways


def test_the_same_flow_gives_the_same_bytes() -> None:
    assert svg(drawn(large())) == svg(drawn(large()))


def test_a_changed_text_moves_nothing() -> None:
    before, after = svg(drawn(small())), svg(drawn(flow_of_unreached(SMALL.replace("Ha det.", "Adjø"))))
    changed = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert len(changed) <= 4


def test_shared_endings_are_drawn_aside_and_named_where_callers_meet_them() -> None:
    text = svg(drawn(small()))
    assert "Slik kan det ende" in text
    assert text.count('href="#step-bye"') == 3


def test_who_goes_back_is_told_where_instead_of_by_a_line_across_the_sheet() -> None:
    sheet = next(iter(sheets(drawn(small()))))
    pills = {placed.card.box.name: [way.pill for way in placed.card.ways] for placed in sheet.placed}
    again = pills["again"][0]
    assert again is not None
    assert (again.role, again.target) == ("back", "menu")
    assert [(wire.source, wire.target) for wire in sheet.wires if wire.source == "again"] == []


def test_a_step_that_many_lead_to_has_one_line_and_is_named_elsewhere() -> None:
    sheet = next(iter(sheets(drawn(large()))))
    assert len([wire for wire in sheet.wires if wire.target == "general"]) == 1
    named = [
        way.pill for placed in sheet.placed for way in placed.card.ways if way.pill and way.pill.target == "general"
    ]
    assert len(named) == 8


def test_text_is_escaped() -> None:
    text = svg(drawn(small()))
    assert "Små &amp; &lt;store&gt;" in text
    assert "<store>" not in text


def test_small_print_can_be_read_on_the_page_that_is_chosen() -> None:
    assert on_page(sheets(drawn(small()))).name == "A4"
    for flow in shipped():
        page = on_page(sheets(drawn(flow)))
        assert page.name in ("A4", "A3")
        assert 11 * page.scale > 1.5
    big = on_page(sheets(drawn(large())))
    assert big.name in ("A3", "A2")
    assert 11 * big.scale > 1.5


def test_a_page_that_is_wanted_is_taken() -> None:
    assert on_page(sheets(drawn(large())), "A4").name == "A4"
    with pytest.raises(ValueError, match="A9"):
        on_page(sheets(drawn(large())), "A9")


def test_sheets_keep_their_cards_apart() -> None:
    for sheet in sheets(drawn(large())):
        corners = [(one.x, one.y, one.card.height) for one in sheet.placed]
        for at, (x, y, height) in enumerate(corners):
            for x2, y2, height2 in corners[at + 1 :]:
                assert abs(x - x2) >= 216 or y + height <= y2 or y2 + height2 <= y


def test_more_callers_are_a_thicker_line_and_who_hung_up_is_told() -> None:
    assert thickness(0) < thickness(1) < thickness(100) < thickness(100_000) <= 9
    graph = graph_of(small(), "nb", traffic=Traffic({("", "hours"): 12_345}, {"menu": 17}))
    text = svg(graph)
    assert ">12 345</text>" in text
    assert ">17 la på</text>" in text


def test_colours_can_be_read() -> None:
    """Black text on every tint has a contrast of at least 7 (WCAG AAA), lines against it of at least 4.5."""
    from ivr.picture.shapes import LOOKS

    for look in LOOKS.values():
        assert _contrast("#111111", look.fill) > 7
        assert _contrast(look.stroke, look.fill) > 4.5


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_long_condition_is_told_in_whole_on_several_lines() -> None:
    when = 'number == \\"5000\\" and language == \\"nb\\" and diverted_from != \\"22000000\\"'
    flow = flow_of_unreached(
        "flow: cond\ntitle: C\nnumbers: [50]\nlanguages: [nb]\nstart: b\nnodes:\n"
        f'  b: {{type: branch, cases: [{{when: "{when}", next: bye}}], otherwise: bye2}}\n'
        "  bye: {type: hangup}\n  bye2: {type: hangup}\n"
    )
    tree = ElementTree.fromstring(svg(drawn(flow)))
    lines = [element.text or "" for element in tree.iter(f"{SVG}text") if element.get("text-anchor") == "end"]
    assert len(lines) == 4
    assert '"22000000"' in " ".join(lines)
    assert "…" not in " ".join(lines)
