"""Mermaid by its grammar, as far as we write it: every line is one of the statements, and every label is closed."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.files.flow import Flow
from ivr.picture.graph import Box, Graph, Port, Traffic, graph_of
from ivr.picture.mermaid import escaped, mermaid
from tests.ivr.picture.flows import large, shipped, small

LABEL = r'"(?:[\w .,:;!?/()+*=·…«»\'-]|#[0-9]+;|<br/>)*"'
BRACKETS = [(r"\(\[", r"\]\)"), (r"\(", r"\)"), (r"\{\{", r"\}\}"), (r"\[\(", r"\)\]"), (r"\[\[", r"\]\]"),
            (r"\[/", r"/\]"), (r">", r"\]"), (r"\[", r"\]")]  # fmt: skip
NODE = re.compile("  n[0-9]+(?:" + "|".join(f"{begin}{LABEL}{end}" for begin, end in BRACKETS) + r")\Z")
LINK = re.compile(rf"  n[0-9]+ (?:-->|==>|-\.->)(?:\|{LABEL}\|)? (?:n[0-9]+|x[0-9]+\(\({LABEL}\)\))\Z")
STYLE = re.compile(r"  (?:linkStyle [0-9]+ stroke-width:[0-9]+px|class n[0-9]+(?:,n[0-9]+)* c[0-9]+|"
                   r"classDef c[0-9]+ fill:#[0-9a-f]{6},stroke:#[0-9a-f]{6},color:#[0-9a-f]{6})\Z")  # fmt: skip


def check(text: str) -> None:
    lines = text.splitlines()
    assert lines[0].startswith("%% ")
    assert lines[1] == "flowchart LR"
    for line in lines[2:]:
        assert NODE.match(line) or LINK.match(line) or STYLE.match(line), line


@pytest.mark.parametrize("flow", [small(), large(), *shipped()], ids=lambda flow: flow.flow)
def test_every_line_is_a_statement(flow: Flow) -> None:
    text = mermaid(graph_of(flow, "nb", traffic=Traffic({("", flow.start): 7}, {flow.start: 2})))
    check(text)
    assert len(re.findall(r"^  n[0-9]+[(\[{>]", text, re.MULTILINE)) == len(flow.nodes) + 1


@settings(max_examples=60)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_out_of_its_label(title: str, said: str) -> None:
    box = Box("a", "say", title, "Says", said=said, ports=(Port(said, "a"), Port(title, None), Port("", "gone")))
    check(mermaid(Graph(title, "en", (box,), said)))


def test_what_means_something_is_an_entity() -> None:
    assert escaped('a "b" <c> #1;') == "a #34;b#34; #60;c#62; #35;1;"
