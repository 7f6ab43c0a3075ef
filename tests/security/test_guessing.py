"""Guessing users and passwords: the answer and the work tell nothing, and guesses get few."""

import re
import statistics
import sys
import time
from collections.abc import Callable
from types import FrameType

import pytest

from sip.config import Address, Limits
from sip.message.auth import authorize
from tests.security.strangers import STRANGER, challenge, guess, register, server
from tests.sip.network import Peer
from tests.sip.raw import ask, raw

_NONCE = re.compile(rb'nonce="[^"]*"')
_TAG = re.compile(rb"To: [^\r]*")


def told(answer: bytes, user: str) -> bytes:
    """An answer without what is different each time, and the name that the question had."""
    return _TAG.sub(b"", _NONCE.sub(b"", answer)).replace(user.encode(), b"USER")


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, those in C included: a measure of work that no busy machine disturbs."""
    count = 0

    def count_call(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_a_known_and_an_unknown_user_get_the_same_answers_byte_for_byte() -> None:
    known, unknown = server(), server()
    assert told(guess(known, 1, "bjorn", "guess"), "bjorn") == told(guess(unknown, 1, "nobody", "guess"), "nobody")


def test_a_known_and_an_unknown_user_cost_the_same_work() -> None:
    def one(user: str) -> int:
        peer = server()
        (asked,) = ask(peer, register(1, user), STRANGER)
        given = challenge(asked)
        credentials = f'Digest username="{user}", realm="nav.example", nonce="{given.nonce}", uri="sip:nav.example", '
        credentials += f'response="{"0" * 64}", algorithm=SHA-256, qop=auth, nc=00000001, cnonce="c"'
        again = register(2, user, credentials)
        return calls(lambda: peer.core.receive(again, STRANGER, 1000.0))

    for user in ("bjorn", "nonam"):
        one(user)  # what the parsers remember of a name they have seen is no secret of the registrar's
    assert abs(one("bjorn") - one("nonam")) <= 2


def test_a_known_and_an_unknown_user_take_the_same_time() -> None:
    """Wrong digests for one and the other in turn, the medians differ by less than a quarter."""
    peer = server()
    (asked,) = ask(peer, register(1, "bjorn"), STRANGER)
    took: dict[str, list[float]] = {"bjorn": [], "nonam": []}
    for number in range(3000):
        user = ("bjorn", "nonam")[number % 2]
        given = authorize(
            challenge(asked), username=user, password="guess", method="REGISTER", uri="sip:nav.example", cnonce="c"
        )
        data = register(number + 2, user, str(given))
        began = time.perf_counter()
        peer.core.receive(data, STRANGER, 1000.0)
        took[user].append(time.perf_counter() - began)
        peer.core.datagrams()
    known, unknown = (statistics.median(one[100:]) for one in took.values())
    assert 0.8 < known / unknown < 1.25, (known, unknown)


@pytest.mark.parametrize("method", ["INVITE", "REGISTER", "OPTIONS", "SUBSCRIBE", "MESSAGE"])
def test_scanning_extensions_tells_nothing(method: str) -> None:
    """What svwar compares: the answers for a user that exists, one that doesn't, a number that is a service."""
    peer = server()
    answers = set()
    for number, user in enumerate(("anna", "nobody", "5000", "1000")):
        extension = f"<sip:{user}@nav.example>"
        data = raw(method, "Contact: <sip:x@203.0.113.9>", uri=f"sip:{user}@nav.example", to=extension,
                   from_=f"{extension};tag=t", call_id=f"c{number}", branch=f"z9hG4bK{number}")  # fmt: skip
        (answer,) = ask(peer, data, STRANGER)
        answers.add((answer.status, answer.reason, tuple(sorted(name for name, _ in answer.headers.items()))))
    assert len(answers) == 1


def weighed(peer: Peer, user: str, seconds: int, sources: int) -> int:
    """How many guesses are weighed in so long: those after which the right password would have been taken."""
    count = 0
    for number in range(seconds * 10):
        source = Address(f"203.0.113.{number % sources}", 5060)
        now = 1000.0 + number / 10
        count += not peer.core._reception._authenticator._guesses.too_many(user, source.host, now)  # type: ignore[union-attr]
        guess(peer, number, user, f"guess{number}", source, now)
    return count


def test_a_password_is_guessed_at_six_times_a_minute_at_most_from_however_many_addresses() -> None:
    assert weighed(server(), "anna", 120, 200) <= 10 + 12 + 1


def test_one_address_guesses_at_all_users_together_thirty_times_a_minute_at_most() -> None:
    peer = server()
    guesses = peer.core._reception._authenticator._guesses  # type: ignore[union-attr]
    count = 0
    for number in range(600):
        now = 1000.0 + number / 10
        count += not guesses.too_many(f"user{number}", STRANGER[0], now)
        guesses.wrong(f"user{number}", STRANGER[0], now)
    assert count <= 20 + 30 + 1


def test_an_agent_registers_on_while_the_password_is_guessed_at() -> None:
    peer = server()
    office = Address("198.51.100.200", 5060)
    assert guess(peer, 0, "anna", "right", office).startswith(b"SIP/2.0 200 ")
    for number in range(1, 300):
        assert guess(peer, number, "anna", f"guess{number}", Address(f"203.0.113.{number % 200}", 5060)).startswith(
            b"SIP/2.0 401"
        )
    assert guess(peer, 300, "anna", "right", office).startswith(b"SIP/2.0 200 ")


def test_the_default_limits_answer_a_scanner_five_times_a_second() -> None:
    peer = server(Limits())
    heard = sum(
        len(ask(peer, register(number, f"user{number}"), STRANGER, 1000.0 + number / 500)) for number in range(5000)
    )
    assert heard <= 20 + 5 * 10
