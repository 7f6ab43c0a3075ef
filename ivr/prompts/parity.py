"""The parity gate: no flow goes live with a language that it declares and cannot speak."""

from collections.abc import Iterable
from dataclasses import dataclass

from ivr.flow import Flow
from ivr.load import LoadedFlow
from ivr.problems import Problem
from ivr.prompts.inventory import falls_to, lacking
from ivr.prompts.recordings import Listing

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Unspeakable:
    """A text that callers of `language` would not hear, for want of the recordings `lacking`."""

    flow: str
    key: str
    language: str
    lacking: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.lacking) - _MOST_NAMED
        named = ", ".join(f"{self.language}/{key}.wav" for key in self.lacking[:_MOST_NAMED])
        return (
            f"callers who chose {self.language!r} would hear nothing here: there is no voice for it, and no recording "
            f"{named}{f' and {more} more' if more > 0 else ''}; "
            f"record it (svar prompts script), or declare a fallback, as in `fallback: {{{self.language}: nb}}`"
        )


def unspeakable(flows: Iterable[Flow], listing: Listing) -> list[Unspeakable]:
    """Everything that the flows say in a language of theirs and that nobody would hear."""
    return [
        Unspeakable(flow.flow, said.key, language, tuple(missing))
        for flow in flows
        for said in flow.said()
        for language in flow.languages
        if language in said.texts
        and (missing := lacking(said, language, listing))
        and falls_to(said, language, listing) is None
    ]


def parity_problems(flows: Iterable[LoadedFlow], listing: Listing) -> list[Problem]:
    """The same as mistakes of the flows' files, each where the text stands, or what names it."""
    return [problem for loaded in flows for problem in _problems(loaded, listing)]


def _problems(loaded: LoadedFlow, listing: Listing) -> Iterable[Problem]:
    places = {
        said.key: (name, where) for name, node in loaded.flow.nodes.items() for where, said in node.texts().items()
    }
    for each in unspeakable([loaded.flow], listing):
        name, where = places.get(each.key, ("", ()))
        line, column = loaded.marked.place(("nodes", name, *where, each.language), key=True)
        subject = f"{loaded.flow.nodes[name].type} {name!r}: " if name else ""
        yield Problem(loaded.marked.path, line, column, f"{subject}{each}")
