from rtp.rtpengine.servers import Servers


def test_contacts_are_shared_out_evenly() -> None:
    servers = Servers(("a", "b", "c"))
    assert [servers.take() for _ in range(6)] == ["a", "b", "c", "a", "b", "c"]
    servers.give("b")
    assert servers.take() == "b"


def test_the_dead_get_nothing_until_they_are_back() -> None:
    servers = Servers(("a", "b"))
    servers.died("a")
    assert [servers.take(), servers.take()] == ["b", "b"]
    assert servers.alive == 1
    servers.revived("a")
    assert servers.alive == 2
    assert servers.take() == "a"


def test_without_one_that_is_left_there_is_none() -> None:
    servers = Servers(("a", "b"))
    servers.died("b")
    assert servers.take(but=frozenset({"a"})) is None
