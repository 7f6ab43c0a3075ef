"""What a node shows of its place among others."""

from svar.exposition import SitesSeen


class Nodes:
    def __init__(self) -> None:
        self.now = {"oslo": 2, "bodo": 1}

    def serving(self) -> dict[str, int]:
        return self.now


def test_a_site_that_is_lost_is_told_of_with_nought() -> None:
    nodes = Nodes()
    seen = SitesSeen(nodes)
    assert seen.read() == {("oslo",): 2, ("bodo",): 1}
    nodes.now = {"oslo": 1}
    assert seen.read() == {("oslo",): 1, ("bodo",): 0}
