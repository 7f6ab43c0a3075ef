"""The circuit breaker."""

from ivr.web.circuit import Circuit


def opened() -> Circuit:
    circuit = Circuit(failures=3, rest_s=10.0)
    for _ in range(3):
        assert circuit.admit(1.0)
        circuit.failed(1.0)
    return circuit


def test_failures_in_a_row_open_it_for_a_while() -> None:
    circuit = opened()
    assert circuit.is_open(1.0)
    assert not circuit.admit(10.9)
    assert circuit.admit(11.0)


def test_a_success_between_failures_keeps_it_closed() -> None:
    circuit = Circuit(failures=3, rest_s=10.0)
    for _ in range(5):
        assert circuit.admit(1.0)
        circuit.failed(1.0)
        assert circuit.admit(1.0)
        circuit.succeeded()
    assert not circuit.is_open(1.0)


def test_one_request_alone_tries_it() -> None:
    circuit = opened()
    assert circuit.admit(11.0)
    assert not circuit.admit(11.0)
    assert circuit.is_open(100.0)


def test_a_try_that_succeeds_closes_it() -> None:
    circuit = opened()
    circuit.admit(11.0)
    circuit.succeeded()
    assert circuit.admit(11.0)
    assert circuit.admit(11.0)


def test_a_try_that_fails_opens_it_anew() -> None:
    circuit = opened()
    circuit.admit(11.0)
    circuit.failed(12.0)
    assert not circuit.admit(21.9)
    assert circuit.admit(22.0)


def test_a_try_that_nobody_waited_for_leaves_the_next_one_to_try() -> None:
    circuit = opened()
    circuit.admit(11.0)
    circuit.left()
    assert circuit.admit(11.0)


def test_it_is_told_once_that_it_opened() -> None:
    circuit = Circuit(failures=2, rest_s=10.0)
    assert [circuit.failed(1.0) for _ in range(4)] == [False, True, False, False]
    assert circuit.admit(11.0)
    assert not circuit.failed(11.0)
    assert circuit.admit(21.0)
    circuit.succeeded()
    assert [circuit.failed(30.0) for _ in range(2)] == [False, True]


def test_those_under_way_when_it_opened_prolong_it_only() -> None:
    circuit = opened()
    circuit.failed(5.0)
    assert not circuit.admit(14.9)
    assert circuit.admit(15.0)
