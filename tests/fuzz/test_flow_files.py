"""Whatever stands in a file of the flows' folder, it is read or refused by a place in it; nothing is raised."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.language.problems import errors
from tests.fuzz.flow_files import FILES, read_in_folder
from tests.fuzz.mutations import changed
from tests.fuzz.targets import Target

_MORE = int(os.environ.get("FUZZ_EXAMPLES_TIMES", "1"))
_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
each_kind = pytest.mark.parametrize("target", FILES, ids=lambda target: target.name)


@each_kind
def test_examples_are_read_whole(target: Target) -> None:
    """Each but for what only other files give, such as a queue's flow."""
    for example in target.examples if target.name != "node in a file" else ():
        wrong = errors(target.read(example))
        assert all("there is no " in problem.message for problem in wrong), wrong


@each_kind
@settings(max_examples=40 * _MORE, suppress_health_check=_SLOW)
@given(data=st.data())
def test_noise_and_changed_files_are_read_or_refused_by_their_lines(target: Target, data: st.DataObject) -> None:
    target.feed(data.draw(st.binary(max_size=200) | changed(target)))


@pytest.mark.parametrize("sign", ["\\e", "\\0", "\\r", "\\x9b", "\\u202e", "\\L", "\\a"])
def test_a_sign_that_nobody_sees_is_refused_wherever_it_stands(sign: str) -> None:
    for text in (f'flow: "a{sign}"', f'"a{sign}": 1', f'nodes: {{a: {{note: "{sign}"}}}}'):
        (problem,) = [one for one in read_in_folder("main.yaml", text.encode()) if one.path.endswith("main.yaml")]
        assert "nobody sees" in problem.message
