"""The world of a played call, as it is given: mistakes are told in our words."""

import pytest

from ivr.simulator.play import scenario_of


def test_a_mistake_names_its_field_and_nothing_of_the_library() -> None:
    with pytest.raises(ValueError, match=r"^at: a moment is written 2026-11-23 10:00"):
        scenario_of({"at": "nonsense"})
