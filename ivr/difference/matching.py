"""Which step of the old flow is which of the new one: by name, and where the name is new, by what it is and does."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from typing import Final

from ivr.difference.traits import print_of, settings_of, texts_of, ways_of
from ivr.files.flow import Flow
from ivr.nodes import Node

ENOUGH: Final = 0.55
"""So alike are two steps of different names when they are taken for one."""
_ROUNDS = 3


def match(old: Flow, new: Flow) -> dict[str, str]:
    """New names by old ones; steps that are gone or new are not in it. No step is matched twice."""
    found = _unchanged(old, new)
    for name in old.nodes:
        if name not in found and name in new.nodes and new.nodes[name].type == old.nodes[name].type:
            found.setdefault(name, name)
    for _ in range(_ROUNDS):
        before = len(found)
        _alike(old, new, found)
        if len(found) == before:
            break
    taken = set(found.values())
    for name in old.nodes:
        if name not in found and name in new.nodes and name not in taken:
            found[name] = name
    return found


def _unchanged(old: Flow, new: Flow) -> dict[str, str]:
    """Steps that are the same but for their name: those that kept it, those renamed, those that swapped names."""
    prints = {name: print_of(node) for name, node in old.nodes.items()}
    now = {name: print_of(node) for name, node in new.nodes.items()}
    found = {name: name for name in prints if now.get(name) == prints[name]}
    taken = set(found)
    for name, print_ in prints.items():
        if name in found:
            continue
        # A step whose name stays, and whose likeness has a name that was never there, was copied and not renamed.
        same = [
            other
            for other in now
            if other not in taken and now[other] == print_ and (name not in now or other in prints)
        ]
        if same:
            best = max(same, key=lambda other: (_neighbours(old, new, name, other, found), -len(other)))
            found[name] = best
            taken.add(best)
    return found


def _alike(old: Flow, new: Flow, found: dict[str, str]) -> None:
    taken = set(found.values())
    pairs = [
        (likeness(old.nodes[name], new.nodes[other]) + _neighbours(old, new, name, other, found), name, other)
        for name in old.nodes
        if name not in found and name not in new.nodes
        for other in new.nodes
        if other not in taken and other not in old.nodes and new.nodes[other].type == old.nodes[name].type
    ]
    for score, name, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if score >= ENOUGH and name not in found and other not in taken:
            found[name] = other
            taken.add(other)


def likeness(one: Node, other: Node) -> float:
    """How alike two steps of one type are by themselves, 0 to 0.7."""
    before, after = _words(one), _words(other)
    words = SequenceMatcher(None, before, after, autojunk=False).ratio() if before or after else 0.5
    mine, theirs = settings_of(one).items(), settings_of(other).items()
    every = len(set(mine) | set(theirs))
    return 0.5 * words + 0.2 * (len(set(mine) & set(theirs)) / every if every else 1.0)


def _words(node: Node) -> list[str]:
    return [word for texts in texts_of(node).values() for text in texts.values() for word in text.split()]


def _neighbours(old: Flow, new: Flow, name: str, other: str, found: Mapping[str, str]) -> float:
    """How many of the steps around are the same, 0 to 0.3."""
    before, after = ways_of(old.nodes[name]), ways_of(new.nodes[other])
    leads = [
        found.get(str(way.target)) == after[key].target
        for key, way in before.items()
        if key in after and way.target is not None
    ]
    comes = [found.get(step) for step in _before(old, name)]
    there = _before(new, other)
    arrives = [step in there for step in comes if step is not None]
    if old.start == name:
        arrives.append(new.start == other)
    return sum(0.15 * sum(some) / len(some) for some in (leads, arrives) if some)


def _before(flow: Flow, name: str) -> set[str]:
    return {step for step, node in flow.nodes.items() if name in node.targets().values()}


def same_to_callers(old: Flow, new: Flow, one: str | None, other: str | None) -> bool:
    """Whether a caller can't tell the two steps apart, whatever comes after them."""
    assumed: set[tuple[str, str]] = set()
    waiting = [(one, other)]
    for before, after in waiting:
        if before is None or after is None:
            if before is not after:
                return False
            continue
        if (before, after) in assumed:
            continue
        assumed.add((before, after))
        mine, theirs = old.nodes.get(before), new.nodes.get(after)
        if mine is None or theirs is None or print_of(mine) != print_of(theirs):
            return False
        ways, now = ways_of(mine), ways_of(theirs)
        if ways.keys() != now.keys():
            return False
        waiting += [(way.target, now[key].target) for key, way in ways.items()]
    return True
