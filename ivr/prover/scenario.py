"""A way through the graph as a scenario that `svar test` runs, and that fails until the fault is mended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from ivr.language.calendar import OSLO, Opening
from ivr.language.checked_digits import EXAMPLES
from ivr.language.lengths import length_text
from ivr.language.schema import KEYS
from ivr.language.ways import UNKNOWN, Act, Known
from ivr.nodes import Node
from ivr.ports.lookups import Cause
from ivr.prover.bounds import Bounds
from ivr.prover.desks import Desks
from ivr.prover.explore import Edge
from ivr.prover.faults import FaultKind, Found, Seen
from ivr.prover.state import State
from ivr.prover.story import Story, can_be_shown, lasts_s, listens_s, presses_once, step_name
from ivr.running.run import MOST_FRAMES

_BEEP_S = 2.0
_SPEAKS_S = 6.0
_SLACK_S = 2.0


@dataclass(slots=True)
class _Scene:
    """What the world and the caller do, gathered move by move.

    `possible`: whether one scenario can have it all, since a service answers, and a number is shown, for a whole call.
    """

    caller: list[dict[str, Any]] = field(default_factory=list)
    desks: Desks = field(default_factory=Desks)
    lookups: dict[str, dict[str, Any]] = field(default_factory=dict)
    mailboxes: dict[str, str] = field(default_factory=dict)
    transfers: dict[str, str] = field(default_factory=dict)
    world: dict[str, str] = field(default_factory=dict)
    possible: bool = True

    def settle(self, known: dict[str, Any], name: str, value: object) -> None:
        """It is so for the whole call."""
        self.possible &= known.setdefault(name, value) == value

    def parts(self) -> dict[str, Any]:
        """What a scenario has of it."""
        given = {
            "caller": self.caller,
            "agents": self.desks.agents(),
            "queues": self.desks.queues,
            "lookups": self.lookups,
            "mailboxes": {name: state for name, state in self.mailboxes.items() if state},
            "transfers": self.transfers,
            **self.world,
        }
        return {name: value for name, value in given.items() if value}


def scenario_of(seen: Seen, found: Found, story: Story, bounds: Bounds) -> str:
    """The YAML of a scenario file; empty where none can show it: nobody can ring, or no caller is that exact."""
    graph, land = seen.graph, seen.land
    if not story.number or not can_be_shown(graph, found.trail) or _cuts_short(found):
        return ""
    scene = _Scene()
    for edge in found.trail:
        state = graph.states[edge.source]
        node = land.flows[state.flow].nodes.get(state.node)
        if node is not None:
            _play(scene, node, edge, step_name(state))
            scene.desks.possible &= _may_close(seen, node, edge, state)
        scene.desks.clock_s += lasts_s(edge)
    if not scene.desks.possible or not scene.possible:
        return ""
    if found.kind is FaultKind.RECURSION:
        scene.caller = [dict(act) for _ in range(MOST_FRAMES) for act in scene.caller]
    began = graph.states[found.trail[0].source if found.trail else found.state]
    diverted = began.value("diverted_from")
    scenario: dict[str, Any] = {
        "name": f"{began.flow}: {found.message}"[:200],
        "at": _moment(story.at_ms),
        "note": f"Found by svar prove ({found.kind}). It fails until this is mended.",
        **({"settings": dict(land.settings)} if land.settings else {}),
        **({"crisis": story.crisis} if story.crisis else {}),
        **({"diverted_from": diverted} if isinstance(diverted, str) and diverted else {}),
        **scene.parts(),
        "expect": _expected(seen, found, bounds),
    }
    content = {"number": story.number, "scenarios": [scenario]}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def _cuts_short(found: Found) -> bool:
    """Whether the text that is not spoken is not heard either: different keys at once cut it short."""
    acts = found.trail[-1].move.acts if found.trail else ()
    pressed = {act.detail for act in acts if act.kind == "press"}
    silent = any(act.kind == "silence" for act in acts)
    return found.kind is FaultKind.NOT_SPOKEN and len(pressed) > 1 and not silent


def _may_close(seen: Seen, node: Node, edge: Edge, state: State) -> bool:
    """Whether a queue that closes too soon was open when the call came, as it has to be."""
    if state.moment is None or not any(act.kind == "closing" for act in edge.move.acts):
        return True
    closes = [name for kind, name in node.needs().values() if kind == "calendar"]
    return all(seen.time.opening(state.moment.origin, name) is Opening.OPEN for name in closes)


def _moment(at_ms: int) -> str:
    """On Norway's clock; with its distance from UTC in the second of two equal hours."""
    local = datetime.fromtimestamp(at_ms // 1000, OSLO)
    return local.strftime("%Y-%m-%d %H:%M:%S") + (local.strftime("%z") if local.fold else "")


# --- what the caller and the world do ---


def _play(scene: _Scene, node: Node, edge: Edge, step: str) -> None:
    for act in edge.move.acts:
        match act.kind:
            case "agent" if node.type == "queue":
                scene.desks.answered(act.detail)
            case "nobody" if node.type == "queue":
                scene.desks.unanswered(act.detail)
            case "misses":
                scene.desks.unanswered(act.detail, missed=True)
            case "nobody" if node.type == "transfer":
                scene.transfers[act.detail] = "refused"
            case "full" if node.type == "queue":
                scene.desks.full(act.detail)
            case "closing":
                scene.desks.closing(act.detail)
            case "full" if node.type == "callback":
                scene.settle(scene.world, "callbacks", "full")
            case "known":
                scene.settle(scene.world, "callbacks", "already")
            case "full":
                scene.settle(scene.mailboxes, act.detail, "full")
            case "sends":
                scene.settle(scene.world, "sms", "" if act.detail == "sent" else "failed")
            case "lookup":
                _answer(scene, node, act.detail, edge)
            case "records":
                after_s = edge.speech_s + _BEEP_S
                scene.caller.append({"at": step, "after": _length(after_s), "speak": _length(_SPEAKS_S)})
                scene.settle(scene.mailboxes, str(getattr(node, "mailbox", "")), "")
    if (shows := _shows(node, edge)) is not None:
        scene.settle(scene.world, "from", EXAMPLES["phone_number"] if shows else "")
    _press(scene, edge, step)


def _shows(node: Node, edge: Edge) -> bool | None:
    """Whether the caller's number is shown; None where it does not matter."""
    kinds = [act.kind for act in edge.move.acts]
    if node.type in ("callback", "returning"):
        return "shows" in kinds
    # Who is asked for a number shows none.
    if node.type == "deflect" and getattr(node, "ask", None) in edge.move.said:
        return False
    return True if "sends" in kinds else None


def _press(scene: _Scene, edge: Edge, step: str) -> None:
    """One key after the text, several at once; those after a silence when it is over."""
    if not any(act.kind == "press" for act in edge.move.acts):
        return
    doing: list[dict[str, Any]] = []
    if presses_once(edge) and listens_s(edge):
        doing.append({"after": _length(listens_s(edge))})
    for act in edge.move.acts:
        if act.kind == "silence":
            doing.append({"silence": True})
        elif act.kind in ("nobody", "misses"):
            doing.append({"after": _length(listens_s(edge))})
        elif act.kind == "press" and (keys := _keys(act, edge)):
            if doing and "silence" not in doing[-1]:
                doing[-1]["press"] = doing[-1].get("press", "") + keys
            else:
                doing.append({"press": keys})
    doing = [did for did in doing if did.keys() != {"after"}]
    scene.caller += [{"at": step, **did} if not index else did for index, did in enumerate(doing)]


def _keys(act: Act, edge: Edge) -> str:
    """The keys of a press; where it names a variable, its value."""
    given = act.detail if set(act.detail) <= set(KEYS) else str(dict(edge.sets).get(act.detail, ""))
    return given if set(given) <= set(KEYS) else ""


def _answer(scene: _Scene, node: Node, outcome: str, edge: Edge) -> None:
    service = str(getattr(node, "service", ""))
    if not service:
        return
    answer: dict[str, Any]
    if outcome == "found":
        answer = {"gives": _content(node, dict(edge.sets))}
    elif outcome == "not_found":
        answer = {"fails": "status", "status": 404}
    elif outcome.isdigit():
        answer = {"fails": "status", "status": int(outcome)}
    else:
        own = getattr(node, "causes", {})
        cause = next(cause for cause in (Cause.TIMEOUT, Cause.REFUSED, Cause.NOT_JSON, *Cause) if cause not in own)
        answer = {"fails": str(cause) if outcome == "failed" else outcome}
    scene.settle(scene.lookups, service, answer)


def _content(node: Node, values: Mapping[str, Known]) -> Any:
    """An answer that has every field that the node takes, those that matter with their values."""
    content: dict[str, Any] = {}
    for name, one in getattr(node, "take", {}).items():
        value = values.get(name, UNKNOWN)
        if value is UNKNOWN:
            samples = {"number": 1, "true_or_false": True}
            value = next(iter(one.one_of), samples.get(one.type, "x"))
        inner = content
        *way, last = one.field.split(".")
        for part in way:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return content


def _length(seconds: float) -> str:
    return length_text(float(round(seconds * 10) / 10))


# --- what is expected, and does not come ---


def _expected(seen: Seen, found: Found, bounds: Bounds) -> dict[str, Any]:
    graph = seen.graph
    match found.kind:
        case FaultKind.NOT_SPOKEN if found.said is not None:
            language, text = next(iter(found.said.texts.items()))
            return {"not_heard": [{language: _longest_piece(text)}]}
        case FaultKind.CRISIS_UNSAID:
            crisis = seen.land.book.crises[str(graph.states[found.state].value("crisis"))]
            return {"heard": [_longest_piece(next(iter(crisis.message.texts.values())))]}
        case FaultKind.TOO_LONG:
            queued_s = sum(lasts_s(edge) for edge in found.trail if edge.move.queued_s)
            return {"lasts": {"most": _length(bounds.time_s + max(queued_s, 0.0) + _SLACK_S)}}
        case FaultKind.TOO_MUCH_SPEECH if not found.trail[-1].chosen:
            return {"lasts": {"most": _length(bounds.speech_s)}}
        case FaultKind.TOO_MUCH_SPEECH:
            return {"listens": {"most": _length(bounds.speech_s)}}
        case FaultKind.TOO_MANY_TEXTS:
            return {"texts": bounds.texts}
    return {"ends_well": True}


def _longest_piece(text: str) -> str:
    """A part of a text without values."""
    pieces = [part.rpartition("}")[2] for part in text.split("{")]
    return max(pieces, key=len).strip()
