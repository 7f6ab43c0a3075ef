import pytest

from sip.config import Address, Timers
from sip.deadlines import Deadlines
from sip.message.message import Request, respond
from sip.station import UNATTENDED
from sip.transaction import ACCEPTED, COMPLETED, PROCEEDING, Transaction
from sip.transaction_layer import TransactionLayer, server_key
from tests.sip.raw import PEER, raw, request

OLD_VIA = "SIP/2.0/UDP 192.0.2.9;branch=1"


class Bench:
    def __init__(self, limit: int = 100) -> None:
        self.sent: list[tuple[bytes, Address, bool]] = []
        self.deadlines = Deadlines()
        self.layer = TransactionLayer(Timers(), self.deadlines, lambda *sent: self.sent.append(sent), limit)

    def client(self, data: bytes, destination: Address = PEER) -> Transaction:
        return self.layer.client(request(data), destination, UNATTENDED, 0.0)

    def server(self, data: bytes) -> Transaction:
        return self.layer.server(request(data), PEER, UNATTENDED, 0.0)


def test_response_finds_its_request_by_branch_and_method() -> None:
    bench = Bench()
    invite, bye = bench.client(raw("INVITE")), bench.client(raw("BYE"))
    assert bench.layer.of_response(respond(request(raw("INVITE")), 200)) is invite
    assert bench.layer.of_response(respond(request(raw("BYE")), 200)) is bye
    assert bench.layer.of_response(respond(request(raw("INVITE", branch="z9hG4bKother")), 200)) is None
    assert bench.layer.of_response(respond(request(raw("INVITE", via="SIP/2.0/UDP x")), 200)) is None


def test_request_is_sent_once_at_first() -> None:
    bench = Bench()
    bench.client(raw("INVITE"))
    ((data, destination, repeat),) = bench.sent
    assert (data.startswith(b"INVITE "), destination, repeat) == (True, PEER, False)


@pytest.mark.parametrize("via", ["SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1", OLD_VIA, "SIP/2.0/UDP 192.0.2.9"])
def test_retransmission_ack_and_cancel_find_the_invite(via: str) -> None:
    bench = Bench()
    invite = bench.server(raw("INVITE", via=via))
    assert bench.layer.of_request(request(raw("INVITE", via=via))) is invite
    assert bench.layer.of_request(request(raw("ACK", via=via, to="<sip:600@192.0.2.1>;tag=t"))) is invite
    assert bench.layer.of_request(request(raw("CANCEL", via=via))) is None
    assert bench.layer.cancelled_by(request(raw("CANCEL", via=via))) is invite
    assert bench.layer.of_request(request(raw("BYE", via=via))) is None


def test_same_branch_of_another_host_is_another_request() -> None:
    one = request(raw("INVITE", via="SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1"))
    other = request(raw("INVITE", via="SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK1"))
    assert server_key(one) != server_key(other)


def test_request_by_another_way_is_merged_while_the_first_lives() -> None:
    bench = Bench()
    transaction = bench.server(raw("INVITE"))
    other = request(raw("INVITE", branch="z9hG4bKother"))
    assert bench.layer.merged(other)
    assert not bench.layer.merged(request(raw("INVITE", branch="z9hG4bKother", to="<sip:600@x>;tag=t")))
    transaction.abandon(0.0)
    assert not bench.layer.merged(other)


def test_transaction_within_a_dialog_is_never_merged() -> None:
    bench = Bench()
    transaction = bench.server(raw("BYE", to="<sip:600@x>;tag=t"))
    assert not bench.layer.merged(request(raw("BYE", branch="z9hG4bKother")))
    transaction.abandon(0.0)
    assert len(bench.layer) == 0


def test_what_has_ended_is_forgotten_once() -> None:
    bench = Bench(limit=2)
    client, server = bench.client(raw("BYE")), bench.server(raw("INVITE"))
    assert (len(bench.layer), bench.layer.full) == (2, True)
    for transaction in (client, client, server, server):
        transaction.abandon(0.0)
    assert (len(bench.layer), bench.layer.full, len(bench.deadlines)) == (0, False, 0)


def test_lost_connection_fails_what_goes_there_alone() -> None:
    bench = Bench()
    bench.client(raw("BYE"))
    kept = bench.client(raw("BYE", branch="z9hG4bK2"), Address("192.0.2.8", 5060))
    bench.server(raw("INVITE"))
    bench.layer.connection_lost(PEER, 0.0)
    assert len(bench.layer) == 1
    assert bench.layer.of_response(respond(kept.request, 200)) is kept


def test_messages_of_the_machines_are_built_from_the_request() -> None:
    bench = Bench()
    asked = request(raw("INVITE"))
    assert bench.layer.trying(asked).startswith(b"SIP/2.0 100 Trying")
    assert bench.layer.acknowledge(asked, respond(asked, 486, to_tag="b")).startswith(b"ACK ")


def test_machine_is_chosen_by_side_and_method() -> None:
    bench = Bench()
    invite, bye = bench.server(raw("INVITE")), bench.server(raw("BYE"))
    for transaction, state in ((invite, ACCEPTED), (bye, COMPLETED)):
        transaction.respond(respond(transaction.request, 200), 0.0)
        assert transaction.state is state
    ours: Request = request(raw("INVITE", branch="z9hG4bK7"))
    client = bench.layer.client(ours, PEER, UNATTENDED, 0.0)
    client.received(respond(ours, 180), 0.0)
    assert client.state is PROCEEDING


STREAM = Address("192.0.2.9", 40000, "TLS")


def test_response_whose_connection_is_lost_takes_a_new_one_to_the_port_of_its_via() -> None:
    bench = Bench()
    asked = request(raw("INVITE", via="SIP/2.0/TLS 10.0.0.1;branch=z9hG4bK1"))
    invite = bench.layer.server(asked, STREAM, UNATTENDED, 0.0)
    assert bench.layer.awaited(STREAM)
    bench.layer.connection_lost(STREAM, 0.0)
    assert not bench.layer.awaited(STREAM)
    invite.respond(respond(asked, 180), 0.0)
    back = Address("192.0.2.9", 5061, "TLS")
    assert bench.sent[-1][1] == back
    bench.layer.connection_lost(back, 0.0)
    assert len(bench.layer) == 0


def test_domains_asked_for_over_tls_are_remembered_within_bounds() -> None:
    bench = Bench(limit=10_000)
    tls = Address("192.0.2.9", 5061, "TLS")
    bench.layer.client(request(raw("BYE", "Route: <sip:proxy.example;lr>")), tls, UNATTENDED, 0.0)
    assert bench.layer.names[tls] == "proxy.example"
    bench.layer.client(request(raw("BYE", uri="tel:+47", branch="z9hG4bKt")), tls, UNATTENDED, 0.0)
    assert bench.layer.names[tls] == "proxy.example"
    for port in range(2000):
        bench.layer.client(request(raw("BYE", branch=f"z9hG4bK{port}")), tls._replace(port=port), UNATTENDED, 0.0)
    assert len(bench.layer.names) == 1024
    assert tls not in bench.layer.names
