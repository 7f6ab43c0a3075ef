"""What an INVITE of ours says of its contact."""

from dataclasses import replace

import pytest

from acd.model import Grounds
from ivr.over_sip.told_along import plain, told_along, told_of, wait_shown
from ivr.ports.call import CallInfo, ContactId
from tests.ivr.sip_lab import offer_to

INFO = CallInfo(ContactId("c"), "5000", "carrier", journey="family;waited=65;outcome=answered;agent=kari, debt")


def test_an_offer_carries_the_journey_and_the_total_wait() -> None:
    offer = replace(offer_to("kari"), total_waited_ms=70_000, grounds=Grounds(tier=2, rule="level"))
    assert dict(told_along(offer, INFO)) == {
        "X-Svar-Contact": "c",
        "X-Svar-Service": "5000",
        "X-Svar-Journey": "family;waited=65;outcome=answered;agent=kari, debt",
        "X-Svar-Queue": "work",
        "X-Svar-Waited-Ms": "1234",
        "X-Svar-Total-Waited-Ms": "70000",
        "X-Svar-Reason": "level;tier=2",
    }


def test_who_is_asked_in_a_talk_is_told_so() -> None:
    offer = replace(offer_to("berit"), grounds=Grounds(rule="asked", kind="consult"))
    assert dict(told_along(offer, INFO))["X-Svar-Reason"] == "asked;tier=1;kind=consult"


@pytest.mark.parametrize(
    ("total_ms", "shown"),
    [
        (1_234, ""),
        (0, ""),
        (20_000, ""),
        (40_000, "ventet 1 min"),
        (425_000, "ventet 7 min"),
        (3_600_000, "ventet 60 min"),
    ],
)
def test_the_display_tells_the_whole_wait_where_it_is_longer_than_that_in_the_queue(total_ms: int, shown: str) -> None:
    assert wait_shown(replace(offer_to("kari"), total_waited_ms=total_ms)) == shown


def test_what_is_not_known_is_left_out() -> None:
    told = dict(told_of(CallInfo(ContactId("c"), "5000", "carrier")))
    assert told == {
        "X-Svar-Contact": "c",
        "X-Svar-Service": "5000",
    }


@pytest.mark.parametrize("text", ["5000\r\nX-Evil: 1", "50\x0000", "5000\tx", "\n"])
def test_what_a_caller_dialled_ends_no_header(text: str) -> None:
    (value,) = [value for name, value in told_of(CallInfo(ContactId("c"), text, "t")) if name == "X-Svar-Service"]
    assert value.isprintable()
    assert len(plain("x" * 5000)) == 400
