"""Checks of flows that call each other: parameters, what is taken back, results, languages, and circles."""

from collections.abc import Iterator, Mapping, Sequence

from ivr.expression import ExpressionError
from ivr.load import LoadedFlow
from ivr.marked_yaml import Path as Where
from ivr.nodes.return_ import Return
from ivr.nodes.subflow import Subflow
from ivr.problems import did_you_mean

_WORDS = {int: "a number", float: "a number", str: "text", bool: "true or false"}


def check_calls(flows: Sequence[LoadedFlow], *, whole: bool = True) -> None:
    """Note in each flow what is wrong with its calls. Flows that are not there are told by the check of names.

    `whole`: no file of the folder was left out for its mistakes.
    """
    by_name = {loaded.flow.flow: loaded for loaded in flows}
    called = {node.flow for loaded in flows for _, node in _calls(loaded)}
    for loaded in flows:
        for name, node in _calls(loaded):
            if node.flow in by_name:
                _Call(loaded, by_name[node.flow], name, node).check()
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

    def check(self) -> None:
        self._check_languages()
        self._check_parameters()
        if self._whole:
            self._check_taken()
            self._check_results()

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
                self._report(where, f"{name!r} is {_WORDS[wanted]}, and this gives {_WORDS[found]}")

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
                message = f"{name!r} is {_WORDS[ours[name]]}, and {their!r} is {_WORDS[theirs[their]]}"
                self._report(where, message)
            elif name == "language" and their != "language":
                self._report(where, "the language is taken from the other flow's language only")
        for index, name in enumerate(self._node.personal):
            if name not in self._node.take:
                self._report(("personal", index), f"{name!r} is not taken{did_you_mean(name, self._node.take)}")

    def _check_results(self) -> None:
        results = {node.result for node in self._called.nodes.values() if isinstance(node, Return)}
        for name in self._node.returns:
            if name not in results:
                message = f"the flow {self._called.flow!r} has no result {name!r}{did_you_mean(name, results)}"
                self._report(("returns", name), message, key=True)
        for name in sorted(results - self._node.returns.keys()):
            message = f"the flow {self._called.flow!r} may return {name!r}: say where it leads"
            self._report(("returns",), message, key=True)


def _check_circles(by_name: Mapping[str, LoadedFlow]) -> None:
    """Flows that call each other in a circle, told once a circle, at the call that closes it."""
    told: set[frozenset[str]] = set()
    for start in by_name:
        ahead: list[tuple[str, tuple[str, ...]]] = [(start, (start,))]
        seen: set[str] = set()
        while ahead:
            flow, trail = ahead.pop()
            for name, node in _calls(by_name[flow]):
                if node.flow == start and frozenset(trail) not in told:
                    told.add(frozenset(trail))
                    said = " > ".join([*trail, start])
                    message = f"subflow {name!r}: flows call each other in a circle: {said}"
                    by_name[flow].marked.report(("nodes", name, "flow"), message)
                elif node.flow in by_name and node.flow not in seen:
                    seen.add(node.flow)
                    ahead.append((node.flow, (*trail, node.flow)))
