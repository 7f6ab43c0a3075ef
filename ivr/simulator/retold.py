"""The telling of a contact that goes the same way: several are tried, since no event says all."""

from collections.abc import Mapping, Sequence
from itertools import product

from events.catalogue import Event
from ivr.book import FlowBook
from ivr.running.run import Scalar
from ivr.simulator.retelling import Telling, as_scenario
from ivr.simulator.scenario import run_text

GUESSES = 12
_WAYS = ((True, False), (False, False), (False, True))


def retold(
    events: Sequence[Event], book: FlowBook, settings: Mapping[str, Scalar] | None = None
) -> tuple[str, list[str]]:
    """The YAML of a scenario, and what it does otherwise than the contact did: nothing, where a way was found.

    Raises RetellingError. Not to be called where a loop runs.
    """
    first: tuple[str, list[str]] | None = None
    for guess, (timed, present) in product(range(GUESSES), _WAYS):
        text = as_scenario(events, book, settings, Telling(timed, present, guess))
        failures = [failure.message for result in run_text(book, "trace", text) for failure in result.failures]
        if not failures:
            return text, []
        first = first or (text, failures)
    assert first is not None
    return first
