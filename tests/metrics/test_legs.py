"""The legs of a contact: who was rung and who talked, from when to when, and why it ended."""

from dataclasses import replace
from typing import Any

from events.catalogue import CallbackEnded, Event
from metrics.cdr import CallRecords
from metrics.legs import MOST_LEGS
from metrics.routing_version import RoutingVersion
from tests.metrics.told import (
    DAY_MS,
    NODE,
    TENANT,
    answered,
    became,
    ended,
    failed,
    left,
    offered,
    partner_answered,
    partner_released,
    queued,
    released,
    started,
    tell,
    transferred,
    transferring,
    whole_call,
)

Shown = tuple[str, str, int, int, int, str]


def shown(events: list[Event]) -> list[Shown]:
    """Who, name, seconds of beginning, answer and end, and the cause."""
    fold = CallRecords()
    tell(fold, events)
    (record,) = fold.take()
    return [
        (leg["who"], leg["name"], *(_s(leg[name]) for name in ("begun_ms", "answered_ms", "ended_ms")), leg["cause"])
        for leg in record["legs"]
    ]


def _s(at_ms: Any) -> int:
    return round((at_ms - DAY_MS) / 1000) if at_ms else -1


def after(seconds: int) -> int:
    return DAY_MS + seconds * 1000


def test_every_agent_who_was_rung_has_a_leg_with_the_cause_of_its_end() -> None:
    events = [started("c1"), queued("c1"), offered("c1", "o1", "kari", at_ms=after(5))]
    events += [failed("c1", "no_answer", "o1", at_ms=after(25)), offered("c1", "o2", "ola", at_ms=after(26))]
    events += [answered("c1", 30_000, at_ms=after(30), agent="ola", offer="o2")]
    events += [released("c1", at_ms=after(90), agent="ola", cause="agent_hung_up"), became("ola", "ready", "talking")]
    assert shown([*events, ended("c1", at_ms=after(91))]) == [
        ("caller", "", 0, -1, 91, "caller_hung_up"),
        ("agent", "kari", 5, -1, 25, "no_answer"),
        ("agent", "ola", 26, 30, 90, "agent_hung_up"),
    ]


def test_an_agent_who_gets_the_contact_twice_has_two_legs() -> None:
    twice = [offered("c1", "o1"), failed("c1", "busy", "o1", at_ms=after(1)), offered("c1", "o2", at_ms=after(2))]
    events = [started("c1"), queued("c1"), *twice, answered("c1", at_ms=after(3), offer="o2")]
    events += [released("c1", at_ms=after(9)), became("kari", "ready", "talking"), ended("c1", at_ms=after(9))]
    assert [(leg[1], *leg[2:5]) for leg in shown(events)[1:]] == [("kari", 0, -1, 1), ("kari", 2, 3, 9)]


def test_an_answer_whose_ringing_was_not_told_began_as_long_before_as_it_rang() -> None:
    events = [started("c1"), queued("c1"), answered("c1", at_ms=after(10)), became("kari", "ready", "talking")]
    events += [released("c1", at_ms=after(20)), ended("c1", at_ms=after(20))]
    assert shown(events)[1] == ("agent", "kari", 8, 10, 20, "caller_hung_up")


def test_a_partner_has_a_leg() -> None:
    events = [started("c1"), queued("c1"), partner_answered("c1", after(10)), left("c1", cause="partner")]
    events += [partner_released("c1", after(80)), ended("c1", "transferred", at_ms=after(81))]
    assert shown(events)[1] == ("partner", "help", 5, 10, 80, "caller_hung_up")


def test_a_destination_has_a_leg_that_lasts_to_the_end_and_one_that_did_not_answer_has_its_cause() -> None:
    events: list[Event] = [
        started("c1"),
        transferring("c1", "politi", at_ms=after(1)),
        transferred("c1", "politi", "busy"),
    ]
    events += [transferring("c1", at_ms=after(2)), transferred("c1"), ended("c1", "transferred", at_ms=after(60))]
    assert [leg[:2] + leg[4:] for leg in shown(events)] == [
        ("caller", "", 60, "caller_hung_up"),
        ("destination", "politi", 0, "busy"),
        ("destination", "skatt", 60, "caller_hung_up"),
    ]


def test_a_transfer_to_a_queue_is_no_leg_and_one_whose_beginning_was_not_told_is() -> None:
    queue = [transferring("c1", "uføre", to="queue"), transferred("c1", "uføre", "queued", to="queue")]
    asked = [transferred("c1", "ola", "joined", to="agent"), transferred("c1", "per", "no_answer", to="agent")]
    assert [leg[:2] for leg in shown([started("c1"), *queue, *asked, ended("c1")])] == [
        ("caller", ""),
        ("agent", "ola"),
    ]


def test_a_caller_who_is_rung_back_talks_to_an_agent_who_has_a_leg() -> None:
    reached = CallbackEnded(
        at_ms=after(3), tenant=TENANT, node=NODE, contact="c1", first="c0", queue="pensjon",
        outcome="reached", cause="", tries=0, waited_ms=9,
    )  # fmt: skip
    talking = became("kari", "talking", "offered", at_ms=after(3))
    fold = CallRecords()
    tell(fold, [started("c1"), reached, replace(talking, contact="c1")])
    tell(fold, [released("c1", at_ms=after(9)), became("kari", "ready", "talking"), ended("c1", at_ms=after(9))])
    (record,) = fold.take()
    assert [(leg["who"], leg["name"], _s(leg["answered_ms"]), _s(leg["ended_ms"])) for leg in record["legs"]] == [
        ("caller", "", -1, 9),
        ("agent", "kari", 3, 9),
    ]


def test_a_start_that_is_told_late_and_a_contact_of_a_lost_node_have_whole_legs() -> None:
    events = [queued("c1"), offered("c1"), started("c1", after(-1)), left("c1", cause="node_lost", at_ms=after(7))]
    assert shown([*events, failed("c1", "node_lost", at_ms=after(8))])[0] == ("caller", "", -1, -1, 7, "node_lost")


def test_a_contact_without_end_has_a_bounded_number_of_legs() -> None:
    fold = CallRecords()
    tell(fold, [started("c1"), queued("c1")])
    for n in range(MOST_LEGS):
        tell(fold, [offered("c1", f"o{n}"), failed("c1", "busy", f"o{n}")])
    tell(fold, [answered("c1", offer="last"), *whole_call("c1")[7:]])
    (record,) = fold.take()
    assert len(record["legs"]) == MOST_LEGS


def test_which_version_routes_is_kept_over_a_restart() -> None:
    fold = RoutingVersion()
    assert (fold.changes(), fold.snapshot()) == ({}, {"version": None})
    fold.version = "v2"
    assert (fold.changes(), fold.changes()) == ({"version": "v2"}, {})
    again = RoutingVersion()
    again.restore({"version": "v2"})
    assert (again.version, again.changes()) == ("v2", {})
    again.restore({})
    assert again.version == ""
