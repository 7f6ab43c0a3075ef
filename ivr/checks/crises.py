"""Checks of crises against the flows in which they are heard."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from ivr.files.crisis_file import CrisisFile
from ivr.files.flow import Flow
from ivr.files.marked_yaml import Marked
from ivr.files.marked_yaml import Path as Where
from ivr.language.expression import Expression, ExpressionError
from ivr.language.problems import did_you_mean
from ivr.language.prompting import Said
from ivr.nodes.message import Message
from ivr.nodes.queue import Queue
from ivr.nodes.subflow import Subflow


def check_crisis(
    crisis: CrisisFile, marked: Marked, flows: Sequence[Flow], known: Mapping[str, Collection[str]]
) -> None:
    """Note in `marked` what the flows and the deployment do not know, and what is not said in their languages."""
    read = {flow.flow for flow in flows}
    names = known.get("flow", read)
    for index, name in enumerate(crisis.flows):
        if name not in names:
            marked.report(("flows", index), f"there is no flow {name!r}{did_you_mean(name, names)}")
    if not read.issuperset(set(crisis.flows or names) & set(names)):
        return  # What a flow with mistakes would say, nobody knows: its own are told.
    heard = _heard_in(crisis, flows)
    _check_texts(crisis, marked, heard)
    if not any(isinstance(node, Message) and node.crisis for flow in heard for node in flow.nodes.values()):
        marked.report(("message",), "nobody hears it: none of its flows has a message with `crisis: true`", key=True)
    for where, queue, when in _queues(crisis):
        queues = known.get("queue")
        if queues is not None and queue not in queues:
            marked.report((*where, "queue"), f"there is no queue {queue!r}{did_you_mean(queue, queues)}")
        elif queue not in (used := _queues_of(heard)):
            hint = did_you_mean(queue, used)
            marked.report((*where, "queue"), f"none of its flows leads to the queue {queue!r}{hint}")
        if when is not None:
            _check_condition(marked, (*where, "when"), when, [flow for flow in heard if queue in _queues_of([flow])])


def _heard_in(crisis: CrisisFile, flows: Sequence[Flow]) -> list[Flow]:
    """Its flows, and those that they call: callers are there too while it is on."""
    by_name = {flow.flow: flow for flow in flows}
    ahead = [name for name in crisis.flows or by_name if name in by_name]
    found: dict[str, Flow] = {}
    while ahead:
        name = ahead.pop(0)
        if name not in found:
            found[name] = by_name[name]
            calls = (node.flow for node in by_name[name].nodes.values() if isinstance(node, Subflow))
            ahead += [called for called in calls if called in by_name]
    return list(found.values())


def _queues(crisis: CrisisFile) -> Iterable[tuple[Where, str, Expression | None]]:
    for index, first in enumerate(crisis.first):
        yield ("first", index), first.queue, first.when
    for index, deflect in enumerate(crisis.deflect):
        yield ("deflect", index), deflect.queue, deflect.when


def _queues_of(flows: Sequence[Flow]) -> set[str]:
    return {node.queue for flow in flows for node in flow.nodes.values() if isinstance(node, Queue)}


def _check_texts(crisis: CrisisFile, marked: Marked, heard: Sequence[Flow]) -> None:
    spoken = {language for flow in heard for language in flow.languages if language not in flow.fallback}
    texts: list[tuple[Where, Said]] = [(("message",), crisis.message)]
    texts += [(("deflect", index, "say"), deflect.say) for index, deflect in enumerate(crisis.deflect)]
    for where, said in texts:
        name = ".".join(map(str, where))
        if not said.texts:
            marked.report(where, f"{name!r}: texts are written by language here")
            continue
        if missing := sorted(spoken - said.texts.keys()):
            marked.report(where, f"{name!r} is not said in {', '.join(missing)}", key=True)
        for slot in sorted(said.slots()):
            marked.report(where, f"{name!r} names {{{slot}}}: a crisis has no values", key=True)


def _check_condition(marked: Marked, where: Where, when: Expression, flows: Sequence[Flow]) -> None:
    for flow in flows:
        try:
            given = when.type_in(flow.types())
        except ExpressionError as error:
            marked.report_within(where, error.column, f"in flow {flow.flow!r}: {error}")
            return
        if given is not bool:
            marked.report(where, f"a condition gives true or false: {when.text}")
            return
