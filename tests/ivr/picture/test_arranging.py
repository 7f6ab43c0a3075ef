"""The arrangement, on graphs drawn at random: nothing stands or runs over anything else."""

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.picture.arranging import Arranged, Point, arrange
from ivr.picture.layers import Edge, Size

WIDTH = 200.0
OUTSIDE = 60.0


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Size], list[Edge]]:
    """Boxes with up to six ports, and edges that lead on."""
    count = draw(st.integers(1, 14))
    sizes, edges = [], []
    for box in range(count):
        targets = draw(st.lists(st.integers(box + 1, count - 1), max_size=6)) if box + 1 < count else []
        height = 50.0 + 18 * len(targets)
        sizes.append(Size(height, tuple(50.0 + 18 * at for at in range(len(targets))), OUTSIDE * draw(st.booleans())))
        edges += [Edge(box, port, target, 7.0 if not port else 1.0) for port, target in enumerate(targets)]
    return sizes, edges


def touches(a: Point, b: Point, corner: Point, height: float) -> bool:
    """Whether the line from `a` to `b` (level or upright) runs through the inside of a box."""
    left, right = sorted((a[0], b[0]))
    top, bottom = sorted((a[1], b[1]))
    x, y = corner
    return left < x + WIDTH - 0.01 and right > x + 0.01 and top < y + height - 0.01 and bottom > y + 0.01


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_boxes_are_apart_and_no_edge_runs_through_one(graph: tuple[list[Size], list[Edge]]) -> None:
    sizes, edges = graph
    arranged = arrange(sizes, edges, WIDTH)
    for (one, size), (other, other_size) in combinations(zip(arranged.boxes, sizes, strict=True), 2):
        same_column = abs(one[0] - other[0]) < WIDTH
        assert not same_column or one[1] + size.height <= other[1] or other[1] + other_size.height <= one[1]
    for line in arranged.edges:
        for a, b in pairwise(line):
            assert abs(a[0] - b[0]) < 0.01 or abs(a[1] - b[1]) < 0.01
            for corner, size in zip(arranged.boxes, sizes, strict=True):
                assert not touches(a, b, corner, size.height)


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_edges_go_from_their_port_to_the_side_of_their_target(graph: tuple[list[Size], list[Edge]]) -> None:
    sizes, edges = graph
    arranged = arrange(sizes, edges, WIDTH)
    for edge, line in zip(edges, arranged.edges, strict=True):
        left, top = arranged.boxes[edge.source]
        assert line[0] == (left + WIDTH, top + sizes[edge.source].ports[edge.port])
        left, top = arranged.boxes[edge.target]
        assert line[-1][0] == left
        assert top < line[-1][1] < top + sizes[edge.target].height


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_no_two_edges_lie_on_each_other(graph: tuple[list[Size], list[Edge]]) -> None:
    sizes, edges = graph
    arranged = arrange(sizes, edges, WIDTH)
    pieces = [(at, a, b) for at, line in enumerate(arranged.edges) for a, b in pairwise(line)]
    upright = [(at, a[0], *sorted((a[1], b[1]))) for at, a, b in pieces if abs(a[0] - b[0]) < 0.01]
    for (one, x, top, bottom), (other, x2, top2, bottom2) in combinations(upright, 2):
        assert one == other or abs(x - x2) > 1 or top >= bottom2 or top2 >= bottom


def laid_out() -> Arranged:
    sizes = [Size(100.0, (40.0, 60.0, 80.0)), Size(60.0, (20.0,)), Size(60.0, (20.0,)), Size(60.0)]
    edges = [Edge(0, 0, 1), Edge(0, 1, 2), Edge(0, 2, 3), Edge(1, 0, 3), Edge(2, 0, 3)]
    return arrange(sizes, edges, WIDTH)


def test_the_same_graph_has_the_same_places() -> None:
    assert laid_out() == laid_out()


def test_a_line_without_crossings_is_found() -> None:
    boxes = laid_out().boxes
    assert [x for x, _ in boxes] == sorted(x for x, _ in boxes)
    assert boxes[1][1] < boxes[2][1]


def test_nothing_is_arranged_as_nothing() -> None:
    assert arrange([], [], WIDTH) == Arranged((), (), 0.0, 0.0)
