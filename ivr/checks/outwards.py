"""Checks of what leaves svar: questions to services, text messages; and that nothing personal goes where it is kept."""

from ivr.files.flow import Flow
from ivr.files.marked_yaml import Marked
from ivr.files.marked_yaml import Path as Where
from ivr.language.expression import Expression, ExpressionError
from ivr.language.problems import did_you_mean
from ivr.language.ways import Types
from ivr.nodes import Node


def check_outwards(flow: Flow, marked: Marked) -> None:
    """Note in `marked` what is wrong with what nodes send, and where a personal value would go further."""
    types = flow.types()
    personal = frozenset(name for node in flow.nodes.values() for name in node.keeps())
    for name, node in flow.nodes.items():
        if marked.is_full:
            return
        _check_expressions(marked, name, node, types)
        _check_written(flow, marked, name, node)
        for where, named in node.leaves().items():
            for variable in sorted(named - types.keys()):
                _report(marked, name, node, where, f"there is no value {{{variable}}}{did_you_mean(variable, types)}")
        if personal:
            _check_personal(marked, name, node, types, personal)


def _check_expressions(marked: Marked, name: str, node: Node, types: Types) -> None:
    for where, expression in node.expressions().items():
        try:
            expression.type_in(types)
        except ExpressionError as error:
            marked.report_within(("nodes", name, *where), error.column, f"{node.type} {name!r}: {error}")


def _check_written(flow: Flow, marked: Marked, name: str, node: Node) -> None:
    for where, written in node.written().items():
        missing = [language for language in flow.languages if language not in {*written.texts, *flow.fallback}]
        if missing:
            field = ".".join(map(str, where))
            _report(marked, name, node, where, f"{field!r} is not written in {', '.join(missing)}", key=True)
        for language in written.texts:
            if language not in flow.languages:
                message = f"{language!r} is none of the flow's languages{did_you_mean(language, flow.languages)}"
                _report(marked, name, node, (*where, language), message, key=True)


def _check_personal(marked: Marked, name: str, node: Node, types: Types, personal: frozenset[str]) -> None:
    for where, named in node.leaves().items():
        for variable in sorted(named & personal):
            message = f"{variable!r} is personal, and what stands here is logged by others"
            _report(marked, name, node, where, message)
    for variable in sorted((node.gives().keys() - node.keeps()) & personal):
        _report(marked, name, node, (), f"{variable!r} is personal elsewhere: make it so here, or rename it")
    for variable, assigned in node.assigns().items():
        for source in sorted(assigned.names() & personal):
            if _tells(assigned, types):
                message = f"{source!r} is personal, and {variable!r} would be written into traces and snapshots"
                _report(marked, name, node, ("values", variable), message)


def _tells(expression: Expression, types: Types) -> bool:
    """Whether its value is more than true or false."""
    try:
        return expression.type_in(types) is not bool
    except ExpressionError:
        return False


def _report(marked: Marked, name: str, node: Node, where: Where, message: str, *, key: bool = False) -> None:
    marked.report(("nodes", name, *where), f"{node.type} {name!r}: {message}", key=key)
