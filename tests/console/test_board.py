"""The wallboard's state: what each figure says, and that it is the same as those of the folds."""

from events.catalogue import Event
from metrics.service_level import servicegrad_45, svargrad
from tests.console.house import NOW_MS, House
from tests.metrics.told import DAY_MS, answered, became, left, queued, started, stream, whole_call


def busy(house: House) -> House:
    events: list[Event] = [*whole_call("c1"), queued("c2"), left("c2", 50_000), queued("c3"), answered("c3", 46_000)]
    events += [queued("c4", at_ms=NOW_MS - 75_000), started("c4"), became("ola", "not_ready"), became("anna", "ready")]
    house.folds.apply(stream(events))
    routes = house.lately.routes()
    for event in events:
        if type(event) in routes:
            routes[type(event)](event)
    return house


def test_every_figure_of_a_queue_is_there() -> None:
    seen = busy(House()).look()
    of = {key.rpartition("|")[2]: value for key, value in seen.state.items() if key.startswith("q|pensjon|")}
    assert of == {
        "target": 45, "goal": 0.7, "offered": 4, "answered": 2, "lost": 1, "waiting": 1, "oldest": NOW_MS - 75_000,
        "ready": 0, "at_work": 0, "svargrad_now": None, "servicegrad_now": None,
        "svargrad_today": 0.667, "servicegrad_today": 0.333,
    }  # fmt: skip


def test_the_days_figures_are_those_of_the_fold() -> None:
    house = busy(House())
    tally, state = house.folds.service_level.tally(since_ms=DAY_MS), house.look().state
    assert (state["t|offered"], state["t|answered"], state["t|lost"]) == (tally.offered, tally.answered, tally.lost)
    assert state["t|svargrad_today"] == round(svargrad(tally) or 0, 3)
    assert state["t|servicegrad_today"] == round(servicegrad_45(tally) or 0, 3)


def test_now_is_of_those_who_arrived_in_the_last_half_hour() -> None:
    house = busy(House())
    house.now_ms = DAY_MS + 5 * 60_000
    state = house.look().state
    assert state["q|pensjon|svargrad_now"] == 0.667
    assert state["q|pensjon|servicegrad_now"] == 0.333


def test_agents_and_sites_are_counted_by_state() -> None:
    seen = busy(House()).look()
    assert (seen.state["a|ready"], seen.state["a|not_ready"], seen.state["t|at_work"]) == (2, 1, 2)
    assert ("oslo", "Oslo") in seen.sites
    assert seen.state["s|oslo|nodes"] == 1


def test_an_installation_without_queues_has_a_board() -> None:
    house = House()
    house.titles.clear()
    seen = house.look()
    assert seen.queues == ()
    assert seen.state["t|waiting"] == 0
    assert seen.state["t|svargrad_now"] is None


def test_the_shape_changes_with_the_rows_and_not_with_the_figures() -> None:
    house = House()
    before = house.look().shape
    assert busy(house).look().shape == before
    house.titles["ufore"] = "Uføre"
    assert house.look().shape != before
