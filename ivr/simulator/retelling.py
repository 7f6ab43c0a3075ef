"""A contact's events told again as a scenario: what the caller pressed is told by where the flow went.

No event has a key. Where more than one key leads to the same step, the first one is pressed; digits are examples that
fit their check.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from events import catalogue
from events.catalogue import Event, StepEntered
from ivr.book import FlowBook
from ivr.language.calendar import OSLO
from ivr.language.lengths import length_text
from ivr.language.unknowns import values_of
from ivr.language.ways import Kind
from ivr.nodes import Node
from ivr.nodes.deflect import Deflect
from ivr.nodes.digits import Digits
from ivr.nodes.language import LanguageChoice
from ivr.nodes.lookup import Lookup
from ivr.nodes.menu import Menu
from ivr.nodes.queue import Queue
from ivr.nodes.survey import Survey
from ivr.nodes.voicemail import Voicemail
from ivr.ports.lookups import Cause
from ivr.ports.lookups import Kind as ValueKind
from ivr.running.run import Scalar
from ivr.simulator.play import sample_value
from ivr.simulator.story import step_name

SLACK_S = 5.0
"""How much longer or shorter a retold wait may be: prompts take another time in the simulator."""


AWAY_S = 30.0
"""A queue that refuses somebody later than that was out of reach; sooner, it was full."""
AT_ONCE_S = 1.0
"""Who goes on from a voicemail as soon as that was not asked for a message."""


class RetellingError(ValueError):
    """The events are not those of a whole contact of these flows; the message says what is lacking."""


@dataclass(frozen=True, slots=True)
class Telling:
    """How it is told. `timed`: everybody does things as late as they did, and waits are expected; `present`: agents
    are there all the time; `guess` chooses among what no event says, from 0 on.
    """

    timed: bool = True
    present: bool = False
    guess: int = 0


@dataclass(slots=True)
class _Retold:
    """What the scenario says besides its head."""

    book: FlowBook
    telling: Telling
    caller: list[dict[str, Any]] = field(default_factory=list)
    agents: dict[str, dict[str, Any]] = field(default_factory=dict)
    parts: dict[str, Any] = field(default_factory=dict)
    guessed: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Stay:
    """A step, the one that followed (None: the call ended there), and how long it lasted."""

    name: str
    node: Node
    after: StepEntered | None
    began_ms: int
    lasted_s: float


def as_scenario(
    events: Sequence[Event],
    book: FlowBook,
    settings: Mapping[str, Scalar] | None = None,
    telling: Telling = Telling(),
) -> str:
    """The YAML of a scenario file. Raises RetellingError."""
    timed = telling.timed
    started = next((event for event in events if isinstance(event, catalogue.ContactStarted)), None)
    ended = next((event for event in events if isinstance(event, catalogue.ContactEnded)), None)
    if started is None or ended is None:
        raise RetellingError(
            "its beginning is not in the stream any more" if started is None else "it has not ended yet"
        )
    if started.number not in book.by_number:
        raise RetellingError(f"no flow has the number {started.number}")
    retold = _Retold(book, telling)
    for stay in _stays(events, book, started.flow, ended.at_ms):
        _retell(retold, stay, events, timed=timed)
    _agents(retold, events, started.at_ms)
    _ending(retold, events, ended, timed=timed)
    given = _settings(book, settings or {}, events)
    scenario = {
        "name": f"{started.flow}: a call of {_moment(started.at_ms)[:16]}, {ended.outcome}",
        "at": _moment(started.at_ms),
        **({"note": "; ".join(retold.guessed)} if retold.guessed else {}),
        **({"from": "99999999"} if started.pii_caller else {}),
        **({"settings": given} if given else {}),
        **retold.parts,
        **({"caller": retold.caller} if retold.caller else {}),
        **({"agents": list(retold.agents.values())} if retold.agents else {}),
        "expect": _expected(events, started, ended, timed=timed),
    }
    content = {"number": started.number, "scenarios": [scenario]}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)


def _moment(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms // 1000, OSLO)
    return moment.strftime("%Y-%m-%d %H:%M:%S") + (moment.strftime("%z") if moment.fold else "")


def _stays(events: Sequence[Event], book: FlowBook, first: str, ended_ms: int) -> Iterator[_Stay]:
    entered = [event for event in events if isinstance(event, StepEntered)]
    for event, after in zip(entered, [*entered[1:], None], strict=True):
        flow = book.by_name.get(event.flow)
        node = flow.nodes.get(event.step) if flow is not None else None
        if node is None:
            raise RetellingError(f"the flows have no step {event.flow}.{event.step}: they are another version")
        until_ms = after.at_ms if after is not None else ended_ms
        yield _Stay(step_name(event, first), node, after, event.at_ms, (until_ms - event.at_ms) / 1000)


# --- what the caller did ---


def _retell(retold: _Retold, stay: _Stay, events: Sequence[Event], *, timed: bool) -> None:
    node = stay.node
    if isinstance(node, Menu | Queue):
        _stay_in_crisis(retold, stay, events)
        _press(retold, stay, timed=timed)
    elif isinstance(node, Digits):
        _enter(retold, stay, node, timed=timed)
    elif isinstance(node, Voicemail):
        _speak(retold, stay, node, events)
    elif isinstance(node, Lookup):
        _look_up(retold, stay, node, events)
    elif node.type == "transfer" and stay.after is not None:
        for _, destination in node.needs().values():
            retold.parts.setdefault("transfers", {})[destination] = "refused"
    elif isinstance(node, Survey):
        _answer_survey(retold, stay, node, events)
    elif isinstance(node, Deflect):
        _deflect(retold, stay, node, events)
    elif isinstance(node, LanguageChoice):
        retold.guessed.append(f"the language that was chosen at {stay.name} is in no event")
        keys = [*(choice.key for choice in node.choices), ""]
        if key := keys[retold.telling.guess % len(keys)]:
            retold.caller.append({"at": stay.name, "press": key})
    elif node.type in ("callback", "returning"):
        retold.guessed.append(f"what was chosen at {stay.name} is in no event")


def _press(retold: _Retold, stay: _Stay, *, timed: bool) -> None:
    if stay.after is None:
        return
    ways = [way for way in stay.node.ways() if way.target == stay.after.step]
    key = next((way.detail for way in ways if way.kind is Kind.KEY), "")
    if key:
        if sum(way.kind is Kind.KEY for way in ways) > 1:
            retold.guessed.append(f"another key than {key} leads from {stay.name} to {stay.after.step} too")
        retold.caller.append({"at": stay.name, **_after(stay.lasted_s, timed=timed), "press": key})
    elif any(way.kind is Kind.NO_CHOICE for way in ways) and isinstance(stay.node, Menu):
        retold.caller += _silences(stay.name, stay.node.attempts)
    elif isinstance(stay.node, Queue) and {way.kind for way in ways} == {Kind.CLOSING}:
        retold.parts.setdefault("queues", {})[stay.node.queue] = "closing"
    elif isinstance(stay.node, Queue) and {way.kind for way in ways} == {Kind.UNAVAILABLE}:
        away = stay.lasted_s >= AWAY_S
        retold.parts.setdefault("queues", {})[stay.node.queue] = "away" if away else "full"


def _stay_in_crisis(retold: _Retold, stay: _Stay, events: Sequence[Event]) -> None:
    """Who was told something instead of waiting, and pressed the key to wait all the same."""
    until_ms = stay.began_ms + stay.lasted_s * 1000
    for event in events:
        if isinstance(event, catalogue.CrisisDeflected) and stay.began_ms <= event.at_ms <= until_ms:
            crisis = retold.book.crises.get(event.crisis)
            keys = [one.stay for one in crisis.deflect if one.queue == event.queue and one.stay] if crisis else []
            if event.outcome == "stayed" and keys:
                retold.caller.append({"at": stay.name, "press": keys[0]})


def _enter(retold: _Retold, stay: _Stay, node: Digits, *, timed: bool) -> None:
    if stay.after is None:
        return
    if stay.after.step == node.next:
        keys = node.expect.pressed(_digits(retold, node))
        typed_s = min(stay.lasted_s / 2, 1.0) if timed else 0.0
        retold.caller.append({"at": stay.name, **_after(typed_s, timed=timed), "press": keys})
    else:
        retold.caller += _silences(stay.name, node.attempts)


def _digits(retold: _Retold, node: Digits) -> str:
    """An example that fits; or, as a guess, digits that the flows make a difference for."""
    values = _values(retold.book, node.variable)
    least, most = node.expect.least, node.expect.most
    fitting = [value for value in values if value.isdigit() and least <= len(value) <= most]
    return [node.expect.example(), *fitting][retold.telling.guess % (len(fitting) + 1)]


def _values(book: FlowBook, variable: str) -> list[str]:
    """Texts that conditions compare the variable with."""
    nodes = [node for flow in book.by_name.values() for node in flow.nodes.values()]
    conditions = [one for node in nodes for one in (*node.conditions().values(), *node.expressions().values())]
    return [value for value in values_of(variable, str, conditions) if isinstance(value, str) and value]


def _silences(step: str, count: int) -> list[dict[str, Any]]:
    return [{"at": step, "silence": True}, *({"silence": True} for _ in range(count - 1))]


def _speak(retold: _Retold, stay: _Stay, node: Voicemail, events: Sequence[Event]) -> None:
    until_ms = stay.began_ms + stay.lasted_s * 1000
    left = next(
        (
            event
            for event in events
            if isinstance(event, catalogue.VoicemailLeft) and stay.began_ms <= event.at_ms <= until_ms + 3_000
        ),
        None,
    )
    if left is not None:
        spoken_s = max(node.least_s + 1, left.duration_ms / 1000)
        retold.caller.append(
            {"at": stay.name, "when_heard": "(beep)", "after": "500ms", "speak": length_text(spoken_s)}
        )
    elif stay.after is not None and stay.lasted_s < AT_ONCE_S:
        retold.parts.setdefault("mailboxes", {})[node.mailbox] = "full"
    elif stay.after is not None:
        retold.caller += _silences(stay.name, node.attempts)


def _look_up(retold: _Retold, stay: _Stay, node: Lookup, events: Sequence[Event]) -> None:
    done = next(
        (event for event in events if isinstance(event, catalogue.LookupDone) and event.at_ms >= stay.began_ms), None
    )
    if done is None:
        return
    given: dict[str, Any] = {"after": length_text(min(done.lasted_ms / 1000, 30.0))} if done.lasted_ms else {}
    if done.outcome == "found":
        given["gives"] = _answer(retold, node)
        retold.guessed.append(f"what {node.service} answered is in no event")
    else:
        given |= {"fails": str(Cause(done.outcome)), **({"status": done.status} if done.status else {})}
    retold.parts.setdefault("lookups", {})[node.service] = given


def _answer(retold: _Retold, node: Lookup) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, taken in node.take.items():
        wanted = taken.wanted()
        texts = [*wanted.one_of] or ([] if wanted.kind is not ValueKind.TEXT else _values(retold.book, variable))
        place = found
        for name in wanted.field[:-1]:
            place = place.setdefault(name, {})
        place[wanted.field[-1]] = texts[retold.telling.guess % len(texts)] if texts else sample_value(wanted)
    return found


def _answer_survey(retold: _Retold, stay: _Stay, node: Survey, events: Sequence[Event]) -> None:
    answers = [
        str(event.answer)
        for event in events
        if isinstance(event, catalogue.SurveyAnswered) and event.survey == node.survey and event.at_ms >= stay.began_ms
    ]
    if answers:
        offered = "1" if node.offer is not None else ""
        retold.caller.append({"at": stay.name, "press": offered + "".join(answers)})


def _deflect(retold: _Retold, stay: _Stay, node: Deflect, events: Sequence[Event]) -> None:
    told = next(
        (event for event in events if isinstance(event, catalogue.Deflected) and event.at_ms >= stay.began_ms), None
    )
    if told is None or told.to != "sms" or told.outcome == "refused":
        return
    if node.offer is not None:
        retold.caller.append({"at": stay.name, "press": node.yes_key})
    if told.outcome in ("not_allowed", "capped", "failed"):
        retold.parts["sms"] = told.outcome


def _after(seconds: float, *, timed: bool) -> dict[str, Any]:
    return {"after": length_text(round(seconds, 1))} if timed and seconds >= 0.1 else {}


# --- what others did, and how it ended ---


def _agents(retold: _Retold, events: Sequence[Event], began_ms: int) -> None:
    missed_ms: dict[str, int] = {}
    for event in events:
        if isinstance(event, catalogue.OfferMade) and event.agent not in retold.agents:
            from_s = 0.0 if retold.telling.present else max(0.0, round((event.at_ms - began_ms) / 1000, 1))
            retold.agents[event.agent] = {
                "name": event.agent,
                "queues": [event.queue],
                "from": length_text(from_s),
                "does": [],
            }
        elif isinstance(event, catalogue.OfferMade):
            rested_s = max(1, (event.at_ms - missed_ms.get(event.agent, event.at_ms)) // 1000)
            retold.agents[event.agent]["rests"] = length_text(float(rested_s))
        elif isinstance(event, catalogue.OfferFailed) and event.agent in retold.agents:
            missed_ms[event.agent] = event.at_ms
            known = event.cause in ("no_answer", "busy", "rejected", "unreachable")
            retold.agents[event.agent]["does"].append(event.cause if known else "no_answer")
        elif isinstance(event, catalogue.ContactAnswered) and event.agent in retold.agents:
            agent = retold.agents[event.agent]
            agent["does"].append("answer")
            agent["answers_after"] = length_text(round(event.rang_ms / 1000, 1))
            agent["talks"] = "24h"
        elif isinstance(event, catalogue.ContactReleased) and event.agent in retold.agents:
            if event.cause in ("agent_hung_up", "transferred"):
                retold.agents[event.agent]["talks"] = length_text(round(event.talked_ms / 1000, 1))
            if event.cause == "transferred":
                retold.agents[event.agent]["then"] = "transfer"
    for agent in retold.agents.values():
        agent["does"] = agent["does"] or ["no_answer"]
    heard = next((event.crisis for event in events if isinstance(event, catalogue.CrisisHeard)), "")
    if heard:
        retold.parts["crisis"] = heard


def _ending(retold: _Retold, events: Sequence[Event], ended: catalogue.ContactEnded, *, timed: bool) -> None:
    if ended.cause != "caller_hung_up":
        return
    last = next((event for event in reversed(events) if isinstance(event, StepEntered)), None)
    steps = [event for event in events if isinstance(event, StepEntered)]
    if last is None:
        retold.caller.append({"hang_up": True})
        return
    name = step_name(last, steps[0].flow)
    stayed_s = max(0.0, (ended.at_ms - last.at_ms) / 1000)
    acted = retold.caller and retold.caller[-1].get("at") == name
    if acted:
        spoken = retold.caller[-1].get("speak")
        retold.caller.append({"after": spoken or "1s", "hang_up": True})
    else:
        answered = any(isinstance(event, catalogue.ContactAnswered) for event in events)
        retold.caller.append({"at": name, **_after(stayed_s, timed=timed or answered), "hang_up": True})


def _expected(
    events: Sequence[Event], started: catalogue.ContactStarted, ended: catalogue.ContactEnded, *, timed: bool
) -> dict[str, Any]:
    steps = [event for event in events if isinstance(event, StepEntered)]
    found: dict[str, Any] = {
        "path": [step_name(event, started.flow) for event in steps],
        "outcome": ended.outcome,
        "cause": ended.cause,
    }
    for event in events:
        if isinstance(event, catalogue.ContactQueued):
            found["queue"] = event.queue
        elif isinstance(event, catalogue.VoicemailLeft):
            found["voicemail"] = event.mailbox
        elif isinstance(event, catalogue.ContactAnswered):
            found["agent"] = event.agent
        if timed and isinstance(event, catalogue.ContactAnswered | catalogue.ContactLeftQueue):
            waited_s = event.waited_ms / 1000
            least, most = max(0.0, round(waited_s - SLACK_S, 1)), round(waited_s + SLACK_S, 1)
            found["wait"] = {"least": length_text(least), "most": length_text(most)}
    return found


def _settings(book: FlowBook, settings: Mapping[str, Scalar], events: Sequence[Event]) -> dict[str, Scalar]:
    """Those of the deployment that a flow on the way declares."""
    flows = {event.flow for event in events if isinstance(event, StepEntered)}
    declared = {name for flow in flows if flow in book.by_name for name in book.by_name[flow].variables}
    return {name: value for name, value in settings.items() if name in declared}
