"""The whole endpoint under malformed messages: nothing is raised, nobody else is written to, nothing is left."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sip.message.framing import PING, Framer
from sip.message.message import MessageError, parse
from tests.fuzz.mutations import changed
from tests.fuzz.targets import BY_NAME
from tests.sip.network import nothing_left
from tests.sip.test_torture_core import PEER, endpoint

MESSAGE = changed(BY_NAME["message"]).map(lambda data: data[:9000])


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data(), over_a_stream=st.booleans())
def test_endpoint_outlives_malformed_messages_and_keeps_nothing(data: st.DataObject, over_a_stream: bool) -> None:
    peer = endpoint()
    source = PEER._replace(transport="TCP") if over_a_stream else PEER
    framer, now = Framer(), 1000.0
    for _ in range(data.draw(st.integers(1, 8))):
        message = data.draw(MESSAGE)
        for one in framer.feed(message) if over_a_stream else [message]:
            if one is not PING:
                peer.core.receive(one, source, now)
        if over_a_stream and framer.fault is not None:
            peer.core.receive_broken(framer.fault.head, source, now)
            framer = Framer()
        for event in peer.core.events():
            peer.react(event, now)
        for answer, destination in peer.core.datagrams():
            assert destination.host == source.host
            assert is_readable(answer)
        now += 0.1
    peer.core.connection_lost(source, now)
    while (deadline := peer.core.deadline) is not None:
        peer.core.handle_timeout(deadline)
        peer.core.events()
        peer.core.datagrams()
    assert nothing_left(peer)


def is_readable(answer: bytes) -> bool:
    """Whether it is a message, but for the fields of a bad request that it gives back as they were."""
    try:
        parse(answer)
    except MessageError:
        return answer.startswith((b"SIP/2.0 4", b"SIP/2.0 5")) and answer.count(b"\r\n\r\n") == 1
    return True
