"""Layers: circles opened, and every edge to a later layer."""

from hypothesis import given
from hypothesis import strategies as st

from ivr.picture.layers import Edge, going_back, layers_of

EDGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20).map(
    lambda pairs: [Edge(source, 0, target) for source, target in pairs]
)


@given(EDGES)
def test_without_the_edges_that_go_back_every_edge_goes_on(edges: list[Edge]) -> None:
    back = going_back(8, edges)
    onward = [edge for at, edge in enumerate(edges) if at not in back]
    layer = layers_of(8, onward)
    assert all(layer[edge.source] < layer[edge.target] for edge in onward)
    assert min(layer) >= 0


def test_only_what_closes_a_circle_goes_back() -> None:
    edges = [Edge(0, 0, 1), Edge(1, 0, 2), Edge(2, 0, 0), Edge(0, 0, 2), Edge(2, 0, 2)]
    assert going_back(3, edges) == {2, 4}


def test_a_box_comes_near_to_what_it_leads_to() -> None:
    edges = [Edge(0, 0, 1), Edge(1, 0, 2), Edge(2, 0, 3), Edge(4, 0, 3)]
    assert layers_of(5, edges) == [0, 1, 2, 3, 2]
