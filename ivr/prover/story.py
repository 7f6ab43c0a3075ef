"""A way through the graph as a story: who rings when, what they hear and do, step by step, with the clock."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ivr.language.calendar import OSLO
from ivr.language.lengths import length_text
from ivr.language.ways import UNKNOWN, Act, Kind
from ivr.prover.explore import Edge, Graph
from ivr.prover.moments import Timeline
from ivr.prover.state import State

RINGS_S = 3.0
TALKS_S = 60.0
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_LATE_MS = 10_000
_WIDTH = 100
_EARLY_S = 0.2
_SHOWN_S = 2.0
_OF_THE_WORLD = frozenset({"shows", "known", "sends"})


@dataclass(frozen=True, slots=True)
class Step:
    """What happens at one node, from `at_s` of the call on. `step` is `flow.node` in a sub-flow."""

    at_s: float
    step: str
    hears: tuple[str, ...]
    happens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Story:
    """One caller's call up to the fault. `at_ms` is when the phone rings (epoch)."""

    at_ms: int
    number: str
    crisis: str
    steps: tuple[Step, ...]

    def lines(self) -> Iterator[str]:
        """For people."""
        crisis = f", while the crisis {self.crisis!r} is on" if self.crisis else ""
        yield f"{moment_text(self.at_ms)} somebody rings {self.number or 'the flow'}{crisis}"
        width = max((len(step.step) for step in self.steps), default=0)
        for step in self.steps:
            clock = f"{int(step.at_s) // 60:3}:{int(step.at_s) % 60:02}"
            told = [*_hears(step.hears), *step.happens]
            for index, line in enumerate(told or [""]):
                lead = f"{clock}  {step.step:<{width}}" if not index else " " * (8 + width)
                yield f"{lead}  {line}".rstrip()


def _hears(texts: Sequence[str]) -> Iterator[str]:
    """Each text once."""
    for text, times in Counter(texts).items():
        often = f", {times} times" if times > 1 else ""
        yield f"hears \N{LEFT DOUBLE QUOTATION MARK}{_shortened(text)}\N{RIGHT DOUBLE QUOTATION MARK}{often}"


def _shortened(text: str) -> str:
    """Its beginning and end."""
    if len(text) <= _WIDTH:
        return text
    return f"{text[: _WIDTH - 40].rstrip()} \N{HORIZONTAL ELLIPSIS} {text[-36:].lstrip()}"


def moment_text(at_ms: int) -> str:
    """As `Thu 24 December 2026 10:00`, on Norway's clock; at the second of two equal hours it says so."""
    local = datetime.fromtimestamp(at_ms / 1000, OSLO)
    twice = " (winter time)" if local.fold else ""
    seconds = ":%S" if local.second else ""
    return local.strftime(f"%a {local.day} %B %Y %H:%M{seconds}") + twice


def story_of(graph: Graph, time: Timeline, way: Sequence[Edge], last: State, number: str, fault: str) -> Story:
    """The story of a way; `last` is where it ends up when the way is empty, `number` what is dialled.

    `fault` is what is wrong, told at the last step where the call does not end with it.
    """
    began = graph.states[way[0].source] if way else last
    steps: list[Step] = []
    at_s = 0.0
    for edge in way:
        state = graph.states[edge.source]
        language = str(state.value("language"))
        hears = tuple(said.text(language)[1] for said in edge.move.said if said.texts)
        steps.append(Step(at_s, step_name(state), hears, tuple(_happens(graph, time, edge, at_s))))
        at_s += lasts_s(edge)
    if not way or way[-1].target is not None:
        after = graph.states[way[-1].target] if way and way[-1].target is not None else last
        steps.append(Step(at_s, step_name(after), (), (fault,)))
    arrives_ms = arrival_ms(graph, time, way, began)
    return Story(arrives_ms, number, str(began.value("crisis") or ""), tuple(steps))


def step_name(state: State) -> str:
    """As traces have it."""
    return f"{state.flow}.{state.node}" if state.frames else state.node


def lasts_s(edge: Edge) -> float:
    """How long a caller is at it, as scenarios play it: services and refusals come at once, keys after the text."""
    kinds = [act.kind for act in edge.move.acts]
    if "agent" in kinds:
        return RINGS_S + TALKS_S
    if edge.move.queued_s:
        return listens_s(edge) if edge.chosen else edge.move.queued_s
    if "lookup" in kinds or "full" in kinds or "closing" in kinds:
        return 0.0
    if "nobody" in kinds or "sends" in kinds:
        return edge.speech_s
    if presses_once(edge):
        return listens_s(edge)
    if "press" not in kinds:
        return edge.takes_s
    # Several keys at once cut every text short; one after silences, the text that is said again.
    silences = kinds.count("silence")
    return edge.takes_s * silences / (silences + 1) if kinds[-1] == "press" else 0.0


def presses_once(edge: Edge) -> bool:
    """Whether the caller listens, and presses then, once."""
    return [act.kind for act in edge.move.acts if act.kind not in _OF_THE_WORLD] == ["press"]


def listens_s(edge: Edge) -> float:
    """How long the caller listens before the key is pressed."""
    if edge.move.queued_s:
        return edge.speech_s + RINGS_S
    return max(edge.speech_s - _EARLY_S, 0.0)


def arrival_ms(graph: Graph, time: Timeline, way: Sequence[Edge], began: State) -> int:
    """When the phone rings, such that the flow asks in the stretches of the way's states."""
    if began.moment is None:
        return time.stretches[0].from_ms + 10 * _HOUR_MS
    origin = time.stretches[began.moment.origin]
    before_s = minded_s = 0.0
    for edge in way:
        if graph.states[edge.source].moment is not None:
            minded_s = before_s
        if passes(graph, edge):
            wished = origin.until_ms - round((before_s + lasts_s(edge) / 2) * 1000)
            return max(wished // 1000 * 1000, origin.from_ms)
        before_s += lasts_s(edge)
    return _within(origin.from_ms, origin.until_ms, round(minded_s * 1000))


def can_be_shown(graph: Graph, way: Sequence[Edge]) -> bool:
    """Whether a scenario can: not where a boundary passes at once, as when a service answers."""
    return all(lasts_s(edge) >= _SHOWN_S for edge in way if passes(graph, edge))


def passes(graph: Graph, edge: Edge) -> bool:
    """Whether the hours become others meanwhile."""
    if edge.target is None:
        return False
    before, after = graph.states[edge.source].moment, graph.states[edge.target].moment
    return before is not None and after is not None and before.index != after.index


def _within(from_ms: int, until_ms: int, needs_ms: int) -> int:
    """An hour after the beginning, or a quarter in; early enough for what comes; a whole minute where there is one."""
    wished = from_ms + min(_HOUR_MS, (until_ms - from_ms) // 4)
    latest = max(until_ms - needs_ms - _LATE_MS, from_ms)
    at_ms = min(wished, latest)
    whole = at_ms // _MINUTE_MS * _MINUTE_MS
    return whole if whole >= from_ms else at_ms


_SAYS = {
    Kind.OPEN: "it is open",
    Kind.CLOSED: "it is closed",
    Kind.HOLIDAY: "it is a holiday",
    Kind.OTHERWISE: "no condition holds",
    Kind.NO_CHOICE: "no choice was made",
    Kind.NO_ENTRY: "nothing that fits was pressed",
}


def _happens(graph: Graph, time: Timeline, edge: Edge, at_s: float) -> Iterator[str]:
    yield from _done(edge)
    way = edge.move.way
    if way is not None and way.kind in _SAYS:
        yield _SAYS[way.kind]
    elif way is not None and way.kind is Kind.CASE:
        yield f"{way.detail} holds"
    known = {name: value for name, value in edge.sets if name != "language" and value not in (UNKNOWN, "")}
    if known:
        yield ", ".join(f"{name} is {value!r}" for name, value in known.items())
    language = dict(edge.sets).get("language")
    if language is not None:
        yield f"the language is {language!r} from here on"
    if edge.move.enters:
        yield f"the flow {edge.move.enters!r} begins"
    if edge.move.returns:
        yield f"it gives {edge.move.returns!r}"
    if edge.target is None:
        yield "the call ends" if edge.reached is not None else "the call ends, and nothing is said"
    elif passes(graph, edge):
        moment = graph.states[edge.target].moment
        assert moment is not None
        yield f"meanwhile it is {moment_text(time.stretches[moment.index].from_ms)}, and the hours are others"


def _done(edge: Edge) -> Iterator[str]:
    acts = list(edge.move.acts)
    while acts:
        act = acts.pop(0)
        times = 1
        while acts and acts[0] == act:
            acts.pop(0)
            times += 1
        yield _act(act, edge) + (f", {times} times" if times > 1 else "")


def _act(act: Act, edge: Edge) -> str:
    match act.kind:
        case "press":
            return f"presses {act.detail or 'keys'}"
        case "silence":
            return "presses nothing"
        case "agent":
            return f"somebody answers in {act.detail!r}"
        case "nobody":
            waits = f" for {length_text(edge.move.queued_s)}" if edge.move.queued_s else ""
            return f"nobody answers in {act.detail!r}{waits}"
        case "full":
            return f"{act.detail!r} takes nobody more"
        case "closing":
            return f"{act.detail!r} closes before anybody can answer"
        case "agent_ends":
            return "the talk ends"
        case "lookup":
            return f"the service answers: {act.detail}"
        case "sends":
            return "a text message is sent" if act.detail == "sent" else "no text message can be sent"
        case "records":
            return "leaves a message"
        case "hang_up":
            return "hangs up"
    return f"{act.kind} {act.detail}".strip()
