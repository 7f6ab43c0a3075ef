"""The picture of a difference: what is new, gone and changed is marked, in colours and by signs."""

from pathlib import Path

from ivr.difference.picture import GONE, graph_of_difference
from ivr.picture.graph import Around, Graph, Mark
from ivr.picture.svg import svg
from tests.ivr.difference.sides import ENGLISH, FLOWS, STANDING, changed

MAIN = "main.yaml"


def drawn(folder: Path, *edits: tuple[str, str, str]) -> Graph:
    new = changed(folder, *edits)
    return graph_of_difference(STANDING.flows["main"], new.flows["main"], ENGLISH, Around(new.calendars))


def test_a_flow_without_a_change_has_no_marks(tmp_path: Path) -> None:
    graph = drawn(tmp_path)
    assert all(box.mark is Mark.NONE for box in graph.boxes)
    assert all(port.mark is Mark.NONE for box in graph.boxes for port in box.ports)


def test_ways_that_changed_are_drawn_before_and_now(tmp_path: Path) -> None:
    menu = drawn(tmp_path, (MAIN, "3: family", "3: closed")).named()["menu"]
    marks = {(port.label, port.target, port.mark) for port in menu.ports if port.mark}
    assert marks == {("key 3", "closed", Mark.ADDED), ("key 3", "family", Mark.REMOVED)}


def test_a_step_that_is_gone_is_drawn_though_a_new_one_has_its_name(tmp_path: Path) -> None:
    text = (FLOWS / MAIN).read_text()
    holiday = text[text.index("  holiday:\n    type") :]
    graph = drawn(
        tmp_path, (MAIN, holiday, ""), (MAIN, "    holiday: holiday\n", ""), (MAIN, "Vi har stengt.", "Lukket.")
    )
    named = graph.named()
    assert named[GONE + "holiday"].mark is Mark.REMOVED
    assert named["closed"].mark is Mark.CHANGED
    gone = [port for port in named["hours"].ports if port.mark is Mark.REMOVED]
    assert [port.target for port in gone] == [GONE + "holiday"]


def test_marks_have_signs_for_those_who_see_no_colours(tmp_path: Path) -> None:
    text = svg(drawn(tmp_path, (MAIN, "3: family", "3: closed"), (MAIN, "Vi har stengt.", "Lukket.")))
    assert "+ key 3" in text
    assert "− key 3" in text
    assert "≠<title>changed</title>" in text
    assert "stroke-dasharray" in text


def test_a_new_start_is_marked_at_the_entry(tmp_path: Path) -> None:
    entry = drawn(tmp_path, (MAIN, "start: hours", "start: menu")).boxes[0]
    assert [(port.target, port.mark) for port in entry.ports] == [("menu", Mark.ADDED), ("hours", Mark.REMOVED)]
