"""What somebody has to look at: each alarm comes and goes with its cause, in two languages, gravest first."""

from dataclasses import replace

from events.catalogue import NodeLost, NodeStarted
from metrics.health import HealthReport, Outcome
from tests.console.house import NOW_MS, House
from tests.metrics.told import queued, stream


def told(house: House, language: str = "en") -> list[str]:
    return [f"{one.level}: {one.text(language)}" for one in house.look().alarms]


def test_nothing_is_wrong_at_first() -> None:
    assert told(House()) == []


def test_callers_who_wait_for_nobody_are_told_of() -> None:
    house = House()
    house.folds.apply(stream([queued("c1")]))
    assert told(house) == ["bad: Pensjon: 1 waiting, nobody at work"]
    assert told(house, "nb") == ["bad: Pensjon: 1 venter, og ingen er på jobb"]


def test_a_node_is_lost_until_it_is_back_or_an_hour_is_over() -> None:
    house = House()
    lost = NodeLost(at_ms=NOW_MS, tenant="nav", node="n1", lost="n2", site="bodo", phones_taken=1, phones_gone=0)
    house.lost.tell(lost)
    assert told(house) == ["bad: Node n2 (bodo) is lost"]
    house.lost.tell(NodeStarted(at_ms=NOW_MS, tenant="nav", node="n2", release="1"))
    assert told(house) == []
    house.lost.tell(lost)
    house.now_ms += 3_600_001
    assert told(house) == []


def test_checks_that_fail_are_told_of_and_the_gravest_come_first() -> None:
    house = House()
    house.report = HealthReport(
        {
            "invariants": Outcome(ok=False, detail="O - A - L - F - W of pensjon is 1", ailing=True),
            "redis": Outcome(ok=False, detail="no answer within 1 s"),
            "loop": Outcome(ok=True, detail="0.1 ms late at worst"),
        }
    )
    house.crises.append(("Krise: flom", "Crisis: flood"))
    assert told(house) == [
        "bad: Redis: no answer within 1 s",
        "warn: Crisis: flood",
        "warn: Something that must never happen has happened: O - A - L - F - W of pensjon is 1",
    ]


def test_estimates_that_fall_silent_are_told_of_once_there_are_enough() -> None:
    house = House()
    route = house.lately.routes()[type(queued("c"))]
    for n in range(4):
        route(replace(queued(f"c{n}", at_ms=NOW_MS), estimate_ms=60_000, low_ms=-1))
    assert told(house) == []
    route(replace(queued("c9", at_ms=NOW_MS), estimate_ms=60_000, low_ms=-1))
    assert told(house) == ["warn: Pensjon: the wait cannot be estimated now"]


def test_figures_that_do_not_add_up_are_told_of() -> None:
    house = House()
    house.folds.apply(stream([queued("c1")]))
    next(iter(house.folds.service_level.cohorts.values())).offered += 1
    assert "bad: The figures of pensjon do not add up (1)" in told(house)


def test_there_are_never_more_alarms_than_can_be_read() -> None:
    house = House()
    house.crises += [(f"krise {n}", f"crisis {n}") for n in range(50)]
    assert len(told(house)) == 20
