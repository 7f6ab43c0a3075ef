"""The graph of a flow, in words."""

from ivr.picture.graph import Around, Traffic, first_words, graph_of
from tests.ivr.picture.flows import OFFICE, small


def test_the_entry_says_numbers_hours_and_languages() -> None:
    entry = graph_of(small(), "nb", Around({"office": OFFICE})).boxes[0]
    assert entry.facts == ("Nummer 5000, 5001", "Mandag til fredag 09-15", "nb · en")
    assert [port.target for port in entry.ports] == ["hours"]


def test_ways_to_one_place_are_one_port() -> None:
    menu = graph_of(small(), "nb").named()["menu"]
    assert [(port.label, port.target) for port in menu.ports] == [
        ("tast 1, 3", "wait"),
        ("tast 2", "again"),
        ("ingen valg", "bye"),
    ]
    english = graph_of(small(), "en").named()["menu"]
    assert english.ports[0].label == "key 1, 3"


def test_what_is_said_is_said_in_the_picture_s_language() -> None:
    menu = graph_of(small(), "en").named()["menu"]
    assert menu.said == "The queue, press 1."
    assert (menu.kind, menu.title) == ("Menu", "Menu")


def test_queues_go_by_their_names_for_people() -> None:
    wait = graph_of(small(), "nb", Around(titles={("queue", "family"): "Familie"})).named()["wait"]
    assert wait.facts == ("kø: Familie",)


def test_a_step_without_words_says_nothing() -> None:
    assert first_words({}, "nb") == ""


def test_counts_stand_at_ports_and_what_has_no_way_is_told() -> None:
    traffic = Traffic({("", "hours"): 9, ("hours", "menu"): 7, ("gone", "menu"): 2}, {"menu": 3}, {"wait": 4}, "uke 1")
    graph = graph_of(small(), "nb", traffic=traffic)
    named = graph.named()
    assert [port.count for port in named["hours"].ports] == [7, 0]
    assert (named["menu"].left, named["wait"].left) == (3, None)
    assert [port.count for port in named["wait"].ports] == [4, 0]
    assert graph.remark.endswith("Innringere uke 1 · 2 talt på veier som ikke lenger finnes")
