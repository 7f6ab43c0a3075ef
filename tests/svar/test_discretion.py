"""Callers' numbers that nobody keeps are in no event."""

from dataclasses import fields

from events.catalogue import CATALOGUE, ContactStarted, NodeStarted
from events.sink import MemorySink
from svar.discretion import Discreet

STARTED = ContactStarted(
    at_ms=1,
    tenant="t",
    node="n",
    contact="c",
    number="5000",
    flow="main",
    flow_version="v",
    trunk="lo",
    pii_caller="4798765432",
)


def test_a_callers_number_does_not_pass() -> None:
    behind = MemorySink()
    Discreet(behind).emit(STARTED)
    [passed] = behind.events
    assert isinstance(passed, ContactStarted)
    assert (passed.pii_caller, passed.contact, passed.number) == ("", "c", "5000")


def test_everything_else_passes_as_it_is() -> None:
    behind, event = MemorySink(), NodeStarted(at_ms=1, tenant="t", node="n", release="1")
    Discreet(behind).emit(event)
    assert behind.events == [event]


def test_no_other_event_has_personal_data() -> None:
    personal = {kind for kind, cls in CATALOGUE.items() if any(field.name.startswith("pii_") for field in fields(cls))}
    assert personal == {"contact_started"}
