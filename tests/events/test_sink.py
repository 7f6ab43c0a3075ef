from events.catalogue import NodeStarted
from events.sink import MemorySink, Sink


def test_events_are_kept_in_the_order_they_were_told() -> None:
    memory = MemorySink()
    sink: Sink = memory
    told = [NodeStarted(at_ms=at_ms, tenant="t", node="n", release="1") for at_ms in range(3)]
    for event in told:
        sink.emit(event)
    assert memory.events == told
