"""What must never happen is shown, and makes a node ailing from the moment when it is seen."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from acd.distributor import Unavailable
from acd.invariants import INVARIANTS, Proofs
from metrics.health import Ailing
from svar.invariants_watch import InvariantsWatch


class Store:
    """What the next look sees; None: the store is away."""

    def __init__(self) -> None:
        self.next: Proofs | None = proofs()
        self.looks = 0
        self.looked_again = asyncio.Event()

    async def read(self) -> Proofs:
        self.looks += 1
        if self.looks == 3:
            self.looked_again.set()
        if self.next is None:
            raise Unavailable("away")
        return self.next


def proofs(overtaken: int = 0, family: int = 0) -> Proofs:
    return Proofs(dict.fromkeys(INVARIANTS, 0) | {"overtaken": overtaken}, {"family": family})


def shown(watch: InvariantsWatch) -> dict[str, dict[tuple[str, ...], float]]:
    return {one.name: dict(one.read()) for one in watch.labelled()}


async def test_nothing_broken_is_well_and_shows_as_noughts() -> None:
    watch = InvariantsWatch(Store().read)
    assert shown(watch)["invariant_violations_total"] == {(name,): 0 for name in INVARIANTS}
    await watch.look()
    assert await watch.check() == "none of 5 broken, 1 queues add up"
    assert shown(watch)["queue_balance"] == {("family",): 0}


async def test_a_violation_since_the_start_is_ailing_told_once_and_stays() -> None:
    store = Store()
    watch = InvariantsWatch(store.read)
    await watch.look()
    store.next = proofs(overtaken=2)
    with capture_logs() as logs:
        await watch.look()
        await watch.look()
    assert [(log["event"], log["invariant"]) for log in logs] == [("an invariant is broken", "overtaken")]
    with pytest.raises(Ailing, match="a contact was overtaken within equal priority and eligibility: 2 times"):
        await watch.check()
    assert shown(watch)["invariant_violations_total"]["overtaken",] == 2


async def test_one_from_before_the_start_is_shown_and_ails_nobody_until_another_comes() -> None:
    store = Store()
    store.next = proofs(overtaken=3)
    watch = InvariantsWatch(store.read)
    await watch.look()
    assert shown(watch)["invariant_violations_total"]["overtaken",] == 3
    await watch.check()
    store.next = proofs(overtaken=0)  # the store came back empty
    await watch.look()
    store.next = proofs(overtaken=1)
    await watch.look()
    with pytest.raises(Ailing, match="1 times"):
        await watch.check()


async def test_an_agent_beyond_the_time_limit_in_two_looks_is_stuck_and_counted_once() -> None:
    store = Store()
    watch = InvariantsWatch(store.read)
    counts, now = [], []
    for overdue in ({"w:anna"}, {"o:o1"}, {"o:o1"}, {"o:o1"}, set[str]()):
        store.next = replace(proofs(), overdue=frozenset(overdue))
        await watch.look()
        counts.append(shown(watch)["invariant_violations_total"]["stuck_state",])
        now.append(shown(watch)["distributor_overdue"][()])
    assert (counts, now) == ([0, 0, 1, 1, 1], [0, 0, 1, 1, 0])
    with pytest.raises(Ailing, match="beyond its bound: 1 times"):
        await watch.check()


async def test_numbers_that_do_not_add_up_are_ailing_while_they_do_not() -> None:
    store = Store()
    store.next = proofs(family=-1)
    watch = InvariantsWatch(store.read)
    await watch.look()
    with pytest.raises(Ailing, match="O - A - L - F - W of family is -1"):
        await watch.check()
    store.next = proofs()
    await watch.look()
    await watch.check()


async def test_a_store_that_is_away_leaves_what_was_seen_last() -> None:
    store = Store()
    store.next = proofs(overtaken=3)
    watch = InvariantsWatch(store.read)
    await watch.look()
    store.next = None
    await watch.look()
    assert shown(watch)["invariant_violations_total"]["overtaken",] == 3


async def test_it_looks_again_and_again() -> None:
    store = Store()
    watching = asyncio.create_task(InvariantsWatch(store.read, every_s=0).run())
    await asyncio.wait_for(store.looked_again.wait(), 5)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
