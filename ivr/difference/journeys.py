"""How callers come to the steps of a flow, and the ways through it: what they choose from the start to an end."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ivr.difference.phrases import Phrases
from ivr.files.flow import Flow
from ivr.language.ways import Kind, Way

MOST_PATHS = 400
LONGEST_PATH = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """A way that a caller takes, at a step."""

    step: str
    way: Way


Route = tuple[Choice, ...]


def routes(flow: Flow) -> dict[str, Route]:
    """The shortest route to every step that can be reached, in the order in which they are met."""
    found: dict[str, Route] = {flow.start: ()}
    waiting = deque([flow.start])
    while waiting:
        step = waiting.popleft()
        for way in flow.nodes[step].ways() if step in flow.nodes else ():
            if way.target is not None and way.target not in found:
                found[way.target] = (*found[step], Choice(step, way))
                waiting.append(way.target)
    return {step: route for step, route in found.items() if step in flow.nodes}


def dialled(flow: Flow, phrases: Phrases) -> str:
    """ "Dialling 5000 or 5001"; for a flow without a number its name."""
    numbers = phrases.choose(" eller ", " or ").join(flow.numbers[:3]) + (", ..." if len(flow.numbers) > 3 else "")
    if numbers:
        return phrases.choose(f"Den som ringer {numbers}", f"Dialling {numbers}")
    return phrases.choose(f"I flyten {flow.flow}", f"In the flow {flow.flow}")


def told(flow: Flow, route: Route, phrases: Phrases) -> str:
    """A route as a person tells it: "Dialling 5000, when open, pressing 3 at “Menu”"."""
    parts = [dialled(flow, phrases)]
    at = phrases.choose("i", "at")
    for choice in route:
        if choice.way.kind is Kind.NEXT:
            continue
        doing = phrases.doing(choice.way)
        asked = choice.way.kind in (Kind.KEY, Kind.NO_CHOICE, Kind.GIVEN, Kind.NO_ENTRY)
        parts.append(f"{doing} {at} {phrases.step(choice.step)}" if asked else doing)
    return ", ".join(parts)


def paths(flow: Flow, phrases: Phrases) -> Mapping[tuple[str, ...], str]:
    """Where each sequence of choices ends; at most MOST_PATHS, in the order of the file. Circles are not followed."""
    found: dict[tuple[str, ...], str] = {}
    for choices, end in _walk(flow, phrases):
        found.setdefault(choices, end)
        if len(found) >= MOST_PATHS:
            break
    return found


def _walk(flow: Flow, phrases: Phrases) -> Iterator[tuple[tuple[str, ...], str]]:
    stack: list[tuple[str | None, tuple[str, ...], frozenset[str]]] = [(flow.start, (), frozenset())]
    while stack:
        name, choices, been = stack.pop()
        node = flow.nodes.get(name) if name is not None else None
        if name is None or node is None:
            yield choices, phrases.choose("slutten av samtalen", "the end of the call")
            continue
        ways = node.ways()
        if name in been or len(choices) > LONGEST_PATH:
            yield choices, phrases.choose(f"tilbake til {phrases.step(name)}", f"back to {phrases.step(name)}")
        elif not ways or any(kind == "queue" for kind, _ in node.needs().values()):
            yield choices, phrases.place(node, name)
        else:
            for way in reversed(ways):
                more = () if way.kind is Kind.NEXT else (phrases.doing(way),)
                stack.append((way.target, choices + more, been | {name}))
