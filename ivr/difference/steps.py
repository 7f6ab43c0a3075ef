"""Two versions of one step compared: its ways, what it says, what is set in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from ivr.difference.changes import Change, What
from ivr.difference.journeys import Choice, Route, routes, told
from ivr.difference.matching import match, same_to_callers
from ivr.difference.phrases import Phrases
from ivr.difference.traits import settings_of, texts_of, ways_of
from ivr.files.flow import Flow
from ivr.language.ways import Kind, Way

_MOVABLE = {Kind.KEY, Kind.CASE, Kind.OVERFLOW, Kind.RESULT}
"""Ways that people change the key, the condition or the time of, and that lead on where they led."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of a flow, which steps are which, and how callers come to each."""

    old: Flow
    new: Flow
    found: dict[str, str]
    before: dict[str, Route]
    now: dict[str, Route]
    phrases: Phrases

    @classmethod
    def of(cls, old: Flow, new: Flow, phrases: Phrases) -> "Pair":
        return cls(old, new, match(old, new), routes(old), routes(new), phrases)

    def same_goal(self, one: str | None, other: str | None) -> bool:
        """Whether two ways lead to the same step, or both to the call's end."""
        return other is None if one is None else self.found.get(one) == other


def compare_step(pair: Pair, name: str) -> Iterator[Change]:
    """What changed in the step that the old flow calls `name`, and that both have."""
    now = pair.found[name]
    heard = now in pair.now
    before, after = pair.old.nodes[name], pair.new.nodes[now]
    if before.type != after.type:
        place, became = pair.phrases.named(before, name), pair.phrases.named(after, now)
        step = pair.phrases.step(now)
        sentence = pair.phrases.choose(f"Steget {step} er nå et annet slags", f"The step {step} is now of another kind")
        yield Change(What.TYPE_CHANGED, pair.new.flow, sentence, (now,), place, became, heard=heard)
    yield from _ways(pair, name)
    yield from _texts(pair, name, heard=heard)
    yield from _settings(pair, name, heard=heard)


def _ways(pair: Pair, name: str) -> Iterator[Change]:
    now = pair.found[name]
    old, new = ways_of(pair.old.nodes[name]), ways_of(pair.new.nodes[now])
    gone = [way for key, way in old.items() if key not in new]
    come = [way for key, way in new.items() if key not in old]
    for key, way in old.items():
        if key in new:
            yield from _way(pair, name, way, new[key])
    for way in list(gone):
        other = next((o for o in come if o.kind is way.kind and _goes_on(pair, way, o)), None)
        if other is not None and way.kind in _MOVABLE:
            gone.remove(way)
            come.remove(other)
            yield _moved(pair, now, way, other)
    for way in gone:
        yield _removed(pair, name, way)
    for way in come:
        yield _added(pair, now, way)


def _goes_on(pair: Pair, way: Way, other: Way) -> bool:
    return pair.same_goal(way.target, other.target)


def _way(pair: Pair, name: str, way: Way, other: Way) -> Iterator[Change]:
    """The same way leads elsewhere."""
    if pair.same_goal(way.target, other.target):
        return
    now = pair.found[name]
    old, new = pair.phrases.leads_to(pair.old, way.target), pair.phrases.leads_to(pair.new, other.target)
    heard = now in pair.now and not same_to_callers(pair.old, pair.new, way.target, other.target)
    yield Change(What.WAY_CHANGED, pair.new.flow, _at(pair, now, way), (now,), old, new, heard=heard)


def _at(pair: Pair, step: str, way: Way) -> str:
    """How a caller comes to a way of a step of the new flow."""
    route = pair.now.get(step)
    if route is None:
        return pair.phrases.choose(f"I {pair.phrases.step(step)}", f"At {pair.phrases.step(step)}") + (
            f", {pair.phrases.doing(way)}"
        )
    return told(pair.new, (*route, Choice(step, way)), pair.phrases)


def _moved(pair: Pair, step: str, way: Way, other: Way) -> Change:
    goal = pair.phrases.leads_to(pair.new, other.target)
    if way.kind is Kind.KEY:
        sentence = pair.phrases.choose(
            f"tast {way.detail} blir tast {other.detail} (til {goal})",
            f"key {way.detail} becomes key {other.detail} (to {goal})",
        )
    else:
        sentence = pair.phrases.choose(
            f"«{pair.phrases.doing(way)}» blir «{pair.phrases.doing(other)}» (til {goal})",
            f"“{pair.phrases.doing(way)}” becomes “{pair.phrases.doing(other)}” (to {goal})",
        )
    return Change(What.WAY_MOVED, pair.new.flow, sentence, (step,), heard=step in pair.now)


def _removed(pair: Pair, name: str, way: Way) -> Change:
    now, goal = pair.found[name], pair.phrases.leads_to(pair.old, way.target)
    doing = pair.phrases.doing(way)
    sentence = pair.phrases.choose(f"{doing}, finnes ikke lenger", f"{doing}, is no longer there")
    if way.kind is Kind.KEY:
        sentence = pair.phrases.choose(f"tast {way.detail} er fjernet", f"key {way.detail} is removed")
    elif way.kind is Kind.NEXT:
        sentence = pair.phrases.choose("det går ikke lenger videre", "it goes on no more")
    heard = now in pair.now and way.target is not None
    return Change(What.WAY_REMOVED, pair.new.flow, sentence, (now,), before=goal, heard=heard)


def _added(pair: Pair, step: str, way: Way) -> Change:
    goal, doing = pair.phrases.leads_to(pair.new, way.target), pair.phrases.doing(way)
    sentence = pair.phrases.choose(f"nytt, {doing}", f"new, {doing}")
    if way.kind is Kind.KEY:
        sentence = pair.phrases.choose(f"ny tast {way.detail}", f"new key {way.detail}")
    elif way.kind is Kind.NEXT:
        sentence = pair.phrases.choose("det går nå videre", "it goes on now")
    heard = step in pair.now and way.target is not None
    return Change(What.WAY_ADDED, pair.new.flow, sentence, (step,), after=goal, heard=heard)


def _texts(pair: Pair, name: str, *, heard: bool) -> Iterator[Change]:
    now = pair.found[name]
    old, new = texts_of(pair.old.nodes[name]), texts_of(pair.new.nodes[now])
    for where in dict.fromkeys((*old, *new)):
        before, after = old.get(where, {}), new.get(where, {})
        for language in dict.fromkeys((*before, *after)):
            was, is_ = before.get(language, ""), after.get(language, "")
            if was == is_:
                continue
            told_ = pair.phrases.said(where)
            what = What.TEXT_CHANGED if was and is_ else What.TEXT_ADDED if is_ else What.TEXT_REMOVED
            in_use = language in pair.new.languages or language in pair.old.languages
            yield Change(what, pair.new.flow, told_, (now,), was, is_, language, heard=heard and in_use, words=True)


def _settings(pair: Pair, name: str, *, heard: bool) -> Iterator[Change]:
    now = pair.found[name]
    old, new = settings_of(pair.old.nodes[name]), settings_of(pair.new.nodes[now])
    renamed, nothing = {"variable"}, pair.phrases.choose("ingenting", "nothing")
    for where in dict.fromkeys((*old, *new)):
        was, is_ = old.get(where, ""), new.get(where, "")
        if was != is_:
            noticed = heard and where[-1] not in renamed
            yield Change(
                What.SETTING_CHANGED, pair.new.flow, pair.phrases.setting(where), (now,),
                pair.phrases.value(where, was) or nothing, pair.phrases.value(where, is_) or nothing, heard=noticed,
            )  # fmt: skip
