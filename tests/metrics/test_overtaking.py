"""Who came later and was answered before, and why."""

from dataclasses import replace

from events.catalogue import ContactQueued, Event
from metrics.overtaking import Stay, served_before, stays
from tests.metrics.told import DAY_MS, answered, left, offered, partner_answered, queued


def at(seconds: int) -> int:
    return DAY_MS + seconds * 1000


def served(contact: str, came_s: int, answered_s: int, priority_s: int = 0) -> list[Event]:
    came = replace(queued(contact, at_ms=at(came_s)), priority_s=priority_s)
    return [came, answered(contact, at_ms=at(answered_s), agent="per")]


def mine(*further: Event) -> Stay:
    (stay,) = stays([queued("me", at_ms=at(10)), *further])
    return stay


def text(stay: Stay, *others: list[Event]) -> str:
    return served_before(stay, {str(n): events for n, events in enumerate(others)}, at(100)).text


def test_a_contact_that_was_overtaken_by_nobody_is_told_so() -> None:
    stay = mine(left("me", at_ms=at(60)))
    before, after = served("b", 5, 20), served("c", 20, 61)
    elsewhere: list[Event] = [queued("d", "uføre", at(20)), answered("d", queue="uføre", at_ms=at(30))]
    waits: list[Event] = [queued("e", at_ms=at(20))]
    lost: list[Event] = [queued("f", at_ms=at(20)), left("f", at_ms=at(30))]
    told = served_before(stay, {"b": before, "c": after, "d": elsewhere, "e": waits, "f": lost}, at(100))
    assert (told.at_ms, told.text) == (at(60), "nobody who came to pensjon later was answered before")


def test_each_who_was_answered_before_has_a_reason() -> None:
    first = served("vip", 20, 30, priority_s=60)
    moved = served("moved", 20, 30)
    assert isinstance(moved[0], ContactQueued)
    moved[0] = replace(moved[0], arrived_ms=at(0))
    other: list[Event] = [queued("other", at_ms=at(20)), partner_answered("other", at(30))]
    assert text(mine(), first, moved, other) == (
        "3 who came to pensjon later were answered before: vip by per (had a head start of 60 s); "
        "moved by per (had waited longer over its whole journey); "
        "other by help (who was not open to this caller then, or was waited for first)"
    )


def test_of_many_a_few_are_named() -> None:
    assert text(mine(), *(served(f"c{n}", 20, 30) for n in range(8))).endswith("; and 3 others")


def test_the_wait_that_an_offer_was_made_by_is_the_one_that_counts() -> None:
    waited = replace(offered("me", at_ms=at(50)), waited_ms=45_000)
    assert mine(waited).order_ms == at(5)
    assert mine().order_ms == at(10)


def test_stays_follow_each_other_and_what_belongs_to_none_is_left_out() -> None:
    events = [answered("me"), queued("me", at_ms=at(10)), left("me", at_ms=at(20)), left("me", at_ms=at(21))]
    found = stays([*events, queued("me", "uføre", at(30))])
    assert [(stay.queued.queue, stay.end.at_ms if stay.end else 0) for stay in found] == [
        ("pensjon", at(20)),
        ("uføre", 0),
    ]
