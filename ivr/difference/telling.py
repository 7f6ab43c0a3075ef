"""A difference told: as text, Markdown or JSON."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from ivr.difference.changes import ROUTING, Change, Difference, What
from ivr.difference.phrases import Phrases
from ivr.difference.wording import marked

_QUOTED = 12
"""Texts of fewer words are not compared word by word but given whole."""

Coloured = Callable[[str, str], str]
"""The text, made to stand out as `added`, `removed`, `changed`, `heading` or `inside`."""


def plain(text: str, _role: str) -> str:
    return text


def as_text(difference: Difference, phrases: Phrases, coloured: Coloured = plain) -> Iterator[str]:
    """Line by line, what callers notice first."""
    yield coloured(_summary(difference, phrases), "heading")
    for title, changes in _sections(difference, phrases):
        yield ""
        yield coloured(title, "heading")
        for change in changes:
            role = {"+": "added", "−": "removed"}.get(change.sign, "changed") if change.heard else "inside"
            first, *rest = _told(change, phrases)
            yield f"  {coloured(change.sign, role)} {first}"
            yield from (f"      {line}" for line in rest)


def as_markdown(difference: Difference, phrases: Phrases) -> Iterator[str]:
    """For a merge request or a page."""
    yield f"# {_escaped(_summary(difference, phrases))}"
    for title, changes in _sections(difference, phrases):
        yield ""
        yield f"## {_escaped(title)}"
        yield ""
        for change in changes:
            first, *rest = _told(change, phrases, markdown=True)
            yield f"- {change.sign} {first}"
            yield from (f"  - {line}" for line in rest)


def as_json(difference: Difference, phrases: Phrases) -> str:
    """Every change with its sentence, for programs."""
    changes = [
        asdict(change) | {"what": str(change.what), "told": " ".join(_told(change, phrases))}
        for change in difference.changes
    ]
    summary = _summary(difference, phrases)
    body = {"old": difference.old, "new": difference.new, "summary": summary, "changes": changes}
    return json.dumps(body, ensure_ascii=False, indent=1)


def _summary(difference: Difference, phrases: Phrases) -> str:
    between = f"{difference.old} → {difference.new}: "
    if not difference.changes:
        return between + phrases.choose("ingenting er endret", "nothing has changed")
    if not difference.heard:
        return between + phrases.choose(
            "ingen innringer merker noe (bare innvendige endringer)", "no caller notices (only inside changes)"
        )
    count = len(difference.heard)
    return between + phrases.choose(
        f"{count} {'endring' if count == 1 else 'endringer'} som innringere merker",
        f"{count} {'change' if count == 1 else 'changes'} that callers notice",
    )


def _sections(difference: Difference, phrases: Phrases) -> Iterator[tuple[str, list[Change]]]:
    """What callers notice flow by flow, with all flows first; then what they don't."""
    titles = dict(difference.titles)
    by_flow: dict[str, list[Change]] = {"": []}
    for change in difference.heard:
        if change.what not in ROUTING:
            by_flow.setdefault(change.flow, []).append(change)
    for flow, changes in by_flow.items():
        if changes:
            every = phrases.choose("Alle flyter", "All flows")
            yield (f"{titles[flow]} ({flow})" if flow in titles else flow or every), changes
    if serving := [change for change in difference.changes if change.what in ROUTING]:
        yield phrases.choose("Hvem betjener hvem", "Who serves whom"), serving
    if inside := [change for change in difference.inside if change.what not in ROUTING]:
        yield phrases.choose("Innvendig: ingen innringer merker det", "Inside: no caller notices"), inside


_SAID_ALREADY = frozenset({What.HOURS_CHANGED, What.DAY_CHANGED, What.STEP_RENAMED, What.QUEUE_REACHED})
_LED = frozenset({What.WAY_REMOVED, What.NUMBER_REMOVED, What.FLOW_REMOVED, What.AGENTS_REMOVED})
_LEADS = frozenset(
    {
        What.WAY_ADDED,
        What.NUMBER_ADDED,
        What.FLOW_ADDED,
        What.CALENDAR_ADDED,
        What.QUEUE_ADDED,
        What.AGENTS_ADDED,
        What.PARTNER_ADDED,
    }
)
_SHORT = 60


def _told(change: Change, phrases: Phrases, *, markdown: bool = False) -> list[str]:
    """The sentence, and further lines for what is long."""
    said = _escaped if markdown else str
    lead = said(_lead(change, phrases))
    was, is_ = phrases.choose("før", "before"), phrases.choose("nå", "now")
    if change.what is What.PATHS:
        return [lead, *(said(line) for line in change.after.splitlines())]
    if change.words:
        return [lead, *_words(change, phrases, markdown=markdown)]
    if change.what in _LED:
        return [f"{lead} ({was} → {said(change.before)})"]
    if change.what in _LEADS:
        return [f"{lead} → {said(change.after)}"]
    if not change.before or not change.after or change.what in _SAID_ALREADY:
        return [lead]
    pairs = [f"{was} → {said(change.before)}", f"{is_} → {said(change.after)}"]
    return [f"{lead}: {'; '.join(pairs)}"] if len(change.before) + len(change.after) < _SHORT else [lead, *pairs]


def _lead(change: Change, phrases: Phrases) -> str:
    if change.what is What.INSIDE:
        return f"{phrases.steps(change.steps)}: {change.sentence}"
    if not change.at_steps:
        return change.sentence
    if change.flows:
        told = phrases.choose("I flytene", "In the flows") + f" {', '.join(change.flows)}: {change.sentence}"
    else:
        told = phrases.choose("I", "At") + f" {phrases.steps(change.steps)}: {change.sentence}"
    told += f" ({change.language})" if change.language else ""
    if change.what is What.TEXT_ADDED:
        return told + phrases.choose(" er nytt", " is new")
    if change.what is What.TEXT_REMOVED:
        return told + phrases.choose(" er fjernet", " is removed")
    return told


def _words(change: Change, phrases: Phrases, *, markdown: bool) -> list[str]:
    """Both texts; where they are long, one that shows which words differ."""
    said = _escaped if markdown else str
    was, is_ = phrases.choose("før", "before"), phrases.choose("nå", "now")
    lines = [f"{was} “{said(change.before)}”"] if change.before else []
    lines += [f"{is_} “{said(change.after)}”"] if change.after else []
    if change.before and change.after and min(len(change.before.split()), len(change.after.split())) >= _QUOTED:
        if markdown:
            return [marked(said(change.before), said(change.after), ("~~", "~~"), ("**", "**"))]
        return [*lines, phrases.choose("ordene: ", "the words: ") + _around(marked(change.before, change.after))]
    return lines


def _around(text: str) -> str:
    """Long stretches of words that stayed the same, shortened."""
    words, near = text.split(), set[int]()
    inside = False
    for at, word in enumerate(words):
        inside = inside or word.startswith(("[-", "{+"))
        if inside:
            near |= {at - 3, at - 2, at - 1, at, at + 1, at + 2, at + 3}
        if word.endswith(("-]", "+}")):
            inside = False
    told: list[str] = []
    for at, word in enumerate(words):
        if at in near:
            told.append(word)
        elif not told or told[-1] != "…":
            told.append("…")
    return " ".join(told)


def _escaped(text: str) -> str:
    """Text that Markdown leaves as it is."""
    for mark in "\\`*_{}[]<>#|~":
        text = text.replace(mark, "\\" + mark)
    return text
