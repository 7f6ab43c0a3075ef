"""Two versions of one flow compared."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ivr.difference.changes import Change, What
from ivr.difference.journeys import dialled, paths
from ivr.difference.matching import same_to_callers
from ivr.difference.phrases import Phrases
from ivr.difference.steps import Pair, compare_step
from ivr.difference.traits import print_of
from ivr.files.flow import Flow
from ivr.picture import words

MOST_SHOWN = 6
"""Paths that are told one by one."""


def compare_flow(old: Flow, new: Flow, phrases: Phrases) -> list[Change]:
    """Everything that differs, callers' things and others; the same change at several steps is told once."""
    pair = Pair.of(old, new, phrases)
    found = [*_heading(pair), *_start(pair)]
    for name in old.nodes:
        if name in pair.found:
            found += compare_step(pair, name)
        else:
            found.append(_gone(pair, name))
    known = set(pair.found.values())
    found += [_come(pair, name) for name in new.nodes if name not in known]
    found += list(_renamed(pair))
    found += list(_queues(pair))
    found = gathered(_without_languages(pair, found))
    if any(change.heard for change in found):
        found += _paths(pair)
    return found


def _without_languages(pair: Pair, changes: list[Change]) -> list[Change]:
    """Texts in a language that is new or gone need no telling one by one."""
    new, gone = set(pair.new.languages) - set(pair.old.languages), set(pair.old.languages) - set(pair.new.languages)
    skipped = {What.TEXT_ADDED: new, What.TEXT_REMOVED: gone}
    return [change for change in changes if change.language not in skipped.get(change.what, ())]


def gathered(changes: Iterable[Change]) -> list[Change]:
    """Texts and settings that changed alike at several steps, told once for all of them."""
    together: dict[Change, list[str]] = {}
    for change in changes:
        key = replace(change, steps=()) if change.at_steps else change
        together.setdefault(key, []).extend(change.steps)
    return [replace(change, steps=tuple(dict.fromkeys(steps))) for change, steps in together.items()]


def _heading(pair: Pair) -> Iterator[Change]:
    old, new, phrases, flow = pair.old, pair.new, pair.phrases, pair.new.flow
    if old.flow != new.flow:
        told = phrases.choose(f"Flyten heter nå {new.flow}", f"The flow is now called {new.flow}")
        yield Change(What.FLOW_RENAMED, flow, told, before=old.flow, after=new.flow, heard=False)
    for language in new.languages:
        if language not in old.languages:
            told = phrases.choose(f"Nytt språk: {language}", f"New language: {language}")
            yield Change(What.LANGUAGE_ADDED, flow, told, after=language)
    for language in old.languages:
        if language not in new.languages:
            told = phrases.choose(f"Språket {language} er fjernet", f"The language {language} is removed")
            yield Change(What.LANGUAGE_REMOVED, flow, told, before=language)
    if old.languages[0] != new.languages[0]:
        told = phrases.choose("Språket som tales først", "The language that is spoken first")
        yield Change(What.LANGUAGE_ORDER, flow, told, before=old.languages[0], after=new.languages[0])
    yield from _declared(pair)


def _declared(pair: Pair) -> Iterator[Change]:
    old, new, choose = pair.old, pair.new, pair.phrases.choose
    pairs = [
        (choose("Tittelen", "The title"), old.title, new.title, False),
        (choose("Når anropet besvares", "When the call is answered"), old.answer, new.answer, True),
    ]
    nothing = choose("ingenting", "nothing")
    for language in dict.fromkeys((*old.fallback, *new.fallback)):
        told = choose(f"Det som høres der {language} mangler", f"What is heard where {language} is lacking")
        pairs.append((told, old.fallback.get(language, nothing), new.fallback.get(language, nothing), True))
    before, after = {**old.parameters, **old.variables}, {**new.parameters, **new.variables}
    for name in dict.fromkeys((*before, *after)):
        told = choose(f"Variabelen {name} begynner som", f"The variable {name} begins as")
        was, is_ = _scalar(before.get(name)), _scalar(after.get(name))
        pairs.append((told, was, is_, name in before and name in after))
    for told, was, is_, heard in pairs:
        if was != is_:
            yield Change(What.HEADING_CHANGED, new.flow, told, before=was, after=is_, heard=heard)


def _scalar(value: object) -> str:
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else f"“{value}”"


def _start(pair: Pair) -> Iterator[Change]:
    old, new = pair.old, pair.new
    if pair.found.get(old.start) == new.start:
        return
    before, after = pair.phrases.leads_to(old, old.start), pair.phrases.leads_to(new, new.start)
    heard = not same_to_callers(old, new, old.start, new.start)
    yield Change(What.START_CHANGED, new.flow, dialled(new, pair.phrases), (new.start,), before, after, heard=heard)


def _gone(pair: Pair, name: str) -> Change:
    place = pair.phrases.named(pair.old.nodes[name], name)
    told = pair.phrases.choose(f"Steget {place} er fjernet", f"The step {place} is removed")
    again = any(print_of(node) == print_of(pair.old.nodes[name]) for node in pair.new.nodes.values())
    return Change(What.STEP_REMOVED, pair.new.flow, told, (name,), heard=name in pair.before and not again)


def _come(pair: Pair, name: str) -> Change:
    place, reached = pair.phrases.named(pair.new.nodes[name], name), name in pair.now
    told = pair.phrases.choose(f"Nytt steg: {place}", f"New step: {place}")
    if not reached:
        told += pair.phrases.choose(", som ingen kommer til", ", which nobody reaches")
    before = any(print_of(node) == print_of(pair.new.nodes[name]) for node in pair.old.nodes.values())
    return Change(What.STEP_ADDED, pair.new.flow, told, (name,), heard=reached and not before)


def _renamed(pair: Pair) -> Iterator[Change]:
    for name, now in pair.found.items():
        if name != now:
            kind = words.of_type(pair.new.nodes[now].type, pair.phrases.language).lower()
            told = pair.phrases.choose(
                f"Steget {name} ({kind}) heter nå {now}", f"The step {name} ({kind}) is now {now}"
            )
            yield Change(What.STEP_RENAMED, pair.new.flow, told, (now,), name, now, heard=False)
    for name, now in pair.found.items():
        if pair.old.nodes[name].note != pair.new.nodes[now].note:
            told = pair.phrases.choose("Merknaden er endret", "The note is changed")
            before, after = pair.old.nodes[name].note, pair.new.nodes[now].note
            yield Change(What.INSIDE, pair.new.flow, told, (now,), before, after, heard=False, words=True)


def _queues(pair: Pair) -> Iterator[Change]:
    before, now = queues(pair.old, pair.before), queues(pair.new, pair.now)
    for name in now:
        if name not in before:
            title = pair.phrases.value(("queue",), name)
            told = pair.phrases.choose(f"Køen {title} nås nå herfra", f"The queue {title} is now reached from here")
            yield Change(What.QUEUE_REACHED, pair.new.flow, told, now[name], after=name)
    for name in before:
        if name not in now:
            title = pair.phrases.value(("queue",), name)
            told = pair.phrases.choose(
                f"Køen {title} nås ikke lenger herfra", f"The queue {title} is no longer reached from here"
            )
            yield Change(What.QUEUE_UNREACHED, pair.new.flow, told, (), before=name)


def queues(flow: Flow, reached: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The queues that callers may come to, and the steps that lead them there."""
    found: dict[str, tuple[str, ...]] = {}
    for name in reached:
        for kind, what in flow.nodes[name].needs().values():
            if kind == "queue":
                found[what] = (*found.get(what, ()), name)
    return found


def _paths(pair: Pair) -> list[Change]:
    """Sequences of choices that are new or gone, in one or two sentences."""
    before, now = paths(pair.old, pair.phrases), paths(pair.new, pair.phrases)
    come, gone = [path for path in now if path not in before], [path for path in before if path not in now]
    if not come and not gone:
        return []
    choose = pair.phrases.choose
    told = choose(
        f"Veier gjennom flyten: {len(before)} før, {len(now)} nå; {len(come)} nye, {len(gone)} borte",
        f"Ways through the flow: {len(before)} before, {len(now)} now; {len(come)} new, {len(gone)} gone",
    )
    shown = [f"+ {_path(path, now[path])}" for path in come[:MOST_SHOWN]]
    shown += [choose(f"  og {len(come) - MOST_SHOWN} nye til", f"  and {len(come) - MOST_SHOWN} more")] * (
        len(come) > MOST_SHOWN
    )
    shown += [f"− {_path(path, before[path])}" for path in gone[:MOST_SHOWN]]
    shown += [choose(f"  og {len(gone) - MOST_SHOWN} borte til", f"  and {len(gone) - MOST_SHOWN} more gone")] * (
        len(gone) > MOST_SHOWN
    )
    return [Change(What.PATHS, pair.new.flow, told, after="\n".join(shown))]


def _path(path: tuple[str, ...], end: str) -> str:
    return " › ".join([*path, end])
