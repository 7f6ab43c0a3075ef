"""The model behind the port keeps the contract."""

import pytest

from acd.model import NODE_LEASE_MS
from acd.policy import Model
from acd.simulated import ModelDistributor
from events.catalogue import Event
from events.sink import MemorySink
from tests.acd.colleagues_contract import ColleaguesContract
from tests.acd.distributor_contract import N1, Bench, DistributorContract
from tests.acd.merging_contract import MergingContract
from tests.acd.routing_contract import RoutingContract
from tests.acd.twin import queue


class Hand:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now(self) -> int:
        return self.ms

    def set(self, ms: int) -> None:
        self.ms = ms


class TestModelDistributor(DistributorContract, RoutingContract, ColleaguesContract, MergingContract):
    @pytest.fixture
    def bench(self) -> Bench:
        clock, sink = Hand(), MemorySink()

        async def events() -> list[Event]:
            read, sink.events = sink.events, []
            return read

        return Bench(ModelDistributor("nav", N1, clock.now, sink), clock.now, clock.set, events)


async def test_time_to_the_next_deadline_is_announced() -> None:
    clock, announced = Hand(), list[float]()
    distributor = ModelDistributor("nav", N1, clock.now, MemorySink())
    distributor.when_due(announced.append)
    assert await distributor.due() == 3600.0
    await distributor.beat(N1, 0)
    assert announced == [NODE_LEASE_MS / 1000]


async def test_a_configuration_has_come_to_its_end_with_the_last_who_go() -> None:
    model = Model("nav")
    model.configure_queues(1000, N1, "run", [queue("x")], [])
    model.sweep(1000, N1, "run", ["a"], last=False)
    assert model.clock.swept == ""
    model.sweep(1000, N1, "run", [], last=True)
    assert model.clock.swept == "run"
