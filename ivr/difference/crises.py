"""Two versions of a prepared crisis compared: what is said in it, who is let through first, who is told something."""

from collections.abc import Iterator, Mapping

from ivr.difference.changes import Change, What
from ivr.difference.phrases import Phrases
from ivr.difference.traits import settings_within
from ivr.files.crisis_file import CrisisFile
from ivr.language.ways import Where


def compare_crises(old: Mapping[str, CrisisFile], new: Mapping[str, CrisisFile], phrases: Phrases) -> Iterator[Change]:
    """All changes; callers hear them while the crisis is on."""
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        title = (after or old[name]).title
        if before is None:
            told = phrases.choose(
                f"Ny krise som kan slås på: {title} ({name})", f"New crisis to switch on: {title} ({name})"
            )
            yield Change(What.CRISIS_ADDED, "", told, after=name, heard=False)
        elif after is None:
            told = phrases.choose(f"Krisen {title} ({name}) er fjernet", f"The crisis {title} ({name}) is removed")
            yield Change(What.CRISIS_REMOVED, "", told, before=name, heard=False)
        else:
            whose = phrases.choose(f"Mens krisen {title} ({name}) er på", f"While the crisis {title} ({name}) is on")
            yield from _compare(before, after, whose, phrases)


def _compare(old: CrisisFile, new: CrisisFile, whose: str, phrases: Phrases) -> Iterator[Change]:
    before, after = _texts(old), _texts(new)
    for place in dict.fromkeys((*before, *after)):
        was, is_ = before.get(place, ""), after.get(place, "")
        if was != is_:
            told = f"{whose}: {phrases.said(place[0])} ({place[1]})"
            yield Change(What.CRISIS_CHANGED, "", told, before=was, after=is_, language=place[1], words=True)
    mine, theirs = _settings(old), _settings(new)
    nothing = phrases.choose("ingenting", "nothing")
    for where in dict.fromkeys((*mine, *theirs)):
        was, is_ = mine.get(where, nothing), theirs.get(where, nothing)
        if was != is_:
            yield Change(What.CRISIS_CHANGED, "", f"{whose}: {phrases.setting(where)}", before=was, after=is_)


def _texts(crisis: CrisisFile) -> dict[tuple[Where, str], str]:
    found: dict[tuple[Where, str], str] = {
        (("message",), language): text for language, text in crisis.message.texts.items()
    }
    for at, deflect in enumerate(crisis.deflect):
        for language, text in deflect.say.texts.items():
            found[("deflect", at, "say"), language] = text
    return found


def _settings(crisis: CrisisFile) -> dict[Where, str]:
    flows: dict[Where, str] = {("flows",): ", ".join(crisis.flows)} if crisis.flows else {}
    return {**flows, **settings_within(("first",), crisis.first), **settings_within(("deflect",), crisis.deflect)}
