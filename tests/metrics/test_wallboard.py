import pytest

from metrics.service_level import INTERVAL_MS, ServiceLevel, servicegrad_45, svargrad
from metrics.wallboard import Offers, Wallboard
from tests.metrics.told import DAY_MS, answered, became, failed, left, offered, queued, tell


def both() -> tuple[ServiceLevel, Wallboard]:
    level = ServiceLevel()
    return level, Wallboard(level)


def test_an_offer_that_a_partner_does_not_take_is_no_missed_offer_of_an_agent() -> None:
    board = Wallboard(ServiceLevel())
    tell(board, [offered("c1", agent="help/1"), failed("c1", agent="help/1")])
    assert board.offers() == {}


def test_a_queue_shows_who_waits_and_who_has_waited_longest() -> None:
    level, wall = both()
    tell(level, [queued("b", at_ms=DAY_MS + 5_000), queued("a", at_ms=DAY_MS + 9_000, arrived_ms=DAY_MS)])
    row = wall.board(since_ms=0).queues[0]
    assert (row.queue, row.waiting, row.oldest_ms) == ("pensjon", 2, DAY_MS)
    assert row.longest_wait_s(DAY_MS + 61_999) == 61
    assert row.longest_wait_s(DAY_MS - 1) == 0


def test_an_empty_queue_has_no_longest_wait() -> None:
    level, wall = both()
    tell(level, [queued("a"), left("a")])
    row = wall.board(since_ms=0).queues[0]
    assert (row.waiting, row.longest_wait_s(DAY_MS + 1)) == (0, 0)


def test_the_measures_are_of_those_who_arrived_since() -> None:
    level, wall = both()
    yesterday, today = DAY_MS - INTERVAL_MS, DAY_MS
    tell(level, [queued("a", at_ms=yesterday), left("a"), queued("b", at_ms=today), answered("b", 50_000)])
    row = wall.board(since_ms=today).queues[0]
    assert (svargrad(row.tally), servicegrad_45(row.tally)) == (1.0, 0.0)
    assert svargrad(wall.board(since_ms=0).queues[0].tally) == 0.5


def test_agents_are_counted_by_state_and_site() -> None:
    _, wall = both()
    tell(wall, [became("kari", "ready"), became("ola", "ready", site="bodø"), became("kari", "talking")])
    assert wall.by_state() == {
        "logged_out": 0,
        "ready": 1,
        "not_ready": 0,
        "offered": 0,
        "talking": 1,
        "wrap_up": 0,
    }
    assert wall.by_site() == {("oslo", "talking"): 1, ("bodø", "ready"): 1}
    assert wall.agents["kari"].since_ms == DAY_MS


@pytest.mark.parametrize(("state", "gone"), [("logged_out", "ola"), ("ready", "kari")])
def test_when_there_are_too_many_agents_one_who_is_logged_out_makes_way_first(state: str, gone: str) -> None:
    wall = Wallboard(ServiceLevel(), max_agents=2)
    tell(wall, [became("kari", "ready"), became("ola", state), became("per", "ready"), became("per", "talking")])
    assert set(wall.agents) == {"kari", "ola", "per"} - {gone}
    assert wall.changes()["a|" + gone] is None


def test_rona_is_missed_offers_of_all_offers() -> None:
    _, wall = both()
    causes = ["no_answer", "busy", "rejected", "unreachable", "lease_expired"]
    tell(wall, [offered("a") for _ in range(10)])
    tell(wall, [failed("a", cause) for cause in causes])
    offers = wall.offers()["pensjon"]
    assert (offers, offers.rona) == (Offers(made=10, missed=5), 0.5)


def test_an_offer_whose_caller_left_was_not_missed() -> None:
    _, wall = both()
    tell(wall, [offered("a"), failed("a", "caller_left")])
    assert wall.offers()["pensjon"].rona == 0


def test_there_is_no_rona_without_offers() -> None:
    assert Offers().rona is None


def test_an_offer_counts_where_it_was_made_though_it_fails_in_the_next_half_hour() -> None:
    _, wall = both()
    late = DAY_MS + INTERVAL_MS - 1_000
    tell(wall, [offered("a", at_ms=late), failed("a", at_ms=late + 20_000, rang_ms=20_000)])
    assert wall.offers(since_ms=DAY_MS + INTERVAL_MS) == {}
    assert wall.offers(since_ms=DAY_MS) == {"pensjon": Offers(1, 1)}


def test_the_board_shows_the_offers_of_its_period() -> None:
    level, wall = both()
    tell(level, [queued("a")])
    tell(wall, [offered("x", at_ms=DAY_MS - 1), offered("y", at_ms=DAY_MS), offered("z", at_ms=DAY_MS + INTERVAL_MS)])
    assert wall.board(since_ms=DAY_MS).queues[0].offers == Offers(made=2)


def test_when_there_are_too_many_half_hours_of_offers_the_oldest_goes() -> None:
    wall = Wallboard(ServiceLevel(), max_intervals=2)
    tell(wall, [offered("a", at_ms=DAY_MS + n * INTERVAL_MS) for n in range(3)])
    assert wall.offers() == {"pensjon": Offers(made=2)}


def test_a_restored_wallboard_shows_the_same() -> None:
    level, wall = both()
    tell(wall, [became("kari", "not_ready", reason="break"), offered("a"), failed("a")])
    restored = Wallboard(level)
    restored.restore(wall.snapshot())
    assert restored.snapshot() == wall.snapshot() == wall.changes()
    assert (restored.agents, restored.offers()) == (wall.agents, wall.offers())
    assert wall.changes() == {}


def test_an_offer_counts_where_its_contact_arrived_however_long_it_waited() -> None:
    level, wall = both()
    tell(level, [queued("a")])
    tell(wall, [offered("a", at_ms=DAY_MS + 2 * INTERVAL_MS), failed("a", at_ms=DAY_MS + 3 * INTERVAL_MS)])
    assert wall.offers(DAY_MS) == {"pensjon": Offers(made=1, missed=1)}
    assert wall.offers(DAY_MS + INTERVAL_MS) == {}
