"""Checks of flows that call each other: parameters, what is taken back, results, languages, and circles."""

from collections.abc import Iterator, Mapping, Sequence

from ivr.files.load import LoadedFlow
from ivr.files.marked_yaml import Path as Where
from ivr.language.expression import TYPE_WORDS, ExpressionError
from ivr.language.problems import did_you_mean
from ivr.nodes.return_ import Return
from ivr.nodes.subflow import Subflow


def check_calls(flows: Sequence[LoadedFlow], *, whole: bool = True) -> None:
    """Note in each flow what is wrong with its calls. Flows that are not there are told by the check of names.

    `whole`: no file of the folder was left out for its mistakes.
    """
    by_name = {loaded.flow.flow: loaded for loaded in flows}
    results = {loaded.flow.flow: _results(loaded) for loaded in flows}
    called = {node.flow for loaded in flows for _, node in _calls(loaded)}
    for loaded in flows:
        for name, node in _calls(loaded):
            if node.flow in by_name and not loaded.marked.is_full:
                _Call(loaded, by_name[node.flow], name, node).check(results[node.flow])
        _check_returns(loaded)
        if whole and not loaded.flow.numbers and loaded.flow.flow not in called:
            message = f"no number leads to the flow {loaded.flow.flow!r}, and no flow calls it"
            line, column = loaded.marked.place(("flow",))
            loaded.marked.note(line, column, message, "warning")
    _check_circles(by_name)


def _calls(loaded: LoadedFlow) -> Iterator[tuple[str, Subflow]]:
    for name, node in loaded.flow.nodes.items():
        if isinstance(node, Subflow):
            yield name, node


def _results(loaded: LoadedFlow) -> frozenset[str]:
    return frozenset(node.result for node in loaded.flow.nodes.values() if isinstance(node, Return))


def _check_returns(loaded: LoadedFlow) -> None:
    for name, node in loaded.flow.nodes.items():
        if isinstance(node, Return) and loaded.flow.numbers:
            message = (
                f"return {name!r}: a flow that has numbers cannot return: who dialled it has nowhere to go back to"
            )
            loaded.marked.report(("nodes", name), message, key=True)


class _Call:
    """One `subflow` node, and the flow that it calls."""

    def __init__(self, caller: LoadedFlow, called: LoadedFlow, name: str, node: Subflow) -> None:
        self._caller = caller.flow
        self._called = called.flow
        self._whole = not called.broken
        self._marked = caller.marked
        self._name = name
        self._node = node

    def check(self, results: frozenset[str]) -> None:
        """`results`: those that the called flow may return."""
        self._check_languages()
        if self._node.with_:
            self._check_parameters()
        if self._whole:
            if self._node.take:
                self._check_taken()
            self._check_results(results)

    def _report(self, where: Where, message: str, *, key: bool = False) -> None:
        self._marked.report(("nodes", self._name, *where), f"subflow {self._name!r}: {message}", key=key)

    def _check_languages(self) -> None:
        missing = [language for language in self._caller.languages if language not in self._called.languages]
        if missing:
            self._report(("flow",), f"the flow {self._called.flow!r} does not speak {', '.join(missing)}")

    def _check_parameters(self) -> None:
        types = self._caller.types()
        personal = {name for node in self._caller.nodes.values() for name in node.keeps()}
        for name, given in self._node.with_.items():
            where = ("with", name)
            if name not in self._called.parameters:
                hint = did_you_mean(name, self._called.parameters)
                message = f"the flow {self._called.flow!r} has no parameter {name!r}{hint}"
                self._report(where, message, key=True)
                continue
            for variable in sorted(given.names() & personal):
                self._report(where, f"{variable!r} is personal: let the other flow ask for it, and take it back")
            try:
                found = given.type_in(types)
            except ExpressionError:
                continue  # told with the other expressions of the flow
            wanted = type(self._called.parameters[name])
            if found is not wanted:
                self._report(where, f"{name!r} is {TYPE_WORDS[wanted]}, and this gives {TYPE_WORDS[found]}")

    def _check_taken(self) -> None:
        ours, theirs = self._caller.types(), self._called.types()
        personal = {name for node in self._called.nodes.values() for name in node.keeps()}
        for name, their in self._node.take.items():
            where = ("take", name)
            if their not in theirs:
                message = f"the flow {self._called.flow!r} has no variable {their!r}{did_you_mean(their, theirs)}"
                self._report(where, message)
            elif their in personal and name not in self._node.personal:
                self._report(where, f"{their!r} is personal there: name {name!r} under `personal`")
            elif name not in {*self._caller.variables, *self._node.personal, "language"}:
                hint = did_you_mean(name, self._caller.variables) or "; declare it under variables"
                self._report(where, f"there is no variable {name!r}{hint}", key=True)
            elif ours[name] is not theirs[their]:
                message = f"{name!r} is {TYPE_WORDS[ours[name]]}, and {their!r} is {TYPE_WORDS[theirs[their]]}"
                self._report(where, message)
            elif name == "language" and their != "language":
                self._report(where, "the language is taken from the other flow's language only")
        for index, name in enumerate(self._node.personal):
            if name not in self._node.take:
                self._report(("personal", index), f"{name!r} is not taken{did_you_mean(name, self._node.take)}")

    def _check_results(self, results: frozenset[str]) -> None:
        for name in self._node.returns:
            if name not in results:
                message = f"the flow {self._called.flow!r} has no result {name!r}{did_you_mean(name, results)}"
                self._report(("returns", name), message, key=True)
        for name in sorted(results - self._node.returns.keys()):
            message = f"the flow {self._called.flow!r} may return {name!r}: say where it leads"
            self._report(("returns",), message, key=True)


def _check_circles(by_name: Mapping[str, LoadedFlow]) -> None:
    """Flows that call each other in a circle, told at the call that closes it. Looks at each call once."""
    calls = {flow: {node.flow: name for name, node in _calls(loaded)} for flow, loaded in by_name.items()}
    done: set[str] = set()
    for start in by_name:
        trail: dict[str, Iterator[tuple[str, str]]] = {}
        ahead = "" if start in done else start
        while ahead or trail:
            if ahead:
                trail[ahead], ahead = iter(calls[ahead].items()), ""
            flow = next(reversed(trail))
            called, name = next(trail[flow], ("", ""))
            if not called:
                done.add(flow)
                del trail[flow]
            elif called in trail:
                circle = [*list(trail)[list(trail).index(called) :], called]
                message = f"subflow {name!r}: flows call each other in a circle: {' > '.join(circle)}"
                by_name[flow].marked.report(("nodes", name, "flow"), message)
            elif called in by_name and called not in done:
                ahead = called
