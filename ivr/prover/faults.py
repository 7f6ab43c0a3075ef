"""What is wrong with a graph: every fault once a node, with the shortest way there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from ivr.language.calendar import Opening
from ivr.language.lengths import length_text
from ivr.language.prompting import Said
from ivr.language.schema import OneLanguage
from ivr.language.ways import Kind
from ivr.prover.bounds import Bounds
from ivr.prover.explore import Edge, Graph
from ivr.prover.landscape import Landscape
from ivr.prover.measures import Measures
from ivr.prover.moments import Timeline
from ivr.running.interpreter import MOST_IDLE_STEPS


class FaultKind(StrEnum):
    """What may be wrong with a flow for some caller."""

    DEAD_END = "dead_end"
    SILENT_CLOSED = "silent_closed"
    SILENT_HOLIDAY = "silent_holiday"
    LOOKUP_DEAD_END = "lookup_dead_end"
    LOOKUP_LOOP = "lookup_loop"
    SILENT_LOOP = "silent_loop"
    QUEUE_LOOP = "queue_loop"
    NO_WAY_OUT = "no_way_out"
    NO_NODE = "no_node"
    NO_FLOW = "no_flow"
    NO_RESULT = "no_result"
    NO_CALLER = "no_caller"
    RECURSION = "recursion"
    EXPRESSION = "expression"
    NOT_SPOKEN = "not_spoken"
    CRISIS_UNSAID = "crisis_unsaid"
    TOO_LONG = "too_long"
    TOO_MUCH_SPEECH = "too_much_speech"
    TOO_MANY_TEXTS = "too_many_texts"
    TOO_MANY_STEPS = "too_many_steps"
    TOO_LARGE = "too_large"


@dataclass(frozen=True, slots=True)
class Found:
    """One fault at a state, and the moves that lead a caller into it, from the call's beginning."""

    kind: FaultKind
    state: int
    message: str
    trail: tuple[Edge, ...]
    said: Said | None = None
    also: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at: a graph, and what it stands on."""

    land: Landscape
    time: Timeline
    graph: Graph
    measures: Measures


def find(seen: Seen, bounds: Bounds) -> list[Found]:
    """Every fault, the first state of each node and kind."""
    found: dict[tuple[object, ...], Found] = {}
    graph = seen.graph
    for fault in _all(seen, bounds):
        state = graph.states[fault.state]
        key = (fault.kind, state.flow, state.node, fault.message)
        before = found.get(key)
        if before is None:
            found[key] = fault
        else:
            also = before.also + 1
            found[key] = Found(before.kind, before.state, before.message, before.trail, before.said, also)
    return list(found.values())


def _all(seen: Seen, bounds: Bounds) -> Iterator[Found]:
    land, graph, measures = seen.land, seen.graph, seen.measures
    for flaw in graph.flaws:
        yield Found(FaultKind(flaw.kind), flaw.state, flaw.message, trail(graph, flaw.state))
    yield from _ends(seen)
    yield from _stuck(graph)
    yield from _loops(graph, measures)
    yield from _unspoken(land, graph)
    yield from _crises(land, graph)
    yield from _too_much(graph, measures, bounds)
    if not graph.complete:
        message = f"more than {len(graph.states) - 1} states: the flow cannot be looked at as a whole"
        yield Found(FaultKind.TOO_LARGE, 0, message, ())


def trail(graph: Graph, state: int) -> tuple[Edge, ...]:
    """The shortest way to a state from the beginning of a call."""
    way: list[Edge] = []
    parent = graph.parents[state]
    while parent is not None:
        way.append(parent)
        parent = graph.parents[parent.source]
    return tuple(reversed(way))


# --- ends ---


def _ends(seen: Seen) -> Iterator[Found]:
    graph = seen.graph
    for edge in graph.edges():
        if edge.target is None and edge.reached is None:
            way = (*trail(graph, edge.source), edge)
            kind, why = _of_silence(seen, way)
            yield Found(kind, edge.source, f"the call ends without a word{why}", way)


def _of_silence(seen: Seen, way: tuple[Edge, ...]) -> tuple[FaultKind, str]:
    """What led into the silence: the last thing that decided, after whatever was said last."""
    for edge in reversed(way):
        kind = edge.move.way.kind if edge.move.way is not None else None
        if kind is Kind.HOLIDAY:
            return FaultKind.SILENT_HOLIDAY, " on a holiday"
        if kind is Kind.CLOSED and _is_holiday(seen, edge):
            return FaultKind.SILENT_HOLIDAY, " on a holiday, for which there is no way of its own"
        if kind is Kind.CLOSED:
            return FaultKind.SILENT_CLOSED, " where it is closed"
        if any(act.kind == "lookup" for act in edge.move.acts) and kind is Kind.FAILED:
            return FaultKind.LOOKUP_DEAD_END, " when a service does not answer"
        if edge.move.said or edge.move.acts:
            break
    return FaultKind.DEAD_END, ""


def _is_holiday(seen: Seen, edge: Edge) -> bool:
    state = seen.graph.states[edge.source]
    needs = seen.land.flows[state.flow].nodes[state.node].needs().values()
    index = state.moment.index if state.moment is not None else 0
    return any(kind == "calendar" and seen.time.opening(index, name) is Opening.HOLIDAY for kind, name in needs)


def _stuck(graph: Graph) -> Iterator[Found]:
    flawed = {flaw.state for flaw in graph.flaws}
    for state, moves in enumerate(graph.moves):
        if state not in flawed and graph.complete and all(edge.chosen for edge in moves):
            message = "a caller who presses nothing never gets on" if moves else "nothing leads on from here"
            yield Found(FaultKind.NO_WAY_OUT, state, message, trail(graph, state))


# --- circles ---


def _loops(graph: Graph, measures: Measures) -> Iterator[Found]:
    for states in measures.loops:
        first = _first(graph, states)
        once_round = _round(graph, first, frozenset(states))
        kind, why = _of_loop(once_round)
        names = [graph.states[edge.source].node for edge in once_round]
        circle = " > ".join([*names, names[0]])
        yield Found(kind, first, f"{why}: {circle}", (*trail(graph, first), *once_round))


def _first(graph: Graph, states: list[int]) -> int:
    """The state of the circle at the node where callers come into it."""
    nearest = min(states, key=lambda state: (len(trail(graph, state)), state))
    places = {(graph.states[state].flow, graph.states[state].node): state for state in reversed(states)}
    for edge in trail(graph, nearest):
        state = graph.states[edge.source]
        if (state.flow, state.node) in places:
            return places[state.flow, state.node]
    return nearest


def _of_loop(once_round: Iterable[Edge]) -> tuple[FaultKind, str]:
    edges = list(once_round)
    if any(edge.move.queued_s > 0 or any(act.kind in ("full", "nobody") for act in edge.move.acts) for edge in edges):
        return FaultKind.QUEUE_LOOP, "waits for ever where nobody answers"
    if any(act.kind == "lookup" for edge in edges for act in edge.move.acts):
        return FaultKind.LOOKUP_LOOP, "a service that does not answer is asked for ever"
    return FaultKind.SILENT_LOOP, "a caller who presses nothing turns in a circle"


def _round(graph: Graph, first: int, within: frozenset[int]) -> tuple[Edge, ...]:
    """The shortest way round a circle, from a state back to it."""
    came: dict[int, Edge] = {}
    ahead = [first]
    for state in ahead:
        for edge in graph.moves[state]:
            if edge.chosen or edge.talked or edge.ages or edge.target not in within or edge.target in came:
                continue
            came[edge.target] = edge
            if edge.target == first:
                return _back(came, first)
            ahead.append(edge.target)
    raise AssertionError("the states are no circle")


def _back(came: dict[int, Edge], first: int) -> tuple[Edge, ...]:
    way = [came[first]]
    while way[-1].source != first:
        way.append(came[way[-1].source])
    return tuple(reversed(way))


# --- words ---


def _unspoken(land: Landscape, graph: Graph) -> Iterator[Found]:
    for at, state in enumerate(graph.states):
        node = land.flows[state.flow].nodes.get(state.node)
        language = str(state.value("language"))
        if node is None:
            continue
        fallback = land.flows[state.flow].fallback
        told: set[Said] = set()
        for edge in graph.moves[at]:
            for said in edge.move.said:
                if said not in told and _lacks(said.falling_back(fallback), language):
                    told.add(said)
                    yield _mute(graph, at, said, language, (edge,))
        for said in node.heard().values():
            if said not in told and _lacks(said.falling_back(fallback), language):
                yield _mute(graph, at, said, language, ())


def _lacks(said: Said, language: str) -> bool:
    return bool(said.texts) and not isinstance(said, OneLanguage) and not said.languages(language)


def _mute(graph: Graph, at: int, said: Said, language: str, last: tuple[Edge, ...]) -> Found:
    heard = next(iter(said.texts))
    message = f"{said.key.rpartition('.')[2]!r} is not said in {language!r}: the caller hears {heard!r}"
    return Found(FaultKind.NOT_SPOKEN, at, message, (*trail(graph, at), *last), said)


def _crises(land: Landscape, graph: Graph) -> Iterator[Found]:
    """A crisis that names the flow, and whose message none of its callers hears."""
    said = {(str(graph.states[edge.source].value("crisis")), text) for edge in graph.edges() for text in edge.move.said}
    for name, crisis in land.book.crises.items():
        if land.root.flow in crisis.flows and (name, crisis.message) not in said:
            begun = (at for at in range(graph.starts) if graph.states[at].value("crisis") == name)
            message = f"the crisis {name!r} is meant for this flow, and nobody hears its message"
            yield Found(FaultKind.CRISIS_UNSAID, next(begun), message, ())


# --- bounds ---


def _too_much(graph: Graph, measures: Measures, bounds: Bounds) -> Iterator[Found]:
    time = max(measures.beginnings, key=lambda at: measures.time.value[at], default=None)
    if time is not None and measures.time.value[time] > bounds.time_s:
        way = (*trail(graph, time), *measures.time.way(time, measures.onward))
        took = length_text(float(round(measures.time.value[time])))
        message = f"takes {took} outside queues, the bound is {length_text(bounds.time_s)}"
        slowest = max(way, key=lambda edge: edge.takes_s)
        yield Found(FaultKind.TOO_LONG, slowest.source, message, way)
    for kind, longest, most, unit in (
        (FaultKind.TOO_MUCH_SPEECH, measures.speech, bounds.speech_s, "s of speech"),
        (FaultKind.TOO_MANY_TEXTS, measures.texts, float(bounds.texts), "texts"),
    ):
        at = _first_worst(graph, longest.value, most)
        if at is not None:
            way = (*trail(graph, at), *longest.way(at, measures.unasked))
            message = f"{longest.value[at]:.0f} {unit} before there is a choice, the bound is {most:.0f}"
            longest_text = max(way, key=lambda edge: edge.speech_s) if kind is FaultKind.TOO_MUCH_SPEECH else way[-1]
            yield Found(kind, longest_text.source, message, way)
    at = _first_worst(graph, measures.steps.value, float(MOST_IDLE_STEPS))
    if at is not None:
        message = f"more than {MOST_IDLE_STEPS} steps in a row without a key or a queue: the call is ended as a fault"
        yield Found(
            FaultKind.TOO_MANY_STEPS, at, message, (*trail(graph, at), *measures.steps.way(at, measures.onward))
        )


def _first_worst(graph: Graph, values: Iterable[float], most: float) -> int | None:
    """The state with the greatest value above the bound, the first one of equals."""
    worst = max(enumerate(values), key=lambda pair: pair[1], default=None)
    return worst[0] if worst is not None and worst[1] > most else None
